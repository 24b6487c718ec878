"""The pages of the service: what machines watch and what people read."""

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn

from app.config import Settings
from app.store import connections, schema
from app.store.connections import Vault
from app.store.session import Store, open_store
from app.web import create_app
from app.web.room import Room

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


@pytest.fixture
def fresh(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path}/coachsync.sqlite3")


@pytest.fixture
def client(fresh: Store, tmp_path: Path) -> Iterator[httpx.Client]:
    """The pages over real HTTP on loopback."""
    app = create_app(Room(store=fresh, settings=Settings(home=tmp_path), clock=lambda: NOW))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", trust_env=False) as client:
        yield client
    server.should_exit = True
    thread.join()
    listener.close()


def test_healthz_makes_an_empty_database_ready(client: httpx.Client) -> None:
    """A first start is healthy."""
    assert client.get("/healthz").json() == {"ok": True}


def test_healthz_says_what_to_do_when_the_database_is_behind(client: httpx.Client, fresh: Store) -> None:
    """Somebody who watches is told the remedy."""
    schema.upgrade(fresh, "2026_11_22_crm")
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "coachsync db upgrade" in answer.json()["reason"]


def test_status_lists_every_connection_and_no_secret(client: httpx.Client, fresh: Store, tmp_path: Path) -> None:
    """What the page shows is the overview, without settings or secrets."""
    schema.ready(fresh)
    with fresh.begin() as transaction:
        secrets = {"client_secret": "not-for-anybody"}
        connections.save(transaction, Vault(tmp_path, None), "acme", "salesforce", {"login_url": "x"}, secrets, NOW)
    answer = client.get("/status")
    assert [one["name"] for one in answer.json()["connections"]] == ["acme"]
    assert "not-for-anybody" not in answer.text
