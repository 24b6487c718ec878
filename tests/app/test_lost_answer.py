"""Answers get lost, and people act in between: every write is made once, and what people did stays."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest
from small_org import MONA, QUIET, RITA, Company, open_company

from app import pipeline
from app.errors import Interrupted, NotReady
from app.store import writes
from app.store.ledger import intents
from app.store.session import Store
from connectors.sandbox import control
from connectors.sandbox.faults import Fault

UPSERT = {"method": "PATCH", "path": "composite/sobjects/Task/Coaching_Key__c"}
INSERT = {"method": "POST", "path": r"composite/sobjects$"}
UPDATE = {"method": "PATCH", "path": r"composite/sobjects$"}
NOTES = {"method": "POST", "path": r"composite$", "body": "ContentNote"}
LINKS = {"method": "POST", "path": r"composite$", "body": "ContentDocumentLink"}
BUSY = '[{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record"}]'


@pytest.fixture
def company(sqlite: Store, tmp_path: Path) -> Iterator[Company]:
    found = open_company(sqlite, tmp_path)
    yield found
    found.close()


@pytest.fixture
def keyless(sqlite: Store, tmp_path: Path) -> Iterator[Company]:
    """An org without our key field: the reference stands in the subject."""
    found = open_company(sqlite, tmp_path, key_field=False)
    yield found
    found.close()


def trouble(company: Company, effect: Any, call: dict[str, str], **more: Any) -> None:
    company.org.faults.order(Fault(effect=effect, **{"times": 1, **call, **more}))


def stopped_before_the_receipt(company: Company, arrived: Callable[[], Any]) -> None:
    """A morning that somebody stops when the CRM holds the writes and nothing is known of them here."""

    def clock() -> datetime:
        if arrived():
            raise KeyboardInterrupt
        return company.now

    with pytest.raises(KeyboardInterrupt):
        pipeline.morning(replace(company.loop(), clock=clock))


def assert_all_there_once(company: Company) -> None:
    """Two tasks and one note for every quiet deal, each note linked once, and nothing owed any more."""
    assert len(company.tasks()) == 2 * len(QUIET)
    assert sorted(str(note["deal"]) for note in company.notes()) == list(QUIET)
    assert {row["state"] for row in company.rows(intents)} == {"stored"}


@pytest.mark.parametrize("call", [UPSERT, NOTES], ids=["tasks", "notes"])
@pytest.mark.parametrize("effect", ["drop_after", "cut_body", "malformed_json"])
def test_an_answer_lost_once_is_made_good_in_the_same_run(company: Company, effect: Any, call: dict[str, str]) -> None:
    """The write arrived: the same morning finds it, and ends with everything there once."""
    trouble(company, effect, call)
    done = company.morning().pushed
    assert_all_there_once(company)
    assert done
    assert done.sent == done.created + done.adopted == 12


@pytest.mark.parametrize(("call", "lost"), [(UPSERT, 8), (NOTES, 4)], ids=["tasks", "notes"])
@pytest.mark.parametrize("effect", ["drop_before", "html_200"])
def test_what_did_not_arrive_is_sent_again_when_it_cannot_be_under_way_any_more(
    company: Company, effect: Any, call: dict[str, str], lost: int
) -> None:
    """Nobody can tell it from a write that is still being worked on: it waits, and is listed with what it waits for."""
    trouble(company, effect, call)
    done = company.morning().pushed
    assert done
    assert (done.sent, done.unknown) == (12, lost)
    listed = company.status()["not_taken"]
    assert {(one["state"], one["reason"]) for one in listed} == {("in_flight", writes.LOOKED_FOR)}
    company.later(minutes=10)
    company.send()
    assert len(company.status()["not_taken"]) == lost
    company.later(minutes=1)
    company.send()
    assert_all_there_once(company)


@pytest.mark.parametrize("call", [INSERT, NOTES], ids=["tasks", "notes"])
@pytest.mark.parametrize("effect", ["drop_after", "malformed_json"])
def test_without_a_key_field_a_lost_answer_is_looked_for(keyless: Company, effect: Any, call: dict[str, str]) -> None:
    """A repeated create would make a second task, so it is looked for by its subject first."""
    trouble(keyless, effect, call)
    keyless.morning()
    assert_all_there_once(keyless)


WRITES = [("company", UPSERT), ("keyless", INSERT), ("company", NOTES)]
NAMES = ["tasks", "tasks without a key field", "notes"]


@pytest.mark.parametrize(("org", "call"), WRITES, ids=NAMES)
@pytest.mark.parametrize("seconds", [30, 599])
def test_a_write_that_is_still_under_way_is_not_made_twice(
    org: str, call: dict[str, str], seconds: int, request: pytest.FixtureRequest
) -> None:
    """Failure 31: we waited two minutes for an answer, Salesforce worked on it for up to ten."""
    found: Company = request.getfixturevalue(org)
    trouble(found, "late", call, seconds=seconds)
    found.morning()
    for _ in range(8):
        found.later(minutes=2)
        found.often()
    assert_all_there_once(found)


@pytest.mark.parametrize(("org", "call"), WRITES, ids=NAMES)
def test_a_fresh_record_that_no_query_finds_yet_is_not_made_twice(
    org: str, call: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """Failures 2 and 32: the answer was lost, and the index follows seconds behind the commit."""
    found: Company = request.getfixturevalue(org)
    found.org.settings.index_lag_seconds = 3
    trouble(found, "drop_after", call)
    found.morning()
    found.later(minutes=5)
    found.often()
    assert_all_there_once(found)


def test_what_a_flow_set_meanwhile_is_not_overwritten_by_a_repeat(company: Company) -> None:
    """With the key field nothing would double, but the repeated upsert would be an update."""
    company.org.settings.index_lag_seconds = 3
    control.configure(company.org, flow={"object": "Task", "set": {"Description": "Set by a flow"}})
    trouble(company, "drop_after", UPSERT)
    company.morning()
    company.later(minutes=30)
    company.often()
    assert {task["Description"] for task in company.tasks()} == {"Set by a flow"}
    assert_all_there_once(company)


def test_what_our_budget_stopped_need_not_wait(company: Company) -> None:
    """It was certainly not sent, so the next run sends it at once."""
    spent = '[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]'
    trouble(company, "answer", NOTES, status=403, answer=spent)
    with pytest.raises(Interrupted, match="API limit"):
        company.morning()
    company.send()
    assert_all_there_once(company)


def test_a_task_over_before_it_arrived_is_not_written(company: Company) -> None:
    """Its create was lost, its conversation ended: it is looked for, and withdrawn instead of being made and closed."""
    trouble(company, "drop_before", UPSERT)
    company.morning()
    company.call_customer(QUIET[0])
    company.later(days=1)
    done = company.morning().pushed
    assert done
    assert done.withdrawn == 2
    assert [task for task in company.tasks() if task["WhatId"] == QUIET[0]] == []
    states = {row["state"] for row in company.rows(intents) if row["content"]["deal_id"] == QUIET[0]}
    assert states == {"withdrawn", "stored"}


def test_a_note_whose_link_was_not_made_gets_it_later(company: Company) -> None:
    """Note and link are two writes: a note that arrived alone is finished, not written again."""
    stopped_before_the_receipt(company, company.notes)
    company.org.execute("DELETE FROM ContentDocumentLink WHERE LinkedEntityId = ?", (QUIET[0],))
    trouble(company, "drop_after", LINKS)
    company.send()
    assert_all_there_once(company)


@pytest.mark.parametrize("effect", ["drop_after", "drop_before"])
def test_a_lost_answer_to_an_update_costs_nothing(company: Company, effect: Any) -> None:
    """A task that is to be closed is closed, and says so once."""
    company.morning()
    company.call_customer(QUIET[0])
    company.later(days=1)
    trouble(company, effect, UPDATE)
    trouble(company, effect, {"method": "POST", "path": r"composite$"})
    company.morning()
    company.send()
    assert company.task()["IsClosed"]
    assert company.task()["Description"].count("Nothing to do here any more") <= 1
    assert_all_there_once(company)


@pytest.mark.parametrize("call", [{"path": "query"}, UPSERT, NOTES], ids=["pull", "tasks", "notes"])
def test_a_session_that_ends_in_the_middle_is_renewed(company: Company, call: dict[str, str]) -> None:
    """One new sign-in, and the same call again."""
    trouble(company, "expire_session", call)
    company.morning()
    assert_all_there_once(company)


def test_a_maintenance_page_ends_a_push_without_loss(company: Company) -> None:
    """What a 503 with HTML answered is unknown until the next run looks."""
    page = "<html>We are down for maintenance</html>"
    trouble(company, "answer", {"path": "composite"}, times=50, status=503, answer=page)
    first = company.morning().pushed
    assert first
    assert first.unknown == 12
    company.org.faults.clear()
    company.later(minutes=11)
    company.send()
    assert_all_there_once(company)


def test_a_locked_row_is_retried_and_counts_as_waiting(company: Company) -> None:
    """A record that Salesforce was busy with comes again minutes later."""
    rows = [{"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "busy"}]}] * 8
    trouble(company, "answer", UPSERT, status=200, answer=str(rows).replace("'", '"').replace("False", "false"))
    first = company.morning().pushed
    assert first
    assert first.retry == 8
    assert len(company.status()["not_taken"]) == 8
    company.later(minutes=5)
    company.send()
    assert company.status()["not_taken"] == []
    assert_all_there_once(company)


@pytest.mark.parametrize("org", ["company", "keyless"])
def test_an_edit_between_a_lost_answer_and_the_retry_survives(org: str, request: pytest.FixtureRequest) -> None:
    """The person who already has the task has moved it and written into it; the retry leaves both alone."""
    found: Company = request.getfixturevalue(org)
    stopped_before_the_receipt(found, found.tasks)
    found.later(minutes=10)
    found.edit(found.task(), MONA, ActivityDate="2026-12-01", Description="I shall call them myself.")
    found.send()
    assert found.task()["ActivityDate"] == "2026-12-01"
    assert found.task()["Description"] == "I shall call them myself."
    assert_all_there_once(found)


@pytest.mark.parametrize("org", ["company", "keyless"])
def test_a_task_deleted_between_a_lost_answer_and_the_retry_stays_deleted(
    org: str, request: pytest.FixtureRequest
) -> None:
    """Deleting is an answer, and it comes home as one."""
    found: Company = request.getfixturevalue(org)
    stopped_before_the_receipt(found, found.tasks)
    found.later(minutes=10)
    control.delete(found.org, user=MONA, object_name="Task", key=found.task()["Id"])
    found.send()
    assert found.task()["IsDeleted"]
    assert_all_there_once(found)
    assert found.often().outcomes == {"deleted": 1}


def test_a_note_edited_or_deleted_before_the_retry_is_left_to_people(company: Company) -> None:
    """One note was rewritten by the rep, another deleted: neither is touched, nor counted as refused."""
    stopped_before_the_receipt(company, company.notes)
    company.later(minutes=10)
    edited, deleted, *_ = company.notes()
    control.edit(company.org, user=RITA, object_name="ContentNote", key=edited["Id"], fields={"Content": "Mine now."})
    control.delete(company.org, user=RITA, object_name="ContentDocument", key=deleted["Id"])
    company.send()
    after = {note["Id"]: note for note in company.notes()}
    assert after[edited["Id"]]["Content"] == "Mine now."
    assert after[deleted["Id"]]["IsDeleted"]
    assert company.status()["not_taken"] == []
    assert len(after) == len(QUIET)


def test_a_note_reworded_while_its_answer_was_lost_says_the_new_words(company: Company) -> None:
    """The retry finds the note that arrived, and makes it say what it should say by now."""
    stopped_before_the_receipt(company, company.notes)
    with company.store.begin() as transaction:
        for row in company.rows(intents):
            if row["role"] == "note":
                content = row["content"] | {"body": "New words."}
                transaction.execute(intents.update().where(intents.c.id == row["id"]).values(content=content))
    company.send()
    assert {note["Content"] for note in company.notes()} == {"<p>New words.</p>"}
    assert_all_there_once(company)


def test_receipts_before_a_user_is_deactivated_are_kept(company: Company) -> None:
    """The tasks were answered, then the user was switched off: the run says so, and later only the notes are owed."""
    trouble(company, "expire_session", NOTES)
    refusal = '{"error": "invalid_grant", "error_description": "user is inactive"}'
    for _ in range(2):  # once might be Salesforce's mistake
        trouble(company, "answer", {"method": "POST", "path": "oauth2/token"}, nth=2, status=400, answer=refusal)
    with pytest.raises(NotReady, match="Activate the integration user"):
        company.morning()
    states = {row["role"]: row["state"] for row in company.rows(intents)}
    assert states == {"manager_task": "stored", "prep_task": "stored", "note": "in_flight"}
    company.later(minutes=11)
    company.send()
    assert_all_there_once(company)


def test_an_older_store_in_use_again_doubles_nothing(company: Company) -> None:
    """As after a restore: what was written since is recognised, tasks by their key and notes by what came home."""
    pipeline.often(company.loop())
    with closing(connect(":memory:")) as backup, closing(connect(str(company.store.engine.url.database))) as file:
        file.backup(backup)
        company.morning()
        backup.backup(file)
    company.later(minutes=30)
    company.morning()
    assert_all_there_once(company)
