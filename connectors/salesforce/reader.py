"""Reading changes: keyset pages by (stamp, Id), a deletion list where rows can vanish, and a cursor that can wait.

No query locator is used: a locator dies with its session, a keyset position does not. A pass reads everything after
`since` in the order of its stamps. When it ends, the next one starts at the server's time at which this one began, less
an overlap, because a row's stamp is set before its transaction commits and it can appear behind rows already read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from connectors.errors import NotYet, RetryLater
from connectors.records import Kind, Page
from connectors.salesforce.bulk import Bulk, BulkUnusable
from connectors.salesforce.client import CallFailed, Client
from connectors.salesforce.columns import Shaper, nothing, of_rows
from connectors.salesforce.deletions import deletions
from connectors.salesforce.position import Position, after, dump, load
from connectors.salesforce.sight import Sight
from connectors.salesforce.sources import OF_DEALS, SOURCES, Source
from connectors.salesforce.values import Names, Row, literal

log = structlog.get_logger(__name__)

DEALS_A_CALL = 200
Read = Iterator[tuple[Page, Position]]
"""Pages, each with the position behind it."""


class Reader:
    """Reads one org. `overlap` is how far behind the last pass each new one begins."""

    def __init__(
        self, client: Client, names: Names, *, overlap: timedelta, page_size: int, bulk_from: int, bulk: Bulk
    ) -> None:
        self._client, self._names, self._overlap, self._page_size = client, names, overlap, page_size
        self._bulk_from, self._bulk = bulk_from, bulk
        self._sight, self._shaper = Sight(client, names), Shaper(names)

    def pull(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """Pages of one kind; see Connector.pull."""
        sources = SOURCES[kind]
        positions, late = load(cursor, len(sources)), list[NotYet]()
        for index, source in enumerate(sources):
            try:
                for page, position in self._read(kind, source, positions[index]):
                    positions[index] = position
                    yield replace(page, cursor=dump(positions))
            except NotYet as told:
                late.append(told)
        if late:
            raise min(late, key=lambda told: told.had)

    def fresh(self, deals: Sequence[str], cursors: Mapping[Kind, str]) -> Iterator[tuple[Kind, Page]]:
        """These deals and what hangs on them; see Connector.fresh."""
        read = [
            (kind, source, position)
            for kind in OF_DEALS
            for source, position in zip(SOURCES[kind], load(cursors.get(kind), len(SOURCES[kind])))
            if position.fields
        ]
        for start in range(0, len(deals), DEALS_A_CALL):
            among = ", ".join(map(literal, deals[start : start + DEALS_A_CALL]))
            asked = [self._hanging(kind, source, position, among) for kind, source, position in read]
            for (kind, source, position), rows in zip(read, self._client.rows_of_each(asked)):
                yield kind, self._understood(kind, source, position, rows)

    def _hanging(self, kind: Kind, source: Source, position: Position, among: str) -> str:
        conditions = [OF_DEALS[kind].format(among), *filter(None, [source.where(self._names)])]
        columns = ", ".join(position.columns)
        return f"SELECT {columns} FROM {source.object} WHERE {' AND '.join(conditions)}"

    def _read(self, kind: Kind, source: Source, position: Position) -> Read:
        if source.daily:
            yield from self._whole(kind, source, position)
            return
        described = self._sight.described(kind, source, position)
        if described is None:
            return
        position = described
        expected = self._count(source, position) if position.since is None and position.at is None else None
        if position.job is None and (expected or 0) < self._bulk_from:
            for page, reached in self._page_by_page(kind, source, position, expected):
                position = reached
                yield page, position
                if expected is None and position.at is not None:
                    expected = self._count(source, position)
                    if expected >= self._bulk_from:
                        break
            else:
                yield from deletions(self._client, kind, source, position)
                return
        yield from self._by_job(kind, source, position, expected)

    def _whole(self, kind: Kind, source: Source, position: Position) -> Read:
        if self._sight.is_fresh(position):
            return
        # that there is nothing to read is remembered as well
        position = replace(position, described=self._client.server_time)
        described = self._sight.described(kind, source, Position())
        if described:
            rows = self._client.rows(f"SELECT {', '.join(described.columns)} FROM {source.object}")
            yield self._understood(kind, source, described, rows), position
        yield nothing(kind), position

    def _by_job(self, kind: Kind, source: Source, position: Position, expected: int | None) -> Read:
        try:
            for page, reached in self._load(kind, source, position):
                position = reached
                yield replace(page, expected=expected), position
        except BulkUnusable as reason:
            log.warning("paged_instead", object=source.object, reason=str(reason))
            for page, reached in self._page_by_page(kind, source, position.jobless(), expected):
                position = reached
                yield page, position
        yield from deletions(self._client, kind, source, position)

    def _page_by_page(self, kind: Kind, source: Source, position: Position, expected: int | None) -> Read:
        done = False
        while not done:
            try:
                rows, done, position = self._page(source, position)
            except _Hidden:
                described = self._sight.described(kind, source, replace(position, fields=()))
                if described is None:
                    return
                rows, done, position = self._page(source, described)
            page = self._understood(kind, source, position, rows)
            if done:
                position = self._finished(position)
            yield replace(page, expected=expected), position

    def _load(self, kind: Kind, source: Source, position: Position) -> Read:
        """The pass as one bulk job. Its id is stored before it is waited for, so that it is never ordered twice."""
        if position.job is None:
            now = self._client.server_time
            job = self._bulk.start(self._soql(source, position, paged=False))
            position = replace(position, job=job, until=position.until or now, ordered_at=now)
            yield replace(nothing(kind), waits=True), position
        job, ordered_at = position.job or "", position.ordered_at or position.until or datetime.min.replace(tzinfo=UTC)
        total = self._bulk.wait(job, ordered_at, had=position.had)
        understood = partial(self._shaper.page, kind, source, position.stamp)
        for results in self._bulk.results(job, position.locator, position.columns, understood):
            position = replace(position, locator=results.locator, taken=position.taken + results.rows)
            if results.locator is not None:
                yield results.page, position
        if position.taken != total:
            raise BulkUnusable(f"The job counted {total} rows and its pages brought {position.taken}.")
        yield results.page, self._finished(position).jobless()

    def _count(self, source: Source, position: Position) -> int:
        answer = self._client.query(f"SELECT COUNT() FROM {source.object}{self._where(source, position)}")
        return int(answer.get("totalSize") or 0)

    def _page(self, source: Source, position: Position) -> tuple[list[Row], bool, Position]:
        # the clock as heard before the query: a slow first page must not move the mark past what it did not see
        heard = self._client.server_time
        try:
            answer = self._client.query(self._soql(source, position))
        except CallFailed as refused:
            if refused.code in ("INVALID_FIELD", "INVALID_TYPE"):
                raise _Hidden(str(refused), refused.code, refused.status) from refused
            raise
        rows = list(answer["records"])
        if position.until is None:
            position = replace(position, until=heard or self._client.server_time)
        if rows:
            position = replace(position, at=(rows[-1][position.stamp], rows[-1]["Id"]))
        elif not answer.get("done", True):
            raise RetryLater(f"Salesforce sent an empty page of {source.object} and said there is more.")
        return rows, bool(answer.get("done", True)) and len(rows) < self._page_size, position

    def _soql(self, source: Source, position: Position, *, paged: bool = True) -> str:
        columns = ", ".join(position.columns)
        # an order would keep Salesforce from cutting a bulk query into parts
        order = f" ORDER BY {position.stamp}, Id LIMIT {self._page_size}" if paged else ""
        return f"SELECT {columns} FROM {source.object}{self._where(source, position)}{order}"

    def _where(self, source: Source, position: Position) -> str:
        conditions = [text for text in (source.where(self._names), after(position)) if text]
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def _understood(self, kind: Kind, source: Source, position: Position, rows: Sequence[Row]) -> Page:
        return self._shaper.page(kind, source, position.stamp, of_rows(rows, position.columns))

    def _finished(self, position: Position) -> Position:
        if position.until is None:
            raise RetryLater("Salesforce answered without a date, so nothing says how far this reading came.")
        since = position.until - self._overlap
        return replace(position, since=since, at=None, until=None, deleted_to=position.deleted_to or since)


class _Hidden(CallFailed):
    """A field or the whole object was hidden or removed since it was described."""
