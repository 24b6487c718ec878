"""Three ways to see that reps do less than expected, each a probability: against a goal, peers, and their own past.

Counts vary more than their mean says, so one distribution serves all three: the negative binomial with the expected
mean and a variance of `spread` times that mean. `spread` is the dispersion of comparable reps' weekly counts, times
what the limited data behind the expectation adds (for Poisson counts this is exactly the gamma-Poisson prediction).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, nbdtrik

Array = NDArray[np.float64]
Columns = NDArray[np.int64]

RECENT = 15
BASELINE = 60
LOOKBACK = 182
"""Working days that are judged; working days before them that those are held against; days in which both must lie."""
FEWEST_EXPECTED = 5.0
FEWEST_BASELINE_DAYS = 20.0
FEWEST_PEERS = 5
"""With less than these a detector says nothing."""
PRIOR_EVENTS = 20.0
"""How many events say that weekdays are alike, and that comparable reps do as ever, before theirs are looked at."""
LIKELY_MISS = 0.8
"""Below this probability of missing the goal, being behind it is no reason to talk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What each rep did in some days: events counted, days worked, and how many of a seasoned rep's are `due` of it."""

    count: Array
    worked: Array
    due: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One indicator of many reps: a row a rep, and for each day what was `counted` and `worked` before it began.

    A public holiday and a day of leave are worked 0, a weekday on which comparable reps do less in part. Of a rep still
    ramping up a part of each day worked is `due`. `peers` numbers the group of comparable reps that each belongs to.
    """

    counted: Array
    worked: Array
    due: Array
    peers: Columns

    @classmethod
    def of(cls, counts: Array, worked: Array, peers: Columns, ramp: Array | float = 1.0) -> "Series":
        """From events and working days per rep and day, the planned ones at the end included."""
        start = np.zeros((len(counts), 1))
        counted, worked, due = (np.hstack([start, values.cumsum(axis=1)]) for values in (counts, worked, worked * ramp))
        return cls(counted=counted, worked=worked, due=due, peers=peers)

    def between(self, start: Columns | int, end: Columns | int) -> Window:
        """From the day `start` up to, not with, the day `end`."""
        rows = np.arange(len(self.counted))
        count, worked, due = (
            values[rows, end] - values[rows, start] for values in (self.counted, self.worked, self.due)
        )
        return Window(count=count, worked=worked, due=due)

    def back(self, days: float, day: int) -> Columns:
        """For each rep the day since which it worked `days` days before `day`."""
        first = max(0, day - LOOKBACK)
        earlier = self.worked[:, first : day + 1] < self.worked[:, [day]] - days - 1e-9
        passed: Columns = earlier.sum(axis=1)
        return first + passed

    def others(self, values: Array) -> Array:
        """The sum of `values` over each rep's comparable reps, without the rep."""
        return self.pooled(values) - values

    def pooled(self, values: Array) -> Array:
        """The same, with the rep."""
        sums: Array = np.bincount(self.peers, weights=values).astype(np.float64)
        return sums[self.peers]

    def others_in(self, window: Window) -> Window:
        """What comparable reps did."""
        count, worked, due = (self.others(values) for values in (window.count, window.worked, window.due))
        return Window(count=count, worked=worked, due=due)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a detector expected of each rep and how unlikely so small a count is; `p` is NaN where it cannot say.

    `rate` is what it expected of a day, and `worked` the days it looked at. `miss`, for pace only, is the probability
    that the goal will be missed.
    """

    count: Array
    rate: Array
    expected: Array
    spread: Array
    worked: Array
    p: Array
    miss: Array | None = None

    def of(self, rows: Columns) -> "Verdict":
        """The verdict on these reps alone."""
        miss = None if self.miss is None else self.miss[rows]
        columns = (self.count, self.rate, self.expected, self.spread, self.worked, self.p)
        count, rate, expected, spread, worked, p = (values[rows] for values in columns)
        return Verdict(count=count, rate=rate, expected=expected, spread=spread, worked=worked, p=p, miss=miss)

    def band(self) -> tuple[Array, Array]:
        """The counts between which a rep that works as expected lies in nine of ten cases."""
        return band(self.expected, self.spread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """When to look: before the day `day`, with each rep's evidence from the day `fresh` on.

    A day that has raised an alarm is not evidence for another, so `fresh` lies behind the last alarm that was told.
    `period` is the days from and up to which the goal holds; `goal` is events per working day, NaN for what comparable
    reps achieve.
    """

    day: int
    fresh: Columns
    period: tuple[int, int]
    goal: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What all detectors start from: three weeks (`recent`, and what of them is `fresh`), and the twelve before.

    `season` is how much of what comparable reps did in the twelve weeks they do now, as a share up to 1.
    """

    fresh: Window
    recent: Window
    before: Window
    dispersion: Array
    season: Array


def see(series: Series, asked: Question) -> Seen:
    """Cut the windows."""
    since, noise = series.back(RECENT, asked.day), dispersion(series, asked.day)
    recent = series.between(since, asked.day)
    before = series.between(series.back(RECENT + BASELINE, asked.day), since)
    return Seen(
        fresh=series.between(np.maximum(since, asked.fresh), asked.day),
        recent=recent,
        before=before,
        dispersion=noise,
        season=_season(series, recent, before, noise),
    )


def band(expected: Array, spread: Array, share: float = 0.9) -> tuple[Array, Array]:
    """The counts between which one lies with this probability where so many are expected."""
    size, chance = _negative_binomial(expected, spread)
    low, high = (np.ceil(nbdtrik(q, size, chance) - 1e-9) for q in ((1 - share) / 2, (1 + share) / 2))
    return np.nan_to_num(low) + 0.0, np.nan_to_num(high) + 0.0  # or rounding up would make a -0 that people read


def trend(seen: Seen) -> Verdict:
    """The last three weeks against the rep's own twelve weeks before them, as far as the season lets one expect it.

    A new rep's days count in full: who started faster than expected has not fallen by doing as before.
    """
    own, before = seen.fresh, seen.before
    rate = _over(before.count, before.worked) * seen.season
    spread = seen.dispersion * (1 + _over(own.worked, before.worked))
    return _verdict(own, rate, own.worked, spread, known=before.worked >= FEWEST_BASELINE_DAYS)


def peer(series: Series, seen: Seen) -> Verdict:
    """The last three weeks against those of comparable reps; how much these differ is part of the spread."""
    own, others = seen.fresh, series.others_in(seen.recent)
    spread = _among_others(series, seen, own.due) * (1 + _over(own.due, others.due))
    return _verdict(own, _rate(others), own.due, spread, known=_compared(series, seen.recent))


def pace(series: Series, seen: Seen, asked: Question) -> Verdict:
    """The period so far against the goal; being behind counts only where the goal will probably be missed."""
    start, end = (np.full(len(series.counted), day) for day in asked.period)
    so_far, own = series.between(start, asked.day), series.between(np.maximum(start, asked.fresh), asked.day)
    others = series.others_in(seen.before)
    given = not np.isnan(asked.goal)
    goal = np.full(len(start), asked.goal) if given else _rate(others) * seen.season
    spread = seen.dispersion
    if not given:
        spread = _among_others(series, seen, own.due) * (1 + _over(own.due, others.due))
    behind = _verdict(own, goal, own.due, spread, known=(goal > 0))
    miss = _miss(goal, seen, so_far, series.between(asked.day, end))
    p = np.where((miss >= LIKELY_MISS) | np.isnan(behind.p), behind.p, 1.0)
    return replace(behind, p=p, miss=miss)


def _season(series: Series, recent: Window, before: Window, noise: Array) -> Array:
    """How much less comparable reps do than they did: a slow month of everybody's is nobody's fall.

    The mean of a gamma-Poisson model, in which PRIOR_EVENTS (more where counts vary more) say that nothing changed:
    few peers cannot tell a season from chance.
    """
    now, prior = series.others_in(recent), PRIOR_EVENTS * noise
    usual = _rate(series.others_in(before)) * now.due
    return np.where(_compared(series, recent), np.minimum((now.count + prior) / (usual + prior), 1.0), 1.0)


def _compared(series: Series, recent: Window) -> NDArray[np.bool_]:
    """Whether enough comparable reps worked lately."""
    return series.others(np.sign(recent.worked)) >= FEWEST_PEERS


def _among_others(series: Series, seen: Seen, due: Array) -> Array:
    """The spread of a count in so many days due of one of comparable reps, who differ in what they usually do.

    How much they differed in the twelve weeks is uncertain where they are few, so it is widened as the variance of
    Student's t is. A difference between reps grows with the square of the days, and chance with the days.
    """
    before = seen.before
    n, squared = series.others(np.sign(before.due)), series.others(_over(before.count**2, before.due))
    others = series.others_in(before)
    differing = _over(_over(squared * others.due, others.count) - others.count, n - 3)
    beyond_chance = np.maximum(differing - seen.dispersion, 0)
    return seen.dispersion + beyond_chance * _over(due * n, others.due)


def _miss(goal: Array, seen: Seen, so_far: Window, to_come: Window) -> Array:
    """The probability that what is to come, at the rep's own rate, will not make up what the goal lacks."""
    count, worked = seen.before.count + seen.recent.count, seen.before.worked + seen.recent.worked
    lacking = np.ceil(goal * (so_far.due + to_come.due) - so_far.count - 1e-9)  # or rounding would ask for one more
    spread = seen.dispersion * (1 + _over(to_come.worked, worked))
    return _at_most(lacking - 1, _over(count, worked) * to_come.worked, spread)


def weekday_shares(counts: Array, worked: Array, weekday: Columns, peers: Columns) -> Array:
    """What each rep's day of work counts, by weekday: comparable reps' rate on that weekday over their rate on all.

    From counts and days worked per rep and day; a weekday with few events is taken as any other (PRIOR_EVENTS).
    """
    counted, days = (_by_weekday(values, weekday, peers) for values in (counts, worked))
    usual = days * _over(counted.sum(axis=1), days.sum(axis=1))[:, None]
    return ((counted + PRIOR_EVENTS) / (usual + PRIOR_EVENTS))[peers]


def dispersion(series: Series, day: int) -> Array:
    """Variance over mean of weekly counts about each rep's own mean, pooled over comparable reps; never below 1.

    Pearson's statistic over its degrees of freedom, for the twelve weeks before the recent three.
    """
    edges = np.maximum(day - 21 - 7 * np.arange(12, -1, -1), 0)
    count, worked = np.diff(series.counted[:, edges]), np.diff(series.worked[:, edges])
    mean = worked * _over(count.sum(axis=1), worked.sum(axis=1))[:, None]
    unlike = _over((count - mean) ** 2, mean).sum(axis=1)
    freedom = np.maximum((mean > 0).sum(axis=1) - 1.0, 0.0)
    pooled = _over(series.pooled(unlike), series.pooled(freedom))
    return np.maximum(pooled, 1.0)


def _by_weekday(values: Array, weekday: Columns, peers: Columns) -> Array:
    by_weekday = np.stack([values[:, weekday == day].sum(axis=1) for day in range(7)], axis=1)
    sums = np.zeros((peers.max(initial=-1) + 1, 7))
    np.add.at(sums, peers, by_weekday)
    return sums


def _rate(window: Window) -> Array:
    """Events per day due; 0 where none was."""
    return _over(window.count, window.due)


def _over(above: Array, below: Array) -> Array:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _verdict(own: Window, rate: Array, days: Array, spread: Array, known: NDArray[np.bool_]) -> Verdict:
    expected = rate * days
    enough = known & (expected >= FEWEST_EXPECTED)
    p = np.where(enough, _at_most(own.count, expected, spread), np.nan)
    return Verdict(count=own.count, rate=rate, expected=expected, spread=spread, worked=own.worked, p=p)


def _at_most(count: Array, mean: Array, spread: Array) -> Array:
    """The probability of `count` or fewer."""
    size, chance = _negative_binomial(mean, spread)
    return np.where(count < 0, 0.0, betainc(size, np.maximum(count, 0) + 1, chance))


def _negative_binomial(mean: Array, spread: Array) -> tuple[Array, Array]:
    wider = np.maximum(spread, 1 + 1e-6)  # at 1 it would be the Poisson distribution, which it then is in all but name
    return np.maximum(mean, 1e-9) / (wider - 1), 1 / wider
