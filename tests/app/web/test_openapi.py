"""The OpenAPI document and the server agree: every answer is as it is described there, and none is a 5xx."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from serving import served
from small_org import MONA, NAME, RITA, open_company

from app.config import Settings
from app.gate import named
from app.store import schema, tokens
from app.store.session import open_store
from app.store.tokens import Role
from app.web import create_app
from app.web.room import Room

FEW = settings(
    max_examples=int(os.environ.get("COACHSYNC_EXAMPLES", "6")), deadline=None, database=None, derandomize=True,
    phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
BEYOND = [positive_data_acceptance, negative_data_rejection]
"""A day that is past is refused though it is a day; what a query says twice is taken once though it is a list."""
WHO: dict[Role, str | None] = {"ops": None, "monitor": None, "leader": None, "manager": MONA, "rep": RITA}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """Its address after a morning of a small company, and a token of every role."""
    home = tmp_path_factory.mktemp("home")
    store = open_store(f"sqlite:///{home}/coachsync.sqlite3")
    schema.ready(store)
    company = open_company(store, home)
    company.morning()
    org, made = named(store, NAME), {}
    with store.begin() as transaction:
        for role, user in WHO.items():
            bound = None if role in ("ops", "monitor") else org.id
            made[role] = tokens.create(transaction, role, role, company.now, connection_id=bound, user_id=user)
    room = Room(store=store, settings=Settings(home=home), clock=lambda: company.now)
    with served(create_app(room)) as url:
        yield url, made
    company.close()
    store.close()


def narrowed(document: dict[str, Any]) -> dict[str, Any]:
    """The same document with paths that lead somewhere: the one connection there is, and small numbers."""
    parameters = (
        p for path in document["paths"].values() for deed in path.values() for p in deed.get("parameters", ())
    )
    for parameter in parameters:
        if parameter["name"] == "connection":
            parameter["schema"] = {"type": "string", "enum": [NAME]}
        elif parameter["in"] == "path" and parameter["schema"]["type"] == "integer":
            parameter["schema"]["maximum"] = 4
    return document


def hold(operation: Any, mode: GenerationMode, url: str, made: dict[str, str]) -> None:
    """Ask one operation in some ways, as somebody who may; raises where the answer is not as described."""
    roles = operation.definition.raw.get("x-roles", ["ops"])

    @given(case=operation.as_strategy(generation_mode=mode))
    @FEW
    def ask(case: Any) -> None:
        headers = {"Authorization": f"Bearer {made[roles[0]]}"}
        case.call_and_validate(base_url=url, headers=headers, excluded_checks=BEYOND)

    ask()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_it_answers_as_the_document_says(service: tuple[str, dict[str, str]], mode: GenerationMode) -> None:
    """Asked rightly and wrongly by somebody who may, every operation answers with what it promises."""
    url, made = service
    document = narrowed(httpx.get(f"{url}/openapi.json", trust_env=False).json())
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        with suppress(Unsatisfiable):  # there is no wrong way to ask what takes no words
            hold(found.ok(), mode, url, made)
