"""Pull: what changed since the cursor? Records and cursor in one transaction a page, so that a kill loses nothing.

Kinds are read one after the other, but while the CRM prepares one of them the next may begin.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from app.store import canonical, coverage, runs
from app.store.session import Store
from connectors.base import Connector
from connectors.errors import NotYet, OverBudget, Refused
from connectors.records import KINDS, Kind, Page

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Progress = Callable[[Kind, int, int | None], None]
"""Called after each page with the kind, rows so far, and how many are expected where that is known."""

LEAVE_OUT: tuple[tuple[float, tuple[Kind, ...]], ...] = (
    (0.8, ("user", "stage", "currency_rate", "account", "deal_contact", "field_change")),
    (0.9, ("deal_change", "activity")),
)
"""From which part of our API share on which kinds wait: what people did with our tasks, and the deals, come last."""


@dataclass(slots=True, kw_only=True)
class Pulled:
    """What a pull brought, by kind, and what it left for later."""

    rows: dict[str, int] = field(default_factory=dict)
    skipped: int = 0
    left_out: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """Kinds of which the CRM is still preparing what changed; what is held of them is as it was."""


def pull(
    store: Store,
    connection_id: int,
    connector: Connector,
    *,
    clock: Clock,
    kinds: Sequence[Kind] = KINDS,
    progress: Progress = lambda kind, rows, expected: None,
    between: Callable[[], None] = lambda: None,
) -> Pulled:
    """Bring home what changed. A kind that may have missed deletions falls due to be compared.

    What one kind cannot do holds up no other. Raises at the end what a person must mend, and NotYet while a kind is
    here by half, since nothing may be judged by that. `between` is called before each page and may raise to end the
    pull there; the next one goes on.
    """
    pulled, over = Pulled(), list[Refused | NotYet]()
    under_way = deque((kind, _pages(store, connection_id, connector, kind, pulled)) for kind in kinds)
    while under_way:
        between()
        kind, pages = under_way[0]
        page = _next(kind, pages, pulled, over)
        if page is None:
            under_way.popleft()
            continue
        _store(store, connection_id, kind, page, clock(), pulled)
        progress(kind, pulled.rows.get(kind, 0), page.expected)
        if page.waits:
            under_way.rotate(-1)
    if over:
        raise min(over, key=lambda told: isinstance(told, NotYet))
    return pulled


def _next(kind: Kind, pages: Iterator[Page], pulled: Pulled, over: list[Refused | NotYet]) -> Page | None:
    """The next page of a kind; None where there is no other now, with what the run has to end for in `over`."""
    try:
        return next(pages, None)
    except OverBudget:
        raise
    except NotYet as told:
        pulled.waiting.append(kind)
        log.info("waits", kind=kind, held=told.had)
        over += [] if told.had else [told]
    except Refused as refused:
        log.warning("not_pulled", kind=kind, reason=str(refused))
        over.append(refused)
    return None


def _waiting(spent: float) -> set[Kind]:
    return {kind for share, kinds in LEAVE_OUT if spent >= share for kind in kinds}


def _pages(store: Store, connection_id: int, connector: Connector, kind: Kind, pulled: Pulled) -> Iterator[Page]:
    if kind in _waiting(connector.spent_share()):
        pulled.left_out.append(kind)
        log.warning("left_out", kind=kind, reason="near the API budget")
        return
    with store.read() as connection:
        cursor = runs.cursor(connection, connection_id, kind)
    yield from connector.pull(kind, cursor)


def _store(store: Store, connection_id: int, kind: Kind, page: Page, now: datetime, pulled: Pulled) -> None:
    with store.begin() as connection:
        touched = canonical.store_page(connection, connection_id, kind, page.records, now)
        touched += canonical.forget(connection, connection_id, kind, page.denied)
        for gone in page.gone:
            touched += canonical.mark_gone(connection, connection_id, kind, [gone.id], gone.at, "deleted")
        runs.keep_cursor(connection, connection_id, kind, page.cursor, now)
        if page.sweep:
            coverage.fall_due(connection, connection_id, kind)
    pulled.rows[kind] = pulled.rows.get(kind, 0) + touched
    pulled.skipped += len(page.skipped)
