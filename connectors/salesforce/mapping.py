"""Salesforce's objects and our records, both ways; pure. Vendor oddities are explained here and nowhere else."""

import base64
import html
import re
from datetime import datetime, timedelta
from typing import Any

from connectors.records import (
    Account,
    Activity,
    ActivityType,
    Deal,
    DealChange,
    DealContact,
    FieldChange,
    Note,
    NoteContent,
    Stage,
    Task,
    TaskContent,
    User,
)
from connectors.salesforce.values import Names, Row, day, instant, maybe_instant, midnight, number

TRACKED = {"NextStep": "next_step", "Owner": "owner_id", "OwnerId": "owner_id"}
"""Field history names a lookup by its relationship ('Owner'); the id rows are the ones that carry ids."""
CONNECTED = re.compile(r"\b(connect|reached|spoke|talked|answered|conversation|discussed)", re.IGNORECASE)
NOT_CONNECTED = re.compile(
    r"\b(no|not|nobody|none|never|left|voice ?mail|machine|busy|wrong|failed|unable)\b|n['’]t\b", re.IGNORECASE
)
REPLY = re.compile(r"^\s*(email:\s*)?(←|<<|re:|aw:|sv:|antw:|r:)", re.IGNORECASE)
TALK_SECONDS = 120
"""A call at least this long is taken for a conversation: voicemail greetings and messages stay below it."""
SUBJECT_LENGTH = 255
REFERENCE = re.compile(r"\[(coach:[a-z]+:[0-9a-f]+)\]")


def user(row: Row, names: Names) -> User:
    role = row.get("UserRole")
    return User(
        id=row["Id"],
        name=row.get("Name") or row["Id"],
        active=bool(row.get("IsActive", True)),
        manager_id=row.get("ManagerId"),
        role=(role or {}).get("Name") or row.get("Title"),
        time_zone=row.get("TimeZoneSidKey"),
        country=row.get("Country"),
        created_at=maybe_instant(row.get("CreatedDate")),
    )


def stage(row: Row, names: Names) -> Stage:
    return Stage(
        id=row["Id"],
        # old versions have no ApiName; deals carry the API name, which equals the label unless it was renamed
        name=row.get("ApiName") or row["MasterLabel"],
        label=row["MasterLabel"],
        sort_order=int(row.get("SortOrder") or 0),
        active=bool(row.get("IsActive", True)),
        closed=bool(row.get("IsClosed")),
        won=bool(row.get("IsWon")),
        forecast_category=row.get("ForecastCategoryName") or row.get("ForecastCategory"),
        probability=number(row.get("DefaultProbability")),
    )


def account(row: Row, names: Names) -> Account:
    return Account(
        id=row["Id"],
        name=row.get("Name") or row["Id"],
        owner_id=row.get("OwnerId"),
        segment=row.get(names.segment_field),
        merged_into=row.get("MasterRecordId"),
    )


def deal(row: Row, names: Names) -> Deal:
    return Deal(
        id=row["Id"],
        name=row.get("Name") or row["Id"],
        account_id=row.get("AccountId"),
        owner_id=row.get("OwnerId"),
        stage=row["StageName"],
        amount=number(row.get("Amount")),
        currency=row.get("CurrencyIsoCode"),
        close_date=day(row.get("CloseDate")),
        closed=bool(row.get("IsClosed")),
        won=bool(row.get("IsWon")),
        forecast_category=row.get("ForecastCategoryName"),
        probability=number(row.get("Probability")),
        deal_type=row.get("Type"),
        next_step=row.get("NextStep"),
        created_at=instant(row["CreatedDate"]),
    )


FORECAST_LABELS = {"Forecast": "Commit", "BestCase": "Best Case", "MostLikely": "Most Likely"}
"""OpportunityHistory holds the enum, Opportunity the label."""


def deal_change(row: Row, names: Names) -> DealChange:
    category = row.get("ForecastCategory")
    return DealChange(
        id=row["Id"],
        deal_id=row["OpportunityId"],
        valid_from=instant(row["CreatedDate"]),
        stage=row.get("StageName"),
        amount=number(row.get("Amount")),
        close_date=day(row.get("CloseDate")),
        forecast_category=FORECAST_LABELS.get(category, category) if category else None,
        probability=number(row.get("Probability")),
    )


def field_change(row: Row, names: Names) -> FieldChange | None:
    field = TRACKED.get(row["Field"])
    old, new = row.get("OldValue"), row.get("NewValue")
    # a lookup is written twice, once by name and once by id; names say nothing to us
    if field == "owner_id" and not all(v is None or str(v).startswith(("005", "00G")) for v in (old, new)):
        return None
    if field is None:
        return None
    return FieldChange(
        id=row["Id"],
        deal_id=row["OpportunityId"],
        field=field,
        old=old,
        new=new,
        valid_from=instant(row["CreatedDate"]),
    )


def deal_contact(row: Row, names: Names) -> DealContact:
    return DealContact(
        id=row["Id"],
        deal_id=row["OpportunityId"],
        contact_id=row.get("ContactId"),
        role=row.get("Role"),
        primary=bool(row.get("IsPrimary")),
        created_at=maybe_instant(row.get("CreatedDate")),
    )


def reference_of(row: Row, names: Names) -> str | None:
    """Our reference on a task, from the key field or, in an org without one, from the end of the subject."""
    key = row.get(names.key_field) if names.key_field else None
    if key and str(key).startswith("coach:"):
        return str(key)
    found = REFERENCE.search(row.get("Subject") or "")
    return found.group(1) if found else None


def activity_of_task(row: Row, names: Names) -> Activity | None:
    if reference_of(row, names):
        return None  # what we wrote is never an activity
    kind = _task_type(row)
    done = bool(row.get("IsClosed"))
    at = (maybe_instant(row.get("CompletedDateTime")) if done else None) or midnight(row.get("ActivityDate"))
    return _activity(row, kind, at or instant(row["CreatedDate"]), None, done, _took_part(row, kind))


def _task_type(row: Row) -> ActivityType:
    said = f"{row.get('TaskSubtype') or ''} {row.get('Type') or ''}".lower()
    if "call" in said or row.get("CallType") or row.get("CallDurationInSeconds"):
        return "call"
    if "email" in said:
        return "email"
    return "meeting" if "meeting" in said else "task"


def _took_part(row: Row, kind: ActivityType) -> bool:
    """Whether the customer took part, as far as a task tells: Salesforce has no such field."""
    if kind == "call":
        disposition = row.get("CallDisposition") or ""
        connected = bool(CONNECTED.search(disposition)) and not NOT_CONNECTED.search(disposition)
        long = int(row.get("CallDurationInSeconds") or 0) >= TALK_SECONDS
        return connected or long or row.get("CallType") == "Inbound"
    if kind == "email":
        return bool(REPLY.search(row.get("Subject") or ""))
    return kind == "meeting"


def activity_of_event(row: Row, names: Names) -> Activity | None:
    # invitees' copies and series templates would count one meeting many times
    if reference_of(row, names) or row.get("IsChild") or str(row.get("GroupEventType") or "") == "3":
        return None
    starts = maybe_instant(row.get("StartDateTime")) or midnight(row.get("ActivityDate"))
    if starts is None:
        return None
    minutes = row.get("DurationInMinutes")
    ends = maybe_instant(row.get("EndDateTime")) or (starts + timedelta(minutes=int(minutes)) if minutes else None)
    if row.get("IsAllDayEvent"):
        ends = starts + max(timedelta(days=1), timedelta(minutes=int(minutes or 0)))
    return _activity(row, "meeting", starts, ends or starts, False, True)


def _activity(
    row: Row, kind: ActivityType, starts: datetime, ends: datetime | None, done: bool, two_way: bool
) -> Activity:
    what, who = row.get("WhatId"), row.get("WhoId")
    return Activity(
        id=row["Id"],
        type=kind,
        owner_id=row.get("OwnerId"),
        deal_id=what if what and what.startswith("006") else None,
        account_id=row.get("AccountId"),
        contact_id=who if who and who.startswith("003") else None,
        starts_at=starts,
        ends_at=ends,
        done=done,
        two_way=two_way,
        created_at=instant(row["CreatedDate"]),
    )


def task(row: Row, names: Names) -> Task | None:
    reference = reference_of(row, names)
    if reference is None:
        return None
    return Task(
        id=row["Id"],
        reference=reference,
        owner_id=row["OwnerId"],
        deal_id=row.get("WhatId"),
        due=day(row.get("ActivityDate")),
        subject=row.get("Subject") or "",
        body=row.get("Description") or "",
        status=row["Status"],
        closed=bool(row.get("IsClosed")),
        closed_at=maybe_instant(row.get("CompletedDateTime")),
        modified_by=row.get("LastModifiedById"),
    )


def note(row: Row, names: Names) -> Note | None:
    found = REFERENCE.search(row.get("Title") or "")
    if not found:
        return None
    author = row.get("LastModifiedById")
    return Note(
        id=row["Id"],
        reference=found.group(1),
        title=row["Title"],
        modified_by=author,
        edited=author is not None and names.me is not None and author != names.me,
    )


def marked(text: str, reference: str) -> str:
    """A subject or title that carries our reference at its end, within the length Salesforce allows."""
    mark = f" [{reference}]"
    return text[: SUBJECT_LENGTH - len(mark)] + mark


def task_fields(content: TaskContent, reference: str, names: Names, closed_status: str) -> dict[str, Any]:
    """The task as Salesforce wants it. Status is only ever set to close; opening is left to its default."""
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
