"""The outbox: writes we owe the CRM, and the proof of those it holds.

An intent goes pending → in_flight → stored | retry | refused. It is marked in_flight, in a transaction of its own,
before the call that sends it: one that is found in_flight later has an unknown outcome and is looked for first. A
create of unknown outcome is not sent again before the CRM has certainly done with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, or_, select, update

from app.store.canonical import crm_notes, crm_tasks
from app.store.ledger import intents, receipts
from app.store.plans import as_content, as_json
from connectors.records import IfAbsent, Intent, NoteContent, Receipt, TaskContent

STILL_WORKING = timedelta(minutes=11)
"""A create without an answer may be under way for so long: Salesforce works up to ten minutes on a call, whether or not
somebody still waits for it, and the index by which we look for a record follows some seconds later."""
LOOKED_FOR = (
    "No answer came when it was sent. It is looked for, and sent again only if it is not there after 11 minutes."
)
RETRY_AFTER = timedelta(minutes=2)
REFUSED_AFTER = timedelta(hours=20)
"""A refused write is offered again each morning, so that it leaves the list once its cause is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A write the CRM would not take or may not have taken, with what a person can do."""

    reference: str
    role: str
    state: str
    subject: str
    reason: str
    attempts: int


def due(connection: Connection, connection_id: int, now: datetime, only: Sequence[str] | None = None) -> list[Intent]:
    """The intents to send now, oldest first; with `only`, those of these references, held until the transaction ends.

    A note that came home before it was sent is there already: an older store is in use again, restored from a backup.
    """
    table = intents.c
    waits = and_(table.state.in_(("retry", "refused")), or_(table.retry_at.is_(None), table.retry_at <= now))
    query = (
        select(intents, _came_home().label("there"), _known_deleted().label("gone"))
        .where(table.connection_id == connection_id, or_(table.state.in_(("pending", "in_flight")), waits))
        .order_by(table.id)
    )
    if only is not None:
        query = query.where(table.reference.in_(only)).with_for_update(of=intents)
    return [_intent(row, now) for row in connection.execute(query)]


def _came_home() -> ColumnElement[bool]:
    notes = crm_notes.c
    return exists().where(notes.connection_id == intents.c.connection_id, notes.reference == intents.c.reference)


def _known_deleted() -> ColumnElement[bool]:
    deleted = (
        exists().where(
            table.c.connection_id == intents.c.connection_id, table.c.id == intents.c.crm_id, table.c.gone == "deleted"
        )
        for table in (crm_tasks, crm_notes)
    )
    return or_(*deleted)


def _intent(row: Any, now: datetime) -> Intent:
    content = as_content(row.role, row.content)
    if_absent = _if_absent(row, content, now)
    return Intent(
        reference=row.reference,
        content=content,
        crm_id=row.crm_id,
        last_written=as_content(row.role, row.written) if row.written else None,
        unsure=tuple(as_content(row.role, sent) for sent in row.unsure or ()),
        attempted=(row.attempts > 0 or row.there or if_absent != "create") and row.crm_id is None,
        if_absent=if_absent,
        gone=row.gone,
    )


def _if_absent(row: Any, content: TaskContent | NoteContent, now: datetime) -> IfAbsent:
    if row.crm_id is None and row.sent_at and now < row.sent_at + STILL_WORKING:
        return "wait"
    # a conversation that is over needs no task that says so
    return "leave" if row.crm_id is None and isinstance(content, TaskContent) and content.closed else "create"


def take(connection: Connection, connection_id: int, references: Sequence[str], now: datetime) -> list[Intent]:
    """What of these is to be sent now, marked as in flight.

    What is sent is kept, so that our words are never taken for a person's. All are read anew: whoever took one before
    us, since a lock was lost, has sent it, and then it is only looked for.
    """
    batch = due(connection, connection_id, now, only=references)
    for intent in batch:
        values: dict[str, Any] = {"state": "in_flight", "attempts": intents.c.attempts + 1}
        if intent.crm_id is None and intent.if_absent == "create":
            values["sent_at"] = now
        if intent.crm_id is None and not intent.attempted:
            values["written"] = as_json(intent.content)
        elif intent.content not in (intent.last_written, *intent.unsure):
            values["unsure"] = _as_json((*intent.unsure, intent.content))
        connection.execute(update(intents).where(_is(connection_id, intent.reference)).values(values))
    return batch


def not_sent(connection: Connection, connection_id: int, batch: Iterable[Intent]) -> None:
    """The creates among these were certainly not sent, so that nobody need wait for them."""
    for intent in batch:
        if intent.crm_id is None and intent.if_absent == "create":
            values = {"state": "pending", "sent_at": None}
            connection.execute(update(intents).where(_is(connection_id, intent.reference)).values(values))


def _as_json(contents: Iterable[TaskContent | NoteContent]) -> list[dict[str, Any]]:
    return [as_json(content) for content in contents]


def record(connection: Connection, connection_id: int, got: Iterable[tuple[Intent, Receipt]], now: datetime) -> None:
    """Keep receipts, and what they say of their intents."""
    for intent, receipt in got:
        if receipt.status == "absent":
            _keep_absence(connection, connection_id, intent)
            continue
        row = connection.execute(
            update(intents)
            .where(_is(connection_id, intent.reference))
            .values(_after(intent, receipt, now))
            .returning(intents.c.id)
        ).scalar_one()
        kept = {
            "status": receipt.status,
            "crm_id": receipt.crm_id,
            "created": receipt.created,
            "reason": receipt.reason,
        }
        connection.execute(
            insert(receipts).values(intent_id=row, at=now, adopted=receipt.adopted, kept=list(receipt.kept), **kept)
        )


def _keep_absence(connection: Connection, connection_id: int, intent: Intent) -> None:
    """What is not there and not wanted any more is withdrawn; what may still be under way stays in flight."""
    if intent.if_absent == "leave":
        gone = {"state": "withdrawn", "sent_at": None, "reason": None}
        connection.execute(update(intents).where(_is(connection_id, intent.reference)).values(gone))


def _after(intent: Intent, receipt: Receipt, now: datetime) -> dict[str, Any]:
    if receipt.status == "stored":
        return {
            "state": "stored",
            "crm_id": receipt.crm_id,
            "written": as_json(intent.content),
            "unsure": [],
            "sent_at": None,
            "retry_at": None,
            "reason": None,
        }
    wait = RETRY_AFTER if receipt.status == "retry" else REFUSED_AFTER
    kept: dict[str, Any] = {"unsure": _as_json(intent.unsure), "retry_at": now + wait, "reason": receipt.reason}
    if receipt.unfinished:  # it is there, and to be looked for
        kept["sent_at"] = func.coalesce(intents.c.sent_at, now)
    else:
        kept |= {"sent_at": None, "crm_id": receipt.crm_id or intent.crm_id}
    return {"state": receipt.status, **kept}


def _is(connection_id: int, reference: str) -> Any:
    return and_(intents.c.connection_id == connection_id, intents.c.reference == reference)


def refused(connection: Connection, connection_id: int) -> list[Refusal]:
    """What the CRM would not take or has not taken yet, with the reason."""
    rows = connection.execute(
        select(intents)
        .where(intents.c.connection_id == connection_id, or_(intents.c.state.in_(("refused", "retry")), _unanswered()))
        .order_by(intents.c.id)
    )
    return [
        Refusal(
            reference=row.reference,
            role=row.role,
            state=row.state,
            subject=str(row.content.get("subject") or row.content.get("title")),
            reason=LOOKED_FOR if row.state == "in_flight" else row.reason or "no reason given",
            attempts=row.attempts,
        )
        for row in rows
    ]


def _unanswered() -> ColumnElement[bool]:
    return and_(intents.c.state == "in_flight", intents.c.sent_at.is_not(None))


def states(connection: Connection, connection_id: int) -> dict[str, int]:
    """How many intents are in each state: together they are all that was ever owed."""
    rows = connection.execute(
        select(intents.c.state, func.count()).where(intents.c.connection_id == connection_id).group_by(intents.c.state)
    )
    return {row[0]: row[1] for row in rows}
