"""What the detectors find and how often they cry wolf: `python -m bench detectors` prints it as two tables.

Reps are made up week by week: 15 weeks for the baseline, 4 in which alarms may already have been raised, then a year
that is counted. A drop to half begins on any day of a month, in one rep of a team of eight, and lasts. Every alarm
counts: after one its days are used up, and the next needs new ones. Quarters have 13 weeks, and the weeks in which a
drop is found are weeks of work.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from coaching_rules.indicators.detectors import (
    LIKELY_MISS,
    Array,
    Columns,
    Question,
    Series,
    pace,
    see,
    weekday_shares,
)
from coaching_rules.indicators.evidence import discoveries, look

SEED = 31_337
"""Nothing was chosen on this seed: the limits in coaching_rules/indicators were on 1, 2, 7, 11 and 20,261,122."""
TEAM = 8
BEFORE = 19 * 7
YEAR = 52 * 7
MONTH = 28
FOUND_WITHIN = (3, 5)
NEVER = np.iinfo(np.int64).max
SEASON = np.array([0.6, 0.8, 1.0, 1.2, 1.4, 0.0, 0.0])
EVEN = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0])
Flags = NDArray[np.bool_]
Rule = Callable[[Series, int, Columns], Flags]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """How reps work: expected events a week, variance over mean of a week's count, and what moves it."""

    weekly: float
    variance: float = 1.0
    season: bool = False
    leave: float = 0.0
    """The share of weeks a rep is away."""
    differ: float = 0.0
    """How much reps differ: standard deviation over mean of what they do a week."""
    reps: int = 4_000

    def __str__(self) -> str:
        moved = ", weekly season" * self.season + f", away {self.leave:.0%} of weeks" * (self.leave > 0)
        return f"{self.weekly:g}, variance {self.variance:g} × mean{moved}" + ", reps differ" * (self.differ > 0)


WORLDS = (
    World(weekly=8, reps=10_000),
    World(weekly=8, variance=2, reps=10_000),
    World(weekly=8, season=True),
    World(weekly=8, variance=2, season=True),
    World(weekly=8, leave=0.12),
    World(weekly=8, variance=2, leave=0.12),
    World(weekly=8, differ=0.25),
    World(weekly=8, variance=2, differ=0.25),
    World(weekly=3, reps=2_000),
    World(weekly=3, variance=2, reps=2_000),
    World(weekly=30, reps=2_000),
    World(weekly=30, variance=2, reps=2_000),
)


def people(world: World, rng: np.random.Generator, rows: int, days: int, drops: Columns | None = None) -> Series:
    """Made-up counts, a row an indicator of a rep; from the day `drops` on half as many."""
    weeks = (days + MONTH) // 7  # the month that the last day lies in has an end
    # A good or a bad week multiplies all its days; gamma with this shape makes the variance of a week what it is to be.
    shape = world.weekly / (world.variance - 1) if world.variance > 1 else np.inf
    luck = np.ones((rows, weeks)) if np.isinf(shape) else rng.gamma(shape, 1 / shape, (rows, weeks))
    worked = np.tile(EVEN, (rows, weeks)) * np.repeat(rng.random((rows, weeks)) >= world.leave, 7, axis=1)
    rate = np.repeat(luck, 7, axis=1) * worked * np.tile(SEASON if world.season else EVEN, weeks) * world.weekly / 5
    if world.differ:
        rate *= rng.gamma(world.differ**-2, world.differ**2, (rows, 1))
    if drops is not None:
        rate[np.arange(7 * weeks) >= drops[:, None]] /= 2
    counts, peers, weekday = rng.poisson(rate).astype(float), np.arange(rows) // TEAM, np.arange(7 * weeks) % 7
    known = slice(BEFORE - 28)
    share = weekday_shares(counts[:, known], worked[:, known], weekday[known], peers)
    return Series.of(counts, worked * share[:, weekday], peers)


def raised(series: Series, day: int, fresh: Columns) -> Flags:
    """All detectors together, every evening."""
    return look(series, _asked(day, fresh)).alarms


def told(series: Series, day: int, fresh: Columns, *, indicators: int) -> Flags:
    """What of it false discovery control leaves over the reps of a team and their indicators."""
    seen = look(series, _asked(day, fresh))
    return seen.alarms & discoveries(seen.p, series.peers // indicators)


def behind(series: Series, day: int, fresh: Columns) -> Flags:
    """A week with less than 80 % of the rep's mean."""
    count, mean = _week(series, day)
    return (day % 7 == 5) & (count < 0.8 * mean)


def three_sigma(series: Series, day: int, fresh: Columns) -> Flags:
    """A week below the lower limit of a chart of counts."""
    count, mean = _week(series, day)
    return (day % 7 == 5) & (count < mean - 3 * np.sqrt(mean))


def likely_miss(series: Series, day: int, fresh: Columns) -> Flags:
    """The month's goal is missed with 80 % probability, this week and last."""
    if day % 7 != 5 or day % MONTH == 5:
        return np.zeros(len(series.counted), dtype=np.bool_)
    this, last = (_asked(when, np.zeros_like(fresh)) for when in (day, day - 7))
    both = [pace(series, see(series, asked), asked) for asked in (this, last)]
    unlikely = [(one.miss < LIKELY_MISS) | np.isnan(one.p) for one in both if one.miss is not None]
    return ~(unlikely[0] | unlikely[1])


def _asked(day: int, fresh: Columns) -> Question:
    month = (day - 1) // MONTH * MONTH
    return Question(day=day, fresh=fresh, period=(month, month + MONTH), goal=np.nan)


def _week(series: Series, day: int) -> tuple[Array, Array]:
    monday = max(day - 5, 0)
    rows = np.full(len(series.counted), monday)
    this, before = series.between(rows, day), series.between(np.maximum(rows - 84, 0), monday)
    return this.count, before.count / np.maximum(before.worked, 1) * this.worked


def alarms(rule: Rule, series: Series, days: int) -> Iterator[tuple[int, Flags]]:
    """Who raises an alarm after each weekday, up to so many days after those before the count."""
    fresh = np.zeros(len(series.counted), dtype=np.int64)
    for day in range(BEFORE - 28, BEFORE + days):
        if 1 <= day % 7 <= 5:
            now = rule(series, day, fresh)
            fresh = np.where(now, day, fresh)
            yield day, now


def false_alarms(rule: Rule, series: Series) -> str:
    """Per row and quarter."""
    count = sum(now * (day > BEFORE) / 4 for day, now in alarms(rule, series, YEAR))
    return _with_error(np.asarray(count, dtype=float))


def found(rule: Rule, series: Series, drops: Columns) -> tuple[list[str], float]:
    """The share of drops that raised an alarm within so many weeks of work, and of all alarms in the last of those
    weeks, in teams with a drop, the share that were about somebody or something else."""
    dropped = drops < NEVER
    began = np.minimum.reduceat(drops, np.flatnonzero(dropped))[np.cumsum(dropped) - 1]
    weeks, about = np.full(len(drops), np.inf), np.zeros(2)
    for day, now in alarms(rule, series, 2 * MONTH + 7 * max(FOUND_WITHIN)):
        since = series.between(np.minimum(drops, day), day).worked / 5
        weeks = np.where(now & (day > drops), np.minimum(weeks, since), weeks)
        recent = now & (day > began) & (day <= began + 7 * max(FOUND_WITHIN))
        about += [(recent & ~dropped).sum(), recent.sum()]
    return [_with_error(weeks[dropped] <= within + 0.1) for within in FOUND_WITHIN], about[0] / max(about[1], 1)


def _with_error(values: Array | Flags) -> str:
    return f"{values.mean():.3f} ± {1.96 * values.std() / np.sqrt(len(values)):.3f}"


def _dropping(world: World, rng: np.random.Generator, indicators: int = 1) -> tuple[Series, Columns]:
    rows = world.reps * 16 // 5 // (TEAM * indicators) * TEAM * indicators
    drops = np.full(rows, NEVER)
    first = slice(None, None, TEAM * indicators)
    drops[first] = BEFORE + rng.integers(0, MONTH, len(drops[first]))
    return people(world, rng, rows, BEFORE + 2 * MONTH + 7 * max(FOUND_WITHIN), drops), drops


def raised_row(world: World) -> str:
    """A row of the first table."""
    rng = np.random.default_rng(SEED)
    calm = people(world, rng, world.reps, BEFORE + YEAR)
    series, drops = _dropping(world, rng)
    cells = [str(world), f"{world.reps:,}"]
    for rule in (raised, behind, likely_miss, three_sigma):
        shares, _ = found(rule, series, drops)
        cells += [false_alarms(rule, calm), *(shares if rule is raised else shares[:1])]
    return _row(cells)


def told_row(world: World, indicators: int) -> str:
    """A row of the second table."""
    rng = np.random.default_rng(SEED + indicators)
    rule = partial(told, indicators=indicators)
    rows = world.reps // (TEAM * indicators) * TEAM * indicators
    shares, false = found(rule, *_dropping(world, rng, indicators))
    calm = false_alarms(rule, people(world, rng, rows, BEFORE + YEAR))
    return _row([str(world), str(indicators), calm, *shares, f"{false:.2f}"])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(heads: list[str], rows: Iterator[str]) -> None:
    print(_row(heads), _row(["---"] * len(heads)), sep="\n", flush=True)
    for row in rows:
        print(row, flush=True)
    print()


def main() -> None:
    """Print both tables, with 95 % intervals."""
    begin = perf_counter()
    within = [f"found in {weeks} weeks" for weeks in FOUND_WITHIN]
    simple = [
        f"{name}: {what}" for name in ("20 % behind", "P(miss) twice", "3 sigma") for what in ("false", within[0])
    ]
    with ProcessPoolExecutor(2) as pool:
        _table(["a week", "reps", "false a rep and quarter", *within, *simple], pool.map(raised_row, WORLDS))
        worlds, indicators = [replace(world, reps=6_000) for world in WORLDS[:2]] * 2, [1, 1, 3, 3]
        heads = ["a week", "indicators", "false an indicator and quarter", *within, "of those told in 5 weeks, false"]
        _table(heads, pool.map(told_row, worlds, indicators))
    print(f"{perf_counter() - begin:.0f} s")
