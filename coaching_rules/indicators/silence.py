"""Stretches in which nothing at all of a rep's work is to be seen: away, or not in the CRM? Unknown is not zero."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coaching_rules.indicators.detectors import Array
from coaching_rules.indicators.observations import Observations, numbered, span, spread

JUDGED, BESIDE = 21, 14
"""The last days, which alarms are about; the days before and after a stretch that it is held against."""
FEWEST_DAYS = 5.0
CHANCE = 1e-3
"""So many working days without anything are silence where chance would leave them empty once in a thousand times. Held
against the weeks beside them, not against a better past, since who does a third of the usual has empty weeks, too."""


def without_silence(observed: Observations, as_of: date) -> tuple[Observations, Mapping[str, int]]:
    """The same with silent days taken out as leave is, and how many of the last three weeks' each rep had."""
    first, _ = span(observed, as_of)
    shape = len(observed.reps), max((as_of - first).days, 1)
    worked = spread(observed, observed.days, "worked", first, shape)
    silent = _silent(worked, spread(observed, observed.seen, "count", first, shape))
    row, day = numbered(observed, observed.days, first)
    out = np.zeros(len(row), dtype=np.bool_)
    past = (row >= 0) & (day >= 0) & (day < shape[1])
    out[past] = silent[row[past], day[past]]
    lost = (silent & (worked > 0))[:, -JUDGED:].sum(axis=1)
    return (
        replace(observed, days=observed.days.filter(pa.array(~out))),
        {rep: int(days) for rep, days in zip(observed.reps["rep_id"].to_pylist(), lost) if days},
    )


def _silent(worked: Array, seen: Array) -> NDArray[np.bool_]:
    """Which days lie in a stretch without anything that is too long for chance; all, where nothing was ever seen.

    Each of n things in the d days beside a stretch of s days would have missed it with a probability of d / (d + s).
    """
    rows, days = seen.shape
    row, day = np.arange(rows)[:, None], np.arange(days)
    start = np.maximum.accumulate(np.where(seen > 0, day + 1, 0), axis=1)
    end = np.minimum.accumulate(np.where(seen > 0, day, days)[:, ::-1], axis=1)[:, ::-1]

    def beside(values: Array) -> tuple[Array, Array]:
        total = np.hstack([np.zeros((rows, 1)), values.cumsum(axis=1)])
        before = total[row, start] - total[row, np.maximum(start - BESIDE, 0)]
        after = total[row, np.minimum(end + BESIDE, days)] - total[row, end]
        return total[row, np.maximum(end, start)] - total[row, start], before + after

    (lasted, near), (_, things) = beside(worked), beside(seen)
    by_chance = (near / np.maximum(near + lasted, 1)) ** things
    too_long = (lasted >= FEWEST_DAYS) & (by_chance <= CHANCE)
    silent: NDArray[np.bool_] = (seen == 0) & (too_long | ~seen.any(axis=1, keepdims=True))
    return silent
