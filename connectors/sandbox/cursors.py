"""Locators: the rest of a long answer, kept for the session that asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.sandbox.errors import Rejected
from connectors.sandbox.plan import Plan

CURSOR_LIFE = timedelta(days=2)
LOCATOR_PREFIX = "01g5g0000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The rest of a long answer: the ids found when the query ran."""

    plan: Plan
    ids: list[str]
    session: str
    opened: datetime
    batch: int


class Cursors:
    """The open locators of one org."""

    def __init__(self) -> None:
        self._open: dict[str, Cursor] = {}

    def add(self, cursor: Cursor) -> str:
        """Keep it; returns the locator."""
        locator = f"{LOCATOR_PREFIX}{len(self._open):03d}AAA"
        self._open[locator] = cursor
        return locator

    def get(self, locator: str, session: str, now: datetime) -> Cursor:
        """The cursor, if it is this session's and not older than two days."""
        found = self._open.get(locator)
        if found is None or now - found.opened > CURSOR_LIFE:
            raise Rejected("INVALID_QUERY_LOCATOR", "invalid query locator")
        if found.session != session:
            # Seen in production: a locator dies with the session that opened it, and says so in these words.
            raise Rejected("INVALID_SESSION_ID", "Session expired or invalid", 401)
        return found
