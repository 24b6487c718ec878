"""An export that a test writes file by file, and what a new connection reads of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from connectors import registry
from connectors.base import Connector
from connectors.records import Kind, Page

AT = "2026-03-02T09:00:00.000Z"
DEAL = {"Id": "006A", "Name": "Lantern rollout", "OwnerId": "005A", "StageName": "Proposal", "IsClosed": "0",
        "IsWon": "0", "CreatedDate": AT, "SystemModstamp": AT}  # fmt: skip


class Export:
    """A folder that becomes an export."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, *rows: Mapping[str, str], encoding: str = "utf-8") -> None:
        """A file with the columns of its first row, all quoted."""
        lines = [",".join(f'"{value}"' for value in line) for line in (rows[0], *(row.values() for row in rows))]
        (self.folder / name).write_bytes("\r\n".join([*lines, ""]).encode(encoding))

    def deals(self, *deals: Mapping[str, str], **writing: Any) -> None:
        """Opportunity.csv with these deals; what they do not say is as in DEAL."""
        self.write("Opportunity.csv", *(DEAL | dict(deal) for deal in deals), **writing)

    def connector(self, place: Path | None = None, **settings: str) -> Connector:
        given = {"dir": str(place or self.folder), "key_field": "Coaching_Key__c"} | settings
        return registry.get(
            "salesforce_export", given, dict, save=print, share=0.1, spent_before=0, overlap=timedelta(minutes=5)
        )

    def pages(self, kind: Kind = "deal", cursor: str | None = None, **settings: str) -> list[Page]:
        return list(self.connector(**settings).pull(kind, cursor))

    def rows(self, kind: Kind = "deal", **settings: str) -> list[dict[str, Any]]:
        """All records of a kind as a new connection reads them."""
        return rows_of(self.pages(kind, **settings))

    def skipped(self, kind: Kind = "deal") -> list[str]:
        return [one for page in self.pages(kind) for one in page.skipped]

    def names(self, **settings: str) -> list[str]:
        return [row["name"] for row in self.rows(**settings)]


def rows_of(pages: Sequence[Page]) -> list[dict[str, Any]]:
    return [row for page in pages for row in page.records.to_pylist()]
