"""How near to the truth learnt thresholds are: `python -m bench thresholds [ORGS]`.

Made-up orgs of eight segments, in one stage; the true median stay of a segment is drawn around its org's, the stays
around that, both log-normal. An estimate's error is the factor by which it misses the truth, as the root mean square
of its logarithm. *Raw* is the segment's own median, the default where it has none; *org* the median of all; *shrunk*
is what app/sql/won_benchmarks.sql makes of the same won deals.
"""

import math
from contextlib import closing
from importlib.resources import files
from statistics import median

import duckdb
import numpy as np
import pyarrow as pa

from app.config import Stated
from app.stages.measure import as_tables

DEFAULT, SEGMENTS, WITHIN = 14.0, 8, 0.8
SPREADS = {"alike": 0.0, "differ": 0.3, "differ much": 0.8}
DEALS = (10, 50, 250, 1000)


def main(orgs: str = "40") -> None:
    """Print a table row for each way segments differ and each number of won deals."""
    sql = files("app").joinpath("sql")
    with closing(duckdb.connect()) as duck:
        duck.execute("SET VARIABLE as_of = TIMESTAMPTZ '2026-05-04 06:00:00+00'")
        duck.execute(sql.joinpath("macros.sql").read_text("utf-8"))
        _row("segments", "won deals", "raw", "org", "shrunk")
        for name, spread in SPREADS.items():
            for deals in DEALS:
                errors = [_org(duck, sql.joinpath("won_benchmarks.sql").read_text("utf-8"), spread, deals, seed)
                          for seed in range(int(orgs))]  # fmt: skip
                _row(name, deals, *(f"{math.sqrt(np.mean(np.square(kind))):.2f}" for kind in zip(*errors)))


def _org(
    duck: duckdb.DuckDBPyConnection, query: str, spread: float, deals: int, seed: int
) -> tuple[list[float], list[float], list[float]]:
    """The errors, on the logarithm, of raw, org and shrunk for every segment of one org."""
    rng = np.random.default_rng([seed, deals, int(spread * 10)])
    truth = rng.normal(math.log(DEFAULT) + rng.normal(0, 0.5), spread, SEGMENTS)
    segment = rng.integers(0, SEGMENTS, deals)
    stays = np.exp(rng.normal(truth[segment], WITHIN))
    names = [f"s{number}" for number in range(SEGMENTS)]
    rows = {"measure": ["days_in_stage"] * deals, "segment": [names[s] for s in segment], "stage": ["A"] * deals}
    kinds = {"segment": names, "stage": ["A"] * SEGMENTS, "is_open": [True] * SEGMENTS}
    stages = {"name": ["A"], "closed": [False]}
    tables = {"won_measures": rows | {"value": stays}, "deal_state": kinds, "stage_order": stages}
    for table, values in (as_tables(Stated()) | {name: pa.table(columns) for name, columns in tables.items()}).items():
        duck.register(table, values)
    found = dict(duck.execute(f"SELECT segment, days_in_stage_value FROM ({query})").fetchall())
    own = [stays[segment == number] for number in range(SEGMENTS)]
    raw = [math.log(median(some) if len(some) else DEFAULT) for some in own]
    shrunk = [math.log(found[name]) for name in names]
    return list(raw - truth), list(math.log(median(stays)) - truth), list(np.array(shrunk) - truth)


def _row(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
