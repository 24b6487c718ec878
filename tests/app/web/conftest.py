"""The service over real HTTP on loopback, with a token of every role."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from serving import served

from app.config import Settings
from app.store import connections, schema, tokens
from app.store.connections import Vault
from app.store.session import Store, open_store
from app.store.tokens import Role
from app.web import create_app
from app.web.room import Room

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
USERS: dict[Role, str | None] = {"ops": None, "monitor": None, "leader": None, "manager": "005MONA", "rep": "005RITA"}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/coachsync.sqlite3")
    yield store
    store.close()


@pytest.fixture
def woken() -> list[tuple[str, str]]:
    """Who was woken for which connection."""
    return []


@pytest.fixture
def room(fresh: Store, tmp_path: Path, woken: list[tuple[str, str]]) -> Room:
    def wake(job: str, connection: str) -> None:
        woken.append((job, connection))

    return Room(store=fresh, settings=Settings(home=tmp_path), clock=lambda: NOW, wake=wake)


@pytest.fixture
def address(room: Room) -> Iterator[str]:
    with served(create_app(room)) as url:
        yield url


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    """Somebody without a token."""
    with httpx.Client(base_url=address, trust_env=False) as client:
        yield client


@pytest.fixture
def acme(fresh: Store, tmp_path: Path) -> int:
    """A connection called acme; its number."""
    schema.ready(fresh)
    with fresh.begin() as transaction:
        secrets = {"client_secret": "not-for-anybody"}
        connections.save(transaction, Vault(tmp_path, None), "acme", "salesforce", {"login_url": "x"}, secrets, NOW)
        org = connections.find(transaction, "acme")
    assert org is not None
    return org.id


@pytest.fixture
def as_role(fresh: Store, acme: int, address: str) -> Iterator[Callable[[Role], httpx.Client]]:
    """Somebody with a token of this role."""
    opened = []

    def client_of(role: Role, user_id: str | None = None) -> httpx.Client:
        with fresh.begin() as transaction:
            bound = None if role in ("ops", "monitor") else acme
            user = user_id or USERS[role]
            token = tokens.create(transaction, role, role, NOW, connection_id=bound, user_id=user)
        headers = {"Authorization": f"Bearer {token}"}
        opened.append(httpx.Client(base_url=address, headers=headers, trust_env=False))
        return opened[-1]

    yield client_of
    for client in opened:
        client.close()
