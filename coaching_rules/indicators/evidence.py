"""From three verdicts to one: how detectors are joined, when that is an alarm, and which alarms of many to believe."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coaching_rules.indicators.detectors import (
    Array,
    Columns,
    Question,
    Series,
    Verdict,
    pace,
    peer,
    see,
    trend,
)
from coaching_rules.indicators.model import Detector

ALPHA = 0.05
"""An alarm's limit for Poisson counts. Counts with twice the variance get twice of it: half a false alarm a quarter
for the first and one for the second is what was asked for (see bench/detectors.py for what comes of it)."""
FALSE_SHARE = 0.3
"""The share of false ones among what is put to a manager. From 30 % on people switch notifications off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One indicator of many reps on one day: the joint `p` (NaN: nothing can be said), and who `alarms`."""

    verdicts: Mapping[Detector, Verdict]
    p: Array
    alarms: NDArray[np.bool_]

    def of(self, reps: NDArray[np.bool_]) -> "Look":
        """The same, with something to say of these reps only."""
        return replace(self, p=np.where(reps, self.p, np.nan), alarms=self.alarms & reps)


def look(series: Series, asked: Question) -> Look:
    """Ask all detectors."""
    seen = see(series, asked)
    verdicts: dict[Detector, Verdict] = {
        "pace": pace(series, seen, asked),
        "peer": peer(series, seen),
        "trend": trend(seen),
    }
    p = joined(np.array([verdict.p for verdict in verdicts.values()]))
    return Look(verdicts=verdicts, p=p, alarms=p <= ALPHA * np.minimum(seen.dispersion, 2))


def joined(p: Array) -> Array:
    """One p from a column of them, leaving out NaN: the Cauchy combination of Liu and Xie (JASA 2020).

    It stays valid for detectors that see the same days, and costs little where they agree, unlike Bonferroni. A p above
    one half counts as one half, so that one contented detector cannot silence the others.
    """
    said = ~np.isnan(p)
    scores = np.where(said, np.tan((0.5 - np.clip(np.nan_to_num(p, nan=0.5), 1e-15, 0.5)) * np.pi), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        one: Array = 0.5 - np.arctan(scores.sum(axis=0) / said.sum(axis=0)) / np.pi
    return one


def discoveries(p: Array, family: Columns, false_share: float = FALSE_SHARE) -> NDArray[np.bool_]:
    """Which of the tests of each family to believe, so that at most this share of the believed is false.

    Benjamini and Hochberg (JRSS B 1995); `family` numbers the manager of each test, and a NaN is no test.
    """
    tests = np.bincount(family[~np.isnan(p)], minlength=family.max(initial=0) + 1)
    order = np.lexsort((p, family))
    first = np.searchsorted(family[order], family[order])
    rank = np.arange(len(p)) - first + 1
    below = p[order] <= false_share * rank / np.maximum(tests[family[order]], 1)
    last = np.zeros(len(tests), dtype=np.int64)
    np.maximum.at(last, family[order], np.where(below, rank, 0))
    believed = np.zeros(len(p), dtype=np.bool_)
    believed[order] = rank <= last[family[order]]
    return believed
