"""An org behind real HTTPS with a clock that stands still, and the connector as the app gets it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any
from urllib.parse import unquote_plus

import pytest
from reading import Change, changes

from connectors import registry
from connectors.base import Connector
from connectors.records import Intent, Kind, NoteContent, Page, Receipt, TaskContent
from connectors.sandbox import control
from connectors.sandbox.faults import Fault
from connectors.sandbox.ids import make_id
from connectors.sandbox.org import Org
from connectors.sandbox.server import Running, start
from connectors.sandbox.sign_in import enroll

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Ear(Fault):
    """Meets no call and remembers all of them, as method and readable address."""

    heard: list[tuple[str, str, str]]

    def meets(self, method: str, path: str, body: str) -> bool:
        """Never; but listens."""
        self.heard.append((method, unquote_plus(path), body))
        return False


class Place:
    """One org, the people in it, and the ways in."""

    def __init__(self, running: Running) -> None:
        self.running, self.org = running, running.org
        self.me = self.org.user_id
        self.rep = self.person("Rhea Quill")
        self.saved: list[dict[str, str]] = []
        self.wait(hours=1)

    # ------------------------------------------------------------------ the org and its people

    def person(self, name: str) -> str:
        """A new user."""
        first, last = name.split()
        mail = f"{last}@lantern.example".lower()
        named = {"FirstName": first, "LastName": last, "Name": name, "Alias": last[:8], "Username": mail, "Email": mail}
        usual = {"UserType": "Standard", "TimeZoneSidKey": "Europe/Berlin", "IsActive": True}
        self.org.load("User", [{"Id": make_id("005", 1000 + self.org.count("User")), **named, **usual}])
        return str(self.org.row("SELECT Id FROM User WHERE Username = ?", (mail,))["Id"])

    def make(self, name: str, **fields: Any) -> str:
        """A record that a person makes."""
        return control.create(self.org, user=self.me, object_name=name, fields=fields)

    def deal(self, **fields: Any) -> str:
        """An open deal of the rep."""
        given = {"Name": "Lantern rollout", "StageName": "Prospecting", "CloseDate": "2026-06-30", "OwnerId": self.rep}
        return self.make("Opportunity", **{**given, **fields})

    def edit(self, name: str, key: str, **fields: Any) -> None:
        """The rep changes a record."""
        control.edit(self.org, user=self.rep, object_name=name, key=key, fields=fields)

    def delete(self, name: str, key: str) -> None:
        """The rep deletes a record."""
        control.delete(self.org, user=self.rep, object_name=name, key=key)

    def wait(self, **span: float) -> None:
        """Let the org's clock move on."""
        self.org.set_clock(self.org.now() + timedelta(**span))

    def row(self, name: str, key: str | None) -> dict[str, Any]:
        """A record as the org has it."""
        return self.org.record(name, str(key))

    # ------------------------------------------------------------------ trouble

    def trouble(self, effect: Any, path: str = "", **order: Any) -> Fault:
        """Order trouble; `met` of what is returned counts the calls that met it."""
        fault = Fault(effect=effect, path=path, **order)
        self.org.faults.order(fault)
        return fault

    def listen(self) -> list[tuple[str, str, str]]:
        """Every call from now on, as method, address and body."""
        ear = Ear(effect="slow")
        ear.heard = []
        self.org.faults.order(ear)
        return ear.heard

    def tokens(self, heard: list[tuple[str, str, str]]) -> int:
        """How many of these calls asked for a session."""
        return sum(path.startswith("/services/oauth2/token") for _, path, _ in heard)

    # ------------------------------------------------------------------ the connector

    def connector(self, secrets: Mapping[str, str] | None = None, **given: Any) -> Connector:
        """A new connection, as impatient as tests are; keywords are settings, or what the app passes beside them."""
        held = dict(secrets if secrets is not None else {"client_secret": self.running.client_secret})
        keep = given.pop("save", self.saved.append)

        def save(rotated: Mapping[str, str]) -> None:
            keep(dict(rotated))
            held.update(rotated)

        beside = {"save": save, "share": 0.5, "spent_before": 0, "overlap": timedelta(0)}
        beside |= {name: given.pop(name) for name in tuple(given) if name in beside}
        settings = {
            "login_url": self.running.url,
            "client_id": self.running.client_id,
            "username": self.running.username,
            "ca_file": self.running.ca_file,
            "key_field": "Coaching_Key__c",
            **{"tries": 2, "first_wait": 0.01, "read_seconds": 5},
        }
        kept = {name: value for name, value in {**settings, **given}.items() if value is not None}
        return registry.get("salesforce", kept, lambda: dict(held), **beside)

    def pull(self, kind: Kind, cursor: str | None = None, **given: Any) -> tuple[list[Change], str | None]:
        """All changes since the cursor, read by a new connection, and the cursor after them."""
        pages = self.pages(kind, cursor, **given)
        return [change for page in pages for change in changes(page)], pages[-1].cursor if pages else cursor

    def pages(self, kind: Kind, cursor: str | None = None, **given: Any) -> list[Page]:
        """The same, page by page."""
        return list(self.connector(**given).pull(kind, cursor))

    def push(self, *intents: Intent, **given: Any) -> list[Receipt]:
        """The receipts in the order of the intents."""
        receipts = {receipt.reference: receipt for receipt in self.connector(**given).push(intents)}
        assert len(receipts) == len(intents)
        return [receipts[intent.reference] for intent in intents]

    # ------------------------------------------------------------------ what we write

    def task(self, number: int = 1, *, fields: Mapping[str, Any] | None = None, **intent: Any) -> Intent:
        """The wish for a task; `fields` are of its content, keywords of the intent."""
        return Intent(reference=f"coach:task:{number:020x}", content=self.says(**(fields or {})), **intent)

    def says(self, **fields: Any) -> TaskContent:
        """What a task says unless told otherwise."""
        usual = {"subject": "Coach: Lantern rollout", "body": "Ask what changed.", "due": date(2026, 3, 6)}
        return TaskContent(**{"owner_id": self.rep, "deal_id": None, **usual, **fields})

    def note(self, deal: str, number: int = 1, *, fields: Mapping[str, Any] | None = None, **intent: Any) -> Intent:
        """The wish for a note on a deal."""
        content = NoteContent(**{"deal_id": deal, "title": "Coaching", "body": "One\nTwo", **(fields or {})})
        return Intent(reference=f"coach:note:{number:020x}", content=content, **intent)


@contextmanager
def served(*, tls: bool = True, **how: bool) -> Iterator[Place]:
    """An org that answers; that it ends takes a moment, which the next test does not wait for."""
    org = Org(now=NOW, **how)
    enroll(org)
    running = start(org=org, tls=tls)
    yield Place(running)
    Thread(target=lambda: (running.stop(), org.close())).start()


@pytest.fixture
def place() -> Iterator[Place]:
    with served() as place:
        yield place


@pytest.fixture
def keyless() -> Iterator[Place]:
    """An org whose administrator could not add our key field."""
    with served(key_field=False) as place:
        yield place


@pytest.fixture
def worldwide() -> Iterator[Place]:
    """An org with several currencies."""
    with served(currencies=True) as place:
        yield place


@pytest.fixture
def processes() -> Iterator[Place]:
    """An org whose deals have record types."""
    with served(record_types=True) as place:
        yield place


@pytest.fixture
def plain() -> Iterator[Place]:
    """An org without TLS."""
    with served(tls=False) as place:
        yield place


@pytest.fixture(autouse=True)
def _no_inherited_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
