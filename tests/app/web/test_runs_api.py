"""Runs over the API: what there was, page by page, and asking for one more."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.store import requests, runs
from app.store.session import Store
from app.web.room import Room

RUNS = "/api/v1/connections/acme/runs"
As = Callable[..., httpx.Client]


@pytest.fixture
def ops(as_role: As) -> httpx.Client:
    return as_role("ops")


def start(ops: httpx.Client, key: str, rhythm: str = "morning") -> httpx.Response:
    return ops.post(RUNS, json={"rhythm": rhythm}, headers={"Idempotency-Key": key})


def test_pages_show_every_run_once_while_new_ones_arrive(ops: httpx.Client, room: Room, acme: int) -> None:
    """The newest first; what came meanwhile stands in front of the first page."""

    def add() -> int:
        with room.store.begin() as transaction:
            return runs.start(transaction, acme, "often", room.clock(), room.clock())

    known = [add() for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = ops.get(RUNS, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [run["id"] for run in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
        add()
    assert seen == known[::-1]
    assert ops.get(f"{RUNS}/{known[0]}").json()["rhythm"] == "often"


def test_a_run_is_asked_for_once_a_key(
    ops: httpx.Client, fresh: Store, woken: list[tuple[str, str]], acme: int
) -> None:
    """It is kept, whoever does it is woken, and its answer is found where it was said."""
    first, again = start(ops, "a"), start(ops, "a")
    assert (first.status_code, first.json()) == (202, again.json())
    assert woken[0] == ("morning", "acme")
    with fresh.begin() as transaction:
        (waiting,) = requests.waiting(transaction, acme, "morning")
        requests.answer(transaction, [waiting.id], waiting.asked_at, answer={"plan_items": 3})
    found = ops.get(first.headers["Location"]).json()
    assert found["answer"] == {"plan_items": 3}
    assert found["answered_at"]


def test_a_key_stands_for_one_thing(ops: httpx.Client, as_role: As) -> None:
    """The same key for something else is a conflict; somebody else's key is their own."""
    first = start(ops, "a")
    assert start(ops, "a", "often").status_code == 409
    assert start(as_role("ops"), "a", "often").headers["Location"] != first.headers["Location"]
    assert ops.post(RUNS, json={"rhythm": "often"}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/connections/nobody", 404),
        ("GET", f"{RUNS}/77", 404),
        ("GET", f"{RUNS}?limit=0", 422),
        ("GET", "/api/v1/lanterns", 404),
        ("DELETE", RUNS, 405),
    ],
)
def test_every_refusal_is_a_problem(ops: httpx.Client, method: str, path: str, status: int) -> None:
    """As RFC 9457 has it, whoever made it."""
    answer = ops.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == answer.json()["status"] == status
    assert answer.json()["title"]


@pytest.mark.parametrize("content", [b" " * 6_000_000, (b" " * 1_000_000 for _ in range(6))], ids=["whole", "chunked"])
def test_no_stranger_decides_how_much_is_read(client: httpx.Client, content: Any) -> None:
    """The body is read before the token is looked at, so it has an end."""
    refused = client.post(RUNS, content=content, headers={"Content-Type": "application/json"})
    assert refused.status_code == 413
    assert refused.headers["content-type"] == "application/problem+json"
