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


def test_promises_are_open_tasks_of_either_side(org: Any) -> None:
    """The rep's own and the manager's on the rep's deals; what is done is kept, and no task at all is unknown."""
    org.user("M")
    a_rep(org)
    org.deal(owner_id="R")
    org.deal("Other", owner_id="M")
    promised = ("open_commitments", "commitment_late_days")
    assert [org.reps()["R"][name] for name in promised] == [None, None]
    org.activity(9, "task", owner_id="R", done=True)
    assert [org.reps()["R"][name] for name in promised] == [0, 0]
    org.activity(1, "task", owner_id="R", deal_id=None, done=False, starts_at=None)
    assert [org.reps()["R"][name] for name in promised] == [1, None]
    org.activity(-3, "task", owner_id="R", deal_id=None, done=False)
    assert [org.reps()["R"][name] for name in promised] == [2, 0]
    org.activity(16, "task", owner_id="M", done=False)
    org.activity(40, "task", owner_id="M", deal_id="Other", done=False)
    org.activity(40, "call", owner_id="R", done=False)
    assert [org.reps()["R"][name] for name in promised] == [3, 16]


def test_new_deals_are_held_against_the_reps_own_year(org: Any) -> None:
    """Twelve periods of 28 days before this one, empty ones too; who has no such year has no such number."""
    a_rep(org, created_at=org.ago(364))
    org.user("New", manager_id="M", created_at=org.ago(363))
    for number in range(4, 13):
        org.deal(f"D{number}", owner_id="R", created_at=org.ago(28 * number))
    org.deal("Now", owner_id="R", created_at=org.ago(27))
    org.deal("Before", owner_id="R", created_at=org.ago(13 * 28))
    reps = org.reps()
    assert (reps["R"]["new_deals_28d"], reps["R"]["new_deals_28d_p25"]) == (1, 0.75)
    assert reps["New"]["new_deals_28d_p25"] is None


def test_coverage_is_what_is_open_over_what_a_quarter_brings(org: Any) -> None:
    """Won within the year, by the history of its stage; nothing won or several currencies make it unknown."""
    org.stages("Qualify", "Won")
    a_rep(org)
    org.deal("D", owner_id="R", amount=300.0)
    assert org.reps()["R"]["pipeline_coverage"] is None
    for name, days in (("This year", 100), ("Last year", 365)):
        org.deal(name, owner_id="R", stage="Won", closed=True, won=True, amount=400.0, created_at=org.ago(400))
        org.snapshot(days, name, stage="Won", amount=400.0)
    assert org.reps()["R"]["pipeline_coverage"] == 3
    org.deal("Abroad", owner_id="R", amount=300.0, currency="NOK")
    assert org.reps()["R"]["pipeline_coverage"] is None


def test_coverage_needs_every_amount(org: Any) -> None:
    """An open deal without one would look like too little on the way."""
    org.stages("Qualify", "Won")
    a_rep(org)
    org.deal("W", owner_id="R", stage="Won", closed=True, won=True, amount=400.0)
    org.snapshot(9, "W", stage="Won", amount=400.0)
    assert org.reps()["R"]["pipeline_coverage"] == 0
    org.deal("D", owner_id="R", amount=None)
    assert org.reps()["R"]["pipeline_coverage"] is None


def test_since_when_coaching_is_known(org: Any) -> None:
    """From the first item in the org, whoever's it was."""
    a_rep(org)
    assert org.reps()["R"]["coaching_known_days"] is None
    org.item(1, rep_id="Somebody", opened_at=org.ago(30))
    assert org.reps()["R"]["coaching_known_days"] == 30


def test_who_is_a_manager(org: Any) -> None:
    """Active users to whom somebody active reports."""
    org.user("L")
    org.user("M", manager_id="L", role="Lead")
    org.user("R", manager_id="M")
    org.user("Gone", active=False)
    org.user("Left", manager_id="R", active=False)
    org.user("Own", manager_id="Own")
    org.deal(owner_id="R")
    managers = org.managers()
    assert set(managers) == {"L", "M"}
    manager = managers["M"]
    assert [manager[name] for name in ("leader_id", "manager_role", "reps", "open_deals")] == ["L", "Lead", 1, 1]


def test_what_a_manager_coaches(org: Any) -> None:
    """Shares of early deals and of the main area, from five conversations of the last 28 days on."""
    org.user("M")
    org.user("R", manager_id="M")
    mix = ("early_coaching_share", "main_area", "main_area_share")
    talks = [(True, "opportunity"), (False, "opportunity"), (False, "opportunity"), (False, "call"), (False, "account")]
    for number, (early, area) in enumerate(talks, start=1):
        if number == 5:
            assert [org.managers()["M"][name] for name in mix] == [None, None, None]
        org.item(number, manager_id="M", early=early, area=area)
        org.outcome(number, 27)
    org.item(6, manager_id="M", grain="rep", area="enablement", opened_at=org.ago(60))
    org.outcome(6, 28)
    manager = org.managers()["M"]
    assert [manager[name] for name in mix] == [0.2, "opportunity", 0.6]
    assert [manager[name] for name in ("coachings_28d", "deal_coachings_28d", "open_coaching_items")] == [5, 5, 6]
