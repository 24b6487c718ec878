"""Rows as Arrow: the same types and values from SQLite and PostgreSQL."""

import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from app.store.frames import READ, frames
from app.store.session import Store, StoreFailed, open_store

INSTANT = pa.timestamp("us", "UTC")
ELSEWHERE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM deals").fetchone()[0])
connection.close()
"""


def test_types_are_the_same_without_rows(store: Store) -> None:
    """Empty tables have all their columns, each of the type it has with rows."""
    found = frames(store, 1, datetime(2026, 5, 15, tzinfo=UTC))
    assert {table.name: columns.split() for table, columns in READ.items()} == {
        name: table.column_names for name, table in found.items()
    }
    deals = found["deals"].schema
    types = [deals.field(name).type for name in ("id", "amount", "close_date", "closed", "created_at", "deleted_at")]
    assert types == [pa.string(), pa.float64(), pa.date32(), pa.bool_(), INSTANT, INSTANT]


def test_values_come_as_they_were_stored(org_anywhere: Any) -> None:
    """To the microsecond, with quotes and accents, blanks as NULL, whole amounts as doubles."""
    made = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    org_anywhere.deal("D'1", created_at=made, amount=7, close_date=date(2028, 2, 29), next_step="Ünïcode; -- 'x' %s :y")
    row = frames(org_anywhere.store, 1, org_anywhere.now)["deals"].to_pylist()[0]
    assert row["created_at"] == made
    assert (row["id"], row["amount"], row["close_date"]) == ("D'1", 7.0, date(2028, 2, 29))
    assert (row["next_step"], row["closed"], row["account_id"]) == ("Ünïcode; -- 'x' %s :y", False, None)


def test_a_column_may_begin_with_blanks(org_anywhere: Any) -> None:
    """The type of a column does not hang on its first rows."""
    for days in range(2, 30):
        org_anywhere.activity(days, contact_id=None)
    org_anywhere.activity(1, contact_id="C")
    contacts = frames(org_anywhere.store, 1, org_anywhere.now)["activities"].column("contact_id")
    assert (contacts.type, contacts.null_count, contacts.drop_null().to_pylist()) == (pa.string(), 28, ["C"])


def test_only_what_we_had_learnt_and_only_ours(org_anywhere: Any) -> None:
    """Rows observed later, and rows of other connections, stay where they are."""
    org_anywhere.deal("D", observed_at=org_anywhere.ago(3))
    ids = [frames(org_anywhere.store, 1, org_anywhere.ago(days))["deals"].num_rows for days in (4, 3, 2)]
    assert (ids, frames(org_anywhere.store, 2, org_anywhere.now)["deals"].num_rows) == ([0, 1, 1], 0)


@pytest.mark.parametrize("large", [False, True])
def test_reading_takes_no_lock_from_the_writer(sqlite: Store, org: Any, large: bool) -> None:
    """After our reading another process that closes the file does not throw away what we write next."""
    path = str(sqlite.engine.url.database)
    org.deal("D")
    if large:
        enlarge(sqlite)
    frames(sqlite, 1, org.now)
    assert count_elsewhere(path) == "1"
    org.deal("E")
    assert count_elsewhere(path) == "2"


def test_a_large_file_is_read_as_a_small_one(sqlite: Store, org: Any) -> None:
    """Another process reads it, and rows, types, blanks and accents are the same; also where a table is empty."""
    org.deal(
        "D'1", created_at=org.ago(1.000001), amount=7, close_date=date(2028, 2, 29), next_step="Ünïcode; -- 'x' %s"
    )
    org.activity(1, contact_id=None, two_way=True)
    org.item(1)
    org.outcome(1, 3)
    small = frames(sqlite, 1, org.now)
    enlarge(sqlite)
    assert frames(sqlite, 1, org.now) == small
    assert "adbc_driver_sqlite" not in sys.modules


def test_a_large_file_that_cannot_be_read_is_named(sqlite: Store, org: Any) -> None:
    """The other process's failure is ours, in a sentence."""
    enlarge(sqlite)
    with sqlite.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE deals RENAME COLUMN stage TO step")
    with pytest.raises(StoreFailed, match=r"cannot be read: .*no such column.* Run again"):
        frames(sqlite, 1, org.now)


def enlarge(store: Store) -> None:
    """Make the file so large that it is worth another process."""
    with store.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE filling AS SELECT zeroblob(40000000) AS filling")
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def count_elsewhere(path: str) -> str:
    run = [sys.executable, "-c", ELSEWHERE, path]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout.strip()


def test_a_database_out_of_reach_is_named() -> None:
    """Nobody gets a driver's words for a PostgreSQL that is not there."""
    store = open_store("postgresql://nobody@127.0.0.1:1/nowhere")
    with pytest.raises(StoreFailed, match="cannot be read"):
        frames(store, 1, datetime(2026, 5, 15, tzinfo=UTC))
