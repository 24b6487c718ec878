"""Two years of weekly looks by 30 rules: `python -m bench backtest [DEALS ...]`, smaller sizes first.

The rows are made as they come out of the store: for each deal up to five snapshots and ten activities over 800 days.
Reading them is not in the seconds (`python -m bench judgement` has it). *Peak* is of the process so far.
"""

import resource
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import perf_counter, process_time

import duckdb
import pyarrow as pa

from app.store.frames import frames
from app.store.session import open_store
from app.store.tables import metadata
from app.trial.backtest import replay
from bench.table import head, row
from coaching_rules.backtest.panel import Span
from coaching_rules.loader import starter
from coaching_rules.model import Rule

NOW = datetime(2026, 5, 4, 6, tzinfo=UTC)
LOOKS, RULES = 104, 30
MACROS = """
CREATE MACRO dice(i, salt, sides) AS (hash(i * 31 + salt) % sides)::BIGINT;
CREATE MACRO day(n) AS to_timestamp({now} - 86400 * n);
CREATE MACRO begun(deal) AS 30 + dice(deal, 1, 770);
CREATE MACRO life(deal) AS 20 + dice(deal, 2, 180);
CREATE MACRO entered(deal, step) AS begun(deal) - life(deal) * step / 4;
CREATE MACRO ended(deal) AS if(dice(deal, 3, 5) < 2, 'Won', 'Lost');
CREATE MACRO stage(deal, step) AS if(step = 4, ended(deal), ['Prospect', 'Qualify', 'Propose', 'Agree'][step + 1]);
CREATE MACRO now_at(deal) AS least(4, (begun(deal) * 4) // life(deal))::BIGINT;
CREATE MACRO owner(deal) AS 'R' || deal % greatest({deals} // 100, 1);
"""
ROWS = {
    "users": """SELECT 'R' || i AS id, id AS name, true AS active, 'M' || i % greatest({deals} // 800, 1) AS manager_id,
        day(900 - dice(i, 4, 800)) AS created_at FROM range(greatest({deals} // 100, 1)) t(i)
        UNION ALL SELECT 'M' || i, 'M' || i, true, NULL, day(900) FROM range(greatest({deals} // 800, 1)) t(i)""",
    "stages": """SELECT name AS id, name, i AS sort_order, true AS active, i > 4 AS closed, i = 5 AS won FROM (VALUES
        (1, 'Prospect'), (2, 'Qualify'), (3, 'Propose'), (4, 'Agree'), (5, 'Won'), (6, 'Lost')) t(i, name)""",
    "accounts": "SELECT 'A' || i AS id, id AS name, 'Segment ' || i % 5 AS segment FROM range({deals} // 3 + 1) t(i)",
    "deals": """SELECT 'D' || i AS id, id AS name, 'A' || i // 3 AS account_id, owner(i) AS owner_id,
        stage(i, now_at(i)) AS stage, 1000.0 + dice(i, 5, 90000) AS amount, now_at(i) = 4 AS closed,
        closed AND ended(i) = 'Won' AS won, day(begun(i)) AS created_at, day(entered(i, now_at(i))) AS changed_at
        FROM range({deals}) t(i)""",
    "deal_changes": """SELECT 'C' || i || '-' || step AS id, 'D' || i AS deal_id, day(entered(i, step)) AS valid_from,
        stage(i, step) AS stage, 1000.0 + dice(i, 5, 90000) - 100 * step AS amount,
        day(entered(i, 4) - 30 * step)::DATE AS close_date, 'Pipeline' AS forecast_category
        FROM range({deals}) t(i), range(5) s(step) WHERE step <= now_at(i)""",
    "activities": """SELECT 'D' || i AS deal_id, owner(i) AS owner_id, 'P' || i AS contact_id,
        ['call', 'meeting', 'email'][1 + n % 3] AS type,
        day(begun(i) - (life(i) * dice(i, n, 100)) // 100) AS starts_at,
        starts_at AS ends_at, true AS done, n % 2 = 0 AS two_way, starts_at AS created_at
        FROM range({deals}) t(i), range(6, 16) s(n) WHERE starts_at <= day(0)""",
}


def main(*sizes: str) -> None:
    """Print a table row for each number of deals."""
    head("deals", "history rows", "activities", "looks", "rules", "seconds", "processor seconds", "peak MB")
    rules = _rules()
    for deals in map(int, sizes or ("1000", "10000")):
        rows = _rows(deals)
        began, worked = perf_counter(), process_time()
        report = replay(rows, rules, Span(since=NOW - timedelta(weeks=LOOKS), until=NOW))
        spent = f"{perf_counter() - began:.1f}", f"{process_time() - worked:.1f}"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**10
        counts = len(rows["deal_changes"]), len(rows["activities"]), report.looks, len(report.rules)
        row(f"{deals:,}", *(f"{count:,}" for count in counts), *spent, f"{peak:,}")


def _rules() -> list[Rule]:
    """The starter pack, and its rules about deals again, for older ones, until there are enough."""
    pack = list(starter().rules)
    deals = [rule for rule in pack if rule.grain == "deal"]
    more = (
        replace(rule, id=f"{rule.id}_from_{days}", when=f"({rule.when}) and age_days >= {days}")
        for days in (21, 42)
        for rule in deals
    )
    return [*pack, *more][:RULES]


def _rows(deals: int) -> dict[str, pa.Table]:
    """Rows of this many deals, and of every other table that `frames` reads."""
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    duck.execute(MACROS.format(deals=deals, now=NOW.timestamp()))
    with tempfile.TemporaryDirectory() as folder, closing(open_store(f"sqlite:///{folder}/store.db")) as store:
        metadata.create_all(store.engine)
        empty = frames(store, 1, NOW)
    made = {name: duck.sql(query.format(deals=deals)).to_arrow_table() for name, query in ROWS.items()}
    return empty | {name: _shaped(table, empty[name].schema) for name, table in made.items()}


def _shaped(made: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of the schema; those that were not made are NULL."""
    there = {field.name: made[field.name].cast(field.type) for field in schema if field.name in made.column_names}
    return pa.table([there.get(field.name, pa.nulls(len(made), field.type)) for field in schema], schema=schema)
