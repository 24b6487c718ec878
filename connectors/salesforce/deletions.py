"""The list of deleted ids, for what leaves without passing through the recycle bin."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.records import Gone, Kind, Page
from connectors.salesforce.client import CallFailed, Client
from connectors.salesforce.columns import nothing
from connectors.salesforce.position import Position
from connectors.salesforce.sources import Source
from connectors.salesforce.values import instant, moment

KEPT = timedelta(days=14)  # Salesforce keeps the list 15 days; a day is left for clocks
OVERLAP = timedelta(minutes=2)  # the list is kept to the minute


def deletions(client: Client, kind: Kind, source: Source, position: Position) -> Iterator[tuple[Page, Position]]:
    """What was deleted since it was last asked, where that is due; a sweep is asked for where the list ends short."""
    now = client.server_time
    if source.deletions is None or now is None:
        return
    start = position.deleted_to or now
    if now - start > KEPT:
        yield replace(nothing(kind), sweep=True), replace(position, deleted_to=now)
    elif now - start >= max(source.deletions, timedelta(minutes=1)):
        gone, covered = _deleted(client, source, start - OVERLAP, now)
        page = replace(nothing(kind), gone=gone, sweep=covered is None)
        yield page, replace(position, deleted_to=min(covered or now, now))


def _deleted(
    client: Client, source: Source, start: datetime, end: datetime
) -> tuple[tuple[Gone, ...], datetime | None]:
    """What was deleted, and up to when the list is complete; None where it cannot be had."""
    window = {"start": moment(start), "end": moment(end)}
    try:
        answer = client.call("GET", f"sobjects/{source.object}/deleted/", params=window)
    except CallFailed as refused:
        if refused.code not in ("INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"):
            raise
        return (), None
    gone = tuple(Gone(id=row["id"], at=instant(row["deletedDate"])) for row in answer["deletedRecords"])
    return gone, instant(answer["latestDateCovered"])
