"""Columns on their way into a table: straight, or set down in a temporary one where one statement works on all of them.

Each database is given rows the way it takes them fastest: PostgreSQL by COPY, SQLite by the driver that reads it too.
"""

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

    Its columns are those of `table` that the CRM tells, and `deleted`; there must be one record of each id.
    """
    staged = _staged(table)
    return set_down(connection, staged, records.select(staged.columns.keys()))


def temporary(name: str, *columns: Column[Any]) -> Table:
    """What a temporary table looks like, for `set_down`."""
    return Table(name, MetaData(), *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DROP")


def set_down(connection: Connection, staged: Table, rows: pa.Table) -> Table:
    """The temporary table with these rows and nothing else, until the transaction ends or others are set down."""
    connection.execute(CreateTable(staged, if_not_exists=True))
    connection.execute(staged.delete())
    put(connection, staged, rows)
    return staged


def put(connection: Connection, table: Table, rows: pa.Table) -> None:
    """Write rows, none of which the table may have; their columns are some of the table's."""
    # in the table's order, in which its statement takes them
    told = [name for name in rows.column_names if rows.column(name).null_count < rows.num_rows]
    rows = rows.select(sorted(told, key=list(table.columns.keys()).index))
    (_copy if connection.dialect.name == "postgresql" else _insert)(connection, table, rows)


@cache
def _staged(table: Table) -> Table:
    told = [Column(column.name, column.type) for column in table.columns if column.name not in NOT_TOLD]
    return temporary(f"arrived_{table.name}", *told, Column("deleted", Boolean))


def one_each(records: pa.Table) -> pa.Table:
    """Of each id the version that was changed last."""
    ids = records.column("id")
    if pc.count_distinct(ids).as_py() == records.num_rows:
        return records
    ordered = records.sort_by("changed_at")
    last = {id_: n for n, id_ in enumerate(ordered.column("id").to_pylist())}
    return ordered.take(list(last.values()))


def _copy(connection: Connection, table: Table, rows: pa.Table) -> None:
    quoted = connection.dialect.identifier_preparer.format_column
    told = ", ".join(quoted(table.c[name]) for name in rows.column_names)
    statement = f"COPY {table.name} ({told}) FROM STDIN (FORMAT csv)"
    plain = pa.table([_plain(column, zone="Z") for column in rows.columns], rows.schema.names)
    text = pa.BufferOutputStream()
    # in one piece: pyarrow 26 writes zeros for rows that come behind a piece without any
    pyarrow.csv.write_csv(plain.combine_chunks(), text, pyarrow.csv.WriteOptions(include_header=False))
    try:
        with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[attr-defined]
            copy.write(memoryview(text.getvalue()))
    except psycopg.Error as error:
        raise DBAPIError.instance(statement, None, error, psycopg.Error, dialect=connection.dialect) from error


def _insert(connection: Connection, table: Table, rows: pa.Table) -> None:
    statement = str(table.insert().compile(connection, column_keys=rows.column_names))
    cells = [_plain(column, zone="").to_pylist() for column in rows.columns]
    connection.exec_driver_sql(statement, list(zip(*cells, strict=True)))


def _plain(column: pa.ChunkedArray, *, zone: str) -> pa.ChunkedArray:
    """Instants and dates as text, in UTC; writing an instant with its zone takes ten times as long as without."""
    if pa.types.is_timestamp(column.type):
        text = column.cast(pa.timestamp("us")).cast(pa.string())
        return pc.binary_join_element_wise(text, zone, "") if zone else text
    return column.cast(pa.string()) if pa.types.is_temporal(column.type) else column
