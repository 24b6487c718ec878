"""The rows as the CRM's history tells them: what a row says of today is left out where the past is judged.

A deal is there from its first snapshot on, and stands as its snapshots say. What changes later can then not be seen
earlier, except in what the CRM keeps no history of: see UNTOLD and TODAYS.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from coaching_rules import conditions
from coaching_rules.model import Rule
from coaching_rules.vocabulary import WORDS

OF_TODAY = ("stage", "amount", "close_date", "forecast_category", "changed_at")
"""Columns of a deal's own row that its history replaces."""
KNOWN_FROM = {"deal_changes": "valid_from", "activities": "created_at", "deal_contacts": "created_at"}
UNTOLD = frozenset({"open_commitments", "commitment_late_days"})
"""Words whose past nobody keeps, and which change as a deal goes: a rule that reads them is not tried on the past."""
NEXT_STEP = frozenset({"next_step", "next_step_age_days", "help_requested"})
"""The same where the CRM keeps no history of the next step."""
BY_SEGMENT = frozenset(
    {"segment", "segment_median_amount", "segment_p75_amount", "owner_new_to_segment"}
    | {word for word in WORDS["deal"] if word.startswith("won_median_")}
)
BY_ROLE = frozenset({"contacts", "decision_makers", "days_since_decision_maker"})
TODAYS = BY_SEGMENT | BY_ROLE | {
    "deal_type", "pipeline", "currency", "owner_active", "owner_role", "rep_active", "rep_role",
}  # fmt: skip
"""Words that are read as of today, or made of what is, since nobody keeps their past; they seldom change."""
BY_OWNER = frozenset({
    "owner_id", "owner_name", "owner_active", "owner_role", "owner_tenure_days", "owner_new_to_segment", "manager_id",
    "capture_coverage", "open_deals", "early_deals", "new_deals_28d", "new_deals_28d_p25", "pipeline_coverage",
})  # fmt: skip
"""The same where the CRM noted no change of an owner."""
OF_ALL = (
    "Names, the manager of a rep and the stages with their order, and so what is early, are today's. An activity stands"
    " where it was moved to last, and what was deleted without a trace is missing."
)
OWNERS_OF_TODAY = "The CRM noted no change of an owner by then: owners are today's, and so is who was prompted."
"""What the past of every rule is read as of today for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """Rows in the order in which they came to be known; those without a date were always."""

    table: pa.Table
    known_from: pa.ChunkedArray

    def until(self, instant: datetime) -> pa.Table:
        later = pc.sum(pc.greater(self.known_from, pa.scalar(instant, self.known_from.type))).as_py() or 0
        return self.table.slice(0, len(self.table) - later)


class Past:
    """All rows of a connection, to be seen as of any instant up to `until`."""

    def __init__(self, rows: Mapping[str, pa.Table], until: datetime) -> None:
        self.rows = dict(rows) | {"users": _all_active(rows["users"])}
        self.cuts = {name: _cut(rows[name], column) for name, column in KNOWN_FROM.items()}
        self.cuts["deals"] = _cut(*_as_told(rows["deals"], rows["deal_changes"]))
        noted = _noted(rows["field_changes"], until)
        self.untold = UNTOLD if "next_step" in noted else UNTOLD | NEXT_STEP
        self.todays = TODAYS if "owner_id" in noted else TODAYS | BY_OWNER
        self.caveats = (OF_ALL,) if "owner_id" in noted else (OF_ALL, OWNERS_OF_TODAY)

    def at(self, instant: datetime) -> dict[str, pa.Table]:
        """The rows to measure as of then."""
        return self.rows | {name: cut.until(instant) for name, cut in self.cuts.items()}

    def hides(self, rule: Rule) -> tuple[str, ...]:
        """The words of the rule's condition that cannot be known of the past."""
        return _words(rule, self.untold)

    def of_today(self, rule: Rule) -> tuple[str, ...]:
        """The words of the rule's condition that are read as of today."""
        return _words(rule, self.todays)


def _words(rule: Rule, among: frozenset[str]) -> tuple[str, ...]:
    return tuple(word for word in conditions.parse(rule.when, rule.grain).words if word in among)


def _cut(table: pa.Table, column: str) -> _Cut:
    order = pc.sort_indices(table, sort_keys=[(column, "ascending", "at_start")])
    ordered = table.take(order)
    return _Cut(table=ordered, known_from=ordered.column(column))


def _as_told(deals: pa.Table, changes: pa.Table) -> tuple[pa.Table, str]:
    first = changes.group_by("deal_id").aggregate([("valid_from", "min")])
    told = deals.join(first, keys="id", right_keys="deal_id", join_type="inner")
    for name in OF_TODAY:
        blank = pa.nulls(len(told), told.schema.field(name).type)
        told = told.set_column(told.schema.get_field_index(name), name, blank)
    return told, "valid_from_min"


def _all_active(users: pa.Table) -> pa.Table:
    """Who left since was there; who had left already owns no open deal, and is not judged for that."""
    active = pa.array([True] * len(users), pa.bool_())
    return users.set_column(users.schema.get_field_index("active"), "active", active)


def _noted(changes: pa.Table, until: datetime) -> set[str]:
    """The fields of which the CRM itself noted a change; what we saw ourselves (`seen:`) began when we came."""
    by_crm = pc.invert(pc.starts_with(changes.column("id"), "seen:"))
    then = pc.less_equal(changes.column("valid_from"), pa.scalar(until.astimezone(UTC), pa.timestamp("us", "UTC")))
    return set(changes.column("field").filter(pc.and_(by_crm, then)).unique().to_pylist())
