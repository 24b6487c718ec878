"""All records of a kind laid down on disk, where they can be asked for in another order than that of the file."""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from connectors.records import SCHEMAS, Kind

PAGE_ROWS = 20_000
LIMITS: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "256MB", "threads": 2}


def in_order(kind: Kind, records: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The live records in the order of their ids, the newest of each, in pages."""
    return _asked("in_order", kind, kind, records)


def stages_of(deals: Iterable[pa.Table]) -> pa.Table:
    """The stages that these deals name."""
    return pa.concat_tables([SCHEMAS["stage"].empty_table(), *_asked("stages_of_deals", "deal", "stage", deals)])


def _asked(sql: str, told: Kind, asked: Kind, records: Iterable[pa.Table]) -> Iterator[pa.Table]:
    with TemporaryDirectory() as folder, duckdb.connect(f"{folder}/told.duckdb", config=LIMITS) as duck:
        duck.register("block", SCHEMAS[told].empty_table()).execute("CREATE TABLE told AS FROM block")
        for block in records:
            duck.register("block", block).execute("INSERT INTO told FROM block")
        question = files("connectors.salesforce_export").joinpath("sql", f"{sql}.sql").read_text("utf-8")
        for batch in duck.sql(question).to_arrow_reader(PAGE_ROWS):
            yield pa.Table.from_batches([batch]).cast(SCHEMAS[asked])
