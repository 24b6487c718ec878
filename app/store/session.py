"""The door to the database: the only place that opens, commits and locks it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from app.errors import Stop

Transaction = Connection
"""What a stage is handed when its writes belong together; only this room knows what it is."""
BUSY_SECONDS = 30
PRAGMAS = (
    "journal_mode = WAL",
    "foreign_keys = ON",
    # with these a large page of rows is stored in about half the time: more of each index stays at hand (32 MB), a
    # leaf that changes with every page is written back less often (32 MB of log), and arrivals touch no disk
    "cache_size = -32768",
    "wal_autocheckpoint = 8000",
    "temp_store = MEMORY",
)


class StoreFailed(Stop):
    """The database cannot be used; nothing that was committed is lost."""

    exit_code = 4


class Busy(Stop):
    """Somebody else is at work on this connection."""

    exit_code = 5


class Store:
    """One database, SQLite or PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def server(self) -> str | None:
        """The address of the PostgreSQL that others may work on too; None for a file, which is one machine's."""
        url = self.engine.url.set(drivername="postgresql")
        return None if self.engine.dialect.name == "sqlite" else url.render_as_string(hide_password=False)

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A transaction that is committed when the block ends, and leaves nothing when it fails."""
        with _named_failures(), self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def rehearse(self) -> Iterator[Transaction]:
        """A transaction that leaves nothing, so that a run can be looked at before it is made."""
        with _named_failures(), self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin() as transaction:
                yield connection
                transaction.rollback()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction for reading: what it sees does not move."""
        with _named_failures(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """One run at a time for each connection; the lock goes with the process that holds it. Raises Busy."""
        held = _file_lock(self.engine, name) if self.engine.dialect.name == "sqlite" else _advisory(self.engine, name)
        with held:
            yield

    def close(self) -> None:
        """Give back every connection to the database."""
        self.engine.dispose()


def open_store(url: str) -> Store:
    """The store at an SQLAlchemy address; makes the folder of a SQLite file. Raises StoreFailed."""
    try:
        where = make_url(url.replace("postgresql://", "postgresql+psycopg://", 1))
        if where.get_backend_name() not in ("sqlite", "postgresql"):
            raise StoreFailed(f"COACHSYNC_DATABASE_URL names {where.get_backend_name()}; use sqlite or postgresql.")
        if where.get_backend_name() == "sqlite" and where.database:
            Path(where.database).parent.mkdir(parents=True, exist_ok=True)
        ping = where.get_backend_name() == "postgresql"
        engine = create_engine(where, pool_pre_ping=ping, json_serializer=_json, json_deserializer=orjson.loads)
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreFailed(
            "COACHSYNC_DATABASE_URL is no database address; write postgresql://user@host/name."
        ) from error
    except OSError as error:
        raise StoreFailed(f"The folder of the database cannot be made: {error.strerror}.") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return Store(engine)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _prepare_sqlite(dbapi: sqlite3.Connection, record: Any) -> None:
    dbapi.isolation_level = None  # transactions begin where SQLAlchemy says, not where the driver guesses
    dbapi.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}").close()
    with _alone_with_a_new_file(dbapi):
        for pragma in PRAGMAS:
            dbapi.execute(f"PRAGMA {pragma}").close()


@contextmanager
def _alone_with_a_new_file(dbapi: sqlite3.Connection) -> Iterator[None]:
    """Of two that open a new file at once, one would be refused its log at once, whatever it was told of waiting."""
    ((_, _, path),) = dbapi.execute("PRAGMA database_list").fetchall()
    if not path or dbapi.execute("PRAGMA journal_mode").fetchall() == [("wal",)]:
        yield
        return
    try:
        lock = FileLock(f"{path}.new.lock", timeout=BUSY_SECONDS).acquire()
    except OSError as error:
        raise sqlite3.OperationalError(f"unable to open a new database: {error.strerror}") from error
    with lock:
        yield


def _begin_sqlite(connection: Connection) -> None:
    # a reader that turns writer half-way can be refused for ever; a writer says so when it begins
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise StoreFailed(_sentence(error)) from error


def _sentence(error: DBAPIError) -> str:
    said = str(error.orig).splitlines()[0] if error.orig else "no reason given"
    if "disk is full" in said or "No space left" in said or "disk I/O error" in said:
        return "The disk of the database is full; free some space and run again: everything committed is still there."
    if "locked" in said:
        return "The database is in use by another process; wait for it to end and run again."
    if "readonly" in said or "unable to open" in said or "Permission denied" in said:
        return "The database file cannot be written; check who owns the folder COACHSYNC_HOME."
    if "malformed" in said or "not a database" in said:
        return "The database file is damaged or is not a database; restore it from a backup."
    # what PostgreSQL itself refuses has a code; without one it was never asked
    if error.connection_invalidated or (
        isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") is None
    ):
        return "The database cannot be reached; check COACHSYNC_DATABASE_URL and that it is running."
    return f"The database refused: {said}."


@contextmanager
def _file_lock(engine: Engine, name: str) -> Iterator[None]:
    lock = FileLock(f"{engine.url.database}.{name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise Busy(_busy(name)) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _advisory(engine: Engine, name: str) -> Iterator[None]:
    key = {"key": f"coachsync:{name}"}
    with _named_failures(), engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        if not connection.scalar(text("SELECT pg_try_advisory_lock(hashtextextended(:key, 0))"), key):
            raise Busy(_busy(name))
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))"), key)


def _busy(name: str) -> str:
    return f"Another run of '{name}' is at work; wait for it to end (it gives way when its process ends)."
