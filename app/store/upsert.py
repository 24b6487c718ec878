"""Insert or update many rows in one statement, the same on SQLite and PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, unless_older: str | None = None
) -> int:
    """Write rows by primary key and return how many were new or changed.

    `unless_older` names a column: a stored row whose value is greater is newer and stays.
    """
    keys = [column.name for column in table.primary_key]
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    others = {c.name: insert.excluded[c.name] for c in table.columns if c.name in rows[0] and c.name not in keys}
    condition = table.c[unless_older] <= insert.excluded[unless_older] if unless_older else None
    statement = insert.on_conflict_do_update(index_elements=keys, set_=others, where=condition)
    # without being asked, not every driver keeps the count of many rows
    done = connection.execute(statement, list(rows), execution_options={"preserve_rowcount": True})
    return max(done.rowcount, 0)
