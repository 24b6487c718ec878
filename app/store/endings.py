"""What is left to write when a conversation is over: what is or may be there is closed, what never was is let go."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, not_, or_, select, update

from app.store.canonical import crm_tasks
from app.store.coaching import plan_items
from app.store.ledger import intents, outcomes

Json = Mapping[str, Any]
TASKS = ("manager_task", "prep_task")
OVER = ("done", "contested", "deleted", "cleared")
"""The states of a conversation that nobody is asked for any more."""


def never_there() -> ColumnElement[bool]:
    """Intents of which the CRM certainly holds nothing: not sent, or refused when they were."""
    return and_(intents.c.crm_id.is_(None), intents.c.sent_at.is_(None))


def withdraw(connection: Connection, connection_id: int) -> None:
    """Let go of tasks that never reached the CRM and whose conversation is over by now."""
    over = select(plan_items.c.id).where(plan_items.c.connection_id == connection_id, plan_items.c.state.in_(OVER))
    shown = exists().where(
        crm_tasks.c.connection_id == intents.c.connection_id, crm_tasks.c.reference == intents.c.reference
    )
    connection.execute(
        update(intents)
        .where(
            intents.c.connection_id == connection_id,
            intents.c.role.in_(TASKS),
            intents.c.state != "withdrawn",
            never_there(),
            intents.c.item_id.in_(over),
            not_(shown),
        )
        .values(state="withdrawn", retry_at=None, reason=None)
    )


def left_open(connection: Connection, connection_id: int) -> list[tuple[str, Json]]:
    """Tasks that are or may be on somebody's list although their conversation is over: reference and content.

    One that was done before and is open again was reopened by a person, and stays so. One that came back with its deal
    belongs to a conversation that was cleared; one that was withdrawn and yet came home was there after all.
    """
    known = _left_open(connection_id, crm_tasks.c.id == intents.c.crm_id).where(intents.c.crm_id.is_not(None))
    came_home = crm_tasks.c.reference == intents.c.reference
    unknown = _left_open(connection_id, came_home).where(
        intents.c.crm_id.is_(None), or_(intents.c.state != "withdrawn", crm_tasks.c.id.is_not(None))
    )
    rows = (row for query in (known, unknown) for row in connection.execute(query))
    return [(row.reference, row.content) for row in rows if not row.content["closed"]]


def _left_open(connection_id: int, ours: ColumnElement[bool]) -> Select[Any]:
    reopened = select(outcomes.c.reference).where(outcomes.c.connection_id == connection_id, outcomes.c.kind == "done")
    return (
        select(intents.c.reference, intents.c.content)
        .join(plan_items, plan_items.c.id == intents.c.item_id)
        .outerjoin(crm_tasks, and_(crm_tasks.c.connection_id == intents.c.connection_id, ours))
        .where(
            intents.c.connection_id == connection_id,
            intents.c.role.in_(TASKS),
            plan_items.c.state.in_(OVER),
            or_(crm_tasks.c.closed.is_(False), crm_tasks.c.id.is_(None)),
            crm_tasks.c.deleted_at.is_(None),
            intents.c.reference.not_in(reopened),
        )
    )


def rewrite(connection: Connection, connection_id: int, reference: str, content: Json) -> None:
    """Let a record say something else with the next push."""
    connection.execute(
        update(intents)
        .where(intents.c.connection_id == connection_id, intents.c.reference == reference)
        .values(content=dict(content), state="pending")
    )
