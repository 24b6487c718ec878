"""What becomes of rows when things fail, with us and with others: `python -m bench failures` prints a row a failure.

Each meets the failure alone, on an org of its own with 5,000 deals, and is started again once if it stops: so does a
scheduler. A library keeps nothing from one reading to the next, so failures between two readings do not apply to it.
"""

import logging
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import structlog

from bench import table
from bench.plain_company import furnish
from bench.readers import READERS, Reader, Saw
from connectors.sandbox import control
from connectors.sandbox.faults import Effect, Fault
from connectors.sandbox.ids import make_id
from connectors.sandbox.org import Org
from connectors.sandbox.server import start

SIZE = 0.05
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
DEAL = {"Name": "Lantern, late", "StageName": "Prospecting", "CloseDate": "2030-01-08"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What goes wrong, and when: in a reading, between two, or when something is created."""

    name: str
    happen: Callable[[Org], object]
    when: Literal["reading", "bulk", "between", "creating"] = "reading"


def _meets(effect: Effect, path: str, **more: Any) -> Callable[[Org], object]:
    return lambda org: org.faults.order(Fault(effect=effect, path=path, **more))


def _late(org: Org) -> None:
    """One deal is stamped before another and can be seen after it."""
    late = control.create(org, user=make_id("005", 1), object_name="Opportunity", fields=DEAL)
    control.lag(org, [late], seconds=60)
    org.set_clock(org.now() + timedelta(seconds=5))
    control.create(org, user=make_id("005", 1), object_name="Opportunity", fields=DEAL)


def _gone(org: Org) -> None:
    control.hard_delete(org, object_name="Opportunity", key=make_id("006", 1))
    org.set_clock(org.now() + timedelta(minutes=90))


def _one_stamp(org: Org) -> None:
    control.restamp(org, object_name="Opportunity", stamp=BEGAN.isoformat())
    _meets("drop_after", PAGE, nth=2)(org)


PAGE, RESULTS = "query(All)?/", "/results"
FAILURES = (
    Failure(name="the session ends between two pages", happen=_meets("expire_session", PAGE, nth=2)),
    Failure(name="the second page is cut off", happen=_meets("cut_body", PAGE, nth=2)),
    Failure(name="the second page is HTML with status 200", happen=_meets("html_200", PAGE, nth=2)),
    Failure(name="503 instead of the second page", happen=_meets("answer", PAGE, nth=2, status=503)),
    Failure(name="all rows have one stamp, and the reading is cut", happen=_one_stamp),
    Failure(name="bulk: a page is cut off", happen=_meets("cut_body", RESULTS, nth=1), when="bulk"),
    Failure(name="bulk: the session ends", happen=_meets("expire_session", RESULTS, nth=1), when="bulk"),
    Failure(name="bulk: a page is HTML with status 200", happen=_meets("html_200", RESULTS, nth=1), when="bulk"),
    Failure(name="bulk: a proxy takes the counting headers", happen=_meets("strip_sforce_headers", "."), when="bulk"),
    Failure(name="bulk: several pages", happen=lambda org: control.configure(org, bulk_page_rows=2000), when="bulk"),
    Failure(name="a commit becomes visible late", happen=_late, when="between"),
    Failure(name="a deal is deleted for good", happen=_gone, when="between"),
    Failure(name="the answer to a create is lost", happen=_meets("drop_after", "Task", nth=1), when="creating"),
    Failure(name="the answer to a create is cut off", happen=_meets("cut_body", "Task", nth=1), when="creating"),
)


def main(*names: str) -> None:
    """Print a row for each failure, or for those whose names hold one of these words."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    table.head("failure", *READERS)
    for failure in FAILURES:
        if not names or any(name in failure.name for name in names):
            table.row(failure.name, *(_met(failure, reader) for reader in READERS.values()))


def _met(failure: Failure, kind: type[Reader]) -> str:
    if failure.when not in kind.meets:
        return "–"
    org = Org(now=BEGAN)
    furnish(org, SIZE)
    with tempfile.TemporaryDirectory() as folder, start(org=org) as running:
        reader = kind(running, Path(folder), bulk=failure.when == "bulk")
        if failure.when == "creating":
            return _created(failure, org, reader)
        if failure.when == "between":
            reader.read()
        failure.happen(org)
        saw = reader.read()
        org.set_clock(org.now() + timedelta(minutes=2))
        return _said(org, saw, reader.read() if saw.error or failure.when == "between" else saw)


def _said(org: Org, first: Saw, last: Saw) -> str:
    there = {row["Id"] for row in org.rows("SELECT Id FROM Opportunity WHERE IsDeleted = 0")}
    seen = Counter(last.ids)
    counted = {
        "lost": len(there - seen.keys()),
        "that are not there": sum(n for key, n in seen.items() if key not in there),
        "twice": sum(n > 1 for n in seen.values()),
    }
    wrong = ", ".join(f"{n:,} {what}" for what, n in counted.items() if n) or "complete"
    if last.error:
        return f"never: {last.error}"
    return f"{first.error}, then {wrong}" if first.error else wrong


def _created(failure: Failure, org: Org, reader: Any) -> str:
    failure.happen(org)
    saw = reader.create()
    if saw.error:
        reader.create()
    written = org.count("Task", "Subject LIKE ?", ["Only once%"])
    made = {1: "written once", 2: "written twice"}.get(written, f"written {written} times")
    return f"{saw.error}, then {made}" if saw.error else made
