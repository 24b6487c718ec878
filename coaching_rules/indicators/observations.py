"""What was observed, as plain tables, and how one indicator of it becomes a series with a question to the detectors."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coaching_rules.errors import FactsError
from coaching_rules.indicators.detectors import (
    FEWEST_EXPECTED,
    FEWEST_PEERS,
    Array,
    Columns,
    Question,
    Series,
    weekday_shares,
)
from coaching_rules.indicators.model import WORKING_DAYS, Indicator

COLUMNS = {
    "reps": ("rep_id", "manager_id", "peers", "profile", "focus", "started_on", "capture_coverage"),
    "days": ("rep_id", "day", "worked"),
    "counts": ("rep_id", "indicator_id", "day", "count"),
    "seen": ("rep_id", "day", "count"),
    "told": ("rep_id", "indicator_id", "day"),
}
DAYS_A_MONTH = 365.25 / 12
QUARTER = timedelta(weeks=13)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """Five tables with the columns of COLUMNS; days are dates where the rep is. Raises FactsError when one lacks any.

    `reps`: a row each; `peers` names the group of comparable reps, `focus` a profile that for now takes the place of
    the rep's own, `capture_coverage` is the word of that name; all but the id may be NULL.
    `days`: what of each day is worked, from 0 (holiday, leave, weekend) to 1; from 26 weeks before `as_of` to the end
    of the month it lies in. A day that is not there is not worked.
    `counts`: how many of what an indicator counts fell on a day; no row is none.
    `seen`: how many things of any kind that can be counted fell on a day, for the same 26 weeks; no row is none.
    `told`: the `as_of` of each earlier alarm that reached a person.
    """

    reps: pa.Table
    days: pa.Table
    counts: pa.Table
    seen: pa.Table
    told: pa.Table

    def __post_init__(self) -> None:
        missing = [
            f"{name}: column {column} is missing"
            for name, columns in COLUMNS.items()
            for column in columns
            if column not in getattr(self, name).column_names
        ]
        if missing:
            raise FactsError("; ".join(missing))

    def judged(self, indicator: Indicator) -> set[str]:
        """Those of the reps that the indicator is for."""
        profiles = pc.coalesce(self.reps["focus"], self.reps["profile"]).to_pylist()
        return {rep for rep, profile in zip(self.reps["rep_id"].to_pylist(), profiles) if indicator.serves(profile)}

    def focused(self, profiles: Collection[str]) -> set[str]:
        """Those who for now are to do what one of these profiles does."""
        focus = zip(self.reps["rep_id"].to_pylist(), self.reps["focus"].to_pylist())
        return {rep for rep, profile in focus if profile in profiles}

    def comparable(self, indicator: Indicator) -> "Observations":
        """What the indicator counts, of those it is for, and of who is beside them where they are too few.

        A rep whose focus is another than the colleagues' would have nobody to be compared with: then these are all of
        the role who do any of it.
        """
        counts = self.counts.filter(pc.equal(self.counts["indicator_id"], indicator.id))
        lately = counts.filter(pc.greater_equal(counts["day"], pc.min(self.days["day"])))
        judged, doing = self.judged(indicator), set(lately["rep_id"].to_pylist())
        role = dict(zip(self.reps["rep_id"].to_pylist(), self.reps["peers"].to_pylist()))
        together = Counter(role[rep] for rep in judged)
        beside = {rep for rep in doing & role.keys() if 0 < together[role[rep]] <= FEWEST_PEERS}
        return replace(
            self,
            reps=self.reps.filter(pc.is_in(self.reps["rep_id"], pa.array(sorted(judged | beside), pa.string()))),
            counts=counts,
            told=self.told.filter(pc.equal(self.told["indicator_id"], indicator.id)),
        )


def asked_of(indicator: Indicator, observed: Observations, as_of: date) -> tuple[Series, Question]:
    """The series of the reps in `observed.reps`, in their order, and what to ask of it at the beginning of `as_of`."""
    first, last = span(observed, as_of)
    rows, today = len(observed.reps), (as_of - first).days
    shape = (rows, (last - first).days + 1)
    worked, counts = spread(observed, observed.days, "worked", first, shape), np.zeros(shape)
    counts[:, :today] = spread(observed, observed.counts, "count", first, shape)[:, :today]
    peers = _groups(observed.reps)
    weekday = (first.weekday() + np.arange(shape[1])) % 7
    ramp = _ramped(indicator, observed.reps, first, shape[1])
    worked *= weekday_shares(counts[:, :today], (worked * ramp)[:, :today], weekday[:today], peers)[:, weekday]
    start, end = _period(indicator, as_of)
    asked = Question(
        day=today,
        fresh=_fresh(observed, first, rows),
        period=(max((start - first).days, 0), min((end - first).days, shape[1])),
        goal=np.nan if indicator.goal is None else indicator.goal / WORKING_DAYS[indicator.per],
    )
    return Series.of(counts, worked, peers, ramp), asked


def span(observed: Observations, as_of: date) -> tuple[date, date]:
    """The first and the last day of what was observed and planned."""
    ends = pc.min_max(observed.days["day"]).as_py()
    return min(ends["min"] or as_of, as_of - timedelta(days=1)), max(ends["max"] or as_of, as_of)


def spread(observed: Observations, table: pa.Table, column: str, first: date, shape: tuple[int, int]) -> Array:
    """A row a rep, a column a day."""
    row, day = numbered(observed, table, first)
    inside = (row >= 0) & (day >= 0) & (day < shape[1])
    spread = np.zeros(shape)
    np.add.at(spread, (row[inside], day[inside]), _numbers(table[column])[inside])
    return spread


def numbered(observed: Observations, table: pa.Table, first: date) -> tuple[Columns, Columns]:
    """The row of each rep in `observed.reps`, -1 where it is not there, and the days since `first`."""
    return _rows(observed, table), _days(table["day"], first)


def _rows(observed: Observations, table: pa.Table) -> Columns:
    found: Columns = _numbers(pc.fill_null(pc.index_in(table["rep_id"], observed.reps["rep_id"]), -1)).astype(np.int64)
    return found


def _days(column: pa.ChunkedArray, first: date) -> Columns:
    days: Columns = _numbers(column.cast(pa.date32()).cast(pa.int32())).astype(np.int64)
    return days - (first - date(1970, 1, 1)).days


def _numbers(column: pa.ChunkedArray) -> Array:
    numbers: Array = np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return numbers


def _groups(reps: pa.Table) -> Columns:
    """Numbers the groups of comparable reps; a rep without one is a group of one."""
    names = pc.coalesce(reps["peers"], pc.binary_join_element_wise("of one:", reps["rep_id"], "")).to_pylist()
    groups: Columns = np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64)
    return groups


def _ramped(indicator: Indicator, reps: pa.Table, first: date, days: int) -> Array:
    """The share that is expected of each rep on each day; all of it where the start is unknown."""
    started = _days(pc.fill_null(reps["started_on"], date(1970, 1, 1)), first)
    month = np.floor((np.arange(days) - started[:, None]) / DAYS_A_MONTH)
    ramp = np.array([*indicator.ramp, 1.0])
    return ramp[np.clip(month, 0, len(indicator.ramp)).astype(np.int64)]


def _period(indicator: Indicator, as_of: date) -> tuple[date, date]:
    """The week or month of the last day that is over, so that its end is judged as well.

    A goal too small for the pace to say anything before its period is over is held against the month, or the quarter
    of a year that is over.
    """
    eve = as_of - timedelta(days=1)
    a_day = np.inf if indicator.goal is None else indicator.goal / WORKING_DAYS[indicator.per]
    if indicator.per == "week" and a_day * WORKING_DAYS["week"] > FEWEST_EXPECTED:
        monday = eve - timedelta(days=eve.weekday())
        return monday, monday + timedelta(days=7)
    if a_day * WORKING_DAYS["month"] > FEWEST_EXPECTED:
        start = eve.replace(day=1)
        return start, (start + timedelta(days=31)).replace(day=1)
    return as_of - QUARTER, as_of


def _fresh(observed: Observations, first: date, rows: int) -> Columns:
    fresh = np.zeros(rows, dtype=np.int64)
    row, day = numbered(observed, observed.told, first)
    np.maximum.at(fresh, row[row >= 0], day[row >= 0])
    return fresh
