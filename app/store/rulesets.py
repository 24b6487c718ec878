"""Rule sets as they were pushed: whole, one version after the other, never changed. The newest is live."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, ForeignKey, Integer, Table, Text, func, insert, select

from app.store.tables import Instant, metadata
from coaching_rules.model import RuleSet

rule_sets = Table(
    "rule_sets",
    metadata,
    Column("id", Integer, primary_key=True),  # the version
    Column("hash", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("pushed_at", Instant, nullable=False),
)
rule_pages = Table(
    "rule_pages",
    metadata,
    Column("set_id", ForeignKey("rule_sets.id", ondelete="CASCADE"), primary_key=True),
    Column("rule_id", Text, primary_key=True),
    Column("rule_version", Text, nullable=False),  # what findings carry
    Column("text", Text, nullable=False),  # the rule's file
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One pushed rule set: when, why, how many rules, and a hash of their files."""

    version: int
    pushed_at: datetime
    rules: int
    hash: str
    message: str


def push(connection: Connection, rules: RuleSet, message: str, at: datetime) -> int | None:
    """Make these rules live and return their version; None when the live ones say the same to the letter."""
    said = content_hash({rule.id: rule.text for rule in rules.rules})
    before = history(connection)
    if before and before[0].hash == said:
        return None
    row = {"hash": said, "message": message, "pushed_at": at}
    version: int = connection.execute(insert(rule_sets).values(row).returning(rule_sets.c.id)).scalar_one()
    kept = [{"rule_id": rule.id, "rule_version": rule.version, "text": rule.text} for rule in rules.rules]
    connection.execute(insert(rule_pages), [{"set_id": version, **page} for page in kept])
    return version


def newest(connection: Connection) -> int | None:
    """The version that is live; None where nothing was ever pushed."""
    version: int | None = connection.scalar(select(func.max(rule_sets.c.id)))
    return version


def texts(connection: Connection, version: int) -> dict[str, str]:
    """The files of a version by the id of their rule; none where there is no such version."""
    rows = connection.execute(select(rule_pages.c.rule_id, rule_pages.c.text).where(rule_pages.c.set_id == version))
    return {row.rule_id: row.text for row in rows}


def history(connection: Connection) -> list[Version]:
    """Every version, the newest first."""
    table = rule_sets.c
    rows = connection.execute(
        select(table.id.label("version"), table.pushed_at, func.count().label("rules"), table.hash, table.message)
        .join(rule_pages, rule_pages.c.set_id == table.id)
        .group_by(table.id)
        .order_by(table.id.desc())
    )
    return [Version(**row._mapping) for row in rows]


def content_hash(files: Mapping[str, str]) -> str:
    """Twelve hex digits that change with any letter of any file."""
    return hashlib.sha256(json.dumps(dict(files), sort_keys=True).encode()).hexdigest()[:12]
