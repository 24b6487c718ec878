"""What planning reads and writes: findings, people, conversations open and past, plans, and the writes they owe."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, insert, or_, select, update

from app.store.canonical import crm_notes, crm_tasks, users
from app.store.coaching import findings, plan_items, plans
from app.store.ledger import intents, outcomes
from app.store.tables import row_of
from connectors.records import NoteContent, TaskContent

Json = Mapping[str, Any]
Transaction = Connection
"""The caller's open transaction; who is not in the store passes it on and asks nothing of it."""
Role = Literal["manager_task", "prep_task", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFinding:
    """A coaching finding that holds now; `facts` are the words of its subject, `evidence` what the rule compared."""

    id: int
    rule_id: str
    rule_version: str
    episode: int
    grain: str
    subject_id: str
    severity: int
    facts: Json
    evidence: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user of the CRM; `active` is False also for one who was deleted."""

    id: str
    name: str
    active: bool
    manager_id: str | None
    time_zone: str | None
    country: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One conversation as it is stored; `week` is the Monday of its plan, `id` is None until it is."""

    id: int | None = None
    week: date
    thread: str
    revision: int
    grain: str
    subject_id: str
    manager_id: str
    rep_id: str
    early: bool
    minutes: int
    meeting: str
    place: str
    due: date
    prep_due: date
    score: float
    position: int
    why_here: str
    reasons: Sequence[Json]
    state: str
    opened_at: datetime
    closed_at: datetime | None = None
    snoozed_until: date | None = None
    area: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One manager's week: its minutes, and what did not get any, ranked, each with its reason."""

    manager_id: str
    week: date
    budget_minutes: int
    left_out: list[dict[str, Any]]
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person did with an item."""

    item_id: int
    role: str
    kind: str
    at: datetime
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A write we owe the CRM or have made: what the record should say, and what we last wrote (`written`)."""

    reference: str
    item_id: int | None
    role: Role
    content: Json
    written: Json | None = None
    crm_id: str | None = None
    state: str = "pending"
    sent_at: datetime | None = None
    """When it was sent to be created, while nobody knows whether it arrived."""


def as_json(content: TaskContent | NoteContent) -> dict[str, Any]:
    """Content as an intent keeps it."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row_of(content).items()}


def as_content(role: str, content: Json) -> TaskContent | NoteContent:
    """The other way round."""
    if role == "note":
        return NoteContent(**content)
    return TaskContent(**{**content, "due": date.fromisoformat(content["due"])})


def open_findings(
    connection: Connection, connection_id: int, subjects: Collection[str] | None = None
) -> list[OpenFinding]:
    """Every coaching finding that holds, in the order in which they were first found.

    With `subjects`, only those of the managers to whom these fall: what competes with them for minutes.
    """
    names = tuple(OpenFinding.__dataclass_fields__)
    columns = (findings.c[name] for name in names)
    query = select(*columns).where(*_holds(connection_id)).order_by(findings.c.id)
    if subjects is not None:
        manager_id = findings.c.facts["manager_id"].as_string()
        own = select(manager_id).where(*_holds(connection_id), findings.c.subject_id.in_(subjects))
        beside = [one for one in connection.scalars(own.distinct()) if one]
        query = query.where(or_(manager_id.in_(beside), findings.c.subject_id.in_(subjects)))
    found = connection.execute(query)
    return [OpenFinding(**dict(zip(names, row))) for row in found]


def _holds(connection_id: int) -> tuple[ColumnElement[bool], ...]:
    table = findings.c
    return table.connection_id == connection_id, table.state == "open", table.kind == "coaching"


def people(connection: Connection, connection_id: int) -> dict[str, Person]:
    """Every user we ever saw, by id."""
    columns = [users.c[name] for name in Person.__dataclass_fields__ if name != "active"]
    active = and_(users.c.active, users.c.deleted_at.is_(None)).label("active")
    rows = connection.execute(select(*columns, active).where(users.c.connection_id == connection_id))
    return {row.id: Person(**row._mapping) for row in rows}


def items(connection: Connection, connection_id: int, *, at_hand: datetime | None = None) -> list[Item]:
    """Every conversation there has been, the oldest first.

    `at_hand` leaves out what no longer matters by then: what was answered in an earlier week, on a subject of which no
    finding is open.
    """
    columns = [plan_items.c[name] for name in Item.__dataclass_fields__ if name != "week"]
    query = select(*columns, plans.c.week).join(plans, plans.c.id == plan_items.c.plan_id)
    rows = connection.execute(query.where(_matters(connection_id, at_hand)).order_by(plan_items.c.id))
    return [Item(**row._mapping) for row in rows]


def answers(connection: Connection, connection_id: int, *, at_hand: datetime | None = None) -> list[Answer]:
    """What people did with these items, the oldest first."""
    columns = [outcomes.c[name] for name in Answer.__dataclass_fields__]
    query = select(*columns).join(plan_items, plan_items.c.id == outcomes.c.item_id)
    query = query.join(plans, plans.c.id == plan_items.c.plan_id).where(_matters(connection_id, at_hand))
    return [Answer(**row._mapping) for row in connection.execute(query.order_by(outcomes.c.at, outcomes.c.id))]


def _matters(connection_id: int, at_hand: datetime | None) -> ColumnElement[bool]:
    ours = plan_items.c.connection_id == connection_id
    if at_hand is None:
        return ours
    last_week = at_hand - timedelta(days=8)  # a manager's Monday begins up to a day before or after ours
    recent = or_(plans.c.week >= last_week.date(), plan_items.c.closed_at >= last_week)
    waits = plan_items.c.state.in_(("open", "ignored"))
    asked = plan_items.c.subject_id.in_(select(findings.c.subject_id).where(*_holds(connection_id)))
    return and_(ours, or_(waits, recent, asked))


def owed(connection: Connection, connection_id: int) -> dict[str, Owed]:
    """The writes for items that wait in the CRM, every note, and what the CRM does not hold yet, by reference."""
    waits = plan_items.c.state.in_(("open", "ignored"))
    not_settled = intents.c.state.not_in(("stored", "withdrawn"))
    rows = connection.execute(
        select(*(intents.c[name] for name in Owed.__dataclass_fields__))
        .outerjoin(plan_items, plan_items.c.id == intents.c.item_id)
        .where(
            intents.c.connection_id == connection_id,
            or_(waits, intents.c.role == "note", not_settled),
        )
    )
    return {row.reference: Owed(**row._mapping) for row in rows}


def in_crm(connection: Connection, connection_id: int) -> dict[str, Json]:
    """What the CRM last told us of our open tasks and our notes, by reference; of a note just its title."""
    task_columns = ("reference", "owner_id", "deal_id", "due", "subject", "body", "status", "closed")
    found: dict[str, Json] = {}
    for table, columns in ((crm_tasks, task_columns), (crm_notes, ("reference", "title", "edited"))):
        live = [table.c.connection_id == connection_id, table.c.deleted_at.is_(None)]
        still_open = [crm_tasks.c.closed.is_(False)] if table is crm_tasks else []
        rows = connection.execute(select(*(table.c[name] for name in columns)).where(*live, *still_open))
        found |= {row.reference: _plain(row) for row in rows}
    return found


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row._mapping.items()}


def save_plan(connection: Connection, connection_id: int, plan: Plan) -> int:
    """Store the manager's plan of this week, over an earlier one of the same week, and return its id."""
    table = plans.c
    key = (table.connection_id == connection_id, table.manager_id == plan.manager_id, table.week == plan.week)
    known: int | None = connection.scalar(update(plans).where(*key).values(row_of(plan)).returning(table.id))
    return known or _insert(connection, plans, {"connection_id": connection_id, **row_of(plan)})


def _insert(connection: Connection, table: Table, row: dict[str, Any]) -> int:
    # the row as parameters: written into the statement it would be made and compiled anew for each
    new_id: int = connection.execute(insert(table).returning(table.c.id), row).scalar_one()
    return new_id


def left_out(connection: Connection, connection_id: int, manager_id: str, week: date) -> list[dict[str, Any]]:
    """What this week's stored plan left out; nothing when there is no plan yet."""
    table = plans.c
    stored = connection.scalar(
        select(table.left_out).where(
            table.connection_id == connection_id, table.manager_id == manager_id, table.week == week
        )
    )
    return stored or []


def add_item(connection: Connection, connection_id: int, plan_id: int, item: Item) -> int:
    """Store a new conversation and return its id."""
    row = {name: getattr(item, name) for name in Item.__dataclass_fields__ if name not in ("id", "week")}
    row |= {"connection_id": connection_id, "plan_id": plan_id, "reasons": list(item.reasons)}
    return _insert(connection, plan_items, row)


def change_item(connection: Connection, item: Item) -> None:
    """Store what may change about a conversation: its reasons and its state."""
    values = {"reasons": list(item.reasons), "state": item.state, "closed_at": item.closed_at}
    connection.execute(update(plan_items).where(plan_items.c.id == item.id).values(values))


def owe(connection: Connection, connection_id: int, write: Owed, at: datetime) -> None:
    """Store a write we owe; one of the same reference takes the new content and is due again."""
    table = intents.c
    values: dict[str, Any] = {"item_id": write.item_id, "content": dict(write.content), "state": write.state}
    values |= {"retry_at": None, "reason": None}
    known = connection.execute(
        update(intents).where(table.connection_id == connection_id, table.reference == write.reference).values(values)
    )
    if not known.rowcount:
        row = {"connection_id": connection_id, "reference": write.reference, "role": write.role, "created_at": at}
        connection.execute(insert(intents), {**row, **values, "attempts": 0})
