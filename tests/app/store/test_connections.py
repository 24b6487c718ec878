"""Secrets are stored so that only the holder of the key can read them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from app.store import connections, ledger
from app.store.connections import Vault
from app.store.session import Store, StoreFailed

NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)
SECRETS = {"client_secret": "moonlight sonata"}


def test_a_connection_is_stored_and_renewed_under_its_name(store: Store, tmp_path: Path) -> None:
    """Renewing keeps its number, replaces settings and secrets, and lifts a pause."""
    vault = Vault(tmp_path, None)
    with store.begin() as transaction:
        connections.save(transaction, vault, "amber", "salesforce", {"a": 1}, SECRETS, NOW)
        first = connections.find(transaction, "amber")
        assert first
        connections.pause(transaction, first, "Sign in again.")
        connections.save(transaction, vault, "amber", "salesforce", {"a": 2}, SECRETS | {"x": "y"}, NOW)
        second = connections.find(transaction, "amber")
        assert second
        assert (second.id, second.settings, second.paused) == (first.id, {"a": 2}, None)
        assert connections.secrets_of(transaction, vault, second) == SECRETS | {"x": "y"}


def test_no_secret_stands_in_the_database(store: Store, tmp_path: Path) -> None:
    """What is stored is not what was said."""
    with store.begin() as transaction:
        connections.save(transaction, Vault(tmp_path, None), "amber", "salesforce", {}, SECRETS, NOW)
        assert "moonlight" not in str(transaction.scalar(select(ledger.connections.c.secrets)))


def test_another_key_opens_nothing_and_says_so(tmp_path: Path) -> None:
    """A key from the environment takes the place of the file."""
    text = Vault(tmp_path, None).close_in(SECRETS)
    assert Vault(tmp_path, None).open_up(text) == SECRETS
    with pytest.raises(StoreFailed, match="another key"):
        Vault(tmp_path, Fernet.generate_key().decode()).open_up(text)


@pytest.mark.parametrize("damaged", [b"", b"half a ke"])
def test_a_damaged_key_file_is_named(tmp_path: Path, damaged: bytes) -> None:
    """The file, not the variable that nobody set."""
    (tmp_path / "secret.key").write_bytes(damaged)
    with pytest.raises(StoreFailed, match=r"secret\.key"):
        Vault(tmp_path, None)
