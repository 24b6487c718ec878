"""Which migration the database is at, and how it gets to the newest."""

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from app.store import (  # noqa: F401  (they define the tables of the one metadata)
    benchmarks,
    canonical,
    coaching,
    events,
    hooks,
    ledger,
    requests,
    rulesets,
    scorecards,
    tokens,
    turns,
)
from app.store.session import Store, StoreFailed


def upgrade(store: Store, to: str = "head") -> str:
    """Run the migrations that are missing and return the revision the database is now at.

    Of two processes that begin at once, one migrates, and the other waits and finds it done.
    """
    config = _config()
    with store.begin() as connection:
        _alone(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return revision(store) or "empty"


def revision(store: Store) -> str | None:
    """The revision the database is at; None for an empty one."""
    with store.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def ready(store: Store) -> None:
    """Make an empty database, and refuse one that is behind or ahead of this program. Raises StoreFailed."""
    scripts = ScriptDirectory.from_config(_config())
    # in this order, or tables that another process makes just now would look like somebody else's
    empty = not _has_tables(store)
    now, head = revision(store), scripts.get_current_head()
    if now is None and empty:
        upgrade(store)
    elif now is None:
        raise StoreFailed("The database holds tables that are not coachsync's; point COACHSYNC_DATABASE_URL elsewhere.")
    elif now != head and now in {script.revision for script in scripts.walk_revisions()}:
        raise StoreFailed(f"The database is behind this coachsync ({now}, needs {head}); run `coachsync db upgrade`.")
    elif now != head:
        raise StoreFailed(
            f"The database was made by a newer coachsync ({now}); install that version, or restore a backup. "
            "Nothing was changed."
        )


def add_room(store: Store, name: str, statements: str) -> None:
    """Make a PostgreSQL schema of this name with what these statements make in it, unless it is there."""
    with store.begin() as connection:
        _alone(connection)
        if connection.scalar(text("SELECT to_regnamespace(:name) IS NULL"), {"name": name}):
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute(f"CREATE SCHEMA {name}; SET LOCAL search_path = {name}; {statements}")


def _alone(connection: Connection) -> None:
    """Wait for whoever else changes the database; on SQLite every writer waits when it begins."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('coachsync migrates', 0))"))


def _has_tables(store: Store) -> bool:
    with store.read() as connection:
        return bool(inspect(connection).get_table_names())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("migrations")))
    return config
