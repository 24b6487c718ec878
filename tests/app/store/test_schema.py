"""Migrations run forward on both databases, and end where the tables of the code begin."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from app.store import schema
from app.store.session import Store, StoreFailed, open_store
from app.store.tables import metadata


@pytest.fixture
def empty(store: Store, tmp_path: Path) -> Iterator[Store]:
    """A database without any table."""
    if store.engine.dialect.name == "sqlite":
        found = open_store(f"sqlite:///{tmp_path}/empty.sqlite3")
    else:
        name = "".join(c for c in tmp_path.name.lower() if c.isalnum())
        with store.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(f"CREATE DATABASE {name}"))
        found = open_store(store.engine.url.set(database=name).render_as_string(hide_password=False))
    yield found
    found.close()


def test_an_empty_database_is_made_ready_and_stays_so(empty: Store) -> None:
    """The first use makes every table; the second changes nothing; the tables are those that the code knows."""
    schema.ready(empty)
    head = schema.revision(empty)
    schema.ready(empty)
    assert schema.revision(empty) == head
    with empty.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []


def test_the_migrations_run_one_after_the_other(empty: Store) -> None:
    """A database that is behind is refused with the command that mends it."""
    schema.upgrade(empty, "+1")
    with pytest.raises(StoreFailed, match="coachsync db upgrade"):
        schema.ready(empty)
    schema.upgrade(empty)
    schema.ready(empty)


def test_tables_of_somebody_else_are_left_alone(empty: Store) -> None:
    """A database that is not ours is refused, not filled."""
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE lanterns (id INTEGER)"))
    with pytest.raises(StoreFailed, match="not coachsync's"):
        schema.ready(empty)
