"""What the detectors find and how often they cry wolf: `python -m bench detectors` prints it as tables.

Reps are made up week by week: 15 weeks for the baseline, 4 in which alarms may already have been raised, then a year
that is counted. A drop to half begins on any day of a month, in one rep of a team of eight, and lasts. Every alarm
counts: after one its days are used up, and the next needs new ones. Quarters have 13 weeks, and the weeks in which a
drop is found are weeks of work. Slow weeks are three of everybody's, and who is raised in them or the two after counts.
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
from coaching_rules.indicators.prompting import STANDS_DAYS, STILL_LOW

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


def usual(world: World, rng: np.random.Generator, rows: int) -> Array:
    """What each rep does of what all do on average."""
    if not world.differ:
        return np.ones(rows)
    return rng.gamma(world.differ**-2, world.differ**2, rows)


def people(
    world: World,
    rng: np.random.Generator,
    own: Array,
    days: int,
    drops: Columns | None = None,
    slow: float = 1.0,
) -> Series:
    """Made-up counts, a row an indicator of a rep; from the day `drops` on half as many.

    In the three weeks after BEFORE everybody does only the share `slow` of it.
    """
    rows, weeks = len(own), (days + MONTH) // 7  # the month that the last day lies in has an end
    # A good or a bad week multiplies all its days; gamma with this shape makes the variance of a week what it is to be.
    shape = world.weekly / (world.variance - 1) if world.variance > 1 else np.inf
    luck = np.ones((rows, weeks)) if np.isinf(shape) else rng.gamma(shape, 1 / shape, (rows, weeks))
    worked = np.tile(EVEN, (rows, weeks)) * np.repeat(rng.random((rows, weeks)) >= world.leave, 7, axis=1)
    rate = np.repeat(luck, 7, axis=1) * worked * np.tile(SEASON if world.season else EVEN, weeks) * world.weekly / 5
    rate *= own[:, None]
    rate[:, BEFORE : BEFORE + 21] *= slow
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


class OneARep:
    """What of that people hear: one alarm a rep at a time, which stands for four weeks or until it has passed."""

    def __init__(self, rows: int, indicators: int) -> None:
        row = np.arange(rows)
        self.indicators, self.rep = indicators, row // (TEAM * indicators) * TEAM + row % TEAM
        self.day, self.fresh, self.measure = np.full(rows, -NEVER), np.zeros(rows, dtype=np.int64), np.zeros_like(row)

    def __call__(self, series: Series, day: int, fresh: Columns) -> Flags:
        stands = self._stands(series, day)
        seen = look(series, _asked(day, fresh))
        heard = seen.alarms & discoveries(seen.p, series.peers // self.indicators)
        free = np.bincount(self.rep, weights=stands)[self.rep] == 0
        order = np.lexsort((seen.p, ~(heard & free), self.rep))
        first = np.zeros(len(order), dtype=np.bool_)
        first[order[np.unique(self.rep[order], return_index=True)[1]]] = True
        now: Flags = first & heard & free
        strongest = np.nanargmin(np.nan_to_num([one.p for one in seen.verdicts.values()], nan=2.0), axis=0)
        self.measure, self.fresh = np.where(now, strongest, self.measure), np.where(now, fresh, self.fresh)
        self.day = np.where(now, day, self.day)
        return now

    def _stands(self, series: Series, day: int) -> Flags:
        verdicts = list(look(series, _asked(day, self.fresh)).verdicts.values())
        p = np.array([one.p for one in verdicts])[self.measure, np.arange(len(self.rep))]
        self.day = np.where(p > STILL_LOW, -NEVER, self.day)
        return self.day > day - STANDS_DAYS


def weekly_goal(series: Series, day: int, fresh: Columns, *, a_week: float) -> Flags:
    """All detectors together, where the org has set a goal a week."""
    monday = (day - 1) // 7 * 7
    asked = Question(day=day, fresh=fresh, period=(monday, monday + 7), goal=a_week / 5)
    return look(series, asked).alarms


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


def counted(rule: Rule, series: Series) -> Array:
    """False alarms of each row, a quarter."""
    return np.asarray(sum(now * (day > BEFORE) / 4 for day, now in alarms(rule, series, YEAR)), dtype=float)


def false_alarms(rule: Rule, series: Series) -> str:
    """Per row and quarter."""
    return _with_error(counted(rule, series))


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
    own = usual(world, rng, rows)
    return people(world, rng, own, BEFORE + 2 * MONTH + 7 * max(FOUND_WITHIN), drops), drops


def raised_row(world: World) -> str:
    """A row of the first table."""
    rng = np.random.default_rng(SEED)
    calm = people(world, rng, usual(world, rng, world.reps), BEFORE + YEAR)
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
    calm = false_alarms(rule, people(world, rng, usual(world, rng, rows), BEFORE + YEAR))
    return _row([str(world), str(indicators), calm, *shares, f"{false:.2f}"])


def heard_row(world: World, indicators: int) -> str:
    """A row of the third table."""
    rng = np.random.default_rng(SEED + 10 + indicators)
    rows = world.reps // (TEAM * indicators) * TEAM * indicators
    calm = people(world, rng, usual(world, rng, rows), BEFORE + YEAR)
    rule = OneARep(rows, indicators)
    each = np.bincount(rule.rep, weights=counted(rule, calm))
    series, drops = _dropping(world, rng, indicators)
    shares, false = found(OneARep(len(drops), indicators), series, drops)
    return _row([f"{world}: heard of {indicators} indicators", _with_error(each), *shares, f"{false:.2f}"])


def goal_row(world: World) -> str:
    """The same where the org has set what reps do as the goal of a week, and all that is raised counts."""
    rng = np.random.default_rng(SEED + 20)
    rule = partial(weekly_goal, a_week=world.weekly)
    calm = people(world, rng, usual(world, rng, world.reps), BEFORE + YEAR)
    shares, false = found(rule, *_dropping(world, rng))
    return _row([f"{world}: a goal of {world.weekly:g} a week", false_alarms(rule, calm), *shares, f"{false:.2f}"])


def slow_row(world: World) -> str:
    """A row of the fourth table."""
    cells = [str(world)]
    for slow in (1.0, 0.7, 0.5):
        rng = np.random.default_rng(SEED + 30)
        series = people(world, rng, usual(world, rng, world.reps), BEFORE + YEAR, slow=slow)
        heard = [now for day, now in alarms(raised, series, 7 * max(FOUND_WITHIN)) if day > BEFORE]
        cells.append(_with_error(np.any(heard, axis=0)))
    rng = np.random.default_rng(SEED + 40)
    own = usual(differing := replace(world, differ=0.25), rng, world.reps)
    false = counted(raised, people(differing, rng, own, BEFORE + YEAR))
    lowest, others = (_with_error(false[some]) for some in (own <= np.quantile(own, 0.1), own > np.quantile(own, 0.1)))
    return _row([*cells, lowest, others])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(heads: list[str], rows: Iterator[str]) -> None:
    print(_row(heads), _row(["---"] * len(heads)), sep="\n", flush=True)
    for row in rows:
        print(row, flush=True)
    print()


def _call(row: Callable[[], str]) -> str:
    return row()


def main() -> None:
    """Print the tables, with 95 % intervals."""
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
        heads = ["a week", "false a rep and quarter", *within, "of those in 5 weeks, false"]
        _table(
            heads,
            pool.map(
                _call,
                [partial(heard_row, world, 3) for world in worlds[:2]]
                + [partial(goal_row, world) for world in worlds[:2]],
            ),
        )
        weeks = [f"raised in 5 weeks, three of them at {pace}" for pace in ("100 %", "70 %", "50 %")]
        heads = ["a week", *weeks, "reps differ: false of the lowest tenth", "of the others"]
        _table(heads, pool.map(slow_row, worlds[:2]))
    print(f"{perf_counter() - begin:.0f} s")
