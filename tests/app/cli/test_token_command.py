"""Tokens on the command line: made once, listed without the secret, ended."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.commands import cli
from app.errors import NotReady


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACHSYNC_HOME", str(tmp_path))


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["token", *words])


def test_a_token_is_shown_once() -> None:
    """The list knows whose it is and not what it is; a revoked one says since when."""
    made = run("create", "Grafana", "--role", "monitor").stdout.strip()
    assert made.startswith("coach_")
    assert run("revoke", "1").exit_code == 0
    listed = run("list", "--json").stdout
    assert made not in listed
    (token,) = json.loads(listed)["tokens"]
    assert (token["name"], token["role"]) == ("Grafana", "monitor")
    assert token["revoked_at"]
    assert "Grafana" in run("list").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "Mona", "--role", "manager"), "needs --connection"),
        (("create", "Ops", "--role", "ops", "--user", "005A"), "takes no --user"),
        (("create", "Lena", "--role", "leader", "--connection", "acme"), "There is no connection 'acme'"),
        (("revoke", "9"), "There is no token 9"),
    ],
)
def test_what_cannot_be_is_said(words: tuple[str, ...], said: str) -> None:
    """Nobody gets a token that would see too much or nothing."""
    refused = run(*words).exception
    assert isinstance(refused, NotReady)
    assert said in str(refused)
