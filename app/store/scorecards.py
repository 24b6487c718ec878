"""Coaching counted: what each manager planned in a week, and what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    ForeignKey,
    Integer,
    Subquery,
    Table,
    and_,
    case,
    func,
    select,
)

from app.store.canonical import users
from app.store.coaching import plan_items, plans
from app.store.ledger import outcomes
from app.store.tables import Instant, Key, metadata, row_of
from app.store.upsert import upsert

scorecards = Table(
    "scorecards",
    metadata,
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("manager_id", Key, primary_key=True),
    Column("week", Date, primary_key=True),  # its Monday, in the manager's time zone
    Column("reps", Integer, nullable=False),
    Column("coached_reps", Integer, nullable=False),
    Column("budget_minutes", Integer, nullable=False),
    Column("planned", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("held_minutes", Integer, nullable=False),
    Column("held_on_deals", Integer, nullable=False),
    Column("held_early", Integer, nullable=False),
    Column("prepared", Integer, nullable=False),
    Column("contested", Integer, nullable=False),
    Column("ignored", Integer, nullable=False),
    Column("scored_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """One manager's week. `reps` report to the manager now; the other numbers are of conversations planned that week.

    `coached_reps` had one that was held; `held_early` were on early-stage deals, out of `held_on_deals`; `prepared` are
    those that were held and that the rep had prepared; `contested` and `ignored` are what became of others.
    """

    manager_id: str
    week: date
    reps: int
    coached_reps: int
    budget_minutes: int
    planned: int
    held: int
    held_minutes: int
    held_on_deals: int
    held_early: int
    prepared: int
    contested: int
    ignored: int


def count(connection: Connection, connection_id: int, since: date) -> list[Scorecard]:
    """The scorecards of the weeks from `since` on, as what is known now says."""
    held, prepared = _answered("manager_task"), _answered("prep_task")
    team = (
        select(users.c.manager_id, func.count().label("reps"))
        .where(users.c.connection_id == connection_id, users.c.active, users.c.deleted_at.is_(None))
        .where(users.c.manager_id != users.c.id)
        .group_by(users.c.manager_id)
        .subquery()
    )
    item, was_held = plan_items.c, held.c.item_id.is_not(None)
    on_deal = and_(was_held, item.grain == "deal")
    rows = connection.execute(
        select(
            plans.c.manager_id,
            plans.c.week,
            func.coalesce(func.max(team.c.reps), 0).label("reps"),
            func.count(case((was_held, item.rep_id)).distinct()).label("coached_reps"),
            func.max(plans.c.budget_minutes).label("budget_minutes"),
            func.count(item.id).label("planned"),
            _number(was_held).label("held"),
            func.coalesce(func.sum(case((was_held, item.minutes))), 0).label("held_minutes"),
            _number(on_deal).label("held_on_deals"),
            _number(and_(on_deal, item.early)).label("held_early"),
            _number(and_(was_held, prepared.c.item_id.is_not(None))).label("prepared"),
            _number(item.state == "contested").label("contested"),
            _number(item.state == "ignored").label("ignored"),
        )
        .select_from(plans)
        .outerjoin(plan_items, item.plan_id == plans.c.id)
        .outerjoin(held, held.c.item_id == item.id)
        .outerjoin(prepared, prepared.c.item_id == item.id)
        .outerjoin(team, team.c.manager_id == plans.c.manager_id)
        .where(plans.c.connection_id == connection_id, plans.c.week >= since)
        .group_by(plans.c.manager_id, plans.c.week)
        .order_by(plans.c.week, plans.c.manager_id)
    )
    return [Scorecard(**row._mapping) for row in rows]


def keep(connection: Connection, connection_id: int, cards: Iterable[Scorecard], at: datetime) -> None:
    """Store these scorecards, each in the place of what was counted before."""
    rows = [{"connection_id": connection_id, "scored_at": at} | row_of(card) for card in cards]
    if rows:
        upsert(connection, scorecards, rows)


def kept(connection: Connection, connection_id: int, since: date) -> list[Scorecard]:
    """The scorecards of the weeks from `since` on, as they were last counted."""
    columns = [scorecards.c[name] for name in Scorecard.__dataclass_fields__]
    where = (scorecards.c.connection_id == connection_id, scorecards.c.week >= since)
    rows = connection.execute(select(*columns).where(*where).order_by(scorecards.c.week, scorecards.c.manager_id))
    return [Scorecard(**row._mapping) for row in rows]


def _answered(role: str) -> Subquery:
    done = (outcomes.c.role == role, outcomes.c.kind == "done")
    return select(outcomes.c.item_id).where(*done).distinct().subquery()


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))
