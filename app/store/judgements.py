"""Findings over time: they open, persist, clear and reopen; each points at the version of the rule that made it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
from sqlalchemy import Column, Connection, Integer, Table, func, insert, select, true, update

from app.store.arrivals import set_down, temporary
from app.store.coaching import findings, rule_counts, rule_versions
from app.store.upsert import upsert

Row = dict[str, Any]
RENEWED = ("rule_version", "kind", "severity", "evidence", "facts")
"""What can change about a finding while it is open."""
_said = temporary(
    "said_findings", *(Column(at.name, Integer if at.foreign_keys else at.type) for at in findings.columns)
)


class Held(NamedTuple):
    """An open finding as it is stored: its id, and what it says of each of RENEWED."""

    id: int
    said: Sequence[Any]

    def differs(self, row: Row) -> bool:
        return any(row[name] != value for name, value in zip(RENEWED, self.said))


def keep_versions(connection: Connection, versions: Sequence[Row]) -> None:
    """Keep what each version of a rule said; the first time it is used stays."""
    for row in versions:
        known = connection.scalar(
            select(func.count()).where(
                rule_versions.c.rule_id == row["rule_id"], rule_versions.c.version == row["version"]
            )
        )
        if not known:
            upsert(connection, rule_versions, [row])


def keep_counts(connection: Connection, rows: Sequence[Row]) -> None:
    """Keep how many subjects each rule judged, matched, and could not judge."""
    if rows:
        upsert(connection, rule_counts, rows)


def open_findings(
    connection: Connection, connection_id: int, subjects: Collection[str] | None = None
) -> dict[tuple[str, str], Held]:
    """Open findings by (rule, subject), of these subjects or of all."""
    asked = true() if subjects is None else findings.c.subject_id.in_(subjects)
    rows = connection.execute(
        select(findings.c.id, findings.c.rule_id, findings.c.subject_id, *(findings.c[name] for name in RENEWED)).where(
            findings.c.connection_id == connection_id, findings.c.state == "open", asked
        )
    )
    return {(rule_id, subject_id): Held(id, said) for id, rule_id, subject_id, *said in rows}


def since(connection: Connection, connection_id: int, rule_ids: Sequence[str], opened: datetime) -> list[Row]:
    """The findings of these rules that opened after `opened`, also those that are cleared; the oldest first."""
    names = ("rule_id", "subject_id", "state", "opened_at", *RENEWED)
    rows = connection.execute(
        select(*(findings.c[name] for name in names))
        .where(
            findings.c.connection_id == connection_id,
            findings.c.rule_id.in_(rule_ids),
            findings.c.opened_at > opened,
        )
        .order_by(findings.c.id)
    )
    return [dict(row._mapping) for row in rows]


def renew(connection: Connection, changed: Mapping[int, Row]) -> None:
    """Say anew what is known of findings that still hold; `seen_at` is when that last changed."""
    if not changed:
        return
    names = (*RENEWED, "seen_at")
    said = _set_down(connection, [{"id": id, **{name: row[name] for name in names}} for id, row in changed.items()]).c
    values = {name: said[name] for name in names}
    connection.execute(update(findings).where(findings.c.id == said.id).values(values))


def add(connection: Connection, rows: Sequence[Row]) -> None:
    """Open new findings, each as the next episode of its rule and subject."""
    if not rows:
        return
    said, earlier = _set_down(connection, rows).c, findings.alias().c
    same = [earlier[name] == said[name] for name in ("connection_id", "rule_id", "subject_id")]
    episode = select(func.coalesce(func.max(earlier.episode), 0) + 1).where(*same).scalar_subquery()
    told = [said[name] for name in rows[0]]
    connection.execute(insert(findings).from_select([*rows[0], "episode"], select(*told, episode)))


def _set_down(connection: Connection, rows: Sequence[Row]) -> Table:
    """A temporary table with these rows: on a first morning there are very many."""
    plain = [row | {name: orjson.dumps(row[name]).decode() for name in ("evidence", "facts")} for row in rows]
    return set_down(connection, _said, pa.Table.from_pylist(plain))


def clear(connection: Connection, ids: Sequence[int], at: datetime) -> None:
    """Say that these no longer hold."""
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        connection.execute(update(findings).where(findings.c.id.in_(some)).values(state="cleared", cleared_at=at))


def hygiene(connection: Connection, connection_id: int) -> list[Row]:
    """The open lines of the hygiene list: what to put right in the CRM, never a task."""
    rows = connection.execute(
        select(findings.c.rule_id, findings.c.subject_id, findings.c.evidence, findings.c.facts)
        .where(findings.c.connection_id == connection_id, findings.c.state == "open", findings.c.kind == "hygiene")
        .order_by(findings.c.id)
    )
    return [dict(row._mapping) for row in rows]


def about_managers(connection: Connection, connection_id: int) -> list[Row]:
    """The open findings about managers, which nobody gets a task for: they are for the scorecard."""
    rows = connection.execute(
        select(findings.c.rule_id, findings.c.subject_id, findings.c.facts)
        .where(findings.c.connection_id == connection_id, findings.c.state == "open", findings.c.grain == "manager")
        .order_by(findings.c.subject_id, findings.c.rule_id)
    )
    return [dict(row._mapping) for row in rows]


def open_counts(connection: Connection, connection_id: int) -> dict[str, int]:
    """Open findings by rule."""
    rows = connection.execute(
        select(findings.c.rule_id, func.count())
        .where(findings.c.connection_id == connection_id, findings.c.state == "open")
        .group_by(findings.c.rule_id)
        .order_by(findings.c.rule_id)
    )
    return {row[0]: row[1] for row in rows}
