"""The outbox: writes we owe the CRM, and the proof of those it holds.

An intent goes pending → in_flight → stored | retry | refused. It is marked in_flight, in a transaction of its own,
before the call that sends it: one that is found in_flight later has an unknown outcome and is looked for first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, exists, func, insert, or_, select, update

from app.store.canonical import crm_notes
from app.store.ledger import intents, receipts
from app.store.plans import as_content, as_json
from connectors.records import Intent, NoteContent, Receipt, TaskContent

RETRY_AFTER = timedelta(minutes=2)
REFUSED_AFTER = timedelta(hours=20)
"""A refused write is offered again each morning, so that it leaves the list once its cause is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A write the CRM would not take, with what a person can do."""

    reference: str
    role: str
    state: str
    subject: str
    reason: str
    attempts: int


def due(connection: Connection, connection_id: int, now: datetime) -> list[Intent]:
    """The intents to send now, oldest first.

    A note that came home before it was sent is there already: an older store is in use again, restored from a backup.
    """
    table, notes = intents.c, crm_notes.c
    there = and_(notes.connection_id == connection_id, notes.reference == table.reference)
    waits = and_(table.state.in_(("retry", "refused")), or_(table.retry_at.is_(None), table.retry_at <= now))
    rows = connection.execute(
        select(intents, exists().where(there).label("there"))
        .where(table.connection_id == connection_id, or_(table.state.in_(("pending", "in_flight")), waits))
        .order_by(table.id)
    )
    return [_intent(row) for row in rows]


def _intent(row: Any) -> Intent:
    return Intent(
        reference=row.reference,
        content=as_content(row.role, row.content),
        crm_id=row.crm_id,
        last_written=as_content(row.role, row.written) if row.written else None,
        unsure=tuple(as_content(row.role, sent) for sent in row.unsure or ()),
        attempted=(row.attempts > 0 or row.there) and row.crm_id is None,
    )


def mark_in_flight(connection: Connection, connection_id: int, batch: Sequence[Intent]) -> None:
    """Say that these are being sent, and keep what is sent, so that our words are never taken for a person's."""
    for intent in batch:
        values: dict[str, Any] = {"state": "in_flight", "attempts": intents.c.attempts + 1}
        if intent.crm_id is None and not intent.attempted:
            values["written"] = as_json(intent.content)
        elif intent.content not in (intent.last_written, *intent.unsure):
            values["unsure"] = _as_json((*intent.unsure, intent.content))
        connection.execute(update(intents).where(_is(connection_id, intent.reference)).values(values))


def _as_json(contents: Iterable[TaskContent | NoteContent]) -> list[dict[str, Any]]:
    return [as_json(content) for content in contents]


def record(connection: Connection, connection_id: int, got: Iterable[tuple[Intent, Receipt]], now: datetime) -> None:
    """Keep receipts, and what they say of their intents."""
    for intent, receipt in got:
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


def _after(intent: Intent, receipt: Receipt, now: datetime) -> dict[str, Any]:
    if receipt.status == "stored":
        return {
            "state": "stored",
            "crm_id": receipt.crm_id,
            "written": as_json(intent.content),
            "unsure": [],
            "retry_at": None,
            "reason": None,
        }
    wait = RETRY_AFTER if receipt.status == "retry" else REFUSED_AFTER
    not_there = {"unsure": _as_json(intent.unsure), "retry_at": now + wait, "reason": receipt.reason}
    return {"state": receipt.status, **not_there}


def _is(connection_id: int, reference: str) -> Any:
    return and_(intents.c.connection_id == connection_id, intents.c.reference == reference)


def refused(connection: Connection, connection_id: int) -> list[Refusal]:
    """What the CRM would not take or has not taken yet, with the reason."""
    rows = connection.execute(
        select(intents)
        .where(intents.c.connection_id == connection_id, intents.c.state.in_(("refused", "retry")))
        .order_by(intents.c.id)
    )
    return [
        Refusal(
            reference=row.reference,
            role=row.role,
            state=row.state,
            subject=str(row.content.get("subject") or row.content.get("title")),
            reason=row.reason or "no reason given",
            attempts=row.attempts,
        )
        for row in rows
    ]


def states(connection: Connection, connection_id: int) -> dict[str, int]:
    """How many intents are in each state: together they are all that was ever owed."""
    rows = connection.execute(
        select(intents.c.state, func.count()).where(intents.c.connection_id == connection_id).group_by(intents.c.state)
    )
    return {row[0]: row[1] for row in rows}
