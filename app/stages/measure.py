"""What did we know at an instant, in numbers? Rows in, facts out; writes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.resources import files

import duckdb
import pyarrow as pa
import structlog

from app.config import Coaching
from app.store.frames import frames
from app.store.session import Store
from app.team import settings_of
from coaching_rules.engine import Facts
from coaching_rules.indicators.counting import counting
from coaching_rules.indicators.model import Indicator
from coaching_rules.vocabulary import WORDS

log = structlog.get_logger(__name__)

NO_MAPPING = pa.schema([("name", pa.string())]).empty_table()
"""The names of the stages that the org says are early; for who leaves that to the order of the stages."""
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
    "won_measures",
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
COUNTED_STEPS = ("countable", "indicator_reps", "indicator_days")
"""The same for indicators, after them."""

Counts = Mapping[str, pa.Table]
"""`reps`, `days` and `counts` as Observations describe them."""


def measure(
    store: Store,
    connection_id: int,
    *,
    as_of: datetime,
    known_at: datetime | None = None,
    early_stages: Sequence[str] = (),
) -> Facts:
    """Facts of every deal, rep and manager as of `as_of`, from what we had learnt by `known_at` (default: by `as_of`).

    A live run leaves `known_at` out; a backtest passes now, since the CRM told us its history only lately.
    `early_stages` names the stages that the org calls early; without any, the first 40 % of the open ones are.
    """
    known_at = known_at or as_of
    return measure_frames(rows_of(store, connection_id, known_at, early_stages), as_of=as_of, known_at=known_at)


def measure_frames(
    rows: Mapping[str, pa.Table], *, as_of: datetime, known_at: datetime, threads: int | None = None
) -> Facts:
    """The same from rows already read, so that many instants can be measured from one reading.

    `threads` is how many DuckDB may use, by default one a processor: who measures several instants beside one another
    gives it one.

    Rows of `early_stages`, shaped as NO_MAPPING, say which stages are early.
    """
    with _laid_out(rows, as_of, known_at, threads) as connection:
        return _facts(connection, as_of)


def observe(
    store: Store,
    connection_id: int,
    indicators: Sequence[Indicator],
    coaching: Coaching,
    *,
    as_of: datetime,
    known_at: datetime,
    early_stages: Sequence[str] = (),
) -> tuple[Facts, Counts]:
    """The facts, and from the same rows what the indicators count."""
    rows = rows_of(store, connection_id, known_at, early_stages)
    with _laid_out({**rows, **settings_of(rows["users"], coaching, as_of.date())}, as_of, known_at) as connection:
        for step in COUNTED_STEPS:
            connection.execute(f"CREATE TABLE {step} AS {_sql(step)}")
        counts = connection.sql(counting(indicators)).to_arrow_table()
        reps, days = (connection.table(f"indicator_{name}").to_arrow_table() for name in ("reps", "days"))
        return _facts(connection, as_of), {"reps": reps, "days": days, "counts": counts}


@contextmanager
def _laid_out(
    rows: Mapping[str, pa.Table], as_of: datetime, known_at: datetime, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    as_of, known_at = as_of.astimezone(UTC), known_at.astimezone(UTC)
    with closing(_sealed(threads)) as connection:
        for name, table in {"early_stages": NO_MAPPING, **rows}.items():
            connection.register(name, table)
        clock = {"as_of": as_of, "known_at": known_at, "today": as_of.date()}
        for name, value in clock.items():
            connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
        connection.execute(_sql("macros"))
        for step in STEPS:
            connection.execute(f"CREATE TABLE {step} AS {_sql(step)}")
        yield connection


def _facts(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> Facts:
    tables = {grain: connection.table(f"{grain}_facts").to_arrow_table() for grain in WORDS}
    return Facts(as_of=as_of.astimezone(UTC), tables=tables)


def rows_of(store: Store, connection_id: int, known_at: datetime, early_stages: Sequence[str]) -> dict[str, pa.Table]:
    """What measuring reads: what we had learnt by `known_at`, and the stages that the org calls early."""
    mapping = pa.table({"name": list(early_stages)}, schema=NO_MAPPING.schema)
    rows = {"early_stages": mapping, **frames(store, connection_id, known_at)}
    _warn_of_unknown(early_stages, rows["stages"])
    return rows


def _warn_of_unknown(early_stages: Sequence[str], stages: pa.Table) -> None:
    known = {name.strip().lower() for name in stages["name"].to_pylist()}
    unknown = [name for name in early_stages if name.strip().lower() not in known]
    if unknown:
        log.warning("early_stages_unknown", names=unknown, hint="early_stages in coaching.toml names no such stage")


def _sealed(threads: int | None) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {"enable_external_access": "false"}
    connection = duckdb.connect(":memory:", config=config | ({"threads": threads} if threads else {}))
    connection.execute("SET lock_configuration = true")
    return connection


def _sql(name: str) -> str:
    return files("app").joinpath("sql", f"{name}.sql").read_text("utf-8")
