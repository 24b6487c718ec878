"""What a morning learnt of all deals, so that a few can be held against it later: small tables, kept as Arrow."""

from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Column, Connection, ForeignKey, LargeBinary, Table, Text, exists, select

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
    """Keep what was measured, over what an earlier morning did."""
    rows = [
        {"connection_id": connection_id, "name": name, "content": _stream(table), "measured_at": at}
        for name, table in tables.items()
    ]
    upsert(connection, benchmarks, rows)


def are_kept(connection: Connection, connection_id: int) -> bool:
    """Whether there was a first morning."""
    kept = exists().where(benchmarks.c.connection_id == connection_id)
    return bool(connection.scalar(select(kept)))


def read(connection: Connection, connection_id: int) -> dict[str, pa.Table]:
    """What the last morning measured, by name; nothing before the first one."""
    kept = select(benchmarks.c.name, benchmarks.c.content).where(benchmarks.c.connection_id == connection_id)
    return {row.name: pa.ipc.open_stream(row.content).read_all() for row in connection.execute(kept)}


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())
