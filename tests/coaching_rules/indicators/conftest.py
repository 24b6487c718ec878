"""A small company whose observations the tests of indicators share."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta

import pyarrow as pa
import pytest

from coaching_rules.indicators.observations import Observations

AS_OF = date(2026, 6, 22)
DAYS = [date(2025, 12, 1) + timedelta(days=n) for n in range(212)]
REPS = [f"rep {n}" for n in range(8)]
SLUMP = AS_OF - timedelta(days=21)
REP_TYPES = pa.schema(
    [(name, pa.string()) for name in ("rep_id", "manager_id", "peers", "profile", "focus")]
    + [("started_on", pa.date32()), ("capture_coverage", pa.float64())]
)


def _observed(
    slumps: Iterable[tuple[str, str]] = (),
    indicators: Iterable[str] = ("meetings",),
    told: tuple[tuple[str, str, date], ...] = (),
    free: Iterable[tuple[str, date]] = (),
    silent: Iterable[tuple[str, date]] = (),
    **of_first: object,
) -> Observations:
    """Eight comparable reps of one manager with two events a working day, one where a rep and an indicator slumped.

    On `free` days a rep did not work; on `silent` ones the CRM shows nothing of it.
    """
    first = {"profile": "prospector", "focus": None, "started_on": None, "capture_coverage": 1.0, **of_first}
    usual = {**first, "focus": None, "started_on": None, "capture_coverage": 1.0}
    rows = [{"rep_id": r, "manager_id": "m", "peers": "reps", **(usual if r != REPS[0] else first)} for r in REPS]
    away, unseen, slow = set(free), set(silent), set(slumps)
    worked = [(r, day) for r in REPS for day in DAYS if day.weekday() < 5 and (r, day) not in away]
    counts = [
        (r, name, day, 1 if (r, name) in slow and day >= SLUMP else 2)
        for name in indicators
        for r, day in worked
        if day < AS_OF and (r, day) not in unseen
    ]
    things = [(r, day, 2) for r, day in worked if day < AS_OF and (r, day) not in unseen]
    return Observations(
        reps=pa.Table.from_pylist(rows, schema=REP_TYPES),
        days=pa.table({"rep_id": [r for r, _ in worked], "day": [d for _, d in worked], "worked": [1.0] * len(worked)}),
        counts=pa.table(dict(zip(("rep_id", "indicator_id", "day", "count"), map(list, zip(*counts))))),
        seen=pa.table(dict(zip(("rep_id", "day", "count"), map(list, zip(*things))))),
        told=pa.table(
            {
                "rep_id": pa.array([t[0] for t in told], pa.string()),
                "indicator_id": pa.array([t[1] for t in told], pa.string()),
                "day": pa.array([t[2] for t in told], pa.date32()),
            }
        ),
    )


@pytest.fixture
def observed() -> Callable[..., Observations]:
    """Observations as of 2026-06-22, with the slumps, leave, earlier alarms and peculiarities that are named."""
    return _observed
