"""What of an object is shown to us: which fields it has, and by which of its dates it can be followed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from connectors.errors import Refused
from connectors.records import Kind
from connectors.salesforce.client import Client
from connectors.salesforce.position import Position
from connectors.salesforce.sources import STAMPS, VITAL, Source
from connectors.salesforce.values import Names

log = structlog.get_logger(__name__)

DESCRIBED_FOR = timedelta(hours=24)


class Sight:
    """Describes objects of one org, as its integration user sees them."""

    def __init__(self, client: Client, names: Names) -> None:
        self._client, self._names = client, names

    def is_fresh(self, position: Position) -> bool:
        """Whether it was described within the day."""
        now, then = self._client.server_time, position.described
        return bool(now and then and abs(now - then) < DESCRIBED_FOR)

    def described(self, kind: Kind, source: Source, position: Position) -> Position | None:
        """The position with fields that exist for us; from the beginning again if there are new ones to fill.

        None where the object cannot be read and nothing vital is lost by it. Raises Refused.
        """
        settled = self.is_fresh(position) or position.at or position.job
        if position.fields and settled and self._marks(source) <= set(position.fields):
            return position
        available = self._client.fields(source.object)
        needed = {*source.required, *self._marks(source)}
        if available is None or not needed <= available.keys():
            self._missing(kind, source, needed, available)
            return None
        wanted = (*source.fields, *(path for path in source.own(self._names).values() if path))
        fields = tuple(name for name in wanted if self._shown(name, available))
        stamp = _leading(source, available)
        grown = bool(position.fields) and not set(fields) <= set(position.fields)
        # positions by one date say nothing about another
        anew = grown or (position.described is not None and stamp != position.stamp)
        position = position.anew() if anew else position
        return replace(position, fields=fields, stamp=stamp, described=self._client.server_time)

    def _marks(self, source: Source) -> set[str]:
        return {self._names.key_field} if source.marked and self._names.key_field else set()

    def _shown(self, path: str, available: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether the field is there; for a path such as UserRole.Name, whether its object can be seen as well."""
        if "." not in path:
            return path in available
        relation = path.split(".", 1)[0]
        links = [entry for entry in available.values() if entry.get("relationshipName") == relation]
        return any(self._client.fields(parent) is not None for link in links for parent in link["referenceTo"])

    def _missing(self, kind: Kind, source: Source, needed: Iterable[str], available: Mapping[str, Any] | None) -> None:
        hidden = set() if available is None else set(needed) - available.keys()
        lacking = ", ".join(sorted(hidden)) or "the object"
        if hidden & self._marks(source):
            raise Refused(
                f"The integration user cannot see {lacking} of {source.object}, by which we know our own tasks; grant "
                "it and run `coachsync check`, or connect again with the --key-field there is."
            )
        if kind in VITAL:
            raise Refused(
                f"The integration user cannot see {lacking} of {source.object}; grant it and run `coachsync check`."
            )
        if not source.daily:
            log.warning("not_visible", object=source.object, lacking=lacking)


def _leading(source: Source, available: Mapping[str, Mapping[str, Any]]) -> str:
    """The date that tells when a row changed."""
    for name in STAMPS:
        if name in available if source.daily else _leads(available.get(name, {})):
            return name
    raise Refused(f"{source.object} has no date that tells when a row changed; coachsync cannot follow it.")


def _leads(entry: Mapping[str, Any]) -> bool:
    """Whether rows can be asked for by this date and in its order; some objects have dates that only can be shown."""
    return bool(entry.get("filterable") and entry.get("sortable"))
