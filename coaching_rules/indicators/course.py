"""The last weeks of one indicator of one rep, and between what they likely would have been."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from coaching_rules.indicators.detectors import RECENT, Array, Columns, Series, band
from coaching_rules.indicators.evidence import look
from coaching_rules.indicators.model import Alarm, Indicator
from coaching_rules.indicators.observations import Observations, asked_of
from coaching_rules.indicators.silence import without_silence

JUDGED = RECENT // 5
"""The last weeks, which alarms are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Seven days before `until`: what was counted, what was `likely`, and between what nine weeks in ten would be.

    Where no day was worked, or the rep was not there yet, nothing was likely, and `low` and `high` are None.
    """

    until: date
    count: float
    likely: float
    low: float | None
    high: float | None


def course(indicator: Indicator, observations: Observations, alarm: Alarm, weeks: int = 15) -> list[Week]:
    """The last weeks before an alarm, or before what is on track, as its strongest detector expects them.

    So that the picture shows what the alarm is about, be it comparable reps, a goal or the rep's own past. A week with
    leave is expected to have less.
    """
    known = observations if alarm.unseen else without_silence(observations, alarm.as_of)[0]
    comparable = known.comparable(indicator)
    series, asked = asked_of(indicator, comparable, alarm.as_of)
    row = np.array([comparable.reps["rep_id"].to_pylist().index(alarm.rep_id)])
    verdict = look(series, asked).verdicts[alarm.strongest].of(row)
    count, days = _by_week(series, row, asked.day - 7 * np.arange(weeks, -1, -1), own=alarm.strongest == "trend")
    likely = verdict.rate * days
    low, high = band(likely, verdict.spread)
    ends = [alarm.as_of - timedelta(days=7 * ago) for ago in range(weeks - 1, -1, -1)]
    return [
        Week(until=end, count=n, likely=mean, low=least if mean else None, high=most if mean else None)
        for end, n, mean, least, most in zip(ends, count.tolist(), likely.tolist(), low.tolist(), high.tolist())
    ]


def _by_week(series: Series, row: Columns, edges: Columns, *, own: bool) -> tuple[Array, Array]:
    """What was counted in each week, and its days: all for the rep's own past, for other measures what was due."""
    days = series.worked if own else series.due
    at = np.maximum(edges, 0)
    return np.diff(series.counted[row, at]), np.diff(days[row, at])
