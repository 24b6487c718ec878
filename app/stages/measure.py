"""What did we know at an instant, in numbers? Rows in, facts out; writes nothing."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

import duckdb
import pyarrow as pa
import structlog

from app.config import Coaching, Stated
from app.store import benchmarks
from app.store.frames import frames
from app.store.session import Store
from app.team import settings_of, unmatched
from coaching_rules.engine import Facts, sealed
from coaching_rules.indicators.counting import counting
from coaching_rules.indicators.model import Indicator
from coaching_rules.vocabulary import WORDS, Grain

log = structlog.get_logger(__name__)

TYPICAL = pa.schema([("measure", pa.string()), ("typical", pa.float64()), ("by_stage", pa.bool_())])
OF_A_STAGE = ("days_in_stage", "touch_gap_days", "contacts", "meetings")
"""What is learnt of won deals stage by stage; the rest is of the whole deal."""
STEPS = (
    "rates",
    "pipeline_stages",
    "stage_order",
    "people",
    "customers",
    "deal_fields",
    "deal_history",
    "deal_state",
    "first_deals",
    "habits",
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
VIEWS = frozenset(
    {"term_changes", "touches", "buyers", "supply", "commitments", "deal_facts", "rep_facts", "manager_facts"}
)
"""Those that are not kept, since they are read once or are quickly made: DuckDB leaves out what nobody asks for."""
BENCHMARKS = ("pipeline_stages", "amount_benchmarks", "won_benchmarks", "capture", "first_deals", "habits")
"""Those that tell what a deal is held against, out of all deals; small enough to be kept for the day."""
NOT_OF_A_DEAL = frozenset({*BENCHMARKS, "won_measures", "supply", "commitments", "rep_facts", "manager_facts"})
EVENTS = "events"
"""What happened to deals that a rule may name, after all the others."""
COUNTED_STEPS = ("countable", "indicator_reps", "indicator_days", "indicator_seen")
"""The same for indicators, after them."""

Counts = Mapping[str, pa.Table]
"""`reps`, `days`, `seen` and `counts` as Observations describe them."""
Benchmarks = Mapping[str, pa.Table]
"""One table for each of BENCHMARKS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """All that a look measures: the facts, and events as rows of deal_id, event, happened_at.

    A morning's has what the indicators count, too, and what a review holds deals against.
    """

    facts: Facts
    events: pa.Table
    counts: Counts = field(default_factory=dict)
    benchmarks: Benchmarks = field(default_factory=dict)


def measure(
    store: Store,
    connection_id: int,
    *,
    as_of: datetime,
    known_at: datetime | None = None,
    stated: Stated = Stated(),
) -> Facts:
    """Facts of every deal, rep and manager as of `as_of`, from what we had learnt by `known_at` (default: by `as_of`).

    A live run leaves `known_at` out; a backtest passes now, since the CRM told us its history only lately.
    """
    known_at = known_at or as_of
    return measure_frames(rows_of(store, connection_id, known_at, stated), as_of=as_of, known_at=known_at)


def measure_frames(rows: Mapping[str, pa.Table], *, as_of: datetime, known_at: datetime) -> Facts:
    """The same from rows already read, so that many instants can be measured from one reading."""
    with laid_out(rows, as_of=as_of, known_at=known_at) as connection:
        return _facts(connection, as_of)


def measure_deals(
    store: Store,
    connection_id: int,
    deals: Collection[str],
    *,
    as_of: datetime,
    known_at: datetime,
    stated: Stated = Stated(),
) -> Observed:
    """These deals alone, for what their own rows cost, held against what the last morning kept of all deals."""
    rows = rows_of(store, connection_id, known_at, stated, deals)
    with store.read() as transaction:
        rows |= benchmarks.read(transaction, connection_id)
    steps = [step for step in STEPS if step not in NOT_OF_A_DEAL]
    with laid_out(rows, as_of=as_of, known_at=known_at, threads=1, steps=steps) as connection:
        return Observed(facts=_facts(connection, as_of, ("deal",)), events=_made(connection, EVENTS))


def observe(
    store: Store,
    connection_id: int,
    indicators: Sequence[Indicator],
    coaching: Coaching,
    *,
    as_of: datetime,
    known_at: datetime,
    stated: Stated = Stated(),
    grains: Collection[Grain] = tuple(WORDS),
) -> Observed:
    """The facts of these grains, and from the same rows what indicators count and what a review holds deals against.

    What is found by an indicator carries facts of the rep.
    """
    rows = rows_of(store, connection_id, known_at, stated)
    rows |= settings_of(rows["users"], coaching, as_of.date())
    for sentence in unmatched(rows["users"].to_pylist(), coaching):
        log.warning("coaching_toml", says=sentence)
    with laid_out(rows, as_of=as_of, known_at=known_at) as connection:
        return Observed(
            counts=_counts(connection, indicators) if indicators else {},
            facts=_facts(connection, as_of, grains),
            events=_made(connection, EVENTS),
            benchmarks={name: connection.table(name).to_arrow_table() for name in BENCHMARKS},
        )


def _counts(connection: duckdb.DuckDBPyConnection, indicators: Sequence[Indicator]) -> Counts:
    for step in COUNTED_STEPS:
        _make(connection, step)
    observed = {name: connection.table(f"indicator_{name}").to_arrow_table() for name in ("reps", "days", "seen")}
    return observed | {"counts": connection.sql(counting(indicators)).to_arrow_table()}


@contextmanager
def laid_out(
    rows: Mapping[str, pa.Table],
    *,
    as_of: datetime,
    known_at: datetime,
    steps: Sequence[str] = STEPS,
    asked: Collection[str] | None = None,
    threads: int | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that holds `deal_facts`, `rep_facts` and `manager_facts`, as `measure_frames` would hand them out.

    Who reads some words only says which are `asked`; the others then mean nothing. `threads` is how many DuckDB may
    use, by default one a processor: who measures several instants beside one another gives it one.
    """
    as_of, known_at = as_of.astimezone(UTC), known_at.astimezone(UTC)
    with closing(sealed(threads)) as connection:
        for name, table in {**as_tables(Stated()), **rows}.items():
            connection.register(name, table)
        given = {"as_of": as_of, "known_at": known_at, "today": as_of.date(), "asked": asked and list(asked)}
        for name, value in given.items():
            connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
        connection.execute(_sql("macros"))
        for step in steps:
            _make(connection, step)
        yield connection


def _make(connection: duckdb.DuckDBPyConnection, step: str) -> None:
    connection.execute(f"CREATE {'VIEW' if step in VIEWS else 'TABLE'} {step} AS {_sql(step)}")


def _made(connection: duckdb.DuckDBPyConnection, step: str) -> pa.Table:
    _make(connection, step)
    return connection.table(step).to_arrow_table()


def _facts(connection: duckdb.DuckDBPyConnection, as_of: datetime, grains: Iterable[Grain] = tuple(WORDS)) -> Facts:
    tables = {grain: connection.table(f"{grain}_facts").to_arrow_table() for grain in grains}
    return Facts(as_of=as_of.astimezone(UTC), tables=tables)


def rows_of(
    store: Store,
    connection_id: int,
    known_at: datetime,
    stated: Stated,
    deals: Collection[str] | None = None,
) -> dict[str, pa.Table]:
    """What measuring reads: what we had learnt by `known_at`, of these deals or all, and what the org says of them."""
    rows = {**as_tables(stated), **frames(store, connection_id, known_at, deals)}
    _warn_of_unknown(stated.early_stages, rows["stages"])
    return rows


def as_tables(stated: Stated) -> dict[str, pa.Table]:
    """`early_stages` (name) and `typical` (measure, typical, by_stage)."""
    typical = [
        {"measure": name, "typical": value, "by_stage": name in OF_A_STAGE}
        for name, value in stated.typical.model_dump().items()
    ]
    return {
        "early_stages": pa.table({"name": pa.array(stated.early_stages, pa.string())}),
        "typical": pa.Table.from_pylist(typical, schema=TYPICAL),
    }


def _warn_of_unknown(early_stages: Sequence[str], stages: pa.Table) -> None:
    known = {name.strip().lower() for name in stages["name"].to_pylist()}
    unknown = [name for name in early_stages if name.strip().lower() not in known]
    if unknown:
        log.warning("early_stages_unknown", names=unknown, hint="early_stages in coaching.toml names no such stage")


@cache
def _sql(name: str) -> str:
    return files("app").joinpath("sql", f"{name}.sql").read_text("utf-8")
