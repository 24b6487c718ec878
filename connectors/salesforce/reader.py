"""Reading changes: keyset pages by (stamp, Id), a deletion list where rows can vanish, and a cursor that can wait.

No query locator is used: a locator dies with its session, a keyset position does not. A pass reads everything after
`since` in the order of its stamps. When it ends, the next one starts at the server's time at which this one began, less
an overlap, because a row's stamp is set before its transaction commits and it can appear behind rows already read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pyarrow as pa
import structlog

from connectors.errors import Refused, RetryLater
from connectors.records import SCHEMAS, Gone, Kind, Page
from connectors.salesforce.bulk import Bulk, BulkUnusable
from connectors.salesforce.client import CallFailed, Client
from connectors.salesforce.columns import Shaper, of_rows
from connectors.salesforce.position import Position, after, dump, load
from connectors.salesforce.sources import OF_DEALS, SOURCES, STAMPS, VITAL, Source
from connectors.salesforce.values import Names, Row, instant, literal, moment

log = structlog.get_logger(__name__)

DESCRIBED_FOR = timedelta(hours=24)
DELETIONS_KEPT = timedelta(days=14)  # Salesforce keeps the list 15 days; a day is left for clocks
DELETIONS_OVERLAP = timedelta(minutes=2)  # the list is kept to the minute
DEALS_A_CALL = 200
IDS_A_QUERY = 500  # 500 ids make about 11 kB of address; 16 kB is the limit


class Reader:
    """Reads one org. `overlap` is how far behind the last pass each new one begins."""

    def __init__(
        self, client: Client, names: Names, *, overlap: timedelta, page_size: int, bulk_from: int, bulk: Bulk
    ) -> None:
        self._client, self._names, self._overlap, self._page_size = client, names, overlap, page_size
        self._bulk_from, self._bulk = bulk_from, bulk
        self._shaper = Shaper(names)

    def pull(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """Pages of one kind; see Connector.pull."""
        sources = SOURCES[kind]
        positions = load(cursor, len(sources))
        for index, source in enumerate(sources):
            for page, position in self._read(kind, source, positions[index]):
                positions[index] = position
                yield replace(page, cursor=dump(positions))

    def present(self, kind: Kind, ids: Sequence[str]) -> set[str]:
        """Which of the ids are still shown to us; see Connector.present."""
        shown: set[str] = set()
        for start in range(0, len(ids), IDS_A_QUERY):
            among = ", ".join(literal(i) for i in ids[start : start + IDS_A_QUERY])
            for source in SOURCES[kind]:
                if len(SOURCES[kind]) == 1 or self._has_prefix(source, ids):
                    answer = self._client.query(
                        f"SELECT Id FROM {source.object} WHERE Id IN ({among})" + self._alive(source)
                    )
                    shown.update(row["Id"] for row in self._rest(answer))
        return shown

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
                yield kind, self._understood(kind, source, position.stamp, self._told(rows, position))

    def _hanging(self, kind: Kind, source: Source, position: Position, among: str) -> str:
        conditions = [OF_DEALS[kind].format(among), *filter(None, [source.where(self._names)])]
        columns = ", ".join(self._columns(position))
        return f"SELECT {columns} FROM {source.object} WHERE {' AND '.join(conditions)}"

    def _has_prefix(self, source: Source, ids: Sequence[str]) -> bool:
        prefix = {"Task": "00T", "Event": "00U"}.get(source.object, "")
        return any(i.startswith(prefix) for i in ids)

    def _alive(self, source: Source) -> str:
        return " AND IsDeleted = false" if "IsDeleted" in source.fields else ""

    def _rest(self, answer: Mapping[str, Any]) -> Iterator[Row]:
        if not answer.get("done", True):
            raise RetryLater("Salesforce split an answer that fits one page; it is asked again later.")
        yield from answer["records"]

    def _read(self, kind: Kind, source: Source, position: Position) -> Iterator[tuple[Page, Position]]:
        if source.daily:
            yield from self._whole(kind, source, position)
            return
        described = self._described(kind, source, position)
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
                yield from self._deletions(kind, source, position)
                return
        yield from self._by_job(kind, source, position, expected)

    def _whole(self, kind: Kind, source: Source, position: Position) -> Iterator[tuple[Page, Position]]:
        now = self._client.server_time
        if position.described and now and now - position.described < DESCRIBED_FOR:
            return
        # that there is nothing to read is remembered as well
        position = replace(position, described=now)
        described = self._described(kind, source, Position())
        if described:
            for rows, _ in self._listed(source, described):
                yield self._understood(kind, source, described.stamp, self._told(rows, described)), position
        yield self._nothing(kind), position

    def _by_job(
        self, kind: Kind, source: Source, position: Position, expected: int | None
    ) -> Iterator[tuple[Page, Position]]:
        try:
            for page, reached in self._load(kind, source, position):
                position = reached
                yield replace(page, expected=expected), position
        except BulkUnusable as reason:
            log.warning("paged_instead", object=source.object, reason=str(reason))
            for page, reached in self._page_by_page(
                kind, source, replace(position, job=None, locator=None, taken=0), expected
            ):
                position = reached
                yield page, position
        yield from self._deletions(kind, source, position)

    def _page_by_page(
        self, kind: Kind, source: Source, position: Position, expected: int | None
    ) -> Iterator[tuple[Page, Position]]:
        done = False
        while not done:
            try:
                rows, done, position = self._page(source, position)
            except _Hidden:
                described = self._described(kind, source, replace(position, fields=()))
                if described is None:
                    return
                rows, done, position = self._page(source, described)
            page = self._understood(kind, source, position.stamp, self._told(rows, position))
            if done:
                position = self._finished(position)
            yield replace(page, expected=expected), position

    def _load(self, kind: Kind, source: Source, position: Position) -> Iterator[tuple[Page, Position]]:
        """The pass as one bulk job. Its id is stored before it is waited for, so that it is never ordered twice."""
        if position.job is None:
            until = position.until or self._client.server_time
            position = replace(position, job=self._bulk.start(self._soql(source, position, paged=False)), until=until)
            yield replace(self._nothing(kind), waits=True), position
        job, ordered_at = position.job or "", position.until or datetime.min.replace(tzinfo=UTC)
        total = self._bulk.wait(job, ordered_at)
        understood = partial(self._understood, kind, source, position.stamp)
        for results in self._bulk.results(job, position.locator, self._columns(position), understood):
            position = replace(position, locator=results.locator, taken=position.taken + results.rows)
            if results.locator is not None:
                yield results.page, position
        if position.taken != total:
            raise BulkUnusable(f"The job counted {total} rows and its pages brought {position.taken}.")
        yield results.page, replace(self._finished(position), job=None, locator=None, taken=0)

    def _described(self, kind: Kind, source: Source, position: Position) -> Position | None:
        """The position with fields that exist for us; from the beginning again if there are new ones to fill."""
        now = self._client.server_time
        fresh = position.described and now and now - position.described < DESCRIBED_FOR
        if position.fields and (fresh or position.at or position.job):
            return position
        available = self._client.fields(source.object)
        if available is None or not set(source.required) <= available.keys():
            self._missing(kind, source, available)
            return None
        wanted = (*source.fields, *(path for path in source.own(self._names).values() if path))
        fields = tuple(name for name in wanted if self._shown(name, available))
        leading = (name for name in STAMPS if (name in available if source.daily else _leads(available.get(name, {}))))
        stamp = next(leading, None)
        if stamp is None:
            raise Refused(f"{source.object} has no date that tells when a row changed; coachsync cannot follow it.")
        grown = bool(position.fields) and not set(fields) <= set(position.fields)
        # positions by one date say nothing about another
        anew = grown or (position.described is not None and stamp != position.stamp)
        return replace(
            position,
            fields=fields,
            stamp=stamp,
            described=self._client.server_time,
            since=None if anew else position.since,
            at=None if anew else position.at,
        )

    def _shown(self, path: str, available: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether the field is there; for a path such as UserRole.Name, whether its object can be seen as well."""
        if "." not in path:
            return path in available
        relation = path.split(".", 1)[0]
        links = [entry for entry in available.values() if entry.get("relationshipName") == relation]
        return any(self._client.fields(parent) is not None for link in links for parent in link["referenceTo"])

    def _missing(self, kind: Kind, source: Source, available: Mapping[str, Any] | None) -> None:
        lacking = "the object" if available is None else ", ".join(sorted(set(source.required) - available.keys()))
        if kind in VITAL:
            raise Refused(
                f"The integration user cannot see {lacking} of {source.object}; grant it and run `coachsync check`."
            )
        if not source.daily:
            log.warning("not_visible", object=source.object, lacking=lacking)

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
        columns = ", ".join(self._columns(position))
        # an order would keep Salesforce from cutting a bulk query into parts
        order = f" ORDER BY {position.stamp}, Id LIMIT {self._page_size}" if paged else ""
        return f"SELECT {columns} FROM {source.object}{self._where(source, position)}{order}"

    def _where(self, source: Source, position: Position) -> str:
        conditions = [text for text in (source.where(self._names), after(position)) if text]
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def _columns(self, position: Position) -> list[str]:
        return list(dict.fromkeys(("Id", position.stamp, *position.fields)))

    def _told(self, rows: Sequence[Row], position: Position) -> pa.Table:
        return of_rows(rows, self._columns(position))

    def _understood(self, kind: Kind, source: Source, stamp: str, told: pa.Table) -> Page:
        records, skipped = self._shaper.records(kind, source, stamp, told)
        for id_ in skipped:
            log.warning("not_understood", object=source.object, id=id_)
        return Page(records=records, cursor="", skipped=skipped)

    def _nothing(self, kind: Kind) -> Page:
        return Page(records=SCHEMAS[kind].empty_table(), cursor="")

    def _finished(self, position: Position) -> Position:
        if position.until is None:
            raise RetryLater("Salesforce answered without a date, so nothing says how far this reading came.")
        since = position.until - self._overlap
        return replace(position, since=since, at=None, until=None, deleted_to=position.deleted_to or since)

    def _deletions(self, kind: Kind, source: Source, position: Position) -> Iterator[tuple[Page, Position]]:
        now = self._client.server_time
        if source.deletions is None or now is None:
            return
        start = position.deleted_to or now
        if now - start > DELETIONS_KEPT:
            yield replace(self._nothing(kind), sweep=True), replace(position, deleted_to=now)
        elif now - start >= max(source.deletions, timedelta(minutes=1)):
            gone, covered = self._deleted(source, start - DELETIONS_OVERLAP, now)
            page = replace(self._nothing(kind), gone=gone, sweep=covered is None)
            yield page, replace(position, deleted_to=min(covered or now, now))

    def _deleted(self, source: Source, start: datetime, end: datetime) -> tuple[tuple[Gone, ...], datetime | None]:
        """What was deleted, and up to when the list is complete; None where it cannot be had."""
        try:
            answer = self._client.call(
                "GET", f"sobjects/{source.object}/deleted/", params={"start": moment(start), "end": moment(end)}
            )
        except CallFailed as refused:
            if refused.code not in ("INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"):
                raise
            return (), None
        gone = tuple(Gone(id=row["id"], at=instant(row["deletedDate"])) for row in answer["deletedRecords"])
        return gone, instant(answer["latestDateCovered"])

    def census(self, kind: Kind) -> Iterator[Page]:
        """All that is shown, in the order of the ids; see Connector.census."""
        described = [(source, self._described(kind, source, Position())) for source in SOURCES[kind]]
        shown = [(source, position) for source, position in described if position is not None]
        if not shown and all(source.daily for source in SOURCES[kind]):
            yield self._nothing(kind)  # an org without such an object has none of them, and hides nothing
        for nth, (source, position) in enumerate(shown, 1):
            for rows, last in self._listed(source, position):
                end = last is None and nth == len(shown)
                upto = "" if end else last or (rows[-1]["Id"] if rows else None)
                if upto is not None:
                    page = self._understood(kind, source, position.stamp, self._told(rows, position))
                    yield replace(page, cursor=upto)

    def _listed(self, source: Source, position: Position) -> Iterator[tuple[list[Row], str | None]]:
        """Pages of live rows, each with the id behind which the next one begins, None behind the last."""
        columns = ", ".join(self._columns(position))
        among = [text for text in (source.where(self._names), self._alive(source).removeprefix(" AND ")) if text]
        if source.daily:
            answer = self._client.query(f"SELECT {columns} FROM {source.object}")
            yield sorted(self._rest(answer), key=lambda row: str(row["Id"])), None
            return
        last: str | None = ""
        while last is not None:
            conditions = " AND ".join([*among, *([f"Id > {literal(last)}"] if last else [])])
            where = f" WHERE {conditions}" if conditions else ""
            answer = self._client.query(
                f"SELECT {columns} FROM {source.object}{where} ORDER BY Id LIMIT {self._page_size}"
            )
            rows = list(answer["records"])
            whole = bool(answer.get("done", True))
            if not rows and not whole:
                raise RetryLater(f"Salesforce sent an empty page of {source.object} and said there is more.")
            last = None if whole and len(rows) < self._page_size else rows[-1]["Id"]
            yield rows, last


class _Hidden(CallFailed):
    """A field or the whole object was hidden or removed since it was described."""


def _leads(entry: Mapping[str, Any]) -> bool:
    """Whether rows can be asked for by this date and in its order; some objects have dates that only can be shown."""
    return bool(entry.get("filterable") and entry.get("sortable"))
