"""SQLite's rows as Arrow. A large file is read by another process, through ADBC; a small one is read here.

ADBC brings a second SQLite library. In our process, it would drop the locks of the first one when it closes the file,
and another process might then throw away our last writes. Locks are a process's own, so a second process is safe.
It takes a quarter of a second to start, in which the driver that also writes has read a small file.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from app.store.session import Store, StoreFailed

SMALL = 32 * 2**20
"""Bytes of a file that the driver has read before another process has begun to."""
BATCH = 2_000
"""Rows fetched at once by the driver; few enough to stay in the cache while they become columns."""
INSTANT = pa.timestamp("us", "UTC")
Question = tuple[str, str, pa.Schema]
"""A name, a query, and what its columns are to be."""


def read(store: Store, questions: Sequence[Question], *, few: bool = False) -> Iterator[tuple[str, pa.Table]]:
    """Every answer by name, all of one snapshot; `few`: the answers are short, however large the file. StoreFailed."""
    file = Path(str(store.engine.url.database)).resolve()
    with store.read() as connection:
        if not few and file.stat().st_size > SMALL:
            yield from _apart(file, questions)
            return
        for name, query, schema in questions:
            yield name, pa.Table.from_batches(_batches(connection.exec_driver_sql(query).cursor, schema), schema)


def _batches(cursor: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while rows := cursor.fetchmany(BATCH):
        cells = [pa.array(cells, _kept(type_)) for cells, type_ in zip(zip(*rows), schema.types)]
        yield _typed(pa.record_batch(cells, names=schema.names), schema)


def _apart(file: Path, questions: Sequence[Question]) -> Iterator[tuple[str, pa.Table]]:
    queries = [f"SELECT {_example(schema)} UNION ALL {query}" for _, query, schema in questions]
    with _answers(f"{file.as_uri()}?mode=ro", *queries) as answers:
        for name, _, schema in questions:
            with pa.ipc.open_stream(answers) as batches:
                yield name, pa.Table.from_batches([_typed(batch, schema) for batch in batches], schema).slice(1)


@contextmanager
def _answers(*question: str) -> Iterator[IO[bytes]]:
    """What the other process says. It ends with the block, however the block ends."""
    command = [sys.executable, "-m", "app.store.apart", *question]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            yield process.stdout
            failed = process.wait() != 0
        except (OSError, pa.ArrowException):
            failed = True
        finally:
            process.kill()
        if failed:
            said = process.stderr.read().decode().splitlines() or ["its reader was ended"]
            raise StoreFailed(f"The database file cannot be read: {said[-1]}. Run again; nothing is lost.")


def _example(schema: pa.Schema) -> str:
    """A row that shows the types in which SQLite keeps these columns."""
    examples = {pa.string(): "'2000-01-01'", pa.int64(): "0", pa.float64(): "0.0"}
    return ", ".join(f'{examples[_kept(type_)]} AS "{name}"' for name, type_ in zip(schema.names, schema.types))


def _kept(type_: pa.DataType) -> pa.DataType:
    """SQLite keeps instants and dates as text in UTC, and booleans as 0 and 1."""
    return {INSTANT: pa.string(), pa.date32(): pa.string(), pa.bool_(): pa.int64()}.get(type_, type_)


def _typed(kept: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = (
        column.cast(pa.timestamp("us")) if type_ == INSTANT else column for column, type_ in zip(kept, schema.types)
    )
    return pa.record_batch([column.cast(type_) for column, type_ in zip(columns, schema.types)], schema=schema)
