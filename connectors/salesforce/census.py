"""All that is shown, whole and in the order of the ids; and a second look at what is missing from it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from connectors.errors import RetryLater
from connectors.records import Kind, Page
from connectors.salesforce.client import Client
from connectors.salesforce.columns import Shaper, nothing, of_rows
from connectors.salesforce.position import Position
from connectors.salesforce.sight import Sight
from connectors.salesforce.sources import SOURCES, Source
from connectors.salesforce.values import Names, Row, literal

IDS_A_QUERY = 500  # 500 ids make about 11 kB of address; 16 kB is the limit
PREFIXES = {"Task": "00T", "Event": "00U"}


class Census:
    """Lists one org."""

    def __init__(self, client: Client, names: Names, *, page_size: int) -> None:
        self._client, self._names, self._page_size = client, names, page_size
        self._sight, self._shaper = Sight(client, names), Shaper(names)

    def census(self, kind: Kind, after: str) -> Iterator[Page]:
        """All that is shown behind this id; see Connector.census."""
        described = [(source, self._sight.described(kind, source, Position())) for source in SOURCES[kind]]
        shown = [(source, position) for source, position in described if position is not None]
        if not shown and all(source.daily for source in SOURCES[kind]):
            yield nothing(kind)  # an org without such an object has none of them, and hides nothing
        for nth, (source, position) in enumerate(shown, 1):
            for rows, last in self._listed(source, position, after):
                end = last is None and nth == len(shown)
                upto = "" if end else last or (rows[-1]["Id"] if rows else None)
                if upto is not None:
                    told = of_rows(rows, position.columns)
                    yield replace(self._shaper.page(kind, source, position.stamp, told), cursor=upto)

    def _listed(self, source: Source, position: Position, after: str) -> Iterator[tuple[list[Row], str | None]]:
        """Pages of live rows, each with the id behind which the next one begins, None behind the last."""
        select = f"SELECT {', '.join(position.columns)} FROM {source.object}"
        if source.daily:
            rows = [row for row in self._client.rows(select) if str(row["Id"]) > after]
            yield sorted(rows, key=lambda row: str(row["Id"])), None
            return
        last: str | None = after
        while last is not None:
            # of two objects the ids of one come before those of the other, so that one place serves for both
            behind = f"Id > {literal(last)}" if last else None
            where = " AND ".join(text for text in (source.where(self._names), _alive(source), behind) if text)
            rows, last = self._page(source, f"{select}{' WHERE ' if where else ''}{where}")
            yield rows, last

    def _page(self, source: Source, soql: str) -> tuple[list[Row], str | None]:
        answer = self._client.query(f"{soql} ORDER BY Id LIMIT {self._page_size}")
        rows, whole = list(answer["records"]), bool(answer.get("done", True))
        if not rows and not whole:
            raise RetryLater(f"Salesforce sent an empty page of {source.object} and said there is more.")
        return rows, None if whole and len(rows) < self._page_size else rows[-1]["Id"]

    def present(self, kind: Kind, ids: Sequence[str]) -> set[str]:
        """Which of the ids are still shown to us; see Connector.present."""
        shown: set[str] = set()
        for start in range(0, len(ids), IDS_A_QUERY):
            among = ", ".join(literal(i) for i in ids[start : start + IDS_A_QUERY])
            for source in SOURCES[kind]:
                if len(SOURCES[kind]) == 1 or any(i.startswith(PREFIXES.get(source.object, "")) for i in ids):
                    conditions = " AND ".join(filter(None, (f"Id IN ({among})", _alive(source))))
                    rows = self._client.rows(f"SELECT Id FROM {source.object} WHERE {conditions}")
                    shown.update(str(row["Id"]) for row in rows)
        return shown


def _alive(source: Source) -> str | None:
    return "IsDeleted = false" if "IsDeleted" in source.fields else None
