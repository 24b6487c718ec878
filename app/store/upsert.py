"""Insert or update many rows in one statement, the same on SQLite and PostgreSQL."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, Table, true
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows by primary key."""
    connection.execute(_by_key(connection.dialect.name, table, tuple(rows[0])), list(rows))


def upsert_from(connection: Connection, table: Table, rows: Select[Any], *, unless_older: str) -> int:
    """Write the rows of a query by primary key and return how many were new or changed.

    `unless_older` names a column: a stored row whose value is greater is newer and stays.
    """
    names = [column.name for column in rows.selected_columns]
    # SQLite takes ON CONFLICT for a part of a query that has no WHERE
    insert = _insert(connection.dialect.name, table).from_select(names, rows.where(true()))
    # without being asked, not every driver keeps the count
    statement = _on_conflict(insert, table, names, unless_older)
    done = connection.execute(statement, execution_options={"preserve_rowcount": True})
    return max(done.rowcount, 0)


def insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Write the rows that no unique key knows yet, and return how many those are."""
    fresh = _insert(connection.dialect.name, table).on_conflict_do_nothing().returning(*table.primary_key)
    return len(connection.execute(fresh, list(rows)).all())


@cache
def _by_key(dialect: str, table: Table, names: tuple[str, ...]) -> Any:
    """Kept, since to make it takes longer than to run it for one row, as every page of a pull does."""
    return _on_conflict(_insert(dialect, table), table, names)


def _insert(dialect: str, table: Table) -> Any:
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


def _on_conflict(insert: Any, table: Table, names: Collection[str], unless_older: str | None = None) -> Any:
    keys = [column.name for column in table.primary_key]
    others = {name: insert.excluded[name] for name in names if name not in keys}
    condition = table.c[unless_older] <= insert.excluded[unless_older] if unless_older else None
    return insert.on_conflict_do_update(index_elements=keys, set_=others, where=condition)
