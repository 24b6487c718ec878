"""What we write as Salesforce wants it, and the mark by which we know it again; pure. What we read is in sql/."""

import base64
import html
import re
from typing import Any

from connectors.records import NoteContent, TaskContent
from connectors.salesforce.values import Names, Row

SUBJECT_LENGTH = 255
REFERENCE = re.compile(r"\[(coach:[a-z]+:[0-9a-f]+)\]")


def reference_of(row: Row, names: Names) -> str | None:
    """Our reference on a task, from the key field or, in an org without one, from the end of the subject."""
    key = row.get(names.key_field) if names.key_field else None
    if key and str(key).startswith("coach:"):
        return str(key)
    found = REFERENCE.search(row.get("Subject") or "")
    return found.group(1) if found else None


def marked(text: str, reference: str) -> str:
    """A subject or title that carries our reference at its end, within the length Salesforce allows."""
    mark = f" [{reference}]"
    return text[: SUBJECT_LENGTH - len(mark)] + mark


def task_fields(content: TaskContent, reference: str, names: Names, closed_status: str | None) -> dict[str, Any]:
    """The task as Salesforce wants it. `closed_status` closes it; opening is left to its default."""
    fields = {
        "OwnerId": content.owner_id,
        "WhatId": content.deal_id,
        "ActivityDate": content.due.isoformat(),
        "Subject": content.subject[:SUBJECT_LENGTH] if names.key_field else marked(content.subject, reference),
        "Description": content.body,
    }
    return fields | {"Status": closed_status} if content.closed else fields


def note_fields(content: NoteContent, reference: str) -> dict[str, Any]:
    """The note as Salesforce wants it: escaped HTML in base64, since new lines and unsafe markup are stripped."""
    lines = "".join(f"<p>{html.escape(line) or '<br>'}</p>" for line in content.body.split("\n"))
    return {
        "Title": marked(content.title, reference),
        "Content": base64.b64encode(lines.encode()).decode("ascii"),
    }
