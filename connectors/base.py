"""The port: what the app may ask of a CRM, and the one write."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connectors.records import Check, Intent, Kind, Page, Receipt, Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The org's rolling 24 h of API calls as it last told us, and how many calls this process made."""

    used: int | None
    limit: int | None
    calls: int


class Connector(Protocol):
    """One connection to one org. Reads are restartable at any page; `push` is the only thing that changes the CRM."""

    @property
    def writes(self) -> frozenset[Writing]:
        """What `push` can write. Nothing: this connection is read-only, and `push` is never called."""
        ...

    def check(self) -> list[Check]:
        """Look at everything the work needs (sign-in, objects, fields, permissions) and change nothing."""
        ...

    def pull(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """Pages of changes since `cursor` (None: from the beginning), each with the cursor to store beside it."""
        ...

    def census(self, kind: Kind, after: str = "") -> Iterator[Page]:
        """Every record of a kind that is shown to us and live, whole, in the order of the ids, from behind this one on.

        A page's cursor is the id up to which nothing was left out, and empty at the end. No page: the kind is hidden.
        """
        ...

    def present(self, kind: Kind, ids: Sequence[str]) -> set[str]:
        """Which of these ids the CRM still shows us, live; the second look before anything is called gone."""
        ...

    def deal_id(self, text: str) -> str | None:
        """The id of a deal as `pull` tells it, from any way in which the CRM writes it; None for what is no deal's."""
        ...

    def fresh(self, deals: Sequence[str], cursors: Mapping[Kind, str]) -> Iterator[tuple[Kind, Page]]:
        """These deals and what hangs on them as the CRM shows it now, kind by kind in the order of KINDS.

        `cursors` are those of the last pull, and stay as they are: a page of this has none. A kind without a cursor is
        left out, and a deal that is not shown brings nothing. Raises Refused where the manifest says that nothing is
        read fresh.
        """
        ...

    def push(self, intents: Sequence[Intent]) -> Iterator[Receipt]:
        """Write, one receipt per intent in any order; safe to repeat with the same references.

        A receipt follows only what the CRM has answered. An exception ends the stream: intents without a receipt
        are then of unknown outcome and come back with `attempted`; so are those it would not let us look for. Refused
        means that of the intents without a receipt none that is new was sent.
        """
        ...

    def usage(self) -> Usage:
        """What the API budget looks like now."""
        ...

    def spent_share(self) -> float:
        """How much of our share of the API limit is spent, 0 to 1; 0 while the limit is unknown."""
        ...
