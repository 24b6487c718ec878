"""The share lost among flagged deals against that of comparable ones: as old, in the same stage, at the same instant.

The difference is Mantel and Haenszel's over strata of instant, stage and age (Greenland and Robins, Biometrics 41,
1985). A deal is compared at many instants, so its interval treats all rows of one deal as one observation (Liang and
Zeger, Biometrika 73, 1986), with Student's t for the smaller of the two groups.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from coaching_rules.backtest.panel import Flags, Floats, Ints

LEAST_DEALS, LEAST_OF_EACH = 20, 5
"""So many decided deals on either side, and so many lost and not lost, or there is not enough data."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of lost among decided deals in strata that have both; `difference` is flagged less comparable."""

    flagged: float
    comparable: float
    difference: float
    low: float
    high: float

    @property
    def separate(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Distinct decided deals in strata that have both, and deals still open, which count as neither won nor lost.

    `flagged_alone` are decided, and nothing decided was comparable with them.
    `lost` is None, and `why_not` says why, where there is not enough data.
    """

    flagged: int = 0
    comparable: int = 0
    flagged_open: int = 0
    comparable_open: int = 0
    flagged_alone: int = 0
    lost: Shares | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A row for each flagged deal when it was first flagged, and for each comparable one at each such instant.

    `stratum` is instant × `kinds` + kind, where a kind is a stage and an age.
    """

    deal: Ints
    stratum: Ints
    kinds: int
    flagged: Flags
    decided: Flags
    lost: Flags

    def only(self, wanted: Flags) -> "Rows":
        """These rows alone."""
        return Rows(
            deal=self.deal[wanted],
            stratum=self.stratum[wanted],
            kinds=self.kinds,
            flagged=self.flagged[wanted],
            decided=self.decided[wanted],
            lost=self.lost[wanted],
        )


def compare(rows: Rows) -> Compared:
    """The two shares and their difference, or why there is none."""
    if not rows.flagged.any():
        return Compared(why_not="nothing was flagged")
    held, still = rows.only(_paired(rows)), rows.only(~rows.decided)
    counted = Compared(
        flagged=_distinct(held.deal[held.flagged]),
        comparable=_distinct(held.deal[~held.flagged]),
        flagged_open=_distinct(still.deal[still.flagged]),
        comparable_open=_distinct(still.deal[~still.flagged]),
        flagged_alone=int((rows.flagged & rows.decided).sum() - held.flagged.sum()),
    )
    why_not = _too_few(held, counted)
    return replace(counted, why_not=why_not) if why_not else replace(counted, lost=_shares(held, counted))


def _paired(rows: Rows) -> Flags:
    """The decided rows of strata that have some of both."""
    size = int(rows.stratum.max()) + 1
    here = np.bincount(rows.stratum[rows.flagged & rows.decided], minlength=size) > 0
    there = np.bincount(rows.stratum[~rows.flagged & rows.decided], minlength=size) > 0
    return rows.decided & (here & there)[rows.stratum]


def _too_few(held: Rows, counted: Compared) -> str:
    if counted.flagged < LEAST_DEALS:
        others = f"{counted.flagged_alone} had none comparable, {counted.flagged_open} are open"
        return f"{counted.flagged} flagged deals can be compared ({others}); {LEAST_DEALS} are needed"
    if counted.comparable < LEAST_DEALS:
        return f"{counted.comparable} comparable deals were decided; {LEAST_DEALS} are needed"
    deals, lost = _distinct(held.deal), _distinct(held.deal[held.lost])
    if min(lost, deals - lost) < LEAST_OF_EACH:
        return f"{lost} of {deals} deals were lost; {LEAST_OF_EACH} lost and {LEAST_OF_EACH} won are needed"
    return ""


def _shares(held: Rows, counted: Compared) -> Shares:
    stratum = (np.cumsum(np.bincount(held.stratum) > 0) - 1)[held.stratum]
    one, none = held.flagged, ~held.flagged
    n1, n0 = np.bincount(stratum[one]), np.bincount(stratum[none])
    weight = n1 * n0 / (n1 + n0)
    flagged = float(np.average(np.bincount(stratum[one], held.lost[one]) / n1, weights=weight))
    comparable = float(np.average(np.bincount(stratum[none], held.lost[none]) / n0, weights=weight))
    difference = flagged - comparable
    pull = np.where(one, (n0 / (n1 + n0))[stratum], -(n1 / (n1 + n0))[stratum])
    strayed = pull * (held.lost - _usual(held) - difference * one)
    error = float(np.sqrt(np.sum(np.bincount(held.deal, strayed) ** 2)) / weight.sum())
    fewer = min(counted.flagged, counted.comparable)
    reach = float(stdtrit(fewer - 1, (1 + CONFIDENCE) / 2)) * error * (fewer / (fewer - 1)) ** 0.5
    return Shares(
        flagged=flagged,
        comparable=comparable,
        difference=difference,
        low=max(difference - reach, -1.0),
        high=min(difference + reach, 1.0),
    )


def _usual(held: Rows) -> Floats:
    """The share lost among comparable deals of a row's stage and age, over all instants."""
    kind, none = held.stratum % held.kinds, ~held.flagged
    n = np.bincount(kind[none], minlength=held.kinds)
    usual: Floats = np.bincount(kind[none], held.lost[none], minlength=held.kinds) / np.maximum(n, 1)
    return usual[kind]


def _distinct(deals: Ints) -> int:
    return int(np.count_nonzero(np.bincount(deals)))
