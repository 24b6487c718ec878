"""Planning through the store: what is owed after a first morning, and what later mornings do to it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, delete, insert, select, update

from app.config import Coaching, Planning
from app.stages.plan import PlanResult, TooManyTasks, plan, reference
from app.stages.plan.candidates import CONTESTED, NO_MANAGER, OPTED_OUT, OWN_MANAGER, OWNER_INACTIVE, RESTING, TOO_SOON
from app.stages.plan.draft import OVER_MINUTES, REP_FULL
from app.store.canonical import crm_tasks, users
from app.store.coaching import findings, plan_items, plans
from app.store.ledger import connections, intents, outcomes
from app.store.tables import metadata
from coaching_rules.model import Engagement, Moment, Rule

MONDAY = datetime(2026, 11, 23, 6, tzinfo=UTC)
ORG = 1


def rule(name: str, **changes: Any) -> Rule:
    coach = Engagement(
        why="{deal_name}: silent for {days_since_two_way} days.",
        when=Moment(meeting="pipeline_review"),
        where="pipeline_review",
        minutes=10,
        ask=("What would make them want to meet?",),
        prepare=("What changed there?",),
        area="opportunity",
    )
    plain = Rule(
        id=name, grain="deal", title="A deal has gone quiet", status="live", owner="ops", review_by=date(2027, 1, 1),
        when="days_since_two_way >= 14", severity=2, coach=coach,
    )  # fmt: skip
    return replace(plain, **changes)


QUIET = rule("quiet")
STUCK = rule("stuck", title="A deal is stuck", severity=3)
assert QUIET.coach is not None
NEW_REP = rule("new_rep", coach=replace(QUIET.coach, why="{owner_name} is {owner_tenure_days} days in the team."))
PACE = rule("pace", grain="rep", coach=replace(QUIET.coach, why="{rep_name} held {meetings_held_7d} meetings."))
RULES = {r.id: r for r in (QUIET, STUCK, NEW_REP, PACE)}
FACTS = {
    "deal_name": "Amber Lantern Freight", "owner_id": "r1", "owner_name": "Dana Reed", "manager_id": "m1",
    "is_early": True, "amount": 60000.0, "segment_median_amount": 40000.0, "days_since_two_way": 20,
    "days_since_coached": None, "owner_tenure_days": 40, "capture_coverage": 0.5,
}  # fmt: skip
EVIDENCE = [
    {"word": "days_since_two_way", "value": 20, "op": ">=", "threshold": 14, "threshold_source": "the rule"},
    {"word": "capture_coverage", "value": 0.5, "op": ">=", "threshold": 0.3, "threshold_source": "the rule"},
]


@contextmanager
def database() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            insert(connections).values(id=ORG, name="acme", crm="sandbox", settings={}, secrets="", created_at=MONDAY)
        )
        for person, name, manager in (
            ("m1", "Mara Quill", "v1"),
            ("v1", "Vera Stone", None),
            ("r1", "Dana Reed", "m1"),
        ):
            person_row(connection, person, name, manager)
        yield connection
    engine.dispose()


@pytest.fixture
def db() -> Iterator[Connection]:
    with database() as connection:
        yield connection


def person_row(db: Connection, person: str, name: str, manager: str | None, active: bool = True) -> None:
    row = {"id": person, "name": name, "active": active, "manager_id": manager, "changed_at": MONDAY}
    db.execute(insert(users).values(connection_id=ORG, observed_at=MONDAY, **row))


def find(db: Connection, rule_id: str, subject: str = "d1", episode: int = 1, **facts: Any) -> None:
    one = RULES[rule_id]
    about = {"rep_id": subject, "rep_name": "Dana Reed", "manager_id": "m1"} if one.grain == "rep" else FACTS
    db.execute(
        insert(findings).values(
            connection_id=ORG, rule_id=rule_id, subject_id=subject, episode=episode, rule_version=one.version,
            grain=one.grain, kind="coaching", severity=one.severity, state="open",
            evidence=EVIDENCE if one.grain == "deal" else [], facts={**about, **facts},
            opened_at=MONDAY, seen_at=MONDAY,
        )
    )  # fmt: skip


def clear(db: Connection, rule_id: str) -> None:
    db.execute(update(findings).where(findings.c.rule_id == rule_id).values(state="cleared", cleared_at=MONDAY))


def planned(db: Connection, day: int = 0, coaching: Coaching | None = None, **how: Any) -> PlanResult:
    at = MONDAY + timedelta(days=day)
    return plan(db, ORG, as_of=at, coaching=coaching or Coaching(), rules=RULES, **how)


def owed(db: Connection) -> dict[str, Mapping[str, Any]]:
    return {row.role: row._mapping for row in db.execute(select(intents).order_by(intents.c.id))}


def pushed(db: Connection) -> None:
    """The CRM took everything."""
    for row in db.execute(select(intents)).all():
        stored = {"state": "stored", "crm_id": f"00T{row.id}", "written": row.content, "attempts": 1}
        db.execute(update(intents).where(intents.c.id == row.id).values(stored))


def end(db: Connection, state: str, at: datetime, detail: str | None = None) -> None:
    item = db.execute(select(plan_items.c.id).where(plan_items.c.state == "open")).scalar_one()
    db.execute(update(plan_items).where(plan_items.c.id == item).values(state=state, closed_at=at))
    answer = {"reference": f"t{item}", "role": "manager_task", "kind": state, "at": at, "detail": detail}
    db.execute(insert(outcomes).values(connection_id=ORG, item_id=item, observed_at=at, **answer))


def everything(db: Connection) -> list[Any]:
    return [db.execute(select(table)).all() for table in (plans, plan_items, intents)]


def open_items(db: Connection) -> list[Any]:
    return list(db.execute(select(plan_items).where(plan_items.c.state == "open")))


def why_not(result: PlanResult) -> list[str]:
    return [left.why_not for left in result.left_out]


def test_a_finding_becomes_a_task_a_preparation_and_a_note(db: Connection) -> None:
    """One conversation, three records, one transaction; the rep prepares a working day before."""
    find(db, "quiet")
    result = planned(db)
    (item,) = result.new
    assert (item.minutes, item.meeting, item.due) == (10, "pipeline_review", date(2026, 11, 30))
    assert {role: row["state"] for role, row in owed(db).items()} == dict.fromkeys(
        ("manager_task", "prep_task", "note"), "pending"
    )
    assert owed(db)["manager_task"]["content"]["owner_id"] == "m1"
    assert owed(db)["prep_task"]["content"] | {"body": "", "subject": ""} == {
        "owner_id": "r1", "deal_id": "d1", "due": "2026-11-27", "closed": False, "body": "", "subject": "",
    }  # fmt: skip
    assert result.new_tasks == 2
    assert result.budgets[0].used_minutes == 10


def test_planning_twice_changes_nothing(db: Connection) -> None:
    """The same morning again, and the next one, leave plans, items and intents as they are."""
    find(db, "quiet")
    find(db, "pace", "r1")
    planned(db)
    first = everything(db)
    again = planned(db)
    assert everything(db) == first
    assert (again.new, again.updated, again.cleared, again.new_tasks) == ((), (), (), 0)
    planned(db, day=1)
    assert everything(db)[1:] == first[1:]


deals = st.tuples(st.sampled_from(["quiet", "stuck", "new_rep"]), st.sampled_from(["d1", "d2", "d3", "d4"]))


@settings(max_examples=25, deadline=None)
@given(first=st.sets(deals), later=st.sets(deals), days=st.integers(0, 30), sent=st.booleans())
def test_any_morning_may_run_twice(
    first: set[tuple[str, str]], later: set[tuple[str, str]], days: int, sent: bool
) -> None:
    """Whatever was found before and is found now: the second run of a morning finds nothing left to do."""
    with database() as db:
        for rule_id, deal in sorted(first):
            find(db, rule_id, deal)
        planned(db)
        if sent:
            pushed(db)
        db.execute(delete(findings))
        for rule_id, deal in sorted(later):
            find(db, rule_id, deal)
        result = planned(db, day=days)
        assert not result.new or all(budget.used_minutes <= budget.minutes for budget in result.budgets)
        once = everything(db)
        planned(db, day=days)
        assert everything(db) == once
        assert all(n == 1 for n in Counter(i.thread for i in open_items(db)).values())


def test_one_deal_is_one_conversation_with_all_its_reasons(db: Connection) -> None:
    """Two findings on a deal: the graver leads, a few minutes more, one task."""
    find(db, "quiet")
    find(db, "stuck")
    (item,) = planned(db).new
    assert [reason["rule"] for reason in item.reasons] == ["stuck", "quiet"]
    assert item.minutes == 13


def test_a_dry_run_writes_nothing_and_shows_the_difference(db: Connection) -> None:
    """What the push would create is told, and the store stays empty."""
    find(db, "quiet")
    result = planned(db, dry=True)
    assert everything(db) == [[], [], []]
    assert [(d.deed, d.role) for d in result.diff] == [
        ("new", "manager_task"),
        ("new", "note"),
        ("new", "prep_task"),
    ]


def test_after_the_push_there_is_no_difference(db: Connection) -> None:
    """A CRM that holds what we owe has nothing to change."""
    find(db, "quiet")
    planned(db)
    pushed(db)
    assert planned(db, day=1, dry=True).diff == ()


def test_a_new_reason_rewrites_the_same_task(db: Connection) -> None:
    """Same item, same references, new words; a field that a person edited is not in the difference."""
    find(db, "quiet")
    planned(db)
    pushed(db)
    task = owed(db)["manager_task"]
    content = {**task["content"], "due": date(2026, 12, 7), "subject": "My own words"}
    db.execute(
        insert(crm_tasks).values(
            connection_id=ORG, id=task["crm_id"], reference=task["reference"], status="Not Started",
            changed_at=MONDAY, observed_at=MONDAY, **content,
        )
    )  # fmt: skip
    find(db, "stuck")
    result = planned(db, day=1)
    assert (len(result.updated), len(result.new)) == (1, 0)
    after = owed(db)["manager_task"]
    assert (after["reference"], after["state"]) == (task["reference"], "pending")
    assert "stuck" in after["content"]["body"]
    (change,) = [d for d in result.diff if d.role == "manager_task"]
    assert (change.deed, change.fields) == ("change", ("body",))


def test_what_clears_before_anyone_started_is_closed(db: Connection) -> None:
    """The tasks close with a line that says so, the note says it too, and the item takes no more minutes."""
    find(db, "quiet")
    planned(db)
    pushed(db)
    clear(db, "quiet")
    result = planned(db, day=1)
    assert [item.state for item in result.cleared] == ["cleared"]
    contents = {role: row["content"] for role, row in owed(db).items()}
    assert contents["manager_task"]["closed"]
    assert contents["prep_task"]["closed"]
    assert all(content["body"].startswith("Nothing to do here any more") for content in contents.values())
    assert result.budgets[0].used_minutes == 0
    before = everything(db)
    planned(db, day=1)
    assert everything(db)[1:] == before[1:]


def test_what_clears_before_it_was_sent_is_withdrawn(db: Connection) -> None:
    """A task nobody has seen is not written just to be closed."""
    find(db, "quiet")
    planned(db)
    clear(db, "quiet")
    planned(db, day=1)
    assert {row["state"] for row in owed(db).values()} == {"withdrawn"}


def test_what_people_have_started_is_theirs(db: Connection) -> None:
    """A rep who has prepared still gets the conversation when the reason has gone."""
    find(db, "quiet")
    planned(db)
    pushed(db)
    item = db.execute(select(plan_items.c.id)).scalar_one()
    prepared = {"item_id": item, "reference": "p", "role": "prep_task", "kind": "done", "at": MONDAY}
    db.execute(insert(outcomes).values(connection_id=ORG, observed_at=MONDAY, **prepared))
    clear(db, "quiet")
    assert not planned(db, day=1).cleared


def test_a_deal_that_changes_hands_is_handed_over(db: Connection) -> None:
    """The old owner's tasks close; the new owner's wait until the deal may have a new prompt."""
    person_row(db, "r2", "Noor Vale", "m1")
    find(db, "quiet")
    planned(db)
    db.execute(update(findings).values(facts={**FACTS, "owner_id": "r2"}))
    assert len(planned(db, day=1).cleared) == 1
    assert why_not(planned(db, day=2)) == [RESTING]


def test_after_a_conversation_the_rule_rests_and_the_deal_waits(db: Connection) -> None:
    """Fourteen days of rest for the rule, fourteen between two prompts on a deal, then revision two."""
    find(db, "quiet")
    planned(db)
    end(db, "done", MONDAY + timedelta(days=2), "They agreed to call the plant manager.")
    assert why_not(planned(db, day=3)) == [RESTING]
    find(db, "stuck")
    assert why_not(planned(db, day=4)) == [TOO_SOON]
    (item,) = planned(db, day=20).new
    assert item.revision == 2
    bodies = [row.content["body"] for row in db.execute(select(intents)) if row.role == "manager_task"]
    assert bodies[-1].startswith("Last time: done on 2026-11-25: They agreed to call the plant manager.")


def test_the_note_of_a_deal_is_one_record(db: Connection) -> None:
    """The second conversation updates the note of the first and makes tasks of its own."""
    find(db, "quiet")
    planned(db)
    pushed(db)
    end(db, "done", MONDAY + timedelta(days=2))
    planned(db, day=20)
    roles = [row.role for row in db.execute(select(intents).order_by(intents.c.id))]
    assert roles == ["manager_task", "prep_task", "note", "manager_task", "prep_task"]
    assert planned(db, day=20).new_tasks == 0


def test_what_was_contested_stays_silent_until_it_comes_back(db: Connection) -> None:
    """Rest days do not end it; a new episode does."""
    find(db, "quiet")
    planned(db)
    end(db, "contested", MONDAY + timedelta(days=1), "We talk daily.")
    assert why_not(planned(db, day=60)) == [CONTESTED]
    clear(db, "quiet")
    find(db, "quiet", episode=2)
    assert len(planned(db, day=61).new) == 1


def test_an_ignored_task_makes_room_for_a_newer_one(db: Connection) -> None:
    """When the conversation is asked for again, the tasks nobody answered close: a deal never has two."""
    find(db, "quiet")
    planned(db)
    pushed(db)
    end(db, "ignored", MONDAY + timedelta(days=15))
    planned(db, day=40)
    tasks = [row.content["closed"] for row in db.execute(select(intents)) if row.role == "manager_task"]
    assert tasks == [True, False]
    before = everything(db)
    planned(db, day=40)
    assert everything(db) == before


def test_a_snoozed_task_is_left_alone(db: Connection) -> None:
    """Put off beyond this week it takes no minutes of this week, and the deal gets no second task."""
    find(db, "quiet")
    planned(db)
    pushed(db)
    db.execute(update(plan_items).values(snoozed_until=date(2026, 12, 7)))
    result = planned(db, day=1)
    assert (result.new, result.updated, result.cleared, result.diff) == ((), (), (), ())
    assert result.budgets[0].used_minutes == 0


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"owner_id": "gone"}, OWNER_INACTIVE),
        ({"manager_id": None}, NO_MANAGER),
        ({"manager_id": "r1"}, OWN_MANAGER),
        ({"manager_id": "out"}, OPTED_OUT),
    ],
)
def test_nobody_gets_a_task_nobody_can_act_on(db: Connection, facts: dict[str, Any], reason: str) -> None:
    """Who is gone, has no manager, is their own, or whose manager opted out: told to ops, never written."""
    person_row(db, "gone", "Ivo Lark", "m1", active=False)
    person_row(db, "out", "Olga Birch", None)
    find(db, "quiet", **facts)
    result = planned(db, coaching=Coaching.model_validate({"managers": {"Olga Birch": {"coach": False}}}))
    assert why_not(result) == [reason]
    assert everything(db)[1:] == [[], []]


def test_a_focus_of_a_rep_is_one_private_task(db: Connection) -> None:
    """No deal, no preparation on a deal, no note."""
    find(db, "pace", "r1", meetings_held_7d=1)
    planned(db)
    assert list(owed(db)) == ["manager_task"]
    assert owed(db)["manager_task"]["content"]["deal_id"] is None


def test_a_reason_about_the_rep_unties_the_tasks_from_the_deal(db: Connection) -> None:
    """The manager and the rep read it; the note on the deal does not have it."""
    find(db, "new_rep")
    find(db, "quiet")
    planned(db)
    rows = owed(db)
    assert rows["manager_task"]["content"]["deal_id"] is None
    assert rows["prep_task"]["content"]["deal_id"] is None
    assert "40 days in the team" in rows["manager_task"]["content"]["body"]
    assert "Dana" not in str(rows["note"]["content"])
    assert "coverage" not in str(rows["note"]["content"])


def test_what_does_not_fit_is_stored_with_its_reason(db: Connection) -> None:
    """Five deals of ten minutes in a week of twenty-nine: two fit, the others are in the plan's list, ranked."""
    for n in range(5):
        find(db, "quiet", f"d{n}", amount=10_000.0 * (5 - n))
    result = planned(db)
    assert [item.subject_id for item in result.new] == ["d0", "d1"]
    stored = db.execute(select(plans.c.left_out)).scalar_one()
    assert [(row["subject_id"], row["position"], row["why_not"]) for row in stored] == [
        (f"d{n}", n - 1, OVER_MINUTES) for n in (2, 3, 4)
    ]


def test_one_deal_can_be_planned_alone(db: Connection) -> None:
    """An event about one deal plans that deal and leaves what was said of the others as it was."""
    for n in range(3):
        find(db, "quiet", f"d{n}", amount=10_000.0 * (5 - n))
    coaching = Coaching(planning=Planning(open_per_rep=1))
    planned(db, coaching=coaching)
    result = planned(db, day=1, coaching=coaching, only_subjects={"d2"})
    assert [(left.candidate.subject_id, left.why_not) for left in result.left_out] == [("d2", REP_FULL)]
    assert [row["subject_id"] for row in db.execute(select(plans.c.left_out)).scalar_one()] == ["d1", "d2"]


def test_a_run_that_would_write_too_much_writes_nothing(db: Connection) -> None:
    """The message says how many, and what to do."""
    find(db, "quiet")
    with pytest.raises(TooManyTasks, match=r"2 new tasks and may write 1"):
        planned(db, coaching=Coaching(planning=Planning(most_new_tasks=1)))
    assert everything(db) == [[], [], []]


def test_references_tell_roles_threads_revisions_and_orgs_apart() -> None:
    """Every key is its own, except that a deal's note keeps one through all conversations."""
    keys = {
        reference(org, role, thread, revision)
        for org in (1, 2)
        for role in ("manager_task", "prep_task", "note")
        for thread in ("deal:a", "deal:b")
        for revision in (1, 2)
    }
    assert len(keys) == 8 + 8 + 4
    assert reference(1, "note", "deal:a", 1) == reference(1, "note", "deal:a", 2)
    assert reference(1, "manager_task", "deal:a", 1).startswith("coach:task:")
