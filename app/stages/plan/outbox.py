"""The writes a conversation owes the CRM: the key each carries, what changes about it, and how that differs from it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.stages.plan import wording
from app.stages.plan.wording import Conversation
from app.store.plans import Json, Owed, Role, as_content, as_json
from connectors.records import NoteContent, TaskContent

PREFIX: Mapping[Role, str] = {"manager_task": "coach:task", "prep_task": "coach:prep", "note": "coach:note"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the next push would do to one record; `fields` are those that would be written."""

    deed: Literal["new", "change", "close"]
    role: Role
    reference: str
    subject: str
    fields: tuple[str, ...]


def reference(connection_id: int, role: Role, thread: str, revision: int) -> str:
    """The key of a record: the same for the same conversation, so that a retry recognises it.

    A deal has one note, updated by every conversation, so a note's key leaves the revision out.
    """
    parts = (str(connection_id), thread) if role == "note" else (str(connection_id), thread, str(revision))
    return f"{PREFIX[role]}:{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:20]}"


def writes(connection_id: int, talk: Conversation, known: Mapping[str, Owed]) -> list[Owed]:
    """Every write that makes the CRM say this conversation; nothing for a record that already says it."""
    return [write for write in _asked(connection_id, talk, known) if _is_news(write, known.get(write.reference))]


def unsaid(talk: Conversation, own: Sequence[Owed]) -> list[Owed]:
    """The end of this item's note, when nothing is left that everybody may read."""
    return [] if wording.note(talk) else closing(wording.CLEARED, [owed for owed in own if owed.role == "note"])


def closing(sentence: str, own: Sequence[Owed]) -> list[Owed]:
    """The writes that close an item's records. What never reached the CRM is withdrawn instead."""
    return [_closed(owed, sentence) for owed in own if not _says_closed(owed)]


def differences(known: Mapping[str, Owed], crm: Mapping[str, Json]) -> list[Difference]:
    """How the CRM would change. A field that a person has edited since we wrote it is theirs and does not appear."""
    found = (_difference(owed, crm.get(owed.reference, {})) for owed in known.values() if owed.state != "withdrawn")
    return sorted((d for d in found if d.fields), key=lambda d: (d.role, d.subject, d.reference))


def _asked(connection_id: int, talk: Conversation, known: Mapping[str, Owed]) -> Iterator[Owed]:
    contents: dict[Role, TaskContent | NoteContent | None] = {
        "manager_task": wording.manager_task(talk),
        "prep_task": wording.prep_task(talk),
        "note": wording.note(talk) if talk.item.grain == "deal" else None,
    }
    for role, content in contents.items():
        key = reference(connection_id, role, talk.item.thread, talk.item.revision)
        before = known.get(key) or Owed(reference=key, item_id=None, role=role, content={})
        if content:
            said = before.content == as_json(content) and before.state != "withdrawn"
            state = before.state if said else "pending"
            yield replace(before, item_id=talk.item.id, content=as_json(content), state=state)


def _is_news(write: Owed, before: Owed | None) -> bool:
    return before is None or before.content != write.content or before.item_id != write.item_id


def _closed(owed: Owed, sentence: str) -> Owed:
    if _never_there(owed):
        return replace(owed, state="withdrawn")
    content = wording.closed(as_content(owed.role, owed.content), sentence)
    return replace(owed, content=as_json(content), state="pending")


def _says_closed(owed: Owed) -> bool:
    body: str = owed.content["body"]
    return owed.state == "withdrawn" or bool(owed.content.get("closed")) or body.startswith(wording.NOTHING_TO_DO)


def _never_there(owed: Owed) -> bool:
    """What was sent without an answer may be there; what was not, or what the CRM said it had not made, is not."""
    return owed.crm_id is None and owed.sent_at is None


def _difference(owed: Owed, crm: Json) -> Difference:
    written = (owed.written or {}) if owed.crm_id else {}
    theirs = {name for name in written if crm.get("edited") or (name in crm and crm[name] != written[name])}
    fields = tuple(n for n, value in owed.content.items() if value != written.get(n) and n not in theirs)
    deed: Literal["new", "change", "close"] = "change" if owed.crm_id else "new"
    if owed.crm_id and owed.content.get("closed") and "closed" in fields:
        deed = "close"
    subject = owed.content.get("subject") or owed.content["title"]
    return Difference(deed=deed, role=owed.role, reference=owed.reference, subject=subject, fields=fields)
