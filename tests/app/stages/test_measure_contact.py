"""Contact with the customer: activities and roles in, words out."""

from datetime import timedelta
from typing import Any

import pytest


def said(org: Any, *names: str) -> list[Any]:
    deal = org.deals()["D"]
    return [deal[name] for name in names]


def test_silence_is_unknown_and_counts_are_none(org: Any) -> None:
    """A deal without activity has counts of 0 and no days since."""
    org.deal()
    assert said(org, "days_since_any", "days_since_two_way", "days_since_decision_maker") == [None, None, None]
    assert said(org, "activities_30d", "meetings_held", "meetings_booked", "contacts") == [0, 0, 0, 0]
    assert said(org, "has_future_meeting", "decision_makers") == [False, None]


@pytest.mark.parametrize("type", ["call", "email", "task"])
def test_what_is_done_is_contact(org: Any, type: str) -> None:
    """Done counts, planned does not; only what the customer took part in is two-way."""
    org.deal()
    org.activity(3, type, done=False)
    org.activity(8, type)
    org.activity(12, type, two_way=True)
    org.activity(40, type)
    assert said(org, "days_since_any", "days_since_two_way", "activities_30d") == [8, 12, 2]


@pytest.mark.parametrize(
    ("begins", "ends", "done", "held", "booked"),
    [
        (-2, -1, False, 1, 0),
        (-2, -1, True, 1, 0),
        (-2, None, False, 1, 0),
        (1, 2, False, 0, 1),
        (1, None, True, 0, 1),
        (-1, 1, False, 0, 1),
        (None, None, True, 0, 0),
    ],
)
def test_a_meeting_is_booked_until_it_is_over(
    org: Any, begins: Any, ends: Any, done: bool, held: int, booked: int
) -> None:
    """Held when it has ended, done or not; booked while it has not."""
    hours = {"starts_at": begins, "ends_at": ends}
    times = {name: value and org.now + timedelta(hours=value) for name, value in hours.items()}
    org.deal()
    org.activity(1, "meeting", done=done, two_way=True, created_at=org.ago(9), **times)
    assert said(org, "meetings_held", "meetings_booked", "has_future_meeting") == [held, booked, bool(booked)]
    assert said(org, "days_since_two_way") == [0 if held else None]


def test_a_meeting_booked_later_was_not_booked_then(org: Any) -> None:
    """What somebody entered after the instant was not known at it."""
    org.deal()
    org.activity(-3, "meeting", created_at=org.ago(1))
    org.activity(9, "call", created_at=org.ago(1))
    assert org.deals()["D"]["has_future_meeting"] is True
    then = org.deals(as_of=org.ago(2))["D"]
    assert (then["has_future_meeting"], then["days_since_any"]) == (False, None)


def test_a_deleted_activity_never_was(org: Any) -> None:
    """Deleted activities are not contact; nor are those of the account alone."""
    org.deal(account_id="A")
    org.activity(3, deleted_at=org.ago(1), gone="deleted")
    org.activity(3, deal_id=None, account_id="A")
    assert said(org, "days_since_any") == [None]


def test_people_are_counted_once(org: Any) -> None:
    """A role and a part in an activity make one person; a planned activity makes none."""
    org.deal()
    org.contact("C", "Evaluator")
    org.contact("C", "Influencer")
    org.contact(None, "Evaluator")
    org.contact("Gone", "Economic Buyer", deleted_at=org.ago(1), gone="deleted")
    org.activity(3, contact_id="C")
    org.activity(3, contact_id="E")
    org.activity(3, contact_id="F", done=False)
    assert said(org, "contacts", "decision_makers") == [2, 0]


@pytest.mark.parametrize(
    ("role", "decision_makers"),
    [
        ("Decision Maker", 1),
        ("DECISION_MAKER", 1),
        ("Economic Buyer", 1),
        ("Executive Sponsor", 1),
        ("Evaluator", 0),
        (" ", None),
        (None, None),
    ],
)
def test_some_roles_decide(org: Any, role: str | None, decision_makers: int | None) -> None:
    """By the words of the role, however spelt; without any role nobody knows."""
    org.deal()
    org.contact("C", role)
    assert said(org, "decision_makers") == [decision_makers]


def test_that_nobody_decides_is_known_where_roles_are_kept(org: Any) -> None:
    """A deal without any role has no decision maker, as soon as some deal of the org has a role."""
    org.deal("Bare")
    org.deal("D")
    assert [deal["decision_makers"] for deal in org.deals().values()] == [None, None]
    org.contact("C", "Evaluator")
    assert [deal["decision_makers"] for deal in org.deals().values()] == [0, 0]


def test_when_a_decision_maker_last_took_part(org: Any) -> None:
    """Only two-way contact with one of them counts."""
    org.deal()
    org.contact("C", "Economic Buyer")
    org.contact("E", "Evaluator")
    org.activity(3, contact_id="E", two_way=True)
    org.activity(5, contact_id="C")
    org.activity(9, contact_id="C", two_way=True)
    assert said(org, "days_since_decision_maker", "decision_makers", "contacts") == [9, 1, 2]
