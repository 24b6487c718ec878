"""Everything that is known of one connection at a glance, for `status`, `check` and the service."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.store import canonical, coverage, judgements, outcomes, runs, writes
from app.store.connections import Org
from app.store.session import Store


def overview(store: Store, org: Org, api_share: float, now: datetime) -> dict[str, Any]:
    """Plain values, ready for JSON: the last run, what is held and since when, what is open, what was refused."""
    with store.read() as transaction:
        last = runs.last(transaction, org.id)
        return {
            "name": org.name,
            "crm": org.crm,
            "paused": org.paused,
            "last_run": asdict(last) if last else None,
            "records": canonical.counts(transaction, org.id),
            "coverage": coverage.last_compared(transaction, org.id),
            "read_at": runs.read_at(transaction, org.id),
            "api_calls_24h": runs.calls_lately(transaction, org.id, now),
            "api_share": api_share,
            "findings_open": judgements.open_counts(transaction, org.id),
            "hygiene": [_line(row) for row in judgements.hygiene(transaction, org.id)],
            "writes": writes.states(transaction, org.id),
            "not_taken": [asdict(refusal) for refusal in writes.refused(transaction, org.id)],
            "outcomes": outcomes.counts(transaction, org.id),
        }


def people(store: Store, org: Org) -> list[dict[str, Any]]:
    """The users that are there, as `team.unmatched` asks for them."""
    users = canonical.users
    columns = (users.c[name] for name in ("id", "name", "role", "country", "active"))
    there = select(*columns).where(users.c.connection_id == org.id, users.c.deleted_at.is_(None))
    with store.read() as transaction:
        return [dict(row._mapping) for row in transaction.execute(there)]


def _line(row: dict[str, Any]) -> dict[str, Any]:
    facts = row["facts"]
    owner = facts.get("owner_name") or facts.get("rep_name")
    return {"rule": row["rule_id"], "deal": facts.get("deal_name"), "owner": owner, "why": facts.get("why")}
