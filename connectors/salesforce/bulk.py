"""First loads and large deltas by Bulk API 2.0: one job a pass, its result pages in any number of sittings.

A job outlives our process and our session; its id and the next locator lie in the cursor, so a kill costs no more than
the page in hand. Nothing a job says is believed without counting: every page's rows against its header, all pages
against the job. What Bulk will not do is read page by page instead.
"""

import csv
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from connectors.errors import RetryLater
from connectors.salesforce.client import CallFailed, Client
from connectors.salesforce.values import Row

log = structlog.get_logger(__name__)

FIRST_LOOK_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 15.0
PAGE_ROWS = 10_000
END = "null"  # the literal word that Salesforce sends as the locator of the last page
UNFINISHED = frozenset({"UploadComplete", "InProgress"})


class BulkUnusable(Exception):
    """Bulk will not or did not do it; the same rows can be read page by page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One page of a job's rows; `locator` leads to the next, None after the last."""

    rows: Sequence[Row]
    locator: str | None


class Bulk:
    """Query jobs of one org. `patience` is how many seconds one sitting waits for a job before it leaves it running."""

    def __init__(self, client: Client, *, patience: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client, self._patience, self._sleep = client, patience, sleep

    def start(self, soql: str) -> str:
        """The id of a new job; BulkUnusable where the org refuses one for this object, or has none left today."""
        wish = {"operation": "queryAll", "query": soql, "contentType": "CSV", "lineEnding": "LF"}
        try:
            return str(self._client.call("POST", "jobs/query", body=wish)["id"])
        except CallFailed as refused:
            raise BulkUnusable(str(refused)) from refused

    def wait(self, job: str) -> int:
        """How many rows the finished job has. RetryLater while it runs on; BulkUnusable when it will never finish."""
        waited, pause = 0.0, FIRST_LOOK_SECONDS
        while True:
            told = self._state(job)
            if told["state"] == "JobComplete":
                return int(told["numberRecordsProcessed"])
            if told["state"] not in UNFINISHED:
                raise BulkUnusable(f"The job ended as {told['state']}: {told.get('errorMessage') or 'no reason given'}")
            if waited >= self._patience:
                raise RetryLater("Salesforce is still preparing a bulk job; the next run goes on with it.", after=300)
            self._sleep(pause)
            waited, pause = waited + pause, min(pause * 2, LONGEST_WAIT_SECONDS)

    def _state(self, job: str) -> Mapping[str, Any]:
        try:
            told: Mapping[str, Any] = self._client.call("GET", f"jobs/query/{job}")
        except CallFailed as refused:  # jobs are kept seven days
            raise BulkUnusable(str(refused)) from refused
        return told

    def results(self, job: str, locator: str | None, flags: frozenset[str]) -> Results:
        """The page behind `locator` (None: the first); `flags` names the columns that are true or false."""
        params = {"maxRecords": PAGE_ROWS} | ({"locator": locator} if locator else {})
        try:
            headers, text = self._client.text(f"jobs/query/{job}/results", params)
        except CallFailed as refused:
            raise BulkUnusable(str(refused)) from refused
        promised, after = headers.get("Sforce-NumberOfRecords"), headers.get("Sforce-Locator")
        if promised is None or after is None:
            # taking this for an empty result is how whole tables went missing behind proxies
            raise BulkUnusable("The headers that count a bulk page are missing; a proxy may take them away.")
        rows = list(_rows(text, flags))
        if len(rows) != int(promised):
            raise RetryLater(f"A bulk page has {len(rows)} rows instead of {promised}; it is read again.")
        return Results(rows=rows, locator=None if after == END else after)

    def forget(self, job: str) -> None:
        """Clear a job away; what is left behind goes by itself in a week."""
        try:
            self._client.call("DELETE", f"jobs/query/{job}")
        except (CallFailed, RetryLater) as kept:
            log.info("job_kept", job=job, reason=str(kept))


def _rows(text: str, flags: frozenset[str]) -> Iterator[Row]:
    """Rows as REST would have told them: nothing for empty, true and false as such, parents as records of their own."""
    reader = csv.reader(io.StringIO(text.replace("\x00", ""), newline=""))
    names = next(reader, [])
    parents = [(at, name.partition(".")[0], name.partition(".")[2]) for at, name in enumerate(names) if "." in name]
    marks = [at for at, name in enumerate(names) if name in flags]
    for cells in reader:
        values: list[Any] = [cell or None for cell in cells]
        for at in marks:
            values[at] = cells[at].lower() == "true"
        row = dict(zip(names, values, strict=True))
        for at, parent, field in parents:
            row[parent] = {field: values[at]} if values[at] is not None else None
        yield row
