"""Push: have we told the CRM? Intents without a receipt are sent, and what was answered is kept."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.store import writes
from app.store.session import Store
from connectors.base import Connector
from connectors.errors import OverBudget, Reconnect, Refused, RetryLater
from connectors.records import Intent, NoteContent, Receipt

log = structlog.get_logger(__name__)

TASKS_A_BATCH = 200
NOTES_A_BATCH = 12
ROUNDS = 3
"""An answer that was lost is asked for again at once, twice; after that with the next run."""


@dataclass(slots=True, kw_only=True)
class Pushed:
    """What became of what was sent. sent = created + updated + adopted + refused + retry + unknown, always."""

    sent: int = 0
    created: int = 0
    updated: int = 0
    adopted: int = 0
    refused: int = 0
    retry: int = 0
    unknown: int = 0
    tasks_created: int = 0
    notes_created: int = 0


def push(
    store: Store,
    connection_id: int,
    connector: Connector,
    *,
    clock: Callable[[], datetime],
    between: Callable[[], None] = lambda: None,
) -> Pushed:
    """Send what is due. Raises what the connector raises when nothing more can be sent; receipts so far are kept.

    `between` is called before each batch and may raise to end the push there.
    """
    pushed = Pushed()
    unsettled: set[str] | None = None
    for _ in range(ROUNDS):
        with store.read() as connection:
            owed = writes.due(connection, connection_id, clock())
        again = [i for i in owed if unsettled is None or i.reference in unsettled]
        unknown = _send_all(store, connection_id, connector, again, clock, between, pushed)
        unsettled = {intent.reference for intent in unknown}
        if not unsettled:
            break
    pushed.unknown = len(unsettled or ())
    pushed.sent += pushed.unknown
    return pushed


def _send_all(
    store: Store,
    connection_id: int,
    connector: Connector,
    owed: Sequence[Intent],
    clock: Callable[[], datetime],
    between: Callable[[], None],
    pushed: Pushed,
) -> list[Intent]:
    """Send in batches and return those whose outcome is unknown."""
    unknown: list[Intent] = []
    for batch in _batches(owed):
        between()
        with store.begin() as connection:
            writes.mark_in_flight(connection, connection_id, batch)
        receipts, lost = _send(connector, batch)
        answered = {receipt.reference: receipt for receipt in receipts}
        got = [(intent, answered[intent.reference]) for intent in batch if intent.reference in answered]
        with store.begin() as connection:
            writes.record(connection, connection_id, got, clock())
        for intent, receipt in got:
            _count(pushed, intent, receipt)
        unknown += [intent for intent in batch if intent.reference not in answered]
        if lost is not None and not isinstance(lost, RetryLater):
            raise lost
    return unknown


def _batches(owed: Sequence[Intent]) -> Iterator[Sequence[Intent]]:
    """Tasks before notes: a task is worth more to its reader today."""
    tasks = [i for i in owed if not isinstance(i.content, NoteContent)]
    notes = [i for i in owed if isinstance(i.content, NoteContent)]
    for intents, size in ((tasks, TASKS_A_BATCH), (notes, NOTES_A_BATCH)):
        for start in range(0, len(intents), size):
            yield intents[start : start + size]


def _send(connector: Connector, batch: Sequence[Intent]) -> tuple[list[Receipt], Exception | None]:
    receipts: list[Receipt] = []
    try:
        for receipt in connector.push(batch):
            receipts.append(receipt)
    except RetryLater as lost:
        log.warning("answer_lost", count=len(batch) - len(receipts), reason=str(lost))
        return receipts, lost
    except (OverBudget, Reconnect) as over:
        return receipts, over
    except Refused as refused:
        answered = {receipt.reference for receipt in receipts}
        receipts += [
            Receipt(reference=i.reference, status="refused", reason=str(refused))
            for i in batch
            if i.reference not in answered
        ]
    return receipts, None


def _count(pushed: Pushed, intent: Intent, receipt: Receipt) -> None:
    pushed.sent += 1
    if receipt.status == "stored":
        what = "created" if receipt.created else "adopted" if receipt.adopted else "updated"
    else:
        what = receipt.status
    setattr(pushed, what, getattr(pushed, what) + 1)
    if what in ("created", "adopted"):
        if isinstance(intent.content, NoteContent):
            pushed.notes_created += 1
        else:
            pushed.tasks_created += 1
