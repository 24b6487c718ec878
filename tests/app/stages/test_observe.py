"""What indicators count, as of an instant: pairs of rows in and observations out, on both databases."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from app.config import Coaching
from app.stages.measure import observe
from coaching_rules.indicators.model import Counted, Indicator

CALLS = Indicator(
    id="calls", title="Calls", status="live", owner="sales-ops", review_by=date(2027, 6, 30), process="call",
    layer="activity", counts=Counted(of="activity"), per="month", goal=None,
)  # fmt: skip


def seen(
    org: Any, counts: Counted = CALLS.counts, coaching: Coaching = Coaching(), as_of: datetime | None = None
) -> Mapping[str, pa.Table]:
    """The tables as of an instant."""
    indicator = Indicator(**{name: getattr(CALLS, name) for name in CALLS.__slots__} | {"counts": counts})
    return observe(org.store, 1, [indicator], coaching, as_of=as_of or org.now, known_at=org.now).counts


def counted(org: Any, counts: Counted, as_of: datetime | None = None) -> list[tuple[int, int]]:
    """How many days ago, and how many."""
    rows = seen(org, counts, as_of=as_of)["counts"].to_pylist()
    assert {row["rep_id"] for row in rows} <= {"R", "S"}
    return sorted(((org.now.date() - row["day"]).days, row["count"]) for row in rows)


def a_team(org: Any) -> None:
    org.stages("Meet", "Qualify", "Offer", "Sign", "Won")
    org.user("M")
    org.user("R", manager_id="M", role="Seller")
    org.account("A")
    org.deal(owner_id="R", account_id="A", stage="Offer", amount=100.0)


def test_activities_are_counted_by_channel_and_by_whether_the_customer_took_part(org_anywhere: Any) -> None:
    """Done, with a customer, known by then; days are the rep's."""
    a_team(org_anywhere)
    org_anywhere.activity(3, owner_id="R")
    org_anywhere.activity(3, owner_id="R", two_way=True)
    org_anywhere.activity(2, "meeting", owner_id="R", two_way=True)
    org_anywhere.activity(1, owner_id="R", deal_id=None, account_id=None, contact_id=None)
    org_anywhere.activity(-1, "meeting", owner_id="R")
    assert counted(org_anywhere, Counted(of="activity")) == [(2, 1), (3, 2)]
    assert counted(org_anywhere, Counted(of="activity", channels=("call", "email"), two_way=True)) == [(3, 1)]
    assert counted(org_anywhere, Counted(of="activity"), as_of=org_anywhere.ago(2.5)) == [(3, 2)]


def test_a_condition_is_about_the_deal_as_it_was_then(org_anywhere: Any) -> None:
    """A deal that is late now was early when it was called; a deal without history stands as its row says."""
    a_team(org_anywhere)
    org_anywhere.snapshot(100, stage="Meet", amount=100.0)
    org_anywhere.snapshot(50, stage="Offer", amount=900.0)
    org_anywhere.deal("N", owner_id="R", stage="Meet", amount=100.0)
    for days, deal in ((60, "D"), (40, "D"), (30, "N")):
        org_anywhere.activity(days, owner_id="R", deal_id=deal)
    assert counted(org_anywhere, Counted(of="activity", when="is_early")) == [(30, 1), (60, 1)]
    assert counted(org_anywhere, Counted(of="activity", when="amount >= 900 or stage_position = 3")) == [(40, 1)]


def test_an_account_is_counted_once_a_day_and_again_when_it_was_quiet(org: Any) -> None:
    """Whoever touched it: a colleague's call yesterday means that it was not quiet."""
    a_team(org)
    org.user("S", manager_id="M", role="Seller")
    for days, rep in ((90, "R"), (90, "R"), (89, "S"), (30, "R"), (5, "S")):
        org.activity(days, owner_id=rep)
    once = Counted(of="activity", once="account")
    assert counted(org, once) == [(5, 1), (30, 1), (89, 1), (90, 1)]
    assert counted(org, Counted(of="activity", once="account", quiet_days=40)) == [(30, 1), (90, 1)]


def test_merged_accounts_are_one(org: Any) -> None:
    """What was said to one of them was said to the survivor."""
    a_team(org)
    org.account("B", merged_into="A", deleted_at=org.ago(10))
    org.activity(3, owner_id="R", account_id="B", deal_id=None)
    org.activity(3, owner_id="R", account_id="A")
    assert counted(org, Counted(of="activity", once="account")) == [(3, 1)]


def test_a_deal_counts_on_its_first_day_for_its_first_owner(org: Any) -> None:
    """Handing it over makes no new deal."""
    a_team(org)
    org.deal("H", owner_id="S", created_at=org.ago(20))
    org.field(5, "owner_id", "R", "S", deal_id="H")
    assert counted(org, Counted(of="deal")) == [(20, 1), (100, 1)]


@pytest.mark.parametrize(("zone", "days_ago"), [("America/New_York", 4), ("Europe/Berlin", 3), ("Nowhere/Land", 3)])
def test_a_day_is_one_where_the_rep_is(org: Any, zone: str, days_ago: int) -> None:
    """A call at two in the morning UTC was yesterday in New York; a day without an hour is that day everywhere."""
    a_team(org)
    org.user("S", manager_id="M", time_zone=zone)
    org.activity(3 + 10 / 24, owner_id="S")
    org.activity(7.5, owner_id="S")
    assert counted(org, Counted(of="activity")) == [(days_ago, 1), (7, 1)]


@pytest.mark.parametrize(("type", "hours", "days_ago"), [("meeting", 1, 8), ("meeting", 24, 7), ("task", None, 7)])
def test_a_meeting_at_midnight_has_an_hour(org_anywhere: Any, type: str, hours: float | None, days_ago: int) -> None:
    """At the end of a working day in San Francisco it is midnight UTC; all day, and a task's day, are that day."""
    org = org_anywhere
    a_team(org)
    org.user("S", manager_id="M", time_zone="America/Los_Angeles")
    ends_at = None if hours is None else org.ago(7.5 - hours / 24)
    org.activity(7.5, type, owner_id="S", ends_at=ends_at)
    assert counted(org, Counted(of="activity")) == [(days_ago, 1)]


def test_who_is_compared_with_whom(org_anywhere: Any) -> None:
    """Those who lead nobody, by role; profile by role or by name; what of their work we see."""
    a_team(org_anywhere)
    for name in ("L", "X"):
        org_anywhere.deal(name, owner_id="R")
    org_anywhere.user("S", manager_id="M", created_at=org_anywhere.ago(40))
    org_anywhere.deal("Y", owner_id="S")
    org_anywhere.activity(3, owner_id="R")
    settings = {
        "profiles": {"Seller": "prospector"},
        "reps": {"S": {"profile": "account_manager", "focus": "prospector"}},
    }
    reps = {row.pop("rep_id"): row for row in seen(org_anywhere, coaching=Coaching(**settings))["reps"].to_pylist()}
    assert [reps["R"][name] for name in ("manager_id", "peers", "profile", "focus")] == [
        "M",
        "Seller",
        "prospector",
        None,
    ]
    assert round(reps["R"]["capture_coverage"], 2) == 0.33
    assert [reps["S"][name] for name in ("peers", "profile", "focus")] == ["", "account_manager", "prospector"]
    assert reps["S"]["started_on"] == org_anywhere.ago(40).date()
    assert reps.keys() == {"R", "S"}


def test_indicators_are_about_those_who_sell(org_anywhere: Any) -> None:
    """A deal of one's own, open or made lately, or customers on five days; not whoever has a manager."""
    a_team(org_anywhere)
    for name in ("Caller", "Maker", "Office", "Once"):
        org_anywhere.user(name, manager_id="M", role="Seller")
    org_anywhere.deal("X", owner_id="R", created_at=org_anywhere.ago(50))
    org_anywhere.field(20, "owner_id", "Maker", "R", deal_id="X")
    for days in range(1, 6):
        org_anywhere.activity(days, owner_id="Caller", deal_id="X")
    org_anywhere.activity(2, owner_id="Once", deal_id="X")
    found = seen(org_anywhere)
    assert set(found["reps"]["rep_id"].to_pylist()) == {"R", "Caller", "Maker"}
    assert sum(row["count"] for row in found["seen"].to_pylist() if row["rep_id"] == "Caller") == 5


def test_days_off_are_weekends_holidays_and_leave(org_anywhere: Any) -> None:
    """From 26 weeks before to the end of the month; the first of May is one in Germany."""
    a_team(org_anywhere)
    org_anywhere.user("G", manager_id="M", country="Germany")
    org_anywhere.user("New", manager_id="M", created_at=org_anywhere.ago(3))
    for name in ("G", "New"):
        org_anywhere.deal(f"{name} deal", owner_id=name)
    leave = (date(2026, 5, 5), (date(2026, 5, 11), date(2026, 5, 12)))
    tables = seen(org_anywhere, coaching=Coaching(reps={"R": {"leave": leave, "country": "US"}}))
    days: dict[str, list[date]] = {}
    for row in tables["days"].to_pylist():
        assert row["worked"] == 1
        days.setdefault(row["rep_id"], []).append(row["day"])
    may = date(2026, 5, 1)
    assert min(days["R"]) == org_anywhere.now.date() - timedelta(days=182)
    assert max(days["R"]) == date(2026, 5, 29)
    assert may in days["R"]
    assert may not in days["G"]
    assert {5, 11, 12, 9} & {day.day for day in days["R"] if day > may} == set()
    assert min(days["New"]) == org_anywhere.ago(3).date()
