"""Our side of a measurement: a connection to the served org, and the loop over it."""

import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.config import Coaching
from app.gate import named, open_gate
from app.run import Loop
from app.store import connections, schema
from app.store.connections import Vault
from app.store.session import Store, open_store
from bench.org import TODAY
from coaching_rules.indicators.loading import starter_indicators
from coaching_rules.loader import starter

NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
COACHING = Coaching.model_validate({"api_share": 1, "planning": {"most_new_tasks": 10**6}})


@contextmanager
def opened(folder: Path, facts: Mapping[str, Any]) -> Iterator[tuple[Store, Vault]]:
    """An empty SQLite store in this folder with a connection named bench, and what opens its secrets."""
    store, vault = open_store(f"sqlite:///{folder}/coachsync.sqlite3"), Vault(folder, None)
    schema.ready(store)
    connect(store, vault, facts)
    yield store, vault
    store.close()


def connect(store: Store, vault: Vault, facts: Mapping[str, Any]) -> None:
    """Store a connection named bench."""
    settings = {name: facts[name] for name in ("client_id", "ca_file", "username")}
    settings |= {"login_url": facts["url"], "key_field": "Coaching_Key__c"}
    secrets = {"private_key": Path(facts["private_key_file"]).read_text("ascii")}
    with store.begin() as transaction:
        connections.save(transaction, vault, "bench", "salesforce", settings, secrets, NOON)


def loop(store: Store, vault: Vault, now: datetime) -> Loop:
    """What the rhythms of `app.pipeline` ask for, at this instant."""
    org = named(store, "bench")
    connector = open_gate(store, vault, org, COACHING, now)
    return Loop(
        store=store,
        org=org,
        connector=connector,
        coaching=COACHING,
        rules=starter(),
        indicators=starter_indicators(),
        clock=lambda: now,
    )


def cpu_seconds() -> float:
    """What this process has used of the processors so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> int:
    """The most memory this process has held so far, on Linux."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
