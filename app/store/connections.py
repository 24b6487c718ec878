"""The orgs we sync with: their settings in the clear, their secrets encrypted."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection, delete, insert, select, update

from app.store.canonical import TABLES
from app.store.ledger import connections
from app.store.session import StoreFailed

KEY_FILE = "secret.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """A stored connection. `paused` is a sentence when a person has to act before it can be used again."""

    id: int
    name: str
    crm: str
    settings: Mapping[str, Any]
    paused: str | None


class Vault:
    """Encrypts secrets with the first of its keys and decrypts what any of them encrypted.

    They are separated by commas in the environment, or stand each on a line of a file that only its owner can read.
    """

    def __init__(self, home: Path, keys: str | None) -> None:
        try:
            each = keys.encode().split(b",") if keys else _key_file(home / KEY_FILE).split()
            self._fernet = MultiFernet([Fernet(key.strip()) for key in each])
        except ValueError as error:
            raise StoreFailed(
                "COACHSYNC_SECRET_KEY is no key; leave it unset, or use 32 url-safe base64 bytes."
                if keys
                else f"{home / KEY_FILE} is damaged; restore it, or remove it and connect again."
            ) from error

    def close_in(self, secrets: Mapping[str, str]) -> str:
        """The secrets, unreadable."""
        return self._fernet.encrypt(json.dumps(dict(secrets)).encode()).decode()

    def open_up(self, text: str) -> dict[str, str]:
        """The secrets again; raises StoreFailed when the key is another one."""
        with _another_key():
            return dict(json.loads(self._fernet.decrypt(text.encode())))

    def close_anew(self, text: str) -> str:
        """The same secrets under the first key; raises StoreFailed when none of the keys opens them."""
        with _another_key():
            return self._fernet.rotate(text.encode()).decode()


@contextmanager
def _another_key() -> Iterator[None]:
    try:
        yield
    except InvalidToken as error:
        raise StoreFailed(
            "The stored secrets were encrypted with another key; put back secret.key or the COACHSYNC_SECRET_KEY "
            "that was set, or connect again."
        ) from error


def put_new_key(home: Path) -> None:
    """Put a new key before those of the key file; whatever happens meanwhile, the file is whole."""
    path = home / KEY_FILE
    former = _key_file(path)
    with tempfile.NamedTemporaryFile(dir=home, delete=False) as file:  # only its owner can read it
        file.write(Fernet.generate_key() + b"\n" + former)
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, path)


def _key_file(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        key = Fernet.generate_key()
        file.write(key)
    return key


def save(
    connection: Connection, vault: Vault, name: str, crm: str, settings: Mapping[str, Any],
    secrets: Mapping[str, str], now: datetime,
) -> None:  # fmt: skip
    """Store a connection, or renew the settings and secrets of the one with this name."""
    values = {"crm": crm, "settings": dict(settings), "secrets": vault.close_in(secrets), "paused": None}
    done = connection.execute(update(connections).where(connections.c.name == name).values(values))
    if not done.rowcount:
        connection.execute(insert(connections).values(name=name, created_at=now, **values))


def find(connection: Connection, name: str) -> Org | None:
    """The connection of this name."""
    row = connection.execute(select(connections).where(connections.c.name == name)).one_or_none()
    return _org(row) if row else None


def every(connection: Connection) -> list[Org]:
    """All connections, by name."""
    return [_org(row) for row in connection.execute(select(connections).order_by(connections.c.name))]


def secrets_of(connection: Connection, vault: Vault, org: Org) -> dict[str, str]:
    """The secrets of a connection, readable."""
    return vault.open_up(connection.scalars(select(connections.c.secrets).where(connections.c.id == org.id)).one())


def keep_secrets(connection: Connection, vault: Vault, org: Org, secrets: Mapping[str, str]) -> None:
    """Replace the secrets, as when the CRM rotated a refresh token."""
    values = {"secrets": vault.close_in(secrets)}
    connection.execute(update(connections).where(connections.c.id == org.id).values(values))


def pause(connection: Connection, org: Org, reason: str | None) -> None:
    """Say that a person has to act first; None lets it run again."""
    connection.execute(update(connections).where(connections.c.id == org.id).values(paused=reason))


def remove(connection: Connection, org: Org) -> None:
    """Forget a connection and everything it brought."""
    for table in TABLES.values():
        connection.execute(delete(table).where(table.c.connection_id == org.id))
    connection.execute(delete(connections).where(connections.c.id == org.id))


def _org(row: Any) -> Org:
    return Org(id=row.id, name=row.name, crm=row.crm, settings=row.settings, paused=row.paused)
