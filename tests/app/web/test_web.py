"""The pages of the service: what machines watch and what people read."""

from collections.abc import Callable

import httpx

from app.store import schema
from app.store.session import Store


def test_healthz_makes_an_empty_database_ready(client: httpx.Client) -> None:
    """A first start is healthy."""
    assert client.get("/healthz").json() == {"ok": True}


def test_healthz_says_what_to_do_when_the_database_is_behind(client: httpx.Client, fresh: Store) -> None:
    """Somebody who watches is told the remedy."""
    schema.upgrade(fresh, "2026_11_22_crm")
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "coachsync db upgrade" in answer.json()["reason"]


def test_status_lists_every_connection_and_no_secret(as_role: Callable[..., httpx.Client]) -> None:
    """What the page shows is the overview, without settings or secrets."""
    answer = as_role("monitor").get("/status")
    assert [one["name"] for one in answer.json()["connections"]] == ["acme"]
    assert "not-for-anybody" not in answer.text


def test_status_is_nothing_for_strangers(client: httpx.Client, acme: int) -> None:
    """The names of connections are the names of customers."""
    answer = client.get("/status")
    assert answer.status_code == 401
    assert "acme" not in answer.text
