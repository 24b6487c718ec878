"""What a morning learnt of all deals, so that a few can be held against it later: small tables, kept as Arrow.

What was measured by other queries than today's may have other columns, so it counts as not kept.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files

import pyarrow as pa
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    and_,
    delete,
    exists,
    select,
)

from app.store.tables import Instant, metadata
from app.store.upsert import upsert

benchmarks = Table(
    "benchmarks",
    metadata,
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),  # an Arrow stream
    Column("measured_at", Instant, nullable=False),
)


def keep(connection: Connection, connection_id: int, tables: Mapping[str, pa.Table], at: datetime) -> None:
    """Keep what was measured, in place of what an earlier morning did."""
    rows = [
        {"connection_id": connection_id, "name": f"{name}{_by()}", "content": _stream(table), "measured_at": at}
        for name, table in tables.items()
    ]
    connection.execute(delete(benchmarks).where(benchmarks.c.connection_id == connection_id))
    upsert(connection, benchmarks, rows)


def are_kept(connection: Connection, connection_id: int) -> bool:
    """Whether there was a first morning."""
    return bool(connection.scalar(select(exists().where(_kept(connection_id)))))


def read(connection: Connection, connection_id: int) -> dict[str, pa.Table]:
    """What the last morning measured, by name; nothing before the first one."""
    kept = connection.execute(select(benchmarks.c.name, benchmarks.c.content).where(_kept(connection_id)))
    return {row.name.removesuffix(_by()): pa.ipc.open_stream(row.content).read_all() for row in kept}


def _kept(connection_id: int) -> ColumnElement[bool]:
    return and_(benchmarks.c.connection_id == connection_id, benchmarks.c.name.endswith(_by(), autoescape=True))


@cache
def _by() -> str:
    """A mark of the queries by which all this is measured."""
    texts = sorted((file.name, file.read_text("utf-8")) for file in files("app").joinpath("sql").iterdir())
    return f"@{hashlib.sha256(repr(texts).encode()).hexdigest()[:8]}"


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())
