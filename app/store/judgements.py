"""Findings over time: they open, persist, clear and reopen; each points at the version of the rule that made it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from app.store.coaching import findings, rule_counts, rule_versions
from app.store.upsert import upsert

Row = dict[str, Any]


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


def open_by_subject(connection: Connection, connection_id: int) -> dict[tuple[str, str], int]:
    """Ids of open findings by (rule, subject)."""
    rows = connection.execute(
        select(findings.c.id, findings.c.rule_id, findings.c.subject_id).where(
            findings.c.connection_id == connection_id, findings.c.state == "open"
        )
    )
    return {(row.rule_id, row.subject_id): row.id for row in rows}


def episodes(connection: Connection, connection_id: int) -> dict[tuple[str, str], int]:
    """How often each (rule, subject) has been open."""
    rows = connection.execute(
        select(findings.c.rule_id, findings.c.subject_id, func.max(findings.c.episode))
        .where(findings.c.connection_id == connection_id)
        .group_by(findings.c.rule_id, findings.c.subject_id)
    )
    return {(rule, subject): episode for rule, subject, episode in rows}


def keep_open(connection: Connection, renewed: Mapping[int, Row]) -> None:
    """Renew what is known of findings that still hold."""
    if not renewed:
        return
    table = findings.c
    statement = update(findings).where(table.id == bindparam("b_id"))
    names = ("rule_version", "severity", "evidence", "facts", "seen_at")
    values: dict[str, Any] = {name: bindparam(f"b_{name}") for name in names}
    rows = [{"b_id": key, **{f"b_{name}": row[name] for name in names}} for key, row in renewed.items()]
    connection.execute(statement.values(values), rows)


def add(connection: Connection, rows: Sequence[Row]) -> None:
    """Open new findings."""
    if rows:
        connection.execute(insert(findings), list(rows))


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


def open_counts(connection: Connection, connection_id: int) -> dict[str, int]:
    """Open findings by rule."""
    rows = connection.execute(
        select(findings.c.rule_id, func.count())
        .where(findings.c.connection_id == connection_id, findings.c.state == "open")
        .group_by(findings.c.rule_id)
        .order_by(findings.c.rule_id)
    )
    return {row[0]: row[1] for row in rows}
