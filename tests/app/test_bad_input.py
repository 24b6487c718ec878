"""Whatever is wrong, the command line says so in a sentence with what to do, and nothing is lost.

Every command runs as a process of its own, as a person would run it.
"""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from small_org import NAME, QUIET, Company, open_company

from app.store import schema
from app.store.session import open_store
from connectors.sandbox import control
from connectors.sandbox.faults import Fault

ROOT = Path(__file__).parents[2]
SMALL = str(ROOT / "tests/app/small_rules")


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    def __iter__(self) -> Iterator[Any]:
        return iter((self.code, self.out, self.err))


@dataclass(kw_only=True)
class Desk:
    """A person at the keyboard: a folder of their own, and an org to talk to."""

    company: Company
    home: Path
    process: subprocess.Popen[str]

    def do(self, *words: str, most_bytes: int = 0, **environment: str) -> Said:
        """Run a command; `most_bytes` is how large a file may grow on this disk."""
        out, err = self.home / "out.txt", self.home / "err.txt"
        known = {"COACHSYNC_HOME": str(self.home), "COACHSYNC_LOG_LEVEL": "debug"}
        job = {"words": words, "environment": known | environment, "out": str(out), "err": str(err)}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(job | {"most_bytes": most_bytes}) + "\n")
        self.process.stdin.flush()
        said = Said(code=int(self.process.stdout.readline()), out=out.read_text(), err=err.read_text())
        assert "Traceback" not in said.err
        for secret in ("PRIVATE KEY", self.company.running.client_secret, self.company.running.refresh_token):
            assert secret not in said.out + said.err
        return said

    def connect(self, name: str = NAME, **options: str) -> Said:
        """`connect salesforce` with what the sandbox gives, or with something else."""
        key = self.home / "client.key"
        key.write_text(self.company.running.private_key_pem)
        running = self.company.running
        given = {"login_url": running.url, "client_id": running.client_id, "username": running.username,
                 "private_key_file": str(key), "ca_file": str(running.ca_file)} | options  # fmt: skip
        words = [word for option, value in given.items() for word in (f"--{option.replace('_', '-')}", value)]
        return self.do("connect", "salesforce", name, *words)

    @property
    def database(self) -> Path:
        return self.home / "coachsync.sqlite3"

    def not_taken(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.do("status", "--json").out)["connections"][0]["not_taken"]
        return found


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[str]]:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    script = str(Path(__file__).with_name("commanding.py"))
    found = subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT
    )
    yield found
    found.communicate()


@pytest.fixture
def desk(tmp_path: Path, process: subprocess.Popen[str]) -> Iterator[Desk]:
    """Everything ready for `run`, in a store that the command line's own settings name."""
    store = open_store(f"sqlite:///{tmp_path}/coachsync.sqlite3")
    schema.ready(store)
    company = open_company(store, tmp_path, now=datetime.now(UTC))
    company.org.set_clock(None)
    store.close()
    (tmp_path / "coaching.toml").write_text("api_share = 1.0\n[planning]\nminutes_a_month = 2000\n")
    yield Desk(company=company, home=tmp_path, process=process)
    company.close()
    store.close()


def assert_said_once(desk: Desk) -> None:
    """Two tasks and a note for every quiet deal."""
    assert len(desk.company.tasks()) == 2 * len(QUIET)
    assert sorted(note["deal"] for note in desk.company.notes()) == list(QUIET)


def test_rules_with_mistakes_are_listed_with_their_places(desk: Desk) -> None:
    """Unknown words, wrong types and broken YAML: `rules check` and `run` name file and line, and nothing is done."""
    good = (ROOT / "tests/app/small_rules/quiet_deal.yml").read_text()
    folder = desk.home / "rules"
    folder.mkdir()
    (folder / "a_word.yml").write_text(good.replace("days_since_any >=", "days_since_ever >="))
    (folder / "b_type.yml").write_text(good.replace("is_open and days_since_any >= 14", "amount"))
    (folder / "c_yaml.yml").write_text("id: [quiet\n")
    code, out, _ = desk.do("rules", "check")
    assert code == 3
    for name in ("a_word.yml:", "b_type.yml:", "c_yaml.yml:", "days_since_ever"):
        assert name in out
    code, _, err = desk.do("run", NAME)
    assert code == 3
    assert "days_since_ever" in err
    assert desk.company.tasks() == []


@pytest.mark.parametrize(
    ("text", "named"),
    [("api_share = 0.1\n[planning]\nminutes = 5", "planning.minutes"), ("api_share = ", "not valid TOML")],
)
def test_a_wrong_coaching_toml_is_named_with_its_key(desk: Desk, text: str, named: str) -> None:
    """The file, the key, and what is wrong with it."""
    (desk.home / "coaching.toml").write_text(text)
    code, _, err = desk.do("run", NAME)
    assert code == 3
    assert "coaching.toml" in err
    assert named in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "nobody"), 3, "There is no connection 'nobody'; there are: amber."),
        (("run", NAME, "--as-of", "yesterday"), 3, "--as-of 'yesterday' is no instant"),
        (("run",), 2, "Missing argument"),
        (("run", NAME, "--loud"), 2, "No such option"),
        (("status", "nobody"), 3, "There is no connection 'nobody'"),
        (("plan", NAME), 3, "Nothing has been pulled"),
        (("connect", "salesforce", "x", "--login-url", "ftp://example.invalid", "--client-id", "x",
          "--client-secret-env", "PATH"), 3, "must be an https address"),
        (("connect", "salesforce", "x", "--login-url", "https://example.invalid", "--client-id", "x",
          "--client-secret-env", "NOT_SET_ANYWHERE"), 3, "The environment variable NOT_SET_ANYWHERE is not set."),
        (("connect", "salesforce", "x", "--login-url", "https://example.invalid", "--client-id", "x"), 3,
         "Say how to sign in"),
        (("connect", "salesforce-export", "x", "--dir", "/no/such/folder"), 2, "does not exist"),
        (("connect", "salesforce-export", NAME, "--dir", "."), 3, "'amber' is a connection to salesforce"),
        (("connect", "salesforce", "x", "--login-url", "https://example.invalid", "--client-id", "x", "--username",
          "u", "--private-key-file", "/no/such/file"), 3, "cannot be read as a PEM file"),
    ],
)  # fmt: skip
def test_wrong_words_on_the_command_line_get_a_sentence(
    desk: Desk, words: tuple[str, ...], code: int, said: str
) -> None:
    """What was wrong with them, and an exit code that scripts can tell apart."""
    found = desk.do(*words)
    assert found.code == code
    assert said in found.err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("COACHSYNC_LOG_LEVEL", "loud", "COACHSYNC_LOG_LEVEL"),
        ("COACHSYNC_SECRET_KEY", "short", "COACHSYNC_SECRET_KEY is no key"),
        ("COACHSYNC_SECRET_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "encrypted with another key"),
        ("COACHSYNC_DATABASE_URL", "mysql://x/y", "use sqlite or postgresql"),
        ("COACHSYNC_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", "The database cannot be reached"),
    ],
)
def test_a_wrong_environment_gets_a_sentence(desk: Desk, name: str, value: str, said: str) -> None:
    """The variable is named, and nothing is written."""
    found = desk.do("run", NAME, **{name: value})
    assert found.code in (3, 4)
    assert said in found.err
    assert desk.company.tasks() == []


class Page(BaseHTTPRequestHandler):
    """What a web server that is no Salesforce answers."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>Welcome to the lantern shop</html>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_wrong_org_is_told_apart_when_connecting(desk: Desk, shop: str, tmp_path: Path) -> None:
    """Not reachable, no Salesforce, unknown app, another key, untrusted certificate: each with its own remedy."""
    other = tmp_path / "other.key"
    other.write_text("-----BEGIN NOTHING-----\n")
    for option, said in (
        ({"login_url": "http://127.0.0.1:1"}, "cannot be reached; check --login-url"),
        ({"login_url": shop}, "is not a Salesforce sign-in address"),
        ({"client_id": "wrong"}, "Check --client-id"),
        ({"private_key_file": str(other)}, "must be an unencrypted RSA key"),
        ({"ca_file": "/no/such/file"}, "check --ca-file"),
    ):
        found = desk.connect("other", **option)
        assert found.code == 3, found
        assert said in found.out + found.err


def test_connecting_keeps_the_secret_unreadable(desk: Desk) -> None:
    """Neither the database nor its log holds the key in the clear, and the key file is its owner's alone."""
    found = desk.connect("again")
    assert found.code == 0, found
    assert "signed in" in found.out
    body = desk.company.running.private_key_pem.splitlines()[3].encode()
    for file in desk.home.glob("coachsync.sqlite3*"):
        assert body not in file.read_bytes()
    assert (desk.home / "secret.key").stat().st_mode & 0o077 == 0
    (desk.home / "secret.key").unlink()
    code, _, err = desk.do("run", "again")
    assert code == 4
    assert "encrypted with another key" in err


def test_an_org_that_does_not_answer_loses_nothing(desk: Desk) -> None:
    """Exit code 6 says that the same command goes on later; and so it does."""
    desk.company.org.faults.order(Fault(effect="drop_before", path="FROM.Opportunity.", times=2))
    code, _, err = desk.do("run", NAME)
    assert code == 6
    assert "Nothing is lost: run the same command again." in err
    assert desk.do("run", NAME, "--rules", SMALL).code == 0
    assert_said_once(desk)


def test_a_check_beside_a_run_waits_for_its_end(desk: Desk) -> None:
    """Failure 21: it would sign in with the refresh token that the run is about to use."""
    with open_store(f"sqlite:///{desk.database}").lock(NAME):
        code, _, err = desk.do("check", NAME)
    assert code == 5
    assert "Another run of 'amber' is at work; wait for it to end" in err
    assert desk.do("check", NAME).code == 0


def test_an_integration_user_switched_off_is_named_until_mended(desk: Desk) -> None:
    """`run` stops, `status` says paused, `check` says what to do and lifts the pause when it is done."""
    control.configure(desk.company.org, user_active={desk.company.org.user_id: False})
    code, _, err = desk.do("run", NAME)
    assert code == 3
    assert "Activate the integration user" in err
    assert "Paused" in desk.do("status").out
    assert desk.do("check", NAME).code == 3
    control.configure(desk.company.org, user_active={desk.company.org.user_id: True})
    assert desk.do("check", NAME).code == 0
    assert "Paused" not in desk.do("status").out


def test_missing_permissions_are_listed_and_stop_only_what_needs_them(desk: Desk) -> None:
    """Contacts hidden: reported, and the run goes on. Deals hidden: the run says what to grant."""
    control.hide(desk.company.org, objects=["OpportunityContactRole"], fields={"Opportunity": ["NextStep"]})
    code, out, _ = desk.do("check", NAME)
    assert code == 0
    assert "Grant it read on OpportunityContactRole." in out
    assert "hidden: NextStep" in out
    assert desk.do("run", NAME).code == 0
    control.hide(desk.company.org, objects=["Opportunity"])
    assert desk.do("check", NAME).code == 3
    code, _, err = desk.do("run", NAME)
    assert code == 3
    assert "Opportunity" in err


def test_a_hidden_key_field_stops_the_run_before_our_tasks_look_like_work(desk: Desk) -> None:
    """Without it our own tasks cannot be told from people's, so nothing of Task is read."""
    assert desk.do("run", NAME).code == 0
    control.hide(desk.company.org, fields={"Task": ["Coaching_Key__c"]})
    code, _, err = desk.do("run", NAME)
    assert code == 3
    assert "Coaching_Key__c" in err
    held = sqlite3.connect(desk.database)
    assert held.execute("SELECT count(*) FROM activities").fetchone() == (8,)
    held.close()


def test_a_full_disk_stops_the_run_and_the_next_one_ends_it(desk: Desk) -> None:
    """Everything committed stays; with space again the same command finishes, and nothing is there twice."""
    stopped = desk.do("run", NAME, "--rules", SMALL, most_bytes=100_000)
    assert stopped.code == 4
    assert "The disk of the database is full" in stopped.err
    assert desk.do("run", NAME, "--rules", SMALL).code == 0
    assert_said_once(desk)


def test_a_database_of_another_version_is_refused_with_what_to_do(desk: Desk, tmp_path: Path) -> None:
    """One migration behind: `db upgrade` mends it. Ahead: this program changes nothing."""
    behind = f"sqlite:///{tmp_path}/behind.sqlite3"
    store = open_store(behind)
    schema.upgrade(store, "+1")
    store.close()
    code, _, err = desk.do("status", COACHSYNC_DATABASE_URL=behind)
    assert code == 4
    assert "run `coachsync db upgrade`" in err
    assert desk.do("db", "upgrade", COACHSYNC_DATABASE_URL=behind).code == 0
    assert desk.do("status", COACHSYNC_DATABASE_URL=behind).code == 0
    with sqlite3.connect(tmp_path / "behind.sqlite3") as held:
        held.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
    held.close()
    code, _, err = desk.do("status", COACHSYNC_DATABASE_URL=behind)
    assert code == 4
    assert "made by a newer coachsync" in err


def test_a_file_that_is_no_database_is_refused(desk: Desk) -> None:
    """It is not overwritten either."""
    (desk.home / "garbage.sqlite3").write_bytes(b"this is a shopping list, not a database " * 100)
    before = (desk.home / "garbage.sqlite3").read_bytes()
    for words in (("status",), ("db", "upgrade")):
        found = desk.do(*words, COACHSYNC_DATABASE_URL=f"sqlite:///{desk.home}/garbage.sqlite3")
        assert found.code == 4
        assert "is damaged or is not a database" in found.err
    assert (desk.home / "garbage.sqlite3").read_bytes() == before


def test_a_refused_task_is_on_the_list_until_its_cause_is_gone(desk: Desk) -> None:
    """`status` says which, what the org said, and leaves it out when the org takes it."""
    rule = {"object": "Task", "field": "WhatId", "forbid": QUIET[0], "message": "No tasks on this deal."}
    control.configure(desk.company.org, validation_rule=rule)
    assert desk.do("run", NAME, "--rules", SMALL).code == 0
    assert [one["role"] for one in desk.not_taken()] == ["manager_task", "prep_task"]
    assert "No tasks on this deal." in desk.do("status").out
    control.configure(desk.company.org, validation_rule=False)
    with sqlite3.connect(desk.database) as held:
        held.execute("UPDATE intents SET retry_at = NULL")  # as the next day would find it
    held.close()
    assert desk.do("push", NAME).code == 0
    assert desk.not_taken() == []
    assert_said_once(desk)
