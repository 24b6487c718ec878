"""What a morning judgement costs beside DuckDB alone: `python -m bench judgement [OPEN_DEALS [DATABASE_URL]]`.

*Alone* is the same facts and conditions, run by DuckDB over the same frames. *First* is a first morning, *again* one an
hour later, when nothing changed, *next day* the morning after, when every age has. *Ratio* compares what comes after
reading the frames, *CPU* the processor time of that, which tells more than seconds on a machine that has other work;
*from the store* compares all, when DuckDB has to wait for the same frames.
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from time import perf_counter

import duckdb
import pyarrow as pa

from app.config import Coaching, Stated
from app.stages.judge import judge
from app.stages.measure import STEPS, as_tables, measure
from app.stages.plan import plan
from app.store.frames import frames
from app.store.session import Store, open_store
from app.store.tables import metadata
from coaching_rules import conditions
from coaching_rules.loader import starter

FIRST = datetime(2026, 5, 4, 6, tzinfo=UTC)
MORNINGS = {"first": FIRST, "again": FIRST + timedelta(hours=1), "next day": FIRST + timedelta(days=1)}
COACHING = Coaching.model_validate({"planning": {"most_new_tasks": 10**6}})
TITLES = (
    "morning | open deals | open findings | read | measure | judge | plan | alone | ratio | CPU | from the store | MB"
)
CONNECTION = (
    "INSERT INTO connections (id, name, crm, settings, secrets, created_at)"
    " VALUES (1, 'bench', 'sandbox', '{}', '', '2026-01-01 00:00:00')"
)


def main(deals: str = "100000", url: str = "") -> None:
    """Print a table row a morning. The database at `url` must be empty; without one it is a SQLite file."""
    with tempfile.TemporaryDirectory() as folder, closing(open_store(url or f"sqlite:///{folder}/store.db")) as store:
        metadata.create_all(store.engine)
        with store.begin() as transaction:
            transaction.exec_driver_sql(CONNECTION)
        where = store.engine.url.set(drivername=store.engine.dialect.name).render_as_string(hide_password=False)
        subprocess.run([sys.executable, "-m", "bench.company", where, deals], check=True)
        _row(TITLES)
        for name, at in MORNINGS.items():
            _row(name, deals, *_morning(store, at))


def _morning(store: Store, at: datetime) -> list[object]:
    rules = starter()
    clock = [_now()]
    rows = frames(store, 1, at)
    clock.append(_now())
    _alone(rows, at)
    clock.append(_now())
    del rows
    facts = measure(store, 1, as_of=at)
    clock.append(_now())
    with store.begin() as transaction:
        judged = judge(transaction, 1, None, facts, rules)
    clock.append(_now())
    with store.begin() as transaction:
        plan(transaction, 1, as_of=at, coaching=COACHING, rules={rule.id: rule for rule in rules.rules})
    clock.append(_now())
    wall, cpu = ([after - before for before, after in pairwise(times)] for times in zip(*clock))
    # measuring reads the frames again, in about the same time
    read, alone, both, judging, planning = wall
    seconds = [f"{value:.2f}" for value in (read, both - read, judging, planning, alone)]
    ratios = [f"{(sum(spent[2:]) - spent[0]) / spent[1]:.1f}" for spent in (wall, cpu)]
    ratios.append(f"{sum(wall[2:]) / sum(wall[:2]):.1f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**10
    return [judged.opened + judged.persisting, *seconds, *ratios, peak]


def _now() -> tuple[float, float]:
    """Seconds by the clock, and of processors, those of processes that have ended included."""
    return perf_counter(), sum(os.times()[:4])


def _alone(rows: Mapping[str, pa.Table], at: datetime) -> None:
    """The facts and the conditions, and nothing kept of them."""
    sql = files("app").joinpath("sql")
    with closing(duckdb.connect()) as duck:
        for name, table in {**as_tables(Stated()), **rows}.items():
            duck.register(name, table)
        for name, value in {"as_of": at, "known_at": at, "today": at.date()}.items():
            duck.execute(f"SET VARIABLE {name} = $value", {"value": value})
        duck.execute(sql.joinpath("macros.sql").read_text("utf-8"))
        for step in STEPS:
            duck.execute(f"CREATE TABLE {step} AS {sql.joinpath(f'{step}.sql').read_text('utf-8')}")
        for rule in starter().judged:
            held = conditions.parse(rule.when, rule.grain).sql
            only = " AND is_open" if rule.grain == "deal" else ""
            duck.execute(f"SELECT count(*) FROM {rule.grain}_facts WHERE ({held}){only}").fetchall()


def _row(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
