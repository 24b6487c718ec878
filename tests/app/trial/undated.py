"""What changes in a CRM without a date, so that a backtest reads it as of today: the known exceptions, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from happening import Rows, rows_of

from coaching_rules.model import Rule
from coaching_rules.vocabulary import Grain

STAGES = frozenset({
    "stage_position", "stage_share", "is_early", "early_deals", "stages_moved_back", "days_since_moved_back",
    "stages_skipped", "days_since_skipped",
})  # fmt: skip
ACTIVITIES = frozenset({
    "days_since_any", "days_since_two_way", "activities_30d", "meetings_held", "meetings_booked", "has_future_meeting",
    "capture_coverage", "activities_7d", "meetings_held_7d", "meetings_held_28d",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Undated:
    """What happens; which `words` the caveat of every report excuses; what else of a look is another then."""

    happens: Callable[[Rows], None]
    words: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    """Ids of changes of fields that the CRM did not note."""


PROBES: Mapping[Grain, tuple[str, ...]] = {
    "deal": (
        "segment = 'Retail'", "amount >= segment_median_amount", "owner_new_to_segment", "decision_makers >= 1",
        "contacts >= 1", "deal_type = 'Renewal'", "owner_role = 'New'", "pipeline = 'Third'", "is_early",
        "days_since_any >= 30", "meetings_held >= 1", "owner_id = 'R0'",
        "days_in_stage > 60", "amount > 1500", "close_date_pushes > 0",
    ),
    "rep": ("open_deals >= 3", "early_deals >= 1", "tenure_days > 900"),
}  # fmt: skip
"""Rules that read a word each, so that a change shows, and shows nowhere else."""


def probes() -> list[Rule]:
    return [
        Rule(
            id=f"{grain}: {when}", grain=grain, title=when, status="draft", owner="tests", review_by=date(2027, 3, 31),
            when=when, severity=1,
        )
        for grain, conditions in PROBES.items()
        for when in conditions
    ]  # fmt: skip


def every(table: str, **changes: Any) -> Callable[[Rows], None]:
    def happens(held: Rows) -> None:
        for row in held[table]:
            row.update({name: made(row) if callable(made) else made for name, made in changes.items()})

    return happens


def of(name: str) -> Callable[[Rows], None]:
    return lambda held: held[name].clear()


UNDATED = {
    "a customer comes to another segment": Undated(
        happens=every("accounts", segment=lambda row: "Retail" if row["id"] == "B" else "Bank"),
        beside=frozenset({"segment"}),
    ),
    "a deal comes to another customer": Undated(happens=every("deals", account_id="A"), beside=frozenset({"segment"})),
    "somebody at the customer gets another role": Undated(happens=every("deal_contacts", role="Decision Maker")),
    "somebody at the customer loses the role": Undated(happens=of("deal_contacts")),
    "a deal gets another type": Undated(happens=every("deals", deal_type="Renewal")),
    "a deal comes to another pipeline": Undated(happens=every("deals", pipeline="Third"), words=STAGES),
    "stages are put in another order": Undated(
        happens=every("stages", sort_order=lambda row: 20 - row["sort_order"]), words=STAGES
    ),
    "a stage is retired": Undated(happens=every("stages", active=lambda row: row["name"] != "Qualify"), words=STAGES),
    "a rep comes to another manager": Undated(
        happens=every("users", manager_id=lambda row: "M" if row["id"] == "R0" else "R0"),
        beside=frozenset({"manager_id", "rep rows", "manager rows", "open_deals"}),
    ),
    "somebody is renamed": Undated(happens=every("users", name="New", role="New")),
    "a meeting is moved": Undated(
        happens=every("activities", starts_at=lambda row: row["starts_at"].replace(year=2027)), words=ACTIVITIES
    ),
    "an activity comes to another deal": Undated(happens=every("activities", deal_id="D1"), words=ACTIVITIES),
    "an activity is deleted without a trace": Undated(happens=of("activities"), words=ACTIVITIES),
    "an owner changes and nobody notes it": Undated(
        happens=every("deals", owner_id="R0"),
        beside=frozenset({"manager_id", "rep rows", "open_deals"}),
        without=frozenset({"F1"}),
    ),
}


def unnoted(rows: Mapping[str, pa.Table], ids: frozenset[str]) -> dict[str, pa.Table]:
    """The rows without these changes of fields."""
    held = {name: table.to_pylist() for name, table in rows.items()}
    held["field_changes"] = [row for row in held["field_changes"] if row["id"] not in ids]
    return rows_of(rows, held)


def happened(rows: Mapping[str, pa.Table], one: Undated) -> dict[str, pa.Table]:
    """The rows after it."""
    held = {name: table.to_pylist() for name, table in rows.items()}
    one.happens(held)
    return rows_of(rows, held)
