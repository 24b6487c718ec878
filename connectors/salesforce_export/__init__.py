"""Salesforce's weekly Data Export, read where it lies and never written to; understood as Salesforce's answers are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.base import Usage
from connectors.errors import Refused
from connectors.records import Check, Intent, Kind, Page, Receipt, Writing
from connectors.salesforce.values import Names, long_id
from connectors.salesforce_export.checks import check
from connectors.salesforce_export.reader import Reader
from connectors.salesforce_export.sheet import known_encoding


class ExportConnector:
    """One place where exports are put, each over the one before."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @property
    def writes(self) -> frozenset[Writing]:
        """See Connector.writes: nothing."""
        return frozenset()

    def check(self) -> list[Check]:
        """See Connector.check."""
        return check(self._reader)

    def pull(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """See Connector.pull."""
        return self._reader.pull(kind, cursor)

    def census(self, kind: Kind, after: str = "") -> Iterator[Page]:
        """See Connector.census."""
        return self._reader.census(kind, after)

    def present(self, kind: Kind, ids: Sequence[str]) -> set[str]:
        """See Connector.present."""
        return self._reader.present(kind, ids)

    def deal_id(self, text: str) -> str | None:
        """See Connector.deal_id."""
        return long_id(text) if text.startswith("006") else None

    def fresh(self, deals: Sequence[str], cursors: Mapping[Kind, str]) -> Iterator[tuple[Kind, Page]]:
        """Refused: what an export says is as old as the export."""
        raise Refused("An export is a copy of the CRM; nothing newer can be asked of it.")

    def push(self, intents: Sequence[Intent]) -> Iterator[Receipt]:
        """Refused: nobody reads what is written into an export."""
        raise Refused("An export is a copy of the CRM; nothing can be written to it.")

    def usage(self) -> Usage:
        """See Connector.usage: files cost no calls."""
        return Usage(used=None, limit=None, calls=0)

    def spent_share(self) -> float:
        """See Connector.spent_share."""
        return 0.0


def connect(
    settings: Mapping[str, Any],
    secrets: Callable[[], Mapping[str, str]],
    *,
    save: Callable[[Mapping[str, str]], None],
    share: float,
    spent_before: int,
    overlap: timedelta,
    clock: Callable[[], datetime] | None = None,
) -> ExportConnector:
    """A connector from stored settings: dir, encoding, key_field, segment_field. There are no secrets and no budget."""
    names = Names(key_field=settings.get("key_field"), segment_field=settings.get("segment_field", "Industry"))
    return ExportConnector(Reader(Path(settings["dir"]), names, known_encoding(settings.get("encoding"))))
