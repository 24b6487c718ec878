"""Salesforce: the wire, the mapping, and what joins them into a Connector."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from connectors.base import Usage
from connectors.records import Check, Intent, Kind, NoteContent, Page, Receipt, TaskContent, Writing
from connectors.salesforce.auth import Grant
from connectors.salesforce.bulk import Bulk
from connectors.salesforce.census import Census
from connectors.salesforce.checks import check
from connectors.salesforce.client import Budget, Client
from connectors.salesforce.notes import NoteWriter
from connectors.salesforce.reader import Reader
from connectors.salesforce.transport import Wire
from connectors.salesforce.values import Names, long_id
from connectors.salesforce.writer import TaskWriter

BULK_FROM = 20_000
"""Rows from which a first load is a bulk job: ten pages, about what a job takes to begin."""
BULK_SECONDS = 600
"""How long one sitting waits for a job; the next one goes on waiting for the same."""


class SalesforceConnector:
    """One org. `settings` are what `connect` stored; see `connect` for their names."""

    def __init__(self, client: Client, settings: Mapping[str, Any], overlap: timedelta) -> None:
        self._client, self._settings, self._overlap = client, settings, overlap

    @cached_property
    def _names(self) -> Names:
        return Names(
            key_field=self._settings.get("key_field"),
            segment_field=self._settings.get("segment_field", "Industry"),
            me=self._client.user_id,
        )

    @cached_property
    def _reader(self) -> Reader:
        return Reader(
            self._client,
            self._names,
            overlap=self._overlap,
            page_size=self._page_size,
            bulk_from=int(self._settings.get("bulk_from", BULK_FROM)),
            bulk=Bulk(self._client, patience=float(self._settings.get("bulk_seconds", BULK_SECONDS))),
        )

    @cached_property
    def _census(self) -> Census:
        return Census(self._client, self._names, page_size=self._page_size)

    @property
    def _page_size(self) -> int:
        return int(self._settings.get("page_size", 2000))

    @cached_property
    def _tasks(self) -> TaskWriter:
        return TaskWriter(self._client, self._names)

    @cached_property
    def _notes(self) -> NoteWriter:
        return NoteWriter(self._client, self._names)

    @property
    def writes(self) -> frozenset[Writing]:
        """See Connector.writes."""
        return frozenset({"task", "note"})

    def check(self) -> list[Check]:
        """See Connector.check."""
        return check(self._client, self._settings)

    def pull(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """See Connector.pull."""
        return self._reader.pull(kind, cursor)

    def census(self, kind: Kind, after: str = "") -> Iterator[Page]:
        """See Connector.census."""
        return self._census.census(kind, after)

    def present(self, kind: Kind, ids: Sequence[str]) -> set[str]:
        """See Connector.present."""
        return self._census.present(kind, ids)

    def deal_id(self, text: str) -> str | None:
        """See Connector.deal_id."""
        return long_id(text) if text.startswith("006") else None

    def fresh(self, deals: Sequence[str], cursors: Mapping[Kind, str]) -> Iterator[tuple[Kind, Page]]:
        """See Connector.fresh."""
        return self._reader.fresh(deals, cursors)

    def push(self, intents: Sequence[Intent]) -> Iterator[Receipt]:
        """See Connector.push."""
        yield from self._tasks.push([i for i in intents if isinstance(i.content, TaskContent)])
        yield from self._notes.push([i for i in intents if isinstance(i.content, NoteContent)])

    def usage(self) -> Usage:
        """See Connector.usage."""
        return self._client.usage

    def spent_share(self) -> float:
        """See Connector.spent_share."""
        return self._client.spent_share()


def connect(
    settings: Mapping[str, Any],
    secrets: Callable[[], Mapping[str, str]],
    *,
    save: Callable[[Mapping[str, str]], None],
    share: float,
    spent_before: int,
    overlap: timedelta,
    clock: Callable[[], datetime] | None = None,
) -> SalesforceConnector:
    """A connector from stored settings: login_url, client_id, username, api_version, ca_file, key_field,
    segment_field, page_size, bulk_from, bulk_seconds, and for impatient tests read_seconds, tries, first_wait.

    `secrets` tells one of private_key, client_secret, refresh_token, at each sign-in anew; `save` keeps a rotated one.
    `clock` is ours, which bounds what the org's says; None: that is believed.
    """
    patience = {k: settings[k] for k in ("read_seconds", "tries", "first_wait") if k in settings}
    wire = Wire(version=str(settings.get("api_version", "62.0")), ca_file=settings.get("ca_file"), **patience)
    grant = Grant(
        login_url=settings["login_url"],
        client_id=settings["client_id"],
        username=settings.get("username"),
        secrets=secrets,
    )
    budget = Budget(share=share, spent_before=spent_before)
    client = Client(grant, wire=wire, budget=budget, save=save, clock=clock)
    return SalesforceConnector(client, settings, overlap)
