"""Push and reconcile under any mixture of plans, people, faults and causes, held against a model of the org.

`MODEL_EXAMPLES=500 pytest tests/app/test_push_model.py` lives so many lives on SQLite instead of a few.
"""

import os
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as live
from office import DEALS, DEEDS, FORBIDDEN, OWNERS, Office
from small_org import NAME, open_company

from app.gate import named
from app.store import connections
from app.store.outcomes import WITH_ITS_DEAL
from app.store.session import Store
from connectors.sandbox import control
from connectors.sandbox.faults import Fault

# a run that dies in this process leaves its sockets to the garbage collector, which says so
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "30"))
PICK = st.integers(0, 99)
FAULTS: dict[str, dict[str, Any]] = {
    "request lost": {"effect": "drop_before"},
    "answer lost": {"effect": "drop_after"},
    "body cut": {"effect": "cut_body"},
    "maintenance": {"effect": "answer", "status": 503},
    "a proxy's page": {"effect": "html_200"},
    "no JSON": {"effect": "malformed_json"},
    "session expired": {"effect": "expire_session"},
}
FIRST_RECEIPT = 5
"""A push looks at the clock for the fifth time when it has an answer and stores it."""
CREATES = ({"path": "composite/sobjects/Task/"}, {"method": "POST", "path": "composite/sobjects$"},
           {"path": "composite$", "body": "ContentDocumentLink"})  # fmt: skip
"""Calls that make records: tasks by their key, tasks without one, notes."""
ENDS = ("done", "deleted", "cleared")
ASKED = {"done": "complete", "snoozed": "snooze", "reassigned": "reassign", "contested": "contest"}
"""The outcomes that tell what a person did, and what it was."""


class Life(RuleBasedStateMachine):
    """Plans, people, trouble and pushes in any order; the invariants hold after each."""

    def __init__(self, store: Store, home: Path) -> None:
        super().__init__()
        self.store, self.home = store, home

    @initialize(key_field=st.booleans())
    def open(self, key_field: bool) -> None:
        company = open_company(self.store, self.home, key_field=key_field, tries=1)
        self.office = Office(company, company.loop())
        self.office.owe_conversation(DEALS[0])

    def teardown(self) -> None:
        """In the end the causes go away, and all that is owed is there."""
        if hasattr(self, "office"):
            try:
                self.causes_go_away()
                self.push_in_peace()
            finally:  # the next life must not find what is left of this one, or nobody learns how it failed
                self.office.company.close()
                with self.store.begin() as transaction:
                    connections.remove(transaction, named(self.store, NAME))

    # ------------------------------------------------------------------ plans and people

    @rule(deal=st.sampled_from(DEALS))
    def owe_conversation(self, deal: str) -> None:
        self.office.owe_conversation(deal)

    @rule(pick=PICK)
    def reword(self, pick: int) -> None:
        self.office.reword(pick)

    @rule(pick=PICK)
    def close(self, pick: int) -> None:
        self.office.close(pick)

    @rule(pick=PICK, deed=st.sampled_from(sorted(DEEDS)))
    def edit(self, pick: int, deed: str) -> None:
        self.office.edit(pick, deed)

    @rule(pick=PICK)
    def rewrite(self, pick: int) -> None:
        self.office.rewrite(pick)

    @rule(pick=PICK)
    def bin(self, pick: int) -> None:
        self.office.bin(pick)

    @rule(pick=PICK)
    def unbin(self, pick: int) -> None:
        self.office.unbin(pick)

    # ------------------------------------------------------------------ causes

    @rule(on=st.booleans())
    def validation(self, on: bool) -> None:
        control.configure(self.office.org, validation_rule=FORBIDDEN if on else {})

    @rule(owner=st.sampled_from(OWNERS), active=st.booleans())
    def owner(self, owner: str, active: bool) -> None:
        control.configure(self.office.org, user_active={owner: active})

    @rule(locked=st.sets(st.sampled_from(DEALS)))
    def lock(self, locked: set[str]) -> None:
        control.configure(self.office.org, locked_ids=locked)

    @rule(seconds=st.sampled_from((0, 3)))
    def lag(self, seconds: int) -> None:
        """The index keeps up with new records, or follows seconds behind."""
        self.office.org.settings.index_lag_seconds = seconds

    @rule()
    def causes_go_away(self) -> None:
        """An administrator mends everything, and a day later all is offered again."""
        self.office.org.settings.index_lag_seconds = 0
        control.configure(self.office.org, validation_rule={}, locked_ids=(), user_active=dict.fromkeys(OWNERS, True))
        self.office.company.later(hours=21)

    # ------------------------------------------------------------------ the loop

    @rule(minutes=st.sampled_from((1, 3, 60)))
    def time_passes(self, minutes: int) -> None:
        self.office.company.later(minutes=minutes)

    @rule()
    def push_in_peace(self) -> None:
        """Every write that is due ends as the model says, the org says what was owed, and the report adds up."""
        office = self.office
        owed = office.due()
        found = office.there()
        expected = {i.reference: office.expected(i, found.get(i.reference)) for i in owed}
        report = office.send()
        assert report is not None
        assert {row["reference"]: row["state"] for row in office.ledger() if row["reference"] in expected} == expected
        wrong = [s for i in owed if expected[i.reference] == "stored" for s in office.unsaid(i)]
        assert wrong == []
        sent, wanted = report.pushed, Counter(expected.values())
        assert sent
        assert sent.sent == len(owed) - wanted["withdrawn"]
        assert sent.created + sent.updated + sent.adopted == wanted["stored"]
        told = (sent.refused, sent.retry, sent.unknown, sent.withdrawn)
        assert told == (wanted["refused"], wanted["retry"], wanted["in_flight"], wanted["withdrawn"])

    @rule(
        fault=st.sampled_from(sorted(FAULTS)),
        path=st.sampled_from(("composite", "composite$", "composite/sobjects", "query", "")),
        nth=st.integers(1, 4),
        times=st.integers(1, 5),
    )
    def push_in_trouble(self, fault: str, path: str, nth: int, times: int) -> None:
        """What is sent is in exactly one place, whatever was heard of it."""
        org = self.office.org
        org.faults.order(*(Fault(**FAULTS[fault], path=path, nth=n) for n in range(nth, nth + times)))
        before, owed = len(self.office.receipts()), len(self.office.due())
        report = self.office.send()
        org.faults.clear()
        if report and report.pushed:
            sent = report.pushed
            heard = sent.created + sent.updated + sent.adopted + sent.refused + sent.retry
            assert sent.sent == owed - sent.withdrawn == heard + sent.unknown
            assert heard == len(self.office.receipts()) - before
            assert sent.unknown == self.states()["in_flight"]

    @rule(chance=st.sampled_from((0.3, 0.7)))
    def push_with_locked_rows(self, chance: float) -> None:
        self.office.org.settings.lock_probability = chance
        self.office.send()
        self.office.org.settings.lock_probability = 0.0

    @rule(seconds=st.sampled_from((30, 300, 599)))
    def push_too_slowly(self, seconds: int) -> None:
        """What is created is made after we gave up waiting for the answer, while other things happen."""
        org = self.office.org
        org.faults.order(*(Fault(effect="late", seconds=seconds, **call) for call in CREATES))
        self.office.send()
        org.faults.clear()

    @rule(at=st.integers(FIRST_RECEIPT, FIRST_RECEIPT + 3))
    def push_and_die(self, at: int) -> None:
        """The process ends when the org has answered and nothing of it is stored."""
        self.office.send(killed_at=at)

    @rule()
    def come_home(self) -> None:
        """Every outcome is what a person did, and what people ended is known to be ended."""
        office = self.office
        office.come_home()
        found = office.outcomes()
        for row in found:
            assert row["kind"] not in ASKED or (row["reference"], ASKED[row["kind"]]) in office.did, row
        ended = [row for row in found if row["kind"] in ENDS]
        for_good = Counter(row["reference"] for row in ended if row["detail"] != WITH_ITS_DEAL)
        assert set(for_good.values()) <= {1}
        assert office.ended_by_people() <= {row["reference"] for row in ended}

    # ------------------------------------------------------------------ what always holds

    def states(self) -> Counter[str]:
        return Counter(row["state"] for row in self.office.ledger())

    @invariant()
    def nothing_is_there_twice(self) -> None:
        """One record a reference, one note a deal, one creation a record."""
        office = self.office
        found = Counter(office.reference(row) for row in (*office.tasks(), *office.notes()))
        assert set(found.values()) <= {1}, found
        assert set(found) <= office.owed
        made = Counter(receipt["intent_id"] for receipt in office.receipts() if receipt["created"])
        assert set(made.values()) <= {1}, made

    @invariant()
    def nothing_of_people_is_overwritten(self) -> None:
        """What people set, they find again; what they deleted does not come back by itself."""
        rows = {row["Id"]: row for row in self.office.there().values()}
        for (table, key, name), value in self.office.theirs.items():
            assert rows[key][name] == value, (table, key, name)

    @invariant()
    def what_is_withdrawn_is_not_there(self) -> None:
        """Nobody has a task of ours that we have let go of."""
        found = self.office.there()
        for row in self.office.ledger():
            there = found.get(row["reference"]) if row["state"] == "withdrawn" else None
            assert there is None or there.get("IsClosed") or there["IsDeleted"], row

    @invariant()
    def every_write_is_in_one_place(self) -> None:
        """sent = stored + refused + to retry: what was sent is there, or listed with what to do, or sent again."""
        office = self.office
        ledger, found, told = office.ledger(), office.there(), office.company.status()
        assert {row["reference"] for row in ledger} == office.owed
        assert told["writes"] == self.states()
        listed = {refusal["reference"]: refusal for refusal in told["not_taken"]}
        assert set(listed) == {row["reference"] for row in ledger if row["state"] in ("refused", "retry") or _lost(row)}
        for refusal in listed.values():
            assert " " in refusal["reason"].strip(), refusal
        again = {intent.reference for intent in office.due()}
        for row in ledger:
            assert row["state"] != "stored" or row["reference"] in found, row
            assert row["state"] not in ("pending", "in_flight") or row["reference"] in again, row
            assert row["attempts"] or row["reference"] not in found, row


def _lost(row: dict[str, Any]) -> bool:
    return row["state"] == "in_flight" and row["sent_at"] is not None


def lived(store: Store, home: Path, examples: int) -> None:
    chosen = settings(
        max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    live(partial(Life, store, home), settings=chosen)


def test_whatever_happens_the_org_and_the_ledger_are_as_the_model_says(sqlite: Store, tmp_path: Path) -> None:
    """Nothing twice, nothing of people's overwritten, every write accounted for, and all of it there in the end."""
    lived(sqlite, tmp_path, EXAMPLES)


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_the_same_holds_on_postgresql(store: Store, tmp_path: Path) -> None:
    """A few lives, the same promises."""
    lived(store, tmp_path, 5)


@pytest.fixture
def office(sqlite: Store, tmp_path: Path) -> Iterator[Office]:
    company = open_company(sqlite, tmp_path, tries=1)
    yield Office(company, company.loop())
    company.close()


def test_newer_words_follow_an_update_whose_answer_was_lost(office: Office) -> None:
    """Our own words, there without our knowing, are not taken for a person's."""
    office.owe_conversation(DEALS[0])
    office.send()
    office.reword(0)
    office.send(killed_at=FIRST_RECEIPT)
    office.reword(0)
    (newest,) = office.due()
    office.send()
    assert list(office.unsaid(newest)) == []


def test_our_own_closing_whose_answer_was_lost_is_nobodys_deed(office: Office) -> None:
    """It is not counted as coaching that was done, neither before the answer is known nor after."""
    office.owe_conversation(DEALS[0])
    office.send()
    office.close(0)
    office.send(killed_at=FIRST_RECEIPT)
    office.come_home()
    assert office.outcomes() == []
    office.send()
    office.company.later(minutes=5)
    office.come_home()
    assert {row["kind"] for row in office.outcomes()} == {"cleared"}
