"""Recount: is what we hold what the CRM shows? Each kind is read whole in the order of its ids, and mended.

Deltas cannot tell everything: a commit can lag longer than the overlap, a list of deletions has an end, access comes
and goes. Each page is mended in one transaction, so that a kill loses nothing but the count.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import structlog

from app.store import canonical, coverage
from app.store.coverage import Coverage
from app.store.session import Store
from connectors.base import Connector
from connectors.errors import OverBudget, Refused
from connectors.records import KINDS, Kind, Page

log = structlog.get_logger(__name__)

SPEND_UP_TO = 0.8
"""The part of our API share beyond which comparing waits, so that the day's pulls and writes are never short."""


@dataclass(slots=True, kw_only=True)
class Recounted:
    """What a recount compared and mended, and what it left for later."""

    compared: list[Kind] = field(default_factory=list)
    left_out: list[Kind] = field(default_factory=list)
    missing: int = 0
    stale: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """Ours and theirs."""

    store: Store
    connection_id: int
    connector: Connector
    clock: Callable[[], datetime]
    between: Callable[[], None]


def recount(
    store: Store,
    connection_id: int,
    connector: Connector,
    *,
    clock: Callable[[], datetime],
    everything: bool,
    between: Callable[[], None] = lambda: None,
) -> Recounted:
    """Compare everything, or only the kinds whose pull may have missed changes, and mend what differs.

    `between` is called before each page is mended and may raise to end the count there.
    """
    sides = _Sides(store=store, connection_id=connection_id, connector=connector, clock=clock, between=between)
    with store.read() as connection:
        kinds = coverage.in_turn(connection, connection_id, KINDS, due_only=not everything)
    done = Recounted()
    for kind in kinds:
        found = Coverage()
        (done.compared if _compared(sides, kind, found) else done.left_out).append(kind)
        done.missing += found.missing
        done.stale += found.stale
        done.gone += found.gone
    return done


def _compared(sides: _Sides, kind: Kind, found: Coverage) -> bool:
    """Whether the comparison reached the end; `found` tells what was mended now even where it did not."""
    with sides.store.read() as connection:
        place, before = coverage.begun(connection, sides.connection_id, kind)
    try:
        whole = _compare(sides, kind, place, before, found)
    except OverBudget:
        raise
    except Refused as refused:  # an object we may not see tells nothing about its records
        log.warning("not_compared", kind=kind, reason=str(refused))
        return False
    if whole:
        with sides.store.begin() as connection:
            coverage.keep(connection, sides.connection_id, kind, before + found, sides.clock())
        log.info("compared", kind=kind, missing=found.missing, stale=found.stale, gone=found.gone)
    return whole


def _compare(sides: _Sides, kind: Kind, place: str, before: Coverage, found: Coverage) -> bool:
    """From behind `place` on, up to which an earlier sitting found what is in `before`."""
    ended = False
    if _too_dear(sides, kind):
        return False
    for page in sides.connector.census(kind, place):
        sides.between()
        _mend(sides, kind, page, place, before, found)
        place, ended = page.cursor, not page.cursor
        if not ended and _too_dear(sides, kind):
            return False
    if not ended:
        log.warning("not_compared", kind=kind, reason="The CRM does not show it.")
    return ended


def _too_dear(sides: _Sides, kind: Kind) -> bool:
    if sides.connector.spent_share() < SPEND_UP_TO:
        return False
    log.warning("left_out", kind=kind, reason="near the API budget")
    return True


def _mend(sides: _Sides, kind: Kind, page: Page, after: str, before: Coverage, found: Coverage) -> None:
    """Make ours like theirs between two places of the list, and keep the second as the one where it goes on."""
    with sides.store.read() as connection:
        missing, stale = coverage.unlike(connection, sides.connection_id, kind, page.records)
        held = coverage.held_between(connection, sides.connection_id, kind, after, page.cursor)
    gone = _unseen(sides, kind, page, held)
    now = sides.clock()
    ids = page.records.column("id")
    found.theirs += len(ids) + len(page.skipped)
    found.missing += len(missing)
    found.stale += len(stale)
    with sides.store.begin() as connection:
        unlike = page.records.filter(pc.is_in(ids, value_set=pa.array(missing | stale, pa.string())))
        canonical.store_page(connection, sides.connection_id, kind, unlike, now)
        found.gone += canonical.forget(connection, sides.connection_id, kind, page.denied)
        found.gone += canonical.mark_gone(connection, sides.connection_id, kind, gone, now, "unseen")
        if page.cursor:
            coverage.keep_place(connection, sides.connection_id, kind, page.cursor, before + found)


def _unseen(sides: _Sides, kind: Kind, page: Page, held: list[str]) -> list[str]:
    """What we hold and the list lacks, after a second look: the list is long, and records move while it is read."""
    listed = {*page.records.column("id").to_pylist(), *page.skipped, *page.denied}
    doubtful = [i for i in held if i not in listed]
    shown = sides.connector.present(kind, doubtful) if doubtful else set()
    return [i for i in doubtful if i not in shown]
