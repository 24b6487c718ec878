"""Who may use what: every operation of the OpenAPI document, asked by every role and by nobody."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

import httpx
import pytest

from app.store import tokens
from app.store.session import Store
from app.store.tokens import Role
from app.web import create_app
from app.web.room import Room

OPEN_TO_ALL = {"/healthz", "/readyz"}
DENIED = (401, 403)
As = Callable[..., httpx.Client]


@pytest.fixture
def operations(room: Room) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, a path that can be asked, and what the document says of it."""
    document = create_app(room).openapi()
    return [
        (method, re.sub(r"\{(\w+)\}", lambda name: "acme" if name[1] == "connection" else "1", path), operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path not in OPEN_TO_ALL
    ]


def test_every_route_says_who_may_use_it(operations: list[tuple[str, str, dict[str, Any]]]) -> None:
    """A new route without a stated access does not pass."""
    for method, path, operation in operations:
        assert operation.get("x-roles"), f"{method} {path} does not say whom it is open to"
        assert operation["security"] == [{"token": []}]


@pytest.mark.parametrize("role", get_args(Role))
def test_a_role_may_do_what_is_said_and_nothing_else(
    role: Role, operations: list[tuple[str, str, dict[str, Any]]], as_role: As
) -> None:
    """What the document says is what happens; no route fails when it is asked without words."""
    client = as_role(role)
    for method, path, operation in operations:
        status = client.request(method, path).status_code
        assert (status in DENIED) == (role not in operation["x-roles"]), f"{role} {method} {path}: {status}"
        assert status < 500


def test_nobody_comes_in_without_a_token_that_counts(
    operations: list[tuple[str, str, dict[str, Any]]], client: httpx.Client, as_role: As, fresh: Store
) -> None:
    """No token, a made-up one and a revoked one are the same."""
    revoked = as_role("ops")
    with fresh.begin() as transaction:
        (known,) = tokens.every(transaction)
        assert tokens.revoke(transaction, known.id, datetime(2026, 11, 20, tzinfo=UTC))
    for method, path, _ in operations:
        assert client.request(method, path).status_code == 401
        assert client.request(method, path, headers={"Authorization": "Bearer coach_guess"}).status_code == 401
        answer = revoked.request(method, path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("role", ["leader", "manager", "rep"])
def test_another_connection_looks_as_if_it_were_not_there(
    role: Role, operations: list[tuple[str, str, dict[str, Any]]], as_role: As
) -> None:
    """A token of one org learns nothing of another, not even its name."""
    client = as_role(role)
    for method, path, operation in operations:
        if "/acme" in path and role in operation["x-roles"]:
            elsewhere = client.request(method, path.replace("acme", "other"))
            assert elsewhere.status_code in (404, 422)
