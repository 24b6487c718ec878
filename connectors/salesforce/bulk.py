"""First loads and large deltas by Bulk API 2.0: one job a pass, its result pages in any number of sittings.

A job outlives our process and our session; its id and the next locator lie in the cursor, so a kill costs no more than
the page in hand. A finished job is left to Salesforce, which removes it after a week. Nothing a job says is believed
without counting: every page's rows against its header, all pages against the job. What Bulk will not do is read page by
page instead.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import structlog

from connectors.errors import NotYet, RetryLater
from connectors.records import Page
from connectors.salesforce.answers import Garbled
from connectors.salesforce.client import CallFailed, Client
from connectors.salesforce.columns import of_csv

log = structlog.get_logger(__name__)

FIRST_LOOK_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 15.0
BRIEFLY = 30.0
"""How many seconds a sitting waits for newer rows of what is held already: answers and writes do not wait for them."""
GIVEN_UP_AFTER = timedelta(hours=6)
"""A job that has not ended by then is taken for stuck, and its rows are read page by page."""
PAGE_ROWS = 20_000
END = "null"  # the literal word that Salesforce sends as the locator of the last page
UNFINISHED = frozenset({"UploadComplete", "InProgress"})


Understood = Callable[[pa.Table], Page]
"""Makes records of columns of text."""


class BulkUnusable(Exception):
    """Bulk will not or did not do it; the same rows can be read page by page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One page of a job and how many rows it was made of; `locator` leads to the next, None after the last."""

    page: Page
    rows: int
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

    def wait(self, job: str, ordered_at: datetime, *, had: bool) -> int:
        """How many rows the finished job has. NotYet while it runs on; BulkUnusable when it will never finish.

        `had`: all rows were read before and these are newer ones, so that nobody need wait long for them.
        """
        waited, pause, patience = 0.0, FIRST_LOOK_SECONDS, min(self._patience, BRIEFLY) if had else self._patience
        while True:
            told = self._state(job)
            if told["state"] == "JobComplete":
                return _counted(told.get("numberRecordsProcessed"), "The job")
            if told["state"] not in UNFINISHED:
                raise BulkUnusable(f"The job ended as {told['state']}: {told.get('errorMessage') or 'no reason given'}")
            if self._client.server_time and self._client.server_time - ordered_at > GIVEN_UP_AFTER:
                self._abort(job)
                raise BulkUnusable("The job has not ended in six hours.")
            if waited >= patience:
                told_later = "Salesforce is still preparing a bulk job; the next run goes on with it."
                raise NotYet(told_later, after=300, had=had)
            self._sleep(pause)
            waited, pause = waited + pause, min(pause * 2, LONGEST_WAIT_SECONDS)

    def _state(self, job: str) -> Mapping[str, Any]:
        try:
            told: Mapping[str, Any] = self._client.call("GET", f"jobs/query/{job}")
        except CallFailed as refused:  # jobs are kept seven days
            raise BulkUnusable(str(refused)) from refused
        return told

    def results(self, job: str, locator: str | None, paths: Sequence[str], understood: Understood) -> Iterator[Results]:
        """The pages from `locator` on (None: the first).

        While the caller puts one away, the next is fetched and understood in another thread; nothing else may be asked
        of the org meanwhile.
        """
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self._page, job, locator, paths, understood)
            while True:
                results = coming.result()
                if results.locator is None:
                    break
                coming = ahead.submit(self._page, job, results.locator, paths, understood)
                yield results
        yield results

    def _page(self, job: str, locator: str | None, paths: Sequence[str], understood: Understood) -> Results:
        """What is spoilt twice is spoilt for good: a page that is read again each run would never let us get on."""
        try:
            return self._read(job, locator, paths, understood)
        except Garbled as spoilt:
            log.warning("bulk_page_spoilt", job=job, reason=str(spoilt))
        try:
            return self._read(job, locator, paths, understood)
        except Garbled as spoilt:
            raise BulkUnusable(str(spoilt)) from spoilt

    def _read(self, job: str, locator: str | None, paths: Sequence[str], understood: Understood) -> Results:
        params = {"maxRecords": PAGE_ROWS} | ({"locator": locator} if locator else {})
        try:
            headers, content = self._client.csv(f"jobs/query/{job}/results", params)
        except CallFailed as refused:
            raise BulkUnusable(str(refused)) from refused
        # taking a missing count for an empty result is how whole tables went missing behind proxies
        promised, after = _counted(headers.get("Sforce-NumberOfRecords"), "A bulk page"), headers.get("Sforce-Locator")
        if after is None:
            raise BulkUnusable("The headers that count a bulk page are missing; a proxy may take them away.")
        try:
            rows = of_csv(content, paths)
        except ValueError as error:
            raise Garbled("A bulk page is no table.") from error
        if rows.num_rows != promised:
            raise Garbled(f"A bulk page has {rows.num_rows} rows instead of {promised}.")
        return Results(page=understood(rows), rows=rows.num_rows, locator=None if after == END else after)

    def _abort(self, job: str) -> None:
        try:
            self._client.call("PATCH", f"jobs/query/{job}", body={"state": "Aborted"})
        except (CallFailed, RetryLater) as kept:
            log.info("job_kept", job=job, reason=str(kept))


def _counted(said: Any, what: str) -> int:
    """A number of rows; BulkUnusable where none is told, since only counting shows that all came."""
    if not str(said).isdecimal():
        raise BulkUnusable(f"{what} does not say how many rows it has; a proxy may take that away.")
    return int(said)
