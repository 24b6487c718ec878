"""What people did with what we told them: our writes held against the records as the CRM last showed them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, insert, null, or_, select, update

from app.store.canonical import activities, crm_tasks, deals, users
from app.store.coaching import plan_items
from app.store.ledger import intents, outcomes

Json = Mapping[str, Any]
WITH_ITS_DEAL = "deleted with its deal"
"""The end of a task that left with its deal, and may come back with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One task we wrote: what we last wrote (`written`) or may have (`unsure`), and what the CRM shows of it now."""

    reference: str
    role: str
    item_id: int
    item_state: str
    manager_id: str
    written: Json
    unsure: Sequence[Json] | None
    task_id: str
    owner_id: str
    due: date | None
    body: str
    closed: bool
    closed_at: datetime | None
    modified_by: str | None
    changed_at: datetime
    deleted_at: datetime | None
    gone: str | None
    deal_gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one task: `kind` is done, snoozed, contested, deleted, reassigned, ignored or cleared."""

    item_id: int
    reference: str
    role: str
    kind: str
    at: datetime
    by: str | None
    detail: str | None = None
    due: date | None = None


def told(connection: Connection, connection_id: int) -> list[Told]:
    """Tasks we wrote whose story has not ended, each beside what the CRM shows; not those it has not shown yet.

    One that left with its deal has a story again when both are back. One whose id we have not learnt is known by its
    reference; where a copy carries that too, the first of them is ours. One from whose subject a person took our mark
    comes home among the activities from then on, and tells there whether it is done.
    """
    ended = select(outcomes.c.reference).where(
        outcomes.c.connection_id == connection_id, outcomes.c.kind.in_(("done", "deleted", "cleared"))
    )
    for_good = ended.where(or_(outcomes.c.kind != "cleared", outcomes.c.detail.is_distinct_from(WITH_ITS_DEAL)))
    shown = [crm_tasks.c[name] for name in ("owner_id", "due", "body")]
    rows = connection.execute(
        select(
            intents.c.reference, intents.c.role, intents.c.item_id, intents.c.written, intents.c.unsure,
            plan_items.c.manager_id, plan_items.c.state.label("item_state"), crm_tasks.c.id.label("task_id"), *shown,
            *_newest(), deals.c.deleted_at.is_not(None).label("deal_gone"),
        )
        .join(plan_items, plan_items.c.id == intents.c.item_id)
        .join(
            crm_tasks,
            and_(crm_tasks.c.connection_id == intents.c.connection_id, crm_tasks.c.reference == intents.c.reference),
        )
        .outerjoin(
            activities,
            and_(
                activities.c.connection_id == intents.c.connection_id,
                activities.c.id == intents.c.crm_id,
                activities.c.changed_at > crm_tasks.c.changed_at,
            ),
        )
        .outerjoin(
            deals, and_(deals.c.connection_id == intents.c.connection_id, deals.c.id == plan_items.c.subject_id)
        )
        .where(
            intents.c.connection_id == connection_id,
            intents.c.written.is_not(None),
            or_(crm_tasks.c.id == intents.c.crm_id, intents.c.crm_id.is_(None)),
            intents.c.reference.not_in(for_good),
            or_(intents.c.reference.not_in(ended), crm_tasks.c.deleted_at.is_(None)),
        )
        .order_by(intents.c.id, crm_tasks.c.id.desc())
    )  # fmt: skip
    found = {row.reference: Told(**{**row._mapping, "deal_gone": bool(row.deal_gone)}) for row in rows}
    return list(found.values())


def _newest() -> list[ColumnElement[Any]]:
    """What the task tells of its end, or the activity that it has become."""
    unmarked, completed = activities.c.id.is_not(None), case((activities.c.done, activities.c.starts_at))
    there: dict[str, ColumnElement[Any]] = {n: activities.c[n] for n in ("changed_at", "deleted_at", "gone")}
    there |= {"closed": activities.c.done, "closed_at": completed, "modified_by": null()}
    return [case((unmarked, column), else_=crm_tasks.c[name]).label(name) for name, column in there.items()]


def latest(connection: Connection, connection_id: int) -> dict[tuple[str, str], Outcome]:
    """The last outcome of each (reference, kind)."""
    rows = connection.execute(
        select(*(outcomes.c[name] for name in Outcome.__dataclass_fields__))
        .where(outcomes.c.connection_id == connection_id)
        .order_by(outcomes.c.at, outcomes.c.id)
    )
    return {(row.reference, row.kind): Outcome(**row._mapping) for row in rows}


def add(connection: Connection, connection_id: int, new: Sequence[Outcome], now: datetime) -> None:
    """Keep outcomes."""
    rows = [
        {name: getattr(outcome, name) for name in Outcome.__dataclass_fields__}
        | {"connection_id": connection_id, "observed_at": now}
        for outcome in new
    ]
    if rows:
        connection.execute(insert(outcomes), rows)


def end_item(connection: Connection, item_id: int, state: str, at: datetime) -> None:
    """A conversation came to an end. One that was ignored can still be held: then it is done."""
    connection.execute(
        update(plan_items)
        .where(plan_items.c.id == item_id, plan_items.c.state.in_(("open", "ignored")))
        .values(state=state, closed_at=at)
    )


def snooze_item(connection: Connection, item_id: int, until: date) -> None:
    """Somebody moved a conversation to another day."""
    connection.execute(update(plan_items).where(plan_items.c.id == item_id).values(snoozed_until=until))


def counts(connection: Connection, connection_id: int) -> dict[str, int]:
    """How many managers' tasks ended how."""
    rows = connection.execute(
        select(outcomes.c.kind, func.count())
        .where(outcomes.c.connection_id == connection_id, outcomes.c.role == "manager_task")
        .group_by(outcomes.c.kind)
        .order_by(outcomes.c.kind)
    )
    return {row[0]: row[1] for row in rows}


def people(connection: Connection, connection_id: int) -> dict[str, tuple[str | None, str | None, str]]:
    """Time zone, country and name of each user, by id."""
    rows = connection.execute(
        select(users.c.id, users.c.time_zone, users.c.country, users.c.name).where(
            users.c.connection_id == connection_id
        )
    )
    return {row.id: (row.time_zone, row.country, row.name) for row in rows}
