"""Refresh: what do these deals look like now? The cursors stay where they are, so that the next pull reads on."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from app.store import canonical, runs
from app.store.session import Store, Transaction
from connectors.base import Connector
from connectors.records import KINDS, Kind

WHOLE: tuple[Kind, ...] = ("deal", "deal_contact")
"""Kinds of which all that is there was shown, so that what was not shown is gone. An activity may have moved on."""

FAST_CLOCK = timedelta(minutes=5)
"""How far the CRM's clock may be before ours without being taken for wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """The deals that we hold or that the CRM shows, how many rows came, and the instant as of which they are so.

    That is now, or when the CRM's clock says that the latest of it happened, which may go a little before ours.
    """

    deals: frozenset[str]
    rows: int
    as_of: datetime


def refresh(
    store: Store, connection_id: int, connector: Connector, deals: Collection[str], *, clock: Callable[[], datetime]
) -> Refreshed:
    """Read these deals and what hangs on them, and store it in one transaction."""
    with store.read() as transaction:
        found = ((kind, runs.cursor(transaction, connection_id, kind)) for kind in KINDS)
        cursors = {kind: cursor for kind, cursor in found if cursor}
    shown: dict[Kind, list[pa.Table]] = {}
    for kind, page in connector.fresh(sorted(deals), cursors):
        shown.setdefault(kind, []).append(page.records)
    told = {kind: pa.concat_tables(records) for kind, records in shown.items()}
    now = clock()
    with store.begin() as transaction:
        canonical.index_by_deal(transaction)
        held = canonical.hanging(transaction, connection_id, "deal", deals)
        for kind, records in told.items():
            canonical.store_page(transaction, connection_id, kind, records, now)
        _miss(transaction, connection_id, told, deals, now)
    ids = told["deal"].column("id").to_pylist() if "deal" in told else []
    latest = pc.max(told["deal"].column("changed_at")).as_py() if ids else now
    return Refreshed(
        deals=frozenset({*held, *ids}),
        rows=sum(records.num_rows for records in told.values()),
        as_of=min(max(now, latest), now + FAST_CLOCK),
    )


def _miss(
    transaction: Transaction,
    connection_id: int,
    told: Mapping[Kind, pa.Table],
    deals: Collection[str],
    now: datetime,
) -> None:
    for kind in WHOLE:
        if kind in told:
            held = canonical.hanging(transaction, connection_id, kind, deals)
            unseen = sorted(held.difference(told[kind].column("id").to_pylist()))
            canonical.mark_gone(transaction, connection_id, kind, unseen, now, "unseen")
