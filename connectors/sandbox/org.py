"""One org: its tables in SQLite, its clock, its settings. What a client may do with them lives in the other rooms."""

import random
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from connectors.sandbox import tables
from connectors.sandbox.bulk_jobs import Jobs
from connectors.sandbox.cursors import Cursors
from connectors.sandbox.faults import Faults
from connectors.sandbox.ids import make_id
from connectors.sandbox.schema import KEY_FIELD, Field, Object, objects, without
from connectors.sandbox.sessions import Sessions
from connectors.sandbox.values import instant, loaded

FIRST_OWN_NUMBER = 1_000_000_000
"""Records made here are numbered from above whatever a generator numbers, so ids never collide."""

BATCH = 5000
MAPPED_BYTES = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks: `sees_all` is a person at the screen, from whom a control hides nothing."""

    user_id: str
    sees_all: bool = False


@dataclass(slots=True, kw_only=True)
class Settings:
    """What an administrator (a test) may change while the org lives."""

    daily_limit: int
    session_seconds: int = 7200
    rotate_refresh_tokens: bool = False
    execution_user: bool = True
    inactive_owner_updates: bool = False
    bulk_delay_seconds: float = 0.0
    """From ordering a query job to its end."""
    bulk_fail: str | None = None
    """Query jobs end as Failed with this message."""
    bulk_abort: bool = False
    bulk_stuck: bool = False
    """Query jobs stay InProgress."""
    bulk_job_limit: int = 10_000
    bulk_page_rows: int = 50_000
    """Rows of a page whose size the client leaves open."""
    locked_ids: frozenset[str] = frozenset()
    """Records that somebody else is writing to, for as long as they stand here."""
    lock_probability: float = 0.0
    """How often any other record is locked; seeded."""
    index_lag_seconds: float = 0.0
    """For so long no query finds a new record; by its id or its unique key it is found at once."""
    concurrent_refusals: int = 0
    """So many of the next data calls find too many long ones under way."""
    handshake_refusals: int = 0
    """So many of the next connections end within the TLS handshake."""
    flow: dict[str, Any] | None = None
    """An automation that edits every new record of `object` at once; `set` holds fields and values."""
    grant_revoked: bool = False
    validation_rules: list[dict[str, str]] = field(default_factory=list)
    """Each: object, field, forbid (a regular expression the value must not match), message."""


class Org:
    """A small Salesforce org. `path` may be a file, then the org outlives the process; `now` freezes its clock."""

    def __init__(
        self,
        path: str | Path = ":memory:",
        *,
        key_field: bool = True,
        currencies: bool = False,
        record_types: bool = False,
        now: datetime | None = None,
        daily_limit: int = 100_000,
    ) -> None:
        self.lock = threading.RLock()
        self.settings = Settings(daily_limit=daily_limit)
        self.faults = Faults()
        self.cursors = Cursors()
        self.jobs = Jobs()
        self.sessions = Sessions()
        self.hidden_fields: dict[str, frozenset[str]] = {}
        self.hidden_objects: frozenset[str] = frozenset()
        self.removed_fields: dict[str, frozenset[str]] = {}
        self.blind: frozenset[str] = frozenset()
        self.lagging: dict[str, datetime] = {}
        self.skew = timedelta()
        self._put_off: list[tuple[datetime, Callable[[], object]]] = []
        self.chance = random.Random(0)
        self._now = now
        self.schema_changed = self.now().replace(microsecond=0)
        self._depth = 0
        self._day: datetime | None = None
        self.calls_today = 0
        dropped, absent = _not_there(key_field=key_field, currencies=currencies, record_types=record_types)
        self._objects = {name: without(found, dropped) for name, found in objects().items() if name not in absent}
        self._lower = {name.lower(): name for name in self._objects}
        self._db = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        # A large org is read all over its file; SQLite's own 2 MB of cache would fetch most pages again.
        self._db.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
        with self.transaction():
            tables.create(self._db, self._objects.values())
        self.id, self.user_id = make_id("00D", FIRST_OWN_NUMBER), make_id("005", FIRST_OWN_NUMBER)
        if not self.count("Organization"):
            self._seed()
        self.id = str(self.row("SELECT Id FROM Organization LIMIT 1")["Id"])

    def close(self) -> None:
        """Let go of the file."""
        with self.lock:
            self._db.close()

    # ------------------------------------------------------------------ clock

    def now(self) -> datetime:
        """The sandbox clock: frozen where somebody set it, else real time."""
        return self._now or datetime.now(UTC)  # noqa: TID251

    @property
    def frozen(self) -> bool:
        """Somebody set the clock."""
        return self._now is not None

    def set_clock(self, now: datetime | None) -> None:
        """Freeze the clock at `now`; None lets it follow real time."""
        self.catch_up(now)
        self._now = now
        self.schema_changed = self.now().replace(microsecond=0)

    def put_off(self, act: Callable[[], object], *, seconds: float) -> None:
        """Do this when the clock is so much further."""
        self._put_off.append((self.now() + timedelta(seconds=seconds), act))

    def catch_up(self, now: datetime | None = None) -> None:
        """Do what was put off until `now` or earlier, each at its time."""
        now = now or self.now()
        with self.lock:
            due = sorted((one for one in self._put_off if one[0] <= now), key=lambda one: one[0])
            self._put_off = [one for one in self._put_off if one[0] > now]
            before = self._now
            for self._now, act in due:
                act()
            self._now = before

    def stamp(self) -> str:
        """Now, as the tables hold instants and as the server that writes believes it to be."""
        return instant(self.now() + self.skew)

    def spend_call(self) -> bool:
        """Count one API call of the rolling day; False when the limit was already spent."""
        if self._day is None or not timedelta() <= self.now() - self._day < timedelta(days=1):
            self._day, self.calls_today = self.now(), 0
        if self.calls_today >= self.settings.daily_limit:
            return False
        self.calls_today += 1
        return True

    # ----------------------------------------------------------------- schema

    def all_objects(self, actor: Actor) -> list[Object]:
        """Every object this actor may know of."""
        found = (self.find_object(name, actor) for name in self._objects)
        return [o for o in found if o is not None]

    def find_object(self, name: str, actor: Actor) -> Object | None:
        """The object (name in any case) with the fields this actor may see."""
        exact = self._lower.get(name.lower())
        if exact is None or (exact in self.hidden_objects and not actor.sees_all):
            return None
        gone = self.removed_fields.get(exact, frozenset())
        gone |= frozenset() if actor.sees_all else self.hidden_fields.get(exact, frozenset())
        return without(self._objects[exact], gone) if gone else self._objects[exact]

    def unseen(self) -> frozenset[str]:
        """Ids no query of a client finds now: out of its sight, or written but not yet visible."""
        return self.blind | {key for key, visible in self.lagging.items() if self.now() < visible}

    def lag(self, ids: Iterable[str], seconds: float) -> None:
        """No query of a client finds these rows before the clock has moved on so far."""
        self.lagging |= dict.fromkeys(ids, self.now() + timedelta(seconds=seconds))

    def whole_object(self, name: str) -> Object:
        """The object with everything it has, for the rules of the house itself."""
        return self._objects[name]

    def new_id(self, name: str) -> str:
        """The next id for a record of this object."""
        return self.new_key(self._objects[name].prefix)

    def new_key(self, prefix: str) -> str:
        """The next id with this prefix."""
        found = self._db.execute(
            "INSERT INTO _sequence VALUES (?, ?) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n",
            (prefix, FIRST_OWN_NUMBER + 1),
        ).fetchone()
        return make_id(prefix, found[0])

    # ------------------------------------------------------------------- rows

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; may be nested, then an error undoes only the inner part."""
        with self.lock:
            level = self._depth
            self._db.execute(f"SAVEPOINT level_{level}" if level else "BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._db.execute(f"ROLLBACK TO level_{level}" if level else "ROLLBACK")
                raise
            else:
                self._db.execute(f"RELEASE level_{level}" if level else "COMMIT")
            finally:
                self._depth -= 1

    def execute(self, sql: str, params: Sequence[object] | Mapping[str, object] = ()) -> sqlite3.Cursor:
        """One statement, as SQLite takes it."""
        return self._db.execute(sql, params)

    def rows(self, sql: str, params: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The result as dicts, values as stored (instants are text, booleans 0 or 1)."""
        with self.lock:
            cursor = self._db.execute(sql, params)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]

    def row(self, sql: str, params: Sequence[object] = ()) -> dict[str, Any]:
        """The first row; empty when there is none."""
        found = self.rows(sql, params)
        return found[0] if found else {}

    def record(self, name: str, record_id: str) -> dict[str, Any]:
        """The whole record as stored, also from the recycle bin; empty when there is none."""
        return self.row(f"SELECT * FROM {self._objects[name].name} WHERE Id = ?", (record_id,))

    def count(self, name: str, where: str = "1", params: Sequence[object] = ()) -> int:
        """How many rows, those in the recycle bin included, satisfy this piece of SQLite SQL."""
        return int(self.row(f"SELECT count(*) AS n FROM {self._objects[name].name} WHERE {where}", params)["n"])

    def insert(self, name: str, values: Mapping[str, object]) -> None:
        """Write a new row as it is given."""
        if self.settings.index_lag_seconds:
            self.lag([str(values["Id"])], self.settings.index_lag_seconds)
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT INTO {name} ({names}) VALUES ({marks})", list(values.values()))

    def update(self, name: str, record_id: str, values: Mapping[str, object]) -> None:
        """Write these columns as they are given."""
        sets = ", ".join(f"{column} = ?" for column in values)
        self._db.execute(f"UPDATE {name} SET {sets} WHERE Id = ?", [*values.values(), record_id])

    # ------------------------------------------------------------------- load

    def load(self, object_name: str, rows: Iterable[Mapping[str, object]]) -> int:
        """Add generated rows as they are: no rule and no trigger runs, missing system fields come from the clock.

        The first load of a table that was seeded (OpportunityStage, TaskStatus, TaskPriority) replaces the seed.
        Raises ValueError for an object or a field we do not have. Returns how many rows were added.
        """
        if object_name not in self._objects or object_name == "ContentNote":
            raise ValueError(f"Rows of {object_name} cannot be loaded; see objects.txt for what can.")
        found, source, added = self._objects[object_name], iter(rows), 0
        with self.transaction():
            self._clear_seed(object_name)
            while batch := list(islice(source, BATCH)):
                self._load_batch(found, batch)
                added += len(batch)
        return added

    def _load_batch(self, found: Object, batch: list[Mapping[str, object]]) -> None:
        given = dict.fromkeys(key for row in batch for key in row)
        unknown = [name for name in given if name not in found.fields]
        if unknown:
            raise ValueError(f"{found.name} has no field {', '.join(unknown)}; see objects.txt for those it has.")
        missing = {name: value for name, value in self._defaults(found).items() if name not in given}
        columns = [_column(found.fields[name], batch, self._defaults(found).get(name)) for name in given]
        columns += [[value] * len(batch) for value in missing.values()]
        names = [*given, *missing]
        if "Id" not in given:
            names, columns = [*names, "Id"], [*columns, [self.new_id(found.name) for _ in batch]]
        marks = ", ".join("?" * len(names))
        self._db.executemany(f"INSERT INTO {found.name} ({', '.join(names)}) VALUES ({marks})", zip(*columns))

    def _defaults(self, found: Object) -> dict[str, object]:
        stamp = self.stamp()
        known: dict[str, object] = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), stamp)
        known |= dict.fromkeys(("CreatedById", "LastModifiedById", "OwnerId"), self.user_id)
        return {name: value for name, value in known.items() if name in found.fields}

    def _clear_seed(self, name: str) -> None:
        if self._db.execute("DELETE FROM _seeded WHERE object = ?", (name,)).rowcount:
            self._db.execute(f"DELETE FROM {name}")

    def _seed(self) -> None:
        with self.transaction():
            for name, rows in tables.seeds(self.id, self.user_id).items():
                self.load(name, rows)
            self._db.executemany("INSERT INTO _seeded VALUES (?)", [(name,) for name in tables.REPLACEABLE])


def _not_there(*, key_field: bool, currencies: bool, record_types: bool) -> tuple[frozenset[str], frozenset[str]]:
    """The fields and the objects that an org has not, as it was set up."""
    optional = {KEY_FIELD: key_field, "CurrencyIsoCode": currencies, "RecordTypeId": record_types}
    fields = frozenset(name for name, there in optional.items() if not there)
    return fields, frozenset() if currencies else frozenset({"CurrencyType", "DatedConversionRate"})


def _column(found: Field, batch: list[Mapping[str, object]], default: object) -> list[object]:
    if found.type in ("datetime", "boolean", "date"):
        values: list[object] = [loaded(found, row.get(found.name)) for row in batch]
    else:
        values = [row.get(found.name) for row in batch]
    if found.type == "boolean":
        default = 0
    return values if default is None else [default if value is None else value for value in values]
