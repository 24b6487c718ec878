"""What did we know at an instant, in numbers? Rows in, facts out; writes nothing."""

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from importlib.resources import files

import duckdb
import pyarrow as pa

from app.store.frames import frames
from app.store.session import Store
from coaching_rules.engine import Facts
from coaching_rules.vocabulary import WORDS

NO_RATES = pa.schema([("currency", pa.string()), ("valid_from", pa.date32()), ("rate", pa.float64())]).empty_table()
"""What one unit of the org's own currency is worth in each other one, from a day on; for who has no such rows."""

STEPS = (
    "rates",
    "stage_order",
    "people",
    "customers",
    "deal_fields",
    "deal_history",
    "deal_state",
    "stage_visits",
    "stage_moves",
    "term_changes",
    "touches",
    "contact",
    "buyers",
    "amount_benchmarks",
    "won_stays",
    "won_benchmarks",
    "capture",
    "coaching",
    "supply",
    "commitments",
    "deal_facts",
    "rep_facts",
    "manager_facts",
)
"""Tables of app/sql in the order in which they are made; each is one query over those before it."""


def measure(store: Store, connection_id: int, *, as_of: datetime, known_at: datetime | None = None) -> Facts:
    """Facts of every deal, rep and manager as of `as_of`, from what we had learnt by `known_at` (default: by `as_of`).

    A live run leaves `known_at` out; a backtest passes now, since the CRM told us its history only lately.
    """
    known_at = known_at or as_of
    return measure_frames(frames(store, connection_id, known_at), as_of=as_of, known_at=known_at)


def measure_frames(rows: Mapping[str, pa.Table], *, as_of: datetime, known_at: datetime) -> Facts:
    """The same from rows already read, so that many instants can be measured from one reading.

    Rows of `currency_rates`, shaped as NO_RATES, turn all money into the org's own currency.
    """
    as_of, known_at = as_of.astimezone(UTC), known_at.astimezone(UTC)
    with closing(_sealed()) as connection:
        for name, table in ({"currency_rates": NO_RATES} | dict(rows)).items():
            connection.register(name, table)
        clock = {"as_of": as_of, "known_at": known_at, "today": as_of.date()}
        for name, value in clock.items():
            connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
        connection.execute(_sql("macros"))
        for step in STEPS:
            connection.execute(f"CREATE TABLE {step} AS {_sql(step)}")
        tables = {grain: connection.table(f"{grain}_facts").to_arrow_table() for grain in WORDS}
    return Facts(as_of=as_of, tables=tables)


def _sealed() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={"enable_external_access": "false"})
    connection.execute("SET lock_configuration = true")
    return connection


def _sql(name: str) -> str:
    return files("app").joinpath("sql", f"{name}.sql").read_text("utf-8")
