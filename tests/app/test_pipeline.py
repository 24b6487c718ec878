"""The rhythms on both databases: what a run does, does once, and leaves to people."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from small_org import LIVELY, MONA, QUIET, RALF, RITA, Company, open_company

from app import pipeline
from app.errors import Interrupted, NotReady
from app.gate import named
from app.store import runs
from app.store.canonical import activities
from app.store.coaching import findings, plan_items
from app.store.ledger import intents, outcomes, receipts
from app.store.session import Busy, Store
from connectors.sandbox import control
from connectors.sandbox.faults import Fault


@pytest.fixture
def company(store: Store, tmp_path: Path) -> Iterator[Company]:
    found = open_company(store, tmp_path)
    yield found
    found.close()


def answers(company: Company) -> list[tuple[str, str, str | None]]:
    """What people did, in order: role, kind, who."""
    return [(row["role"], row["kind"], row["by"]) for row in company.rows(outcomes)]


def states(company: Company) -> dict[str, str]:
    """The state of each deal's conversation."""
    return {row["subject_id"]: row["state"] for row in company.rows(plan_items)}


def test_a_second_run_at_the_same_instant_writes_nothing(company: Company) -> None:
    """What was said once is not said again."""
    company.morning()
    said, told = company.tasks(), company.notes()
    again = company.morning()
    assert again.pushed
    assert again.pushed.sent == 0
    assert (company.tasks(), company.notes()) == (said, told)
    assert len(company.rows(receipts)) == len(company.rows(intents)) == 3 * len(QUIET)


def test_our_own_tasks_are_never_activities(company: Company) -> None:
    """A coaching task on a quiet deal does not make the deal lively."""
    company.morning()
    company.edit(company.task(), MONA, Status="Completed")
    company.later(days=1)
    second = company.morning()
    assert second.judged
    assert second.judged.persisting == len(QUIET)
    assert len(company.rows(activities)) == len(QUIET) + len(LIVELY)


def test_findings_open_persist_clear_and_come_back_as_another_episode(company: Company) -> None:
    """Every episode is a row of its own, so that history can be read."""
    for act in (lambda: None, lambda: company.call_customer(QUIET[0])):
        act()
        company.morning()
        company.later(days=1)
    company.later(days=14)
    company.morning()
    rows = sorted((r for r in company.rows(findings) if r["subject_id"] == QUIET[0]), key=lambda r: r["episode"])
    assert [(row["episode"], row["state"]) for row in rows] == [(1, "cleared"), (2, "open")]
    assert rows[0]["opened_at"] < rows[0]["cleared_at"] < rows[1]["opened_at"]


def test_a_reason_that_cleared_before_anybody_began_closes_its_task(company: Company) -> None:
    """The task says why it closed, and it counts as cleared, not as done."""
    company.morning()
    company.call_customer(QUIET[0])
    company.later(days=1)
    company.morning()
    company.often()
    assert company.task()["IsClosed"]
    assert company.task(role="prep")["IsClosed"]
    assert "Nothing to do here any more" in company.task()["Description"]
    assert [kind for _, kind, _ in answers(company)] == ["cleared", "cleared"]
    assert states(company)[QUIET[0]] == "cleared"


def test_a_task_somebody_has_started_is_left_alone(company: Company) -> None:
    """What people began is theirs, whatever became of the reason."""
    company.morning()
    company.edit(company.task(), MONA, Status="In Progress")
    company.call_customer(QUIET[0])
    company.later(days=1)
    before = company.task()
    company.often()
    company.morning()
    assert company.task() | {"LastActivityDate": None} == before | {"LastActivityDate": None}
    assert states(company)[QUIET[0]] == "open"


def test_done_comes_home_once_with_time_and_person(company: Company) -> None:
    """Completing the task is the answer; the rep's preparation is then no longer asked for."""
    company.morning()
    company.later(days=2)
    company.edit(company.task(), MONA, Status="Completed")
    done_at = company.now
    company.later(hours=3)
    for _ in range(3):
        company.often()
    (row,) = (row for row in company.rows(outcomes) if row["role"] == "manager_task")
    assert (row["kind"], row["by"], row["at"]) == ("done", MONA, done_at)
    assert states(company)[QUIET[0]] == "done"
    assert company.task(role="prep")["IsClosed"]


def test_snoozed_contested_and_reassigned_come_home_once_each(company: Company) -> None:
    """A later day, a line that begins with contest:, another owner: each is an answer of its own."""
    company.morning()
    company.later(days=1)
    company.edit(company.task(QUIET[0]), MONA, ActivityDate="2026-12-07")
    text = company.task(QUIET[1])["Description"]
    company.edit(company.task(QUIET[1]), MONA, Description=f"{text}\ncontest: they are on holiday")
    company.edit(company.task(QUIET[2]), MONA, OwnerId=RALF)
    for _ in range(2):
        company.later(hours=1)
        company.often()
    found = sorted((o["kind"], o["by"], o["detail"]) for o in company.rows(outcomes) if o["role"] == "manager_task")
    assert found == [
        ("contested", MONA, "they are on holiday"),
        ("reassigned", MONA, RALF),
        ("snoozed", MONA, "to 2026-12-07"),
    ]
    assert states(company)[QUIET[1]] == "contested"


def test_a_deleted_task_is_an_answer_and_is_not_made_again(company: Company) -> None:
    """The conversation ends with it."""
    company.morning()
    company.later(days=1)
    control.delete(company.org, user=MONA, object_name="Task", key=company.task()["Id"])
    company.later(hours=1)
    company.morning()
    company.morning()
    assert [row["kind"] for row in company.rows(outcomes) if row["role"] == "manager_task"] == ["deleted"]
    assert len([task for task in company.tasks("task") if task["WhatId"] == QUIET[0]]) == 1
    assert states(company)[QUIET[0]] == "deleted"


def test_a_task_nobody_answers_is_ignored_once_and_can_still_be_done(company: Company) -> None:
    """Silence long past the due day is an answer too, by nobody; doing it later counts."""
    company.morning()
    company.later(days=21)
    for _ in range(2):
        company.often()
    ignored = [answer for answer in answers(company) if answer[0] == "manager_task"]
    assert ignored == [("manager_task", "ignored", None)] * len(QUIET)
    company.edit(company.task(), MONA, Status="Completed")
    company.later(hours=1)
    company.often()
    assert states(company)[QUIET[0]] == "done"


def test_what_a_person_edited_is_not_overwritten(company: Company) -> None:
    """The next words of ours go only into fields that nobody touched."""
    company.morning()
    company.later(days=1)
    company.edit(company.task(), MONA, Subject="Coffee with Rita")
    company.call_customer(QUIET[0])
    company.later(hours=1)
    company.morning()
    assert company.task()["Subject"] == "Coffee with Rita"
    assert company.task()["IsClosed"]


@pytest.mark.parametrize(
    ("spent", "waiting"),
    [
        (7_000, []),
        (8_500, ["stage", "currency_rate", "account", "field_change", "deal_contact"]),
        (9_500, ["stage", "currency_rate", "account", "deal_change", "field_change", "deal_contact", "activity"]),
    ],
)
def test_near_the_api_budget_kinds_wait_in_the_stated_order(company: Company, spent: int, waiting: list[str]) -> None:
    """Failure 24: what people did, and the deals, come last; `status` says what waits. Our share is 10,000 calls."""
    company.coaching = company.coaching.model_copy(update={"api_share": 0.1})
    with company.store.begin() as transaction:
        run = runs.start(transaction, company.loop().org.id, "often", company.now, company.now)
        runs.finish(transaction, run, company.now, {"api_calls": spent}, None)
    pulled = company.often().pulled
    assert pulled
    # people are read before the first answer has told the limit
    assert pulled.left_out == waiting
    assert company.status()["last_run"]["counts"]["left_out"] == waiting
    assert company.status()["api_calls_24h"] > spent


def test_a_spent_budget_stops_the_run_and_later_it_goes_on(company: Company) -> None:
    """Exit code 6, nothing lost: when calls are free again the same command ends what this one began."""
    company.org.settings.daily_limit = 1000
    company.coaching = company.coaching.model_copy(update={"api_share": 0.02})
    with pytest.raises(Interrupted, match="api_share") as stopped:
        company.morning()
    assert stopped.value.exit_code == 6
    assert "share" in company.status()["last_run"]["error"]
    company.coaching = company.coaching.model_copy(update={"api_share": 1.0})
    company.later(days=2)
    company.morning()
    assert len(company.tasks()) == 2 * len(QUIET)


def test_only_one_run_at_a_time(company: Company) -> None:
    """The second one says so and does nothing; the lock is free when the first has ended."""
    inside, done = threading.Event(), threading.Event()

    def stay(*_: object) -> None:
        inside.set()
        done.wait(10)

    first = threading.Thread(target=pipeline.often, args=(company.loop(progress=stay),))
    first.start()
    try:
        assert inside.wait(10)
        with pytest.raises(Busy, match="Another run of 'amber' is at work") as busy:
            company.often()
        assert busy.value.exit_code == 5
    finally:
        done.set()
        first.join()
    company.often()


def test_a_user_switched_off_in_the_middle_pauses_the_connection(company: Company) -> None:
    """The run ends with what to do, keeps what came, and the next one after the remedy goes on."""

    def switch_off(kind: str, *_: object) -> None:
        if kind == "deal":
            control.configure(company.org, user_active={company.org.user_id: False}, expire_sessions=True)

    with pytest.raises(NotReady, match="Activate the integration user"):
        pipeline.morning(company.loop(progress=switch_off))
    assert company.status()["paused"]
    assert company.status()["records"]["deal"] == 8
    control.configure(company.org, user_active={company.org.user_id: True})
    company.morning()
    assert company.status()["paused"] is None
    assert len(company.tasks()) == 2 * len(QUIET)


def test_one_row_the_org_refuses_does_not_hold_up_the_rest(company: Company) -> None:
    """Failure 38: it is listed with what to do, offered again next morning, and leaves the list with its cause."""
    rule = {"object": "Task", "field": "Subject", "forbid": "Coach Rita", "message": "Nobody coaches Rita."}
    control.configure(company.org, validation_rule=rule)
    first = company.morning()
    assert first.pushed
    assert (first.pushed.created, first.pushed.refused) == (11, 1)
    (listed,) = company.status()["not_taken"]
    assert "Nobody coaches Rita." in listed["reason"]
    control.configure(company.org, validation_rule=False)
    company.later(days=1)
    company.morning()
    assert company.status()["not_taken"] == []
    assert len(company.tasks()) == 2 * len(QUIET)


def test_a_refused_task_whose_reason_has_gone_is_not_written_after_all(company: Company) -> None:
    """What never reached the CRM is withdrawn."""
    rule = {"object": "Task", "field": "WhatId", "forbid": QUIET[0], "message": "No tasks here."}
    control.configure(company.org, validation_rule=rule)
    company.morning()
    control.configure(company.org, validation_rule=False)
    company.call_customer(QUIET[0])
    company.later(days=1)
    company.morning()
    assert company.status()["not_taken"] == []
    assert len(company.tasks()) == 2 * (len(QUIET) - 1)


def test_a_preview_writes_nothing_anywhere(company: Company) -> None:
    """It shows what a morning would write, and the morning then writes just that."""
    company.often()
    org = named(company.store, "amber")
    shown = pipeline.preview(
        company.store, org, company.coaching, company.rules, as_of=company.now, now=company.now
    ).planned
    assert shown
    assert len(shown.diff) == 3 * len(QUIET)
    assert company.rows(findings) == company.rows(plan_items) == company.rows(intents) == company.tasks() == []
    done = company.morning().planned
    assert done
    assert [item.thread for item in done.new] == [item.thread for item in shown.new]


def test_the_org_says_which_of_its_stages_are_early(company: Company) -> None:
    """By the name of its connection; another connection's stages are its own."""
    company.often()
    org, seen = named(company.store, "amber"), []
    for early_stages in ({}, {"amber": ["Negotiation"]}, {"other": ["Negotiation"]}):
        coaching = company.coaching.model_copy(update={"early_stages": early_stages})
        shown = pipeline.preview(company.store, org, coaching, company.rules, as_of=company.now, now=company.now)
        assert shown.planned
        seen.append({item.early for item in shown.planned.new})
    assert seen == [{True}, {False}, {True}]


def test_a_record_that_leaves_our_sight_is_no_answer(company: Company) -> None:
    """A sweep finds the task unseen; nobody deleted it, so nothing comes home, and it is known again when shown."""
    company.morning()
    company.often()
    control.blind(company.org, [company.task()["Id"]])
    swept = pipeline.often(company.loop(), sweep=True)
    assert swept.recounted
    assert swept.recounted.gone == 1
    assert answers(company) == []
    control.blind(company.org, [])
    pipeline.often(company.loop(), sweep=True)
    company.later(hours=1)
    company.edit(company.task(), MONA, Status="Completed")
    company.later(hours=1)
    company.often()
    assert ("manager_task", "done", MONA) in answers(company)


def test_a_pull_cut_off_goes_on_from_its_last_page(company: Company) -> None:
    """The pages before the cut are kept with their cursor; the next pull asks only for what follows."""
    company.connect(page_size=3, tries=1)
    company.org.faults.order(Fault(effect="drop_before", path="FROM.Opportunity.WHERE", nth=1))
    with pytest.raises(Interrupted, match="Nothing is lost"):
        company.often()
    held = company.status()["records"]["deal"]
    assert held == 3
    company.often()
    assert company.status()["records"]["deal"] == 8


def test_an_owner_who_left_gets_no_task(company: Company) -> None:
    """Nobody is asked to coach a person who can no longer sign in."""
    control.configure(company.org, user_active={RITA: False})
    company.morning()
    assert {task["WhatId"] for task in company.tasks()} == set(QUIET[1:])


def test_an_owner_who_left_after_planning_is_refused_with_a_remedy(company: Company) -> None:
    """The task is listed with what to do, and the others arrive."""
    loop = company.loop(progress=lambda kind, *_: kind == "note" and control.configure(
        company.org, user_active={RITA: False}))  # fmt: skip
    pipeline.morning(replace(loop))
    (listed,) = company.status()["not_taken"]
    assert "owner is inactive" in listed["reason"]
    assert len(company.tasks()) == 2 * len(QUIET) - 1
