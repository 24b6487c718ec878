"""Transactions are all or nothing, rehearsals leave nothing, and a lock is held by one."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import StatementError

from app.store.ledger import connections
from app.store.session import Busy, Store, StoreFailed, open_store

NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)
ROW = {"name": "amber", "crm": "salesforce", "settings": {}, "secrets": "", "created_at": NOW}


def count(store: Store) -> int:
    with store.read() as transaction:
        return int(transaction.scalar(select(func.count()).select_from(connections)) or 0)


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    """Neither its first nor its last write."""

    def fail() -> None:
        with store.begin() as transaction:
            transaction.execute(insert(connections).values(ROW))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert count(store) == 0


def test_a_rehearsal_sees_its_writes_and_keeps_none(store: Store) -> None:
    """So that a run can be looked at before it is made."""
    with store.rehearse() as transaction:
        transaction.execute(insert(connections).values(ROW))
        assert transaction.scalar(select(connections.c.name)) == "amber"
    assert count(store) == 0


def test_a_constraint_that_is_broken_becomes_a_sentence(store: Store) -> None:
    """The store names what the database refused, and keeps what was there."""
    with store.begin() as transaction:
        transaction.execute(insert(connections).values(ROW))
    with pytest.raises(StoreFailed, match="The database refused"), store.begin() as transaction:
        transaction.execute(insert(connections).values(ROW))
    assert count(store) == 1


def test_instants_come_back_aware_and_naive_ones_are_refused(store: Store) -> None:
    """Nobody could say when a naive one was."""
    with store.begin() as transaction:
        transaction.execute(insert(connections).values(ROW))
    with store.read() as transaction:
        found = transaction.scalar(select(connections.c.created_at))
    assert found == NOW
    assert found.tzinfo is UTC
    with pytest.raises(StatementError, match="has no time zone"), store.begin() as transaction:
        transaction.execute(insert(connections).values(ROW | {"created_at": NOW.replace(tzinfo=None)}))


def test_a_lock_is_held_by_one_and_given_back(store: Store) -> None:
    """Another store of the same database waits for nobody; other connections are free."""
    other = open_store(store.engine.url.render_as_string(hide_password=False))
    with store.lock("amber"):
        with pytest.raises(Busy, match="amber"), other.lock("amber"):
            pass
        with other.lock("birch"):
            pass
    with other.lock("amber"):
        pass
    other.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "no address", "oracle://x"])
def test_an_address_that_is_none_of_ours_is_refused(url: str) -> None:
    """With what to write instead."""
    with pytest.raises(StoreFailed, match=r"postgresql"):
        open_store(url)
