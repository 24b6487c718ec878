"""What happened to a deal that a rule may name: rows in, events out, the same on either database."""

from datetime import datetime
from typing import Any

import pytest

from app.config import Coaching
from app.stages.measure import observe
from app.store import events
from coaching_rules.model import Trigger


def happened(org: Any) -> dict[Trigger, datetime]:
    """The events of deal D, and when."""
    seen = observe(org.store, 1, [], Coaching(), as_of=org.now, known_at=org.now)
    return {row["event"]: row["happened_at"] for row in seen.events.to_pylist() if row["deal_id"] == "D"}


def test_each_event_is_what_the_rows_of_the_deal_say(org_anywhere: Any) -> None:
    """A stage that moved, a smaller amount, a later month, another owner, a next step that asks; each with its time."""
    org = org_anywhere
    org.deal(next_step="help: with the price", created_at=org.ago(300))
    month = {name: org.ago(-days).date() for name, days in (("this", 1), ("later", 70))}
    org.snapshot(90, stage="Qualify", amount=100.0, close_date=month["this"])
    org.snapshot(9, stage="Propose", amount=100.0, close_date=month["this"])
    org.snapshot(5, stage="Propose", amount=80.0, close_date=month["this"])
    org.snapshot(3, stage="Propose", amount=80.0, close_date=month["later"])
    org.field(2, "owner_id", "R", "S")
    org.field(1, "next_step", None, "help: with the price")
    assert happened(org) == {
        "stage_changed": org.ago(9),
        "amount_cut": org.ago(5),
        "close_date_pushed": org.ago(3),
        "owner_changed": org.ago(2),
        "help_requested": org.ago(1),
    }


def test_a_new_deal_and_a_raise_are_no_events(org_anywhere: Any) -> None:
    """Nor is an earlier date, a later one in the same month, or what happened too long ago to be news."""
    org = org_anywhere
    org.deal(created_at=org.ago(9))
    org.snapshot(9, stage="Qualify", amount=100.0, close_date=org.ago(-60).date())
    org.snapshot(8, stage="Qualify", amount=130.0, close_date=org.ago(-20).date())
    org.field(16, "owner_id", "R", "S")
    assert happened(org) == {}


def test_a_request_for_help_stands_until_the_next_step_says_something_else(org: Any) -> None:
    """However long ago it was written, and though nobody noted when."""
    org.deal(next_step="Help: who decides?", created_at=org.ago(99))
    assert happened(org) == {"help_requested": org.ago(99)}


def test_what_happens_to_a_closed_deal_is_no_news(org: Any) -> None:
    """Nobody is asked to talk about it."""
    org.stages("Qualify", "Won")
    org.deal(stage="Won", closed=True, won=True)
    org.snapshot(90, stage="Qualify")
    org.snapshot(2, stage="Won")
    assert happened(org) == {}


@pytest.mark.parametrize(
    ("asked", "coached", "counts"), [(3, None, True), (3, 1, False), (3, 5, True), (15, None, None)]
)
def test_a_call_for_help_counts_until_a_talk_or_two_weeks(
    org_anywhere: Any, asked: float, coached: float | None, counts: bool | None
) -> None:
    """It says what no field of the deal does; nobody writes next steps here, so that else nothing is known."""
    org = org_anywhere
    org.deal(owner_id="R")
    org.item(1)
    if coached:
        org.outcome(1, coached)
    with org.store.begin() as transaction:
        call = {"deal_id": "D", "event": "help_requested", "happened_at": org.ago(asked)}
        events.keep(transaction, 1, [call], org.ago(asked), by_hint=True)
    assert org.deals()["D"]["help_requested"] is (True if counts else None)


def test_an_event_is_looked_at_once(org_anywhere: Any) -> None:
    """One that is told again is not news; those of other deals wait for their own look."""
    store, at = org_anywhere.store, org_anywhere.now
    rows = [{"deal_id": deal, "event": "amount_cut", "happened_at": at} for deal in ("D", "E")]
    with store.begin() as transaction:
        looks = []
        for deals in (["D"], ["D"], None):
            events.keep(transaction, 1, rows, at)
            looks.append(events.look(transaction, 1, deals, at))
    assert looks == [{"D": {"amount_cut"}}, {}, {"E": {"amount_cut"}}]
