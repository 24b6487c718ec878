"""Where the demo happens: a sandbox org over HTTPS, a connection to it as any user has one, and one clock for both."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Protocol

from app.config import Coaching
from app.gate import named, open_gate
from app.pipeline import morning, often
from app.run import Loop, Report
from app.store import connections, schema
from app.store.connections import Vault
from app.store.session import Store, open_store
from coaching_rules.indicators.loading import starter_indicators
from coaching_rules.indicators.model import Indicator
from coaching_rules.loader import starter
from coaching_rules.model import RuleSet
from connectors.sandbox.company import Batch, company
from connectors.sandbox.org import Org
from connectors.sandbox.server import Running, start

DAY = timedelta(days=1)


class Loading(Protocol):
    """Called after each batch with the object's name and how many rows are loaded so far."""

    def __call__(self, name: str, rows: int, /) -> None: ...


@dataclass(slots=True, kw_only=True)
class World:
    """One company and its connection; `moment` is now, for the org as for us."""

    org: Org
    store: Store
    vault: Vault
    name: str
    connection_id: int
    moment: datetime
    coaching: Coaching = field(default_factory=Coaching)
    rules: RuleSet = field(default_factory=starter)
    indicators: tuple[Indicator, ...] = field(default_factory=starter_indicators)

    def at(self, moment: datetime) -> None:
        """Let it be this instant."""
        self.moment = moment
        with self.org.lock:
            self.org.set_clock(moment)

    def morning(self) -> Report:
        """A morning run, through a gate opened for it."""
        return morning(self._loop())

    def often(self) -> Report:
        """The run of any other hour."""
        return often(self._loop())

    def _loop(self) -> Loop:
        org = named(self.store, self.name)
        return Loop(
            store=self.store,
            org=org,
            connector=open_gate(self.store, self.vault, org, self.coaching, self.moment, lambda: self.moment),
            coaching=self.coaching,
            rules=self.rules,
            indicators=self.indicators,
            clock=lambda: self.moment,
        )


def working_from(day: date) -> date:
    """The first weekday on or after `day`."""
    return next(d for d in (day + n * DAY for n in range(3)) if d.weekday() < 5)


@contextmanager
def world(
    home: Path, *, seed: int, today: date, scale: float, database_url: str | None = None, loading: Loading | None = None
) -> Iterator[World]:
    """A company as it stands when `today` begins, served, connected and not yet pulled; all of it ends with the block.

    Keys, and the store unless `database_url` names another, lie in `home`.
    """
    began = datetime.combine(today, time(), UTC)
    org, store = Org(now=began), open_store(database_url or f"sqlite:///{home / 'demo.sqlite3'}")
    try:
        fill(org, company(seed, today=today, scale=scale), loading or (lambda name, rows: None))
        schema.ready(store)
        with start(org=org) as running:
            vault = Vault(home, None)
            name, connection_id = _connect(store, vault, running, began)
            yield World(org=org, store=store, vault=vault, name=name, connection_id=connection_id, moment=began)
    finally:
        store.close()
        org.close()


def fill(org: Org, batches: Iterable[Batch], loading: Loading) -> None:
    """Load a company's rows into the org."""
    rows = 0
    for name, batch in batches:
        rows += org.load(name, batch)
        loading(name, rows)


def _connect(store: Store, vault: Vault, running: Running, now: datetime) -> tuple[str, int]:
    """Store the connection as `coachsync connect` does, under a name that is still free."""
    settings = {
        "login_url": running.url,
        "client_id": running.client_id,
        "username": running.username,
        "ca_file": running.ca_file,
        "key_field": "Coaching_Key__c",
        "segment_field": "Industry",
        "api_version": "62.0",
    }
    with store.begin() as transaction:
        known = {org.name for org in connections.every(transaction)}
        name = next(n for n in ("demo", *(f"demo-{k}" for k in range(2, len(known) + 3))) if n not in known)
        connections.save(
            transaction, vault, name, "salesforce", settings, {"private_key": running.private_key_pem}, now
        )
    return name, named(store, name).id
