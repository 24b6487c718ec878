"""The one vocabulary in which every CRM is spoken: what we read, and what we ask to be written.

Adapters produce these records and nothing behind them knows a vendor. All datetimes are aware and UTC. What is read
travels as columns: a class below says which columns a kind has, what they mean, and which are never empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal, get_args, get_type_hints

import pyarrow as pa

Kind = Literal[
    "user",
    "stage",
    "currency_rate",
    "account",
    "deal",
    "deal_change",
    "field_change",
    "deal_contact",
    "activity",
    "task",
    "note",
]
"""What can be pulled, in the order in which a first pull reads it (owners before what they own)."""

KINDS: tuple[Kind, ...] = (
    "user", "stage", "currency_rate", "account", "deal", "deal_change", "field_change", "deal_contact", "activity",
    "task", "note",
)  # fmt: skip

ActivityType = Literal["call", "meeting", "email", "task"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who can own deals; `manager_id` is who coaches them."""

    id: str
    name: str
    active: bool
    manager_id: str | None
    role: str | None
    time_zone: str | None
    country: str | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of a pipeline; `sort_order` orders but is not sequential, inactive stages live on in old deals."""

    id: str
    name: str
    label: str
    sort_order: int
    active: bool
    closed: bool
    won: bool
    forecast_category: str | None
    probability: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyRate:
    """How much of `currency` one unit of the org's own is worth, from a day on.

    `valid_from` None: as long as no rate of this currency that has a day has begun.
    """

    id: str
    currency: str
    valid_from: date | None
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer; `segment` is what medians are grouped by; `merged_into` names the survivor of a merge."""

    id: str
    name: str
    owner_id: str | None
    segment: str | None
    merged_into: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """An opportunity as it stands now. `amount` is in `currency` (None: the org has one currency).

    `pipeline` names the sales process whose stages it goes through (None: the org has one).
    """

    id: str
    name: str
    account_id: str | None
    owner_id: str | None
    pipeline: str | None
    stage: str
    amount: float | None
    currency: str | None
    close_date: date | None
    closed: bool
    won: bool
    forecast_category: str | None
    probability: float | None
    deal_type: str | None
    next_step: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DealChange:
    """A full snapshot of what the CRM's own history keeps, true from `valid_from` until the next one."""

    id: str
    deal_id: str
    valid_from: datetime
    stage: str | None
    amount: float | None
    close_date: date | None
    forecast_category: str | None
    probability: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One tracked field of a deal that changed at `valid_from`; `field` is one of next_step, owner_id."""

    id: str
    deal_id: str
    field: str
    old: str | None
    new: str | None
    valid_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DealContact:
    """A person at the customer who plays a role in a deal. No name and no address is read."""

    id: str
    deal_id: str
    contact_id: str | None
    role: str | None
    primary: bool
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """A call, meeting, email or task with a customer, done or planned; never one we wrote, never its text.

    `starts_at` and `ends_at` say when it happens (for a planned or all-day thing: midnight UTC of its day);
    `done` says the CRM calls it finished; `two_way` that the customer took part, as far as the CRM can tell.
    """

    id: str
    type: ActivityType
    owner_id: str | None
    deal_id: str | None
    account_id: str | None
    contact_id: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    done: bool
    two_way: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task we wrote, as it stands in the CRM now: the answer of the person who has it."""

    id: str
    reference: str
    owner_id: str
    deal_id: str | None
    due: date | None
    subject: str
    body: str
    status: str
    closed: bool
    closed_at: datetime | None
    modified_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A coaching note we wrote, as it stands in the CRM now, without its text; `edited`: a person changed it."""

    id: str
    reference: str
    title: str
    modified_by: str | None
    edited: bool


RECORDS: dict[Kind, type[Any]] = {
    "user": User,
    "stage": Stage,
    "currency_rate": CurrencyRate,
    "account": Account,
    "deal": Deal,
    "deal_change": DealChange,
    "field_change": FieldChange,
    "deal_contact": DealContact,
    "activity": Activity,
    "task": Task,
    "note": Note,
}
INSTANT = pa.timestamp("us", "UTC")
_TYPES = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64(), date: pa.date32(),
          datetime: INSTANT}  # fmt: skip


def _schema(record: type[Any]) -> pa.Schema:
    hints = get_type_hints(record)
    columns = [
        ("changed_at", datetime),
        ("deleted", bool),
        *((field.name, hints[field.name]) for field in fields(record)),
    ]
    return pa.schema([_column(name, hint) for name, hint in columns])


def _column(name: str, hint: Any) -> pa.Field:
    optional = type(None) in get_args(hint)
    plain = next(kind for kind in get_args(hint) if kind is not type(None)) if optional else hint
    # the words of a Literal are text
    return pa.field(name, _TYPES.get(plain, pa.string()), nullable=optional)


SCHEMAS: dict[Kind, pa.Schema] = {kind: _schema(record) for kind, record in RECORDS.items()}
"""What the records of a kind are as columns: when each changed, whether it is deleted, and its fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A record of which the CRM only says that it was deleted, and when."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Records and the cursor that is true once they are stored. Store both in one transaction, or neither."""

    records: pa.Table
    """Rows of the kind's schema, in any order."""
    cursor: str
    gone: tuple[Gone, ...] = ()
    skipped: tuple[str, ...] = ()
    """Ids of records that could not be understood; the rest of the page is good."""
    denied: tuple[str, ...] = ()
    """Ids of what is shown and is none of this kind, though it may have been taken for one: a task we wrote."""
    expected: int | None = None
    """How many rows the whole pull of this kind will bring, where the CRM says so; for progress only."""
    sweep: bool = False
    """Deletions may have been missed: compare what is stored with what the CRM still shows."""
    waits: bool = False
    """The CRM prepares what comes next, so another kind may go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContent:
    """What a task should say. `closed` asks for it to be completed."""

    owner_id: str
    deal_id: str | None
    due: date
    subject: str
    body: str
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteContent:
    """What a coaching note on a deal should say; `body` is plain text, one paragraph a line."""

    deal_id: str
    title: str
    body: str


IfAbsent = Literal["create", "wait", "leave"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write we owe the CRM.

    `reference` is the key the written record carries. `crm_id` is set when the record exists and is to be updated;
    then `last_written` is what we wrote last, so that what differs in the CRM is known to be a person's edit.
    `unsure` is what was sent after that without an answer: where it is what the CRM shows, it is ours as well.
    `attempted` means an earlier try may have reached the CRM: look before writing. `if_absent` says what to do when
    that look finds nothing: create the record; wait, since the earlier try may still be under way; or leave it, since
    there is nothing to say any more. `gone`: the CRM has told us that this record was deleted.
    """

    reference: str
    content: TaskContent | NoteContent
    crm_id: str | None = None
    last_written: TaskContent | NoteContent | None = None
    unsure: tuple[TaskContent | NoteContent, ...] = ()
    attempted: bool = False
    if_absent: IfAbsent = "create"
    gone: bool = False


Writing = Literal["task", "note"]
"""What can be written."""

ReceiptStatus = Literal["stored", "refused", "retry", "absent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one intent. `stored` with `created` False means updated or recognised as already there.

    `absent`: it was looked for, is not there, and was not to be created now. One that is there although not stored as
    it should be has its `crm_id`; where that would not do, as for a note without its link, it is `unfinished`.
    """

    reference: str
    status: ReceiptStatus
    crm_id: str | None = None
    created: bool = False
    adopted: bool = False
    """It was already there from an earlier try whose answer was lost."""
    kept: tuple[str, ...] = ()
    """Names of content fields that a person had changed and that were therefore left alone."""
    unfinished: bool = False
    reason: str | None = None
    """For refused and retry: a whole sentence that a person can act on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at before work begins; `remedy` says what to do when it is not ok."""

    name: str
    ok: bool
    detail: str
    remedy: str | None = None
    fatal: bool = True
    """A check that is not ok and not fatal narrows what we can do, it does not stop us."""


Secrets = Mapping[str, str]
