"""What became of the deals that a rule flagged, beside comparable ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from coaching_rules.backtest.compare import Compared, Rows, compare
from coaching_rules.backtest.panel import Codes, Flags, Floats, Ints, Outcomes, Panel, Span

AGES = (0, 7, 14, 30, 60, 90, 120, 180, 365)
TENURES = (0, 120, 365)
"""Days from which a band of a deal's age, and of its owner's tenure, begins."""
MOST_GROUPS = 12
"""Segments that are compared one by one: those with the most flagged deals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """The comparison over all deals and within each segment and tenure.

    `lead_days` is the median from first flag to loss, over `lead_deals` that were lost; `won_lead_days` and
    `won_lead_deals` are the same of wins, since a rule that speaks long before either is not early for being right.
    """

    all: Compared
    lead_days: float | None
    lead_deals: int
    won_lead_days: float | None
    won_lead_deals: int
    segments: Mapping[str, Compared]
    tenures: Mapping[str, Compared]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deals:
    """What comparing needs of the deals' panel, worked out once for all rules.

    `stratum`, `segment` and `tenure` are of rows; `decided`, `lost` and `ended` (days before the end) of deals.
    """

    stratum: Ints
    kinds: int
    segment: Codes
    tenure: Codes
    decided: Flags
    lost: Flags
    ended: Floats

    @staticmethod
    def of(panel: Panel, outcomes: Outcomes) -> "Deals":
        """The deals of this panel, with how they ended."""
        stage, age = panel.codes("stage"), panel.banded("age_days", AGES)
        kinds = len(stage.names) * len(age.names)
        names = panel.subjects.names[:-1]
        return Deals(
            stratum=panel.look * kinds + stage.of * len(age.names) + age.of,
            kinds=kinds,
            segment=panel.codes("segment"),
            tenure=panel.banded("owner_tenure_days", TENURES),
            decided=np.array([name in outcomes.lost for name in names], dtype=bool),
            lost=np.array([outcomes.lost.get(name, False) for name in names], dtype=bool),
            ended=np.array([outcomes.days_before_end.get(name, np.nan) for name in names], dtype=float),
        )


def fate_of(panel: Panel, deals: Deals, flagged: Flags, known: Flags, span: Span) -> Fate:
    """What became of the deals that were `flagged`, by row; each counts once, as it was when first flagged."""
    first = _first(panel.subjects.of, flagged, len(deals.decided))
    rows, at = _rows(panel, deals, flagged, known, first)
    ended = (first < len(flagged)) & deals.decided
    lead_days, lead_deals = _lead(panel, deals, first, ended & deals.lost, span)
    won_lead_days, won_lead_deals = _lead(panel, deals, first, ended & ~deals.lost, span)
    return Fate(
        all=compare(rows),
        lead_days=lead_days,
        lead_deals=lead_deals,
        won_lead_days=won_lead_days,
        won_lead_deals=won_lead_deals,
        segments=_by(rows, deals.segment, at),
        tenures=_by(rows, deals.tenure, at),
    )


def _lead(panel: Panel, deals: Deals, first: Ints, which: Flags, span: Span) -> tuple[float | None, int]:
    """The median of the days from the first flag of these deals to their end, and how many they are."""
    of = np.flatnonzero(which)
    days = (span.until - span.since) / timedelta(days=1) - panel.look[first[of]] * span.every - deals.ended[of]
    return float(np.median(days)) if len(days) else None, len(days)


def _first(deal: Ints, flagged: Flags, deals: int) -> Ints:
    """For each deal the row in which it was first flagged, or the number of rows if it never was."""
    first = np.full(deals, len(deal))
    rows = np.flatnonzero(flagged)[::-1]
    first[deal[rows]] = rows
    return first


def _rows(panel: Panel, deals: Deals, flagged: Flags, known: Flags, first: Ints) -> tuple[Rows, Ints]:
    """The rows to compare and where they are in the panel.

    A deal that is flagged later is comparable until then: to leave it out would be to know the future
    (Lubin and Gail, Biometrics 40, 1984).
    """
    deal = panel.subjects.of
    is_first = np.zeros(len(deal), dtype=bool)
    is_first[first[first < len(deal)]] = True
    stirred = np.zeros(int(deals.stratum.max(initial=0)) + 1, dtype=bool)
    stirred[deals.stratum[is_first]] = True
    comparable = known & ~flagged & stirred[deals.stratum] & (np.arange(len(deal)) < first[deal])
    at = np.flatnonzero(is_first | comparable)
    of = deal[at]
    rows = Rows(
        deal=of,
        stratum=deals.stratum[at],
        kinds=deals.kinds,
        flagged=is_first[at],
        decided=deals.decided[of],
        lost=deals.lost[of],
    )
    return rows, at


def _by(rows: Rows, groups: Codes, at: Ints) -> dict[str, Compared]:
    """The comparison within each of the largest groups that have something flagged, by name."""
    of = groups.of[at]
    sizes = np.bincount(of[rows.flagged], minlength=len(groups.names))
    largest = [int(n) for n in np.argsort(-sizes, kind="stable")[:MOST_GROUPS] if sizes[n]]
    return {groups.names[n]: compare(rows.only(of == n)) for n in sorted(largest, key=lambda n: groups.names[n])}
