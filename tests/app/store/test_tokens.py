"""A token is shown once, kept as a hash, and ends when it is revoked."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.store import tokens
from app.store.session import Store

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_a_token_is_recognised_until_it_is_revoked(store: Store, org_anywhere: Any) -> None:
    """Also after others were made; ending it twice is ending it once."""
    with store.begin() as transaction:
        made = tokens.create(transaction, "Mona", "manager", NOW, connection_id=1, user_id="005A")
        other = tokens.create(transaction, "Prometheus", "monitor", NOW, connection_id=None, user_id=None)
        known = tokens.recognise(transaction, made)
        assert known is not None
        assert (known.name, known.role, known.connection, known.user_id) == ("Mona", "manager", "Amber Lantern", "005A")
        assert tokens.revoke(transaction, known.id, NOW)
        assert not tokens.revoke(transaction, known.id, NOW)
        assert tokens.recognise(transaction, made) is None
        assert tokens.recognise(transaction, other) is not None
        assert [token.revoked_at for token in tokens.every(transaction)] == [NOW, None]


def test_what_is_stored_opens_nothing(store: Store, org_anywhere: Any) -> None:
    """Who reads the database holds no token."""
    with store.begin() as transaction:
        made = tokens.create(transaction, "Ops", "ops", NOW, connection_id=None, user_id=None)
        stored = transaction.scalars(select(tokens.tokens.c.hash)).one()
        assert made.removeprefix(tokens.PREFIX) not in stored
        assert tokens.recognise(transaction, stored) is None


def test_its_use_is_noted_to_the_hour(store: Store, org_anywhere: Any) -> None:
    """Requests in between write nothing."""
    with store.begin() as transaction:
        made = tokens.create(transaction, "Ops", "ops", NOW, connection_id=None, user_id=None)
        token = tokens.recognise(transaction, made)
        assert token is not None
        assert tokens.is_worth_noting(token, NOW)
        tokens.note_use(transaction, token, NOW)
        used = tokens.recognise(transaction, made)
        assert used is not None
        assert not tokens.is_worth_noting(used, NOW + timedelta(minutes=59))
        assert tokens.is_worth_noting(used, NOW + timedelta(minutes=60))
