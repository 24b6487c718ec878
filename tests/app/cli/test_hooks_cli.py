"""The commands that open and close doors, as a person types them: secrets are shown once."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.commands import cli
from app.store import connections, schema
from app.store.connections import Vault
from app.store.session import open_store

ORGANIZATION = ("--organization-id", "00D5Y000001MPM7UAO")
Do = Callable[..., Any]


@pytest.fixture
def do(tmp_path: Path) -> Do:
    """Type a command of a home with the connection `amber`; answers what it prints, or why it stopped."""
    store = open_store(f"sqlite:///{tmp_path}/coachsync.sqlite3")
    schema.ready(store)
    with store.begin() as transaction:
        now = datetime(2026, 11, 23, 9, tzinfo=UTC)
        connections.save(transaction, Vault(tmp_path, None), "amber", "salesforce", {}, {}, now)
    store.close()

    def run(*words: str) -> Any:
        done = CliRunner().invoke(cli, ["hook", *words], env={"COACHSYNC_HOME": str(tmp_path), "COLUMNS": "200"})
        if done.exception:
            return done.exception
        return json.loads(done.stdout) if "--json" in words else done.stdout

    return run


def test_address_and_secret_are_shown_when_a_hook_is_made_and_never_again(do: Do) -> None:
    """The list names the door only."""
    made = do(
        "create", "amber", "--kind", "outbound_message", *ORGANIZATION, "--base", "https://coach.example/", "--json"
    )
    assert made["address"].startswith("https://coach.example/hooks/salesforce/")
    assert made["address"].endswith(made["secret"])
    (listed,) = do("list", "--json")["hooks"]
    assert (listed["connection"], listed["kind"], listed["secrets"]) == ("amber", "outbound_message", 1)
    assert made["secret"] not in do("list") + str(listed)


def test_each_kind_says_what_to_do_with_its_secret(do: Do) -> None:
    """A header for a flow, a signing secret of the scheme for the rest."""
    assert "Header X-Coachsync-Secret: " in do("create", "amber", "--kind", "flow")
    assert "Signing secret: whsec_" in do("create", "amber", "--kind", "signed")


def test_a_renewed_secret_counts_beside_the_former_for_as_long_as_said(do: Do) -> None:
    """Another secret at the same door."""
    made = do("create", "amber", "--kind", "flow", "--json")
    renewed = do("rotate", "amber", "--kind", "flow", "--json")
    assert renewed["address"] == made["address"]
    assert renewed["secret"] != made["secret"]
    assert do("list", "--json")["hooks"][0]["secrets"] == 2
    do("rotate", "amber", "--kind", "flow", "--keep-hours", "0")
    assert do("list", "--json")["hooks"][0]["secrets"] == 1


def test_a_closed_door_is_gone(do: Do) -> None:
    """And another can be opened."""
    do("create", "amber", "--kind", "flow")
    do("remove", "amber", "--kind", "flow")
    assert "no hook yet" in do("list")
    assert do("create", "amber", "--kind", "flow", "--json")["kind"] == "flow"


def test_what_cannot_be_done_is_a_sentence_with_the_remedy(do: Do) -> None:
    """Nothing is half made."""
    do("create", "amber", "--kind", "flow")
    remedies = {
        ("create", "amber", "--kind", "flow"): "hook rotate amber --kind flow",
        ("create", "amber", "--kind", "outbound_message"): "--organization-id",
        ("create", "amber", "--kind", "outbound_message", "--organization-id", "00D5Y0"): "--organization-id",
        ("create", "amber", "--kind", "signed", "--certificate-header", "X-Cert"): "belong together",
        ("rotate", "amber", "--kind", "signed"): "hook list",
        ("remove", "amber", "--kind", "signed"): "hook list",
        ("create", "beryl", "--kind", "flow"): "no connection 'beryl'",
    }
    for words, remedy in remedies.items():
        assert remedy in str(do(*words))
    assert len(do("list", "--json")["hooks"]) == 1
