"""Stretches in which nothing at all of a rep's work is to be seen: away, or not in the CRM? Unknown is not zero."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coaching_rules.indicators.detectors import Array
from coaching_rules.indicators.observations import Observations, numbered, span, spread

FEWEST_DAYS = 5.0
CHANCE = 1e-3
"""So many working days without anything are silence where chance would leave them empty once in a thousand times: each
of n things misses d of D days with a probability of 1 - d/D. Of whom nothing was ever seen all days are silent."""
JUDGED = timedelta(days=21)


def without_silence(observed: Observations, as_of: date) -> tuple[Observations, Mapping[str, int]]:
    """The same with silent days taken out as leave is, and how many of the last three weeks each rep lost by that."""
    first, _ = span(observed, as_of)
    shape = len(observed.reps), max((as_of - first).days, 1)
    worked = spread(observed, observed.days, "worked", first, shape)
    silent = _silent(worked, spread(observed, observed.seen, "count", first, shape))
    row, day = numbered(observed, observed.days, first)
    out = np.zeros(len(row), dtype=np.bool_)
    past = (row >= 0) & (day >= 0) & (day < shape[1])
    out[past] = silent[row[past], day[past]]
    lost = (silent & (worked > 0))[:, -JUDGED.days :].sum(axis=1)
    return (
        replace(observed, days=observed.days.filter(pa.array(~out))),
        {rep: int(days) for rep, days in zip(observed.reps["rep_id"].to_pylist(), lost) if days},
    )


def _silent(worked: Array, seen: Array) -> NDArray[np.bool_]:
    """Which days lie in a stretch without anything that is too long for chance."""
    nothing = seen == 0
    stretch = (~nothing).cumsum(axis=1)
    row = np.arange(len(seen))[:, None]
    lasted = np.zeros((len(seen), seen.shape[1] + 1))
    np.add.at(lasted, (row, stretch), worked * nothing)
    days = lasted[row, stretch]
    things, all_days = seen.sum(axis=1, keepdims=True), np.maximum(worked.sum(axis=1, keepdims=True), 1)
    by_chance = np.maximum(1 - days / all_days, 0) ** things
    silent: NDArray[np.bool_] = nothing & (((days >= FEWEST_DAYS) & (by_chance <= CHANCE)) | (things == 0))
    return silent
