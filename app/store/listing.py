"""What the API reads: rows a page at a time, the newest first, and only those the asker may see."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, case, func, or_, select, true

from app.store.canonical import deals, users
from app.store.coaching import findings, plan_items, plans, rule_versions
from app.store.ledger import outcomes, runs
from app.store.requests import requests

Row = dict[str, Any]
NAME = func.coalesce(deals.c.name, users.c.name).label("name")
"""Of the deal or the person that a row is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Whose things may be seen: a manager's and those of the people who report there, or a rep's.

    Without either it is those of all deals, and nothing about people.
    """

    manager_id: str | None = None
    rep_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The part of a list that is asked for: rows whose id is less than `before`, at most `most`."""

    before: int | None = None
    most: int


def runs_of(connection: Connection, connection_id: int, part: Slice) -> list[Row]:
    """The runs of a connection."""
    return _newest(connection, select(runs).where(runs.c.connection_id == connection_id), runs, part)


def run(connection: Connection, connection_id: int, run_id: int) -> Row | None:
    """One run."""
    return _one(connection, select(runs).where(runs.c.connection_id == connection_id, runs.c.id == run_id))


def request(connection: Connection, connection_id: int, request_id: int) -> Row | None:
    """Something that was asked for."""
    where = (requests.c.connection_id == connection_id, requests.c.id == request_id)
    return _one(connection, select(requests).where(*where))


def findings_of(
    connection: Connection, connection_id: int, sight: Sight, part: Slice, *, state: str | None, rule_id: str | None
) -> list[Row]:
    """Findings, with the title that their rule had and the rep whom they are about."""
    query = _findings(connection_id, sight)
    for column, wanted in ((findings.c.state, state), (findings.c.rule_id, rule_id)):
        query = query.where(column == wanted) if wanted else query
    return _newest(connection, query, findings, part)


def finding(connection: Connection, connection_id: int, sight: Sight, finding_id: int) -> Row | None:
    """One finding."""
    return _one(connection, _findings(connection_id, sight).where(findings.c.id == finding_id))


def items_of(connection: Connection, connection_id: int, sight: Sight, part: Slice, *, state: str | None) -> list[Row]:
    """Conversations with their week and the name of the deal or rep."""
    query = _items(connection_id, sight)
    return _newest(connection, query.where(plan_items.c.state == state) if state else query, plan_items, part)


def item(connection: Connection, connection_id: int, sight: Sight, item_id: int) -> Row | None:
    """One conversation."""
    return _one(connection, _items(connection_id, sight).where(plan_items.c.id == item_id))


def plans_of(connection: Connection, connection_id: int, manager_id: str, part: Slice) -> list[Row]:
    """The plans of a manager."""
    where = (plans.c.connection_id == connection_id, plans.c.manager_id == manager_id)
    return _newest(connection, select(plans).where(*where), plans, part)


def plan(connection: Connection, connection_id: int, manager_id: str, week: date) -> Row | None:
    """A manager's plan of the week that begins on this Monday, with its conversations as `items`."""
    where = (plans.c.connection_id == connection_id, plans.c.manager_id == manager_id, plans.c.week == week)
    found = _one(connection, select(plans).where(*where))
    if found is None:
        return None
    query = _items(connection_id, Sight(manager_id=manager_id)).where(plan_items.c.plan_id == found["id"])
    own = connection.execute(query.order_by(plan_items.c.position, plan_items.c.id))
    return found | {"items": [dict(row._mapping) for row in own]}


def outcomes_of(connection: Connection, connection_id: int, sight: Sight, part: Slice) -> list[Row]:
    """What people did with their conversations."""
    query = select(outcomes).join(plan_items, plan_items.c.id == outcomes.c.item_id)
    query = query.where(outcomes.c.connection_id == connection_id, _of_item(sight))
    return _newest(connection, query, outcomes, part)


def _findings(connection_id: int, sight: Sight) -> Select[Any]:
    rep = case((findings.c.grain == "deal", deals.c.owner_id), (findings.c.grain == "rep", findings.c.subject_id))
    title = rule_versions.c.content["title"].as_string()
    of_rule = and_(rule_versions.c.rule_id == findings.c.rule_id, rule_versions.c.version == findings.c.rule_version)
    query = select(findings, rep.label("rep_id"), title.label("title"), NAME)
    query = _with_names(query, findings, connection_id).outerjoin(rule_versions, of_rule)
    return query.where(findings.c.connection_id == connection_id, _of_finding(connection_id, sight, rep))


def _of_finding(connection_id: int, sight: Sight, rep: ColumnElement[Any]) -> ColumnElement[bool]:
    if sight.rep_id:
        return rep == sight.rep_id
    if not sight.manager_id:
        return findings.c.grain == "deal"
    team = select(users.c.id).where(users.c.connection_id == connection_id, users.c.manager_id == sight.manager_id)
    own = and_(findings.c.grain == "manager", findings.c.subject_id == sight.manager_id)
    return or_(rep.in_(team), own)


def _items(connection_id: int, sight: Sight) -> Select[Any]:
    query = select(plan_items, plans.c.week, NAME).join(plans, plans.c.id == plan_items.c.plan_id)
    query = _with_names(query, plan_items, connection_id)
    return query.where(plan_items.c.connection_id == connection_id, _of_item(sight))


def _of_item(sight: Sight) -> ColumnElement[bool]:
    if sight.rep_id:
        return plan_items.c.rep_id == sight.rep_id
    return plan_items.c.manager_id == sight.manager_id if sight.manager_id else plan_items.c.grain == "deal"


def _with_names(query: Select[Any], table: Table, connection_id: int) -> Select[Any]:
    for named in (deals, users):
        same = and_(named.c.connection_id == connection_id, named.c.id == table.c.subject_id)
        query = query.outerjoin(named, same)
    return query


def _newest(connection: Connection, query: Select[Any], table: Table, part: Slice) -> list[Row]:
    earlier = table.c.id < part.before if part.before is not None else true()
    rows = connection.execute(query.where(earlier).order_by(table.c.id.desc()).limit(part.most))
    return [dict(row._mapping) for row in rows]


def _one(connection: Connection, query: Select[Any]) -> Row | None:
    row = connection.execute(query).one_or_none()
    return dict(row._mapping) if row else None
