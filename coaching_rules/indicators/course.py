"""The last weeks of one indicator of one rep, and between what they usually would have been."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from coaching_rules.indicators.detectors import RECENT, Verdict, see
from coaching_rules.indicators.model import Indicator
from coaching_rules.indicators.observations import Observations, asked_of

JUDGED = RECENT // 5
"""The last weeks, which alarms are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Seven days before `until`: what was counted, what is `usual`, and between what it usually would have been."""

    until: date
    count: float
    usual: float
    low: float
    high: float


def course(indicator: Indicator, observations: Observations, as_of: date, rep_id: str, weeks: int = 15) -> list[Week]:
    """The last weeks before `as_of` of a rep whom the indicator is for.

    The band is from the rep's own twelve weeks before the last three; a week with leave is expected to have less.
    """
    observed = observations.comparable(indicator)
    series, asked = asked_of(indicator, observed, as_of)
    seen, row = see(series, asked), observed.reps["rep_id"].to_pylist().index(rep_id)
    edges = np.maximum(asked.day - 7 * np.arange(weeks, -1, -1), 0)
    count, worked = np.diff(series.counted[row, edges]), np.diff(series.worked[row, edges])
    rate = seen.before.count[row] / max(seen.before.worked[row], 1.0)
    low, high = Verdict(
        count=count, expected=rate * worked, spread=seen.dispersion[[row] * weeks], worked=worked, p=count
    ).band()
    ends = [as_of - timedelta(days=7 * ago) for ago in range(weeks - 1, -1, -1)]
    return [
        Week(until=until, count=float(n), usual=float(mean), low=float(least), high=float(most))
        for until, n, mean, least, most in zip(ends, count, rate * worked, low, high)
    ]
