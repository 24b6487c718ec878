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
"""What an answer was lost to is looked for at once, twice; after that with the next run."""


@dataclass(slots=True, kw_only=True)
class Pushed:
    """What became of what was sent. sent = created + updated + adopted + refused + retry + unknown, always.

    `unknown` may be there, and the next run looks for it. `withdrawn` is not there, and not wanted any more.
    """

    sent: int = 0
    created: int = 0
    updated: int = 0
    adopted: int = 0
    refused: int = 0
    retry: int = 0
    unknown: int = 0
    withdrawn: int = 0
    tasks_created: int = 0
    notes_created: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """Ours and theirs."""

    store: Store
    connection_id: int
    connector: Connector
    clock: Callable[[], datetime]
    between: Callable[[], None]


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
    sides = _Sides(store=store, connection_id=connection_id, connector=connector, clock=clock, between=between)
    pushed = Pushed()
    unheard: set[str] | None = None
    for _ in range(ROUNDS):
        with store.read() as connection:
            owed = writes.due(connection, connection_id, clock())
        again = [i for i in owed if unheard is None or i.reference in unheard]
        unheard = _send_all(sides, again, pushed)
        if not unheard:
            break
    pushed.unknown += len(unheard or ())
    pushed.sent += len(unheard or ())
    return pushed


def _send_all(sides: _Sides, owed: Sequence[Intent], pushed: Pushed) -> set[str]:
    """Send in batches and return the references of those of which nothing was heard."""
    unheard: set[str] = set()
    for planned in _batches(owed):
        sides.between()
        with sides.store.begin() as connection:
            batch = writes.take(connection, sides.connection_id, [i.reference for i in planned], sides.clock())
        receipts, lost = _send(sides.connector, batch)
        answered = {receipt.reference: receipt for receipt in receipts}
        got = [(intent, answered[intent.reference]) for intent in batch if intent.reference in answered]
        silent = [intent for intent in batch if intent.reference not in answered]
        with sides.store.begin() as connection:
            writes.record(connection, sides.connection_id, got, sides.clock())
            if isinstance(lost, OverBudget):  # no call is made beyond the budget, or it is refused unread
                writes.not_sent(connection, sides.connection_id, silent)
        for intent, receipt in got:
            _count(pushed, intent, receipt)
        unheard |= {intent.reference for intent in silent}
        if lost is not None and not isinstance(lost, RetryLater):
            raise lost
    return unheard


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
            Receipt(reference=i.reference, status="refused", crm_id=i.crm_id, reason=str(refused))
            for i in batch
            if i.reference not in answered and not i.attempted  # an earlier try of which may be there all the same
        ]
    return receipts, None


def _count(pushed: Pushed, intent: Intent, receipt: Receipt) -> None:
    what = _became(intent, receipt)
    setattr(pushed, what, getattr(pushed, what) + 1)
    pushed.sent += what != "withdrawn"
    if what in ("created", "adopted"):
        if isinstance(intent.content, NoteContent):
            pushed.notes_created += 1
        else:
            pushed.tasks_created += 1


def _became(intent: Intent, receipt: Receipt) -> str:
    if receipt.status == "absent":
        return "withdrawn" if intent.if_absent == "leave" else "unknown"
    if receipt.status == "stored":
        return "created" if receipt.created else "adopted" if receipt.adopted else "updated"
    return receipt.status
