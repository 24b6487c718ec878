"""From whatever version, and however many start at once: the database gets to the newest with all that is in it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    select,
    text,
)

from app.store import schema
from app.store.session import Store, open_store

SCRIPTS = ScriptDirectory(str(resources.files("migrations")))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]
SOME: dict[type, Any] = {
    Boolean: True,
    Integer: 1,
    Float: 0.5,
    Date: date(2026, 5, 15),
    DateTime: datetime(2026, 5, 15, 12, tzinfo=UTC),
    JSON: {"lantern": ["amber", 1]},
    LargeBinary: b"amber",
}
STARTER = (
    "import sys\n"
    "from app.store import schema\n"
    "from app.store.session import open_store\n"
    "new, old = map(open_store, sys.argv[1:])\n"
    "print('ready', flush=True)\n"
    "sys.stdin.readline()\n"
    "schema.ready(new)\n"
    "print(schema.revision(new), schema.upgrade(old))\n"
)


@pytest.fixture
def empty(store: Store, tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """Makes a database without any table."""
    made: list[Store] = []

    def make(name: str) -> Store:
        if store.server is None:
            made.append(open_store(f"sqlite:///{tmp_path}/{name}.sqlite3"))
        else:
            with store.engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(f'CREATE DATABASE "{name}"'))
            made.append(open_store(store.engine.url.set(database=name).render_as_string(hide_password=False)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def some(column: Column[Any]) -> Any:
    """A value that this column takes."""
    return next((value for kind, value in SOME.items() if isinstance(column.type, kind)), f"some {column.name}")


def fill(transaction: Connection) -> list[Table]:
    """A row in every table, no column left empty; the tables as they are now."""
    there = MetaData()
    there.reflect(transaction)
    tables = [table for table in there.sorted_tables if table.name != "alembic_version"]
    for table in tables:
        transaction.execute(table.insert().values({column.name: some(column) for column in table.columns}))
    return tables


def test_every_version_gets_to_the_newest_with_its_data(empty: Callable[[str], Store]) -> None:
    """From each revision, with a row in every table that it has: each is there afterwards, as it was."""
    for revision in REVISIONS:
        store = empty(f"from {revision}")
        schema.upgrade(store, revision)
        with store.begin() as transaction:
            tables = fill(transaction)
            before = [transaction.execute(select(table)).all() for table in tables]
        assert schema.upgrade(store) == REVISIONS[-1]
        with store.read() as transaction:
            assert [transaction.execute(select(table)).all() for table in tables] == before


def test_of_two_processes_that_start_at_once_one_migrates(empty: Callable[[str], Store]) -> None:
    """A new database, then an old one: neither process fails, and both find the newest."""
    new, old = empty("new"), empty("old")
    schema.upgrade(old, REVISIONS[0])
    addresses = [store.engine.url.render_as_string(hide_password=False) for store in (new, old)]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, *addresses],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate() for process in started]
    assert [out for out, _ in said] == [f"{REVISIONS[-1]} {REVISIONS[-1]}\n"] * 2, said
