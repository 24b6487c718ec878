"""Columns on their way into a table: set down in a temporary one first, where one statement can work on all of them.

Each database is given rows the way it takes them fastest: PostgreSQL by COPY, SQLite by the driver that reads it too.
"""

import io
from functools import cache
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from sqlalchemy import Boolean, Column, Connection, MetaData, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

NOT_TOLD = frozenset({"connection_id", "observed_at", "deleted_at", "gone"})


def arrived(connection: Connection, table: Table, records: pa.Table) -> Table:
    """A temporary table with these records and nothing else, until the transaction ends or others arrive.

    Its columns are those of `table` that the CRM tells, and `deleted`; of each id it has the newest version.
    """
    staged = _staged(table)
    rows = _one_each(records).select(staged.columns.keys())
    connection.execute(CreateTable(staged, if_not_exists=True))
    connection.execute(staged.delete())
    (_copy if connection.dialect.name == "postgresql" else _insert)(connection, staged, rows)
    return staged


@cache
def _staged(table: Table) -> Table:
    told = [Column(column.name, column.type) for column in table.columns if column.name not in NOT_TOLD]
    deleted: Column[bool] = Column("deleted", Boolean)
    return Table(
        f"arrived_{table.name}", MetaData(), *told, deleted, prefixes=["TEMPORARY"], postgresql_on_commit="DROP"
    )


def _one_each(records: pa.Table) -> pa.Table:
    ids = records.column("id")
    if pc.count_distinct(ids).as_py() == records.num_rows:
        return records
    ordered = records.sort_by("changed_at")
    last = {id_: n for n, id_ in enumerate(ordered.column("id").to_pylist())}
    return ordered.take(list(last.values()))


def _copy(connection: Connection, staged: Table, rows: pa.Table) -> None:
    quoted = connection.dialect.identifier_preparer.format_column
    statement = f"COPY {staged.name} ({', '.join(map(quoted, staged.columns))}) FROM STDIN (FORMAT csv)"
    text = io.BytesIO()
    pyarrow.csv.write_csv(rows, text, pyarrow.csv.WriteOptions(include_header=False))
    try:
        with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[attr-defined]
            copy.write(text.getbuffer())
    except psycopg.Error as error:
        raise DBAPIError.instance(statement, None, error, psycopg.Error, dialect=connection.dialect) from error


def _insert(connection: Connection, staged: Table, rows: pa.Table) -> None:
    statement = str(staged.insert().compile(connection))
    connection.exec_driver_sql(statement, list(zip(*map(_as_sqlite, rows.columns), strict=True)))


def _as_sqlite(column: pa.ChunkedArray) -> list[Any]:
    """As SQLAlchemy keeps them there: instants and dates are text, in UTC."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us"))
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.string())
    values: list[Any] = column.to_pylist()
    return values
