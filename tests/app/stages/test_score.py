"""A scorecard counts what was planned in a week and what came of it, whenever the answer came."""

from datetime import date, timedelta
from typing import Any

from app.stages.score import score
from app.store import coaching, scorecards
from app.store.scorecards import Scorecard

WEEK = date(2026, 5, 4)


def team(org: Any) -> None:
    """A manager with three reps, one of whom left."""
    org.user("M")
    for rep, here in (("R", True), ("S", True), ("T", False)):
        org.user(rep, manager_id="M", active=here)
    org.add(coaching.plans, id=1, manager_id="M", week=WEEK, budget_minutes=30)


def item(org: Any, id: int, **values: Any) -> None:
    given = {"id": id, "plan_id": 1, "grain": "deal", "subject_id": "D", "rep_id": "R", "manager_id": "M",
             "thread": f"thread {id}", "state": "open", "minutes": 10, "early": False}  # fmt: skip
    org.add(coaching.plan_items, **given | values)


def test_what_was_planned_and_what_came_of_it(org_anywhere: Any) -> None:
    """Two talks with one rep reach one of two; a prepared talk that was not held is not prepared coaching."""
    org = org_anywhere
    team(org)
    item(org, 1, early=True)
    item(org, 2, minutes=15)
    item(org, 3, grain="rep", rep_id="S", state="ignored")
    item(org, 4, state="contested")
    for number, role in ((1, "manager_task"), (1, "prep_task"), (2, "manager_task"), (3, "prep_task")):
        org.outcome(number, 3, role=role, reference=f"{role} {number}")
    (card,) = score(org.store, 1, as_of=org.now)
    assert card == Scorecard(
        manager_id="M",
        week=WEEK,
        reps=2,
        coached_reps=1,
        budget_minutes=30,
        planned=4,
        held=2,
        held_minutes=25,
        held_on_deals=2,
        held_early=1,
        prepared=1,
        contested=1,
        ignored=1,
    )


def test_a_plan_without_a_talk_is_a_week_without_coaching(org_anywhere: Any) -> None:
    """It is counted, since nothing happened in it."""
    team(org_anywhere)
    (card,) = score(org_anywhere.store, 1, as_of=org_anywhere.now)
    assert (card.planned, card.held, card.held_minutes, card.reps) == (0, 0, 0, 2)


def test_a_late_answer_changes_its_week_and_an_old_week_stays(org_anywhere: Any) -> None:
    """Scoring twice counts nothing twice; after five weeks a week is as it was last counted."""
    org = org_anywhere
    team(org)
    item(org, 1)
    for answered in (0, 0, 1):
        if answered:
            org.outcome(1, 1, reference="late")
        score(org.store, 1, as_of=org.now)
        with org.store.read() as transaction:
            assert [card.held for card in scorecards.kept(transaction, 1, WEEK)] == [answered]
    item(org, 2)
    assert score(org.store, 1, as_of=org.now + timedelta(weeks=6)) == []
    with org.store.read() as transaction:
        assert [card.planned for card in scorecards.kept(transaction, 1, WEEK)] == [1]
