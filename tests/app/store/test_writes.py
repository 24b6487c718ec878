"""The outbox: each intent is in one state, due when it should be, and every answer leaves a receipt."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from app.store import ledger, plans, writes
from app.store.session import Store
from connectors.records import Intent, Receipt, ReceiptStatus, TaskContent

NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)
CONTENT = TaskContent(owner_id="005A", deal_id="006A", due=date(2026, 5, 18), subject="Coach", body="Why")


@pytest.fixture
def outbox(store: Store) -> Store:
    """A store that owes three tasks."""
    row = {"id": 1, "name": "amber", "crm": "x", "settings": {}, "secrets": "", "created_at": NOW}
    with store.begin() as transaction:
        transaction.execute(insert(ledger.connections).values(row))
        for name in "abc":
            owed = plans.Owed(reference=name, item_id=None, role="manager_task", content=plans.as_json(CONTENT))
            plans.owe(transaction, 1, owed, NOW)
    return store


def due(store: Store, hours: float = 0) -> list[Intent]:
    with store.read() as transaction:
        return writes.due(transaction, 1, NOW + timedelta(hours=hours))


def answered(store: Store, status: ReceiptStatus, crm_id: str | None = None) -> None:
    """All that is due is sent, and the first of it is answered."""
    with store.begin() as transaction:
        batch = writes.take(transaction, 1, [i.reference for i in due(store)], NOW)
        receipt = Receipt(reference=batch[0].reference, status=status, crm_id=crm_id, reason="Because.")
        writes.record(transaction, 1, [(batch[0], receipt)], NOW)


def test_what_is_owed_is_due_in_the_order_in_which_it_was_planned(outbox: Store) -> None:
    """And has never been tried."""
    assert [(i.reference, i.attempted, i.crm_id) for i in due(outbox)] == [(name, False, None) for name in "abc"]


def test_what_was_sent_without_an_answer_is_due_and_to_be_looked_for(outbox: Store) -> None:
    """Its outcome is unknown, and what it was sent with is remembered."""
    answered(outbox, "stored", "00TA")
    assert [(i.reference, i.attempted, i.last_written) for i in due(outbox)] == [
        ("b", True, CONTENT),
        ("c", True, CONTENT),
    ]


def test_a_create_without_an_answer_is_not_sent_again_while_it_may_be_under_way(outbox: Store) -> None:
    """It is looked for all the time; if it is still not there when the CRM must have done with it, it is created."""
    answered(outbox, "stored", "00TA")
    assert [{i.if_absent for i in due(outbox, minutes / 60)} for minutes in (0, 10.9, 11.1)] == [
        {"wait"}, {"wait"}, {"create"},
    ]  # fmt: skip


def test_who_comes_second_only_looks_for_what_the_first_has_taken(outbox: Store) -> None:
    """As when a lock was lost and two runs send the same: what one took, the other does not create."""
    planned = [i.reference for i in due(outbox)]
    with outbox.begin() as transaction:
        first = writes.take(transaction, 1, planned[:2], NOW)
    with outbox.begin() as transaction:
        second = writes.take(transaction, 1, planned, NOW)
    assert [i.if_absent for i in first] == ["create", "create"]
    assert [(i.attempted, i.if_absent) for i in second] == [(True, "wait"), (True, "wait"), (False, "create")]


@pytest.mark.parametrize("status", ["refused", "retry"])
def test_a_record_that_is_there_although_it_was_refused_is_known_by_its_id(outbox: Store, status: Any) -> None:
    """So that it is closed there, and not called never written."""
    answered(outbox, status, "00TA")
    (intent,) = (i for i in due(outbox, hours=21) if i.reference == "a")
    assert (intent.crm_id, intent.attempted) == ("00TA", False)


def test_what_is_only_half_there_stays_to_be_looked_for(outbox: Store) -> None:
    """A note without its link: a later try finishes it, and nothing calls it never written."""
    with outbox.begin() as transaction:
        (intent,) = writes.take(transaction, 1, ["a"], NOW)
        half = Receipt(reference="a", status="refused", unfinished=True, reason="Because.")
        writes.record(transaction, 1, [(intent, half)], NOW)
        assert transaction.execute(select(ledger.intents.c.sent_at).where(ledger.intents.c.reference == "a")).one() == (
            NOW,
        )
    assert {i.reference: (i.attempted, i.crm_id) for i in due(outbox, hours=21)}["a"] == (True, None)


@pytest.mark.parametrize(("status", "soon", "later"), [("retry", 0.01, 0.1), ("refused", 12, 21)])
def test_what_was_not_taken_waits_before_it_is_offered_again(
    outbox: Store, status: ReceiptStatus, soon: float, later: float
) -> None:
    """Minutes where the CRM was busy, until the next morning where a person must act; until then it is listed."""
    answered(outbox, status)
    assert "a" not in [i.reference for i in due(outbox, soon)]
    assert "a" in [i.reference for i in due(outbox, later)]
    with outbox.read() as transaction:
        listed, *unsure = writes.refused(transaction, 1)
    assert {(one.reference, one.reason) for one in unsure} == {("b", writes.LOOKED_FOR), ("c", writes.LOOKED_FOR)}
    assert (listed.reference, listed.subject, listed.reason, listed.attempts) == ("a", "Coach", "Because.", 1)


def test_the_states_add_up_to_all_that_was_ever_owed(outbox: Store) -> None:
    """No intent is lost between them."""
    answered(outbox, "stored", "00TA")
    answered(outbox, "refused")
    with outbox.read() as transaction:
        assert writes.states(transaction, 1) == {"stored": 1, "refused": 1, "in_flight": 1}


def test_new_words_make_a_stored_record_due_again(outbox: Store) -> None:
    """As an update that knows what was written last."""
    answered(outbox, "stored", "00TA")
    new = plans.as_json(CONTENT) | {"body": "Other"}
    with outbox.begin() as transaction:
        plans.owe(transaction, 1, plans.Owed(reference="a", item_id=None, role="manager_task", content=new), NOW)
    (intent,) = (i for i in due(outbox) if i.reference == "a")
    assert (intent.crm_id, intent.attempted, intent.last_written) == ("00TA", False, CONTENT)
