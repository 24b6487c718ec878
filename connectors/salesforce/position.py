"""Where a reading stands: the cursor that the store keeps for us, one position for each object of a kind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter

from connectors.salesforce.values import instant, literal, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where the reading of one object stands. All of it fits in the stored cursor."""

    since: datetime | None = None
    at: tuple[str, str] | None = None
    """Stamp and id of the last row of an unfinished pass."""
    until: datetime | None = None
    """The server's clock when the pass began."""
    fields: tuple[str, ...] = ()
    stamp: str = "SystemModstamp"
    described: datetime | None = None
    deleted_to: datetime | None = None
    job: str | None = None
    """The bulk job that this pass is read from, where its results begin, and how many of them were taken."""
    locator: str | None = None
    taken: int = 0
    ordered_at: datetime | None = None
    """The server's clock when the job was ordered, which may be long after the pass began."""

    @property
    def had(self) -> bool:
        """Whether a pass has ever come to its end, so that what is held is at worst old and never half."""
        return self.since is not None or self.deleted_to is not None

    @property
    def columns(self) -> list[str]:
        """What is asked for."""
        return list(dict.fromkeys(("Id", self.stamp, *self.fields)))

    def jobless(self) -> "Position":
        """The same, to be read without a job."""
        return replace(self, job=None, locator=None, taken=0, ordered_at=None)

    def anew(self) -> "Position":
        """The same, from the beginning."""
        return replace(self.jobless(), since=None, at=None)


def after(position: Position) -> str | None:
    """The condition that finds what comes behind this position."""
    if position.at is not None:
        stamp, last = moment(instant(position.at[0])), literal(position.at[1])
        return f"({position.stamp} > {stamp} OR ({position.stamp} = {stamp} AND Id > {last}))"
    return f"{position.stamp} >= {moment(position.since)}" if position.since else None


_POSITIONS = TypeAdapter(list[Position])


def load(cursor: str | None, count: int) -> list[Position]:
    """The positions of a stored cursor, each at the beginning where there is none."""
    return _POSITIONS.validate_json(cursor) if cursor else [Position()] * count


def dump(positions: Sequence[Position]) -> str:
    """The positions as a cursor to store."""
    return _POSITIONS.dump_json(list(positions), exclude_defaults=True).decode()
