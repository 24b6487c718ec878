"""All records of a kind laid down on disk, where they can be asked for in another order than that of the file."""

from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from connectors.records import SCHEMAS, Kind

PAGE_ROWS = 20_000
LIMITS: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "256MB", "threads": 2}
Told = tuple[pa.Schema, Iterable[pa.Table]]


def in_order(kind: Kind, records: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The live records in the order of their ids, the newest of each, in pages. All are read before the first."""
    return _asked("in_order", {"told": (SCHEMAS[kind], records)}, kind)


def stages_of(listed: Iterable[pa.Table], deals: Iterable[pa.Table], changes: Iterable[pa.Table]) -> pa.Table:
    """The stages that these deals and their history name and that are not listed."""
    told = {
        "listed": (_only("stage", "name", "sort_order", "closed", "probability"), listed),
        "deals": (_only("deal", *_OF_A_STAGE, "closed", "won"), deals),
        "changes": (_only("deal_change", *_OF_A_STAGE), changes),
    }
    return pa.concat_tables([SCHEMAS["stage"].empty_table(), *_asked("stages_of_deals", told, "stage")])


_OF_A_STAGE = ("stage", "probability", "forecast_category", "changed_at", "deleted")


def _only(kind: Kind, *names: str) -> pa.Schema:
    return pa.schema([SCHEMAS[kind].field(name) for name in names])


def _asked(sql: str, told: Mapping[str, Told], asked: Kind) -> Iterator[pa.Table]:
    with TemporaryDirectory() as folder, duckdb.connect(f"{folder}/told.duckdb", config=LIMITS) as duck:
        for name, (schema, records) in told.items():
            duck.register("block", schema.empty_table()).execute(f"CREATE TABLE {name} AS FROM block")
            for block in records:
                duck.register("block", block.select(schema.names)).execute(f"INSERT INTO {name} FROM block")
        question = files("connectors.salesforce_export").joinpath("sql", f"{sql}.sql").read_text("utf-8")
        for batch in duck.sql(question).to_arrow_reader(PAGE_ROWS):
            yield pa.Table.from_batches([batch]).cast(SCHEMAS[asked])
