"""Which migration the database is at, and how it gets to the newest."""

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from app.store import canonical, coaching, hooks, ledger, requests, rulesets, scorecards  # noqa: F401  (they define the tables of the one metadata)
from app.store.session import Store, StoreFailed


def upgrade(store: Store, to: str = "head") -> str:
    """Run the migrations that are missing and return the revision the database is now at."""
    config = _config()
    with store.begin() as connection:
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
    now, head = revision(store), scripts.get_current_head()
    if now is None and not _has_tables(store):
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


def _has_tables(store: Store) -> bool:
    return bool(inspect(store.engine).get_table_names())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("migrations")))
    return config
