"""A page as the records it tells, so that a test can speak of one of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.records import RECORDS, SCHEMAS, Page

TOLD_OF_A_VERSION = ("changed_at", "deleted")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One record as of `changed_at`; None where only its deletion is told."""

    id: str
    changed_at: datetime
    record: Any
    deleted: bool


def changes(page: Page) -> list[Change]:
    """What a page tells, in its order; its deletions last."""
    record_of = RECORDS[next(kind for kind in SCHEMAS if SCHEMAS[kind].equals(page.records.schema))]
    told = [
        Change(
            id=row["id"],
            changed_at=row["changed_at"],
            deleted=row["deleted"],
            record=record_of(**{name: value for name, value in row.items() if name not in TOLD_OF_A_VERSION}),
        )
        for row in page.records.to_pylist()
    ]
    return told + [Change(id=one.id, changed_at=one.at, record=None, deleted=True) for one in page.gone]
