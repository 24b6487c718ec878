"""Reps and their coaching: rows in, words out."""

from typing import Any

COACHED = ("coachings", "days_since_coached", "open_coaching_items")


def a_rep(org: Any, **values: Any) -> None:
    org.user("R", **{"manager_id": "M", "created_at": org.ago(300)} | values)


def test_who_is_a_rep(org: Any) -> None:
    """Active users with an open deal or a manager."""
    org.user("M")
    org.user("R", manager_id="M")
    org.user("Solo")
    org.user("Left", manager_id="M", active=False)
    org.user("New", manager_id="M", created_at=org.ago(1))
    org.user("Deleted", manager_id="M", deleted_at=org.ago(3), gone="deleted")
    org.deal(owner_id="Solo")
    assert set(org.reps(as_of=org.ago(2))) == {"R", "Solo"}
    assert set(org.reps()) == {"R", "Solo", "New"}


def test_a_rep_is_described(org: Any) -> None:
    """Name, role, manager and tenure as the CRM has them."""
    a_rep(org, name="Rae Example", role="AE")
    rep = org.reps()["R"]
    assert (rep["rep_name"], rep["rep_role"], rep["manager_id"], rep["tenure_days"]) == ("Rae Example", "AE", "M", 300)
    assert (rep["rep_active"], rep["open_deals"], rep["days_since_coached"]) == (True, 0, None)


def test_the_book_of_a_rep(org: Any) -> None:
    """Open, early and new deals."""
    org.stages("Prospect", "Qualify", "Agree", "Close", "Won")
    a_rep(org)
    org.deal("D", owner_id="R", stage="Prospect", created_at=org.ago(27))
    org.deal("E", owner_id="R", stage="Close")
    org.deal("F", owner_id="R", stage="Won", closed=True, created_at=org.ago(28))
    rep = org.reps()["R"]
    assert (rep["open_deals"], rep["early_deals"], rep["new_deals_28d"]) == (2, 1, 1)


def test_the_work_of_a_rep(org: Any) -> None:
    """Everything the rep did counts, with a deal or without; nothing at all is unknown."""
    a_rep(org)
    assert [org.reps()["R"][name] for name in ("activities_7d", "meetings_held_7d", "meetings_held_28d")] == [None] * 3
    org.activity(6, owner_id="R", deal_id=None)
    org.activity(7, owner_id="R")
    org.activity(5, "meeting", owner_id="R")
    org.activity(20, "meeting", owner_id="R")
    org.activity(5, "meeting", owner_id="Somebody")
    assert [org.reps()["R"][name] for name in ("activities_7d", "meetings_held_7d", "meetings_held_28d")] == [2, 1, 2]


def test_a_conversation_counts_when_the_manager_says_so(org: Any) -> None:
    """Done by the manager's task, once an item; a rep's preparation is no conversation."""
    a_rep(org)
    org.deal()
    org.item(1, state="done", closed_at=org.ago(3))
    org.item(2, opened_at=org.ago(2))
    org.outcome(1, 4)
    org.outcome(1, 3)
    org.outcome(2, 1, role="prep_task")
    org.outcome(2, 1, kind="snoozed")
    assert [org.deals()["D"][name] for name in COACHED] == [1, 3, 1]
    rep = org.reps()["R"]
    assert (rep["coachings_28d"], rep["days_since_coached"], rep["open_coaching_items"]) == (1, 3, 1)


def test_what_was_waiting_then(org: Any) -> None:
    """An item waits from its opening to its closing, whatever became of it."""
    org.deal()
    org.item(1, state="ignored", closed_at=org.ago(3))
    waiting = [org.deals(as_of=org.ago(days))["D"]["open_coaching_items"] for days in (11, 10, 4, 2)]
    assert waiting == [0, 1, 1, 0]


def test_a_talk_about_the_rep_is_not_about_a_deal(org: Any) -> None:
    """Rep-grain items count for the rep alone; old ones drop out of the 28 days, not out of memory."""
    a_rep(org)
    org.deal("R")
    org.item(1, grain="rep", subject_id="R", state="done", opened_at=org.ago(50), closed_at=org.ago(40))
    org.outcome(1, 40)
    assert [org.deals()["R"][name] for name in COACHED] == [0, None, 0]
    assert (org.reps()["R"]["coachings_28d"], org.reps()["R"]["days_since_coached"]) == (0, 40)
