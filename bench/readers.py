"""Who meets the failures: each reads the deals of an org, or creates one task, and says what it saw."""

import csv
import io
import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import requests
from simple_salesforce.api import Salesforce
from sqlalchemy import select

from app.config import Coaching
from app.gate import named, open_gate
from app.stages.pull import pull
from app.stages.push import push
from app.store import connections, schema
from app.store.canonical import deals
from app.store.connections import Vault
from app.store.plans import Owed, as_json, owe
from app.store.session import open_store
from bench.peers import others
from bench.peers.task import Task
from connectors.base import Connector
from connectors.errors import GateError
from connectors.records import TaskContent
from connectors.sandbox.ids import make_id
from connectors.sandbox.server import Running

BULK_SOQL = "SELECT Id, SystemModstamp, Name FROM Opportunity"
SOQL = f"{BULK_SOQL} ORDER BY SystemModstamp"
IDS = Path(__file__).parent / "peers" / "ids.mjs"
DUE = date(2030, 1, 8)
MOST_SECONDS = 30
NEVER_SETTLED = 13
"""How node ends when a promise that is waited for can no longer be kept or broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saw:
    """The ids it holds to be there, each as often as it was told, and how it said that something went wrong."""

    ids: Sequence[str] = ()
    error: str | None = None


class Reader(ABC):
    """One program; what it keeps from one reading to the next is its own affair."""

    meets: ClassVar[frozenset[str]]
    """Which failures can befall it: when reading, reading by bulk job, between two readings, creating."""

    @abstractmethod
    def __init__(self, org: Running, folder: Path, *, bulk: bool) -> None: ...

    @abstractmethod
    def read(self) -> Saw:
        """All deals that it holds to be there after another reading."""


def token(org: Running) -> str:
    """A session of its own."""
    form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}
    with requests.Session() as session:
        session.trust_env = False
        url = f"{org.url}/services/oauth2/token"
        return str(session.post(url, data=form, verify=org.ca_file).json()["access_token"])


class Ours(Reader):
    """coachsync, with a store of its own and little patience between tries."""

    meets = frozenset({"reading", "bulk", "between", "creating"})

    def __init__(self, org: Running, folder: Path, *, bulk: bool) -> None:
        self._store, self._vault = open_store(f"sqlite:///{folder}/ours.sqlite3"), Vault(folder, None)
        self._now = datetime.now(UTC)
        schema.ready(self._store)
        settings = {"login_url": org.url, "client_id": org.client_id, "ca_file": org.ca_file, "first_wait": 0.01}
        settings |= {"key_field": "Coaching_Key__c", "bulk_from": 1 if bulk else 10**9}
        with self._store.begin() as transaction:
            secrets = {"client_secret": org.client_secret}
            connections.save(transaction, self._vault, "bench", "salesforce", settings, secrets, self._now)
        self._org = named(self._store, "bench")

    def _gate(self) -> Connector:
        return open_gate(self._store, self._vault, self._org, Coaching(api_share=1), self._now)

    def read(self) -> Saw:
        error = None
        try:
            pull(self._store, self._org.id, self._gate(), clock=lambda: self._now, kinds=("deal",))
        except GateError as said:
            error = type(said).__name__
        with self._store.read() as transaction:
            there = transaction.scalars(select(deals.c.id).where(deals.c.deleted_at.is_(None)))
            return Saw(ids=list(there), error=error)

    def create(self) -> Saw:
        content = TaskContent(owner_id=make_id("005", 1), deal_id=None, due=DUE, subject="Only once", body="")
        write = Owed(reference="coach:task:1", item_id=None, role="manager_task", content=as_json(content))
        with self._store.begin() as transaction:
            owe(transaction, self._org.id, write, self._now)
        pushed = push(self._store, self._org.id, self._gate(), clock=lambda: self._now)
        return Saw(error="of unknown outcome" if pushed.unknown else None)


class SimpleSalesforce(Reader):
    """The library as it is, which reads all anew each time."""

    meets = frozenset({"reading", "bulk", "creating"})

    def __init__(self, org: Running, folder: Path, *, bulk: bool) -> None:
        self._org, self._bulk = org, bulk

    def read(self) -> Saw:
        return self._try(lambda sf: self._by_job(sf) if self._bulk else [r["Id"] for r in sf.query_all_iter(SOQL)])

    def create(self) -> Saw:
        return self._try(lambda sf: [sf.Task.create({"Subject": "Only once"})["id"]])

    def _by_job(self, sf: Any) -> list[str]:
        pages = sf.bulk2.Opportunity.query(BULK_SOQL, wait=0)
        return [row["Id"] for page in pages for row in csv.DictReader(io.StringIO(page, newline=""))]

    def _try(self, ask: Callable[[Any], list[str]]) -> Saw:
        with requests.Session() as session:
            session.trust_env, session.verify = False, self._org.ca_file
            sf = Salesforce(instance_url=self._org.url, session_id=token(self._org), session=session, version="66.0")
            try:
                return Saw(ids=ask(sf))
            except Exception as said:
                return Saw(error=type(said).__name__)


class Jsforce(Reader):
    """The library as it is, which reads all anew each time."""

    meets = frozenset({"reading", "bulk", "creating"})

    def __init__(self, org: Running, folder: Path, *, bulk: bool) -> None:
        self._org, self._way, self._soql = org, "bulk2" if bulk else "rest", BULK_SOQL if bulk else SOQL

    def read(self) -> Saw:
        return self._run(self._way)

    def create(self) -> Saw:
        return self._run("create")

    def _run(self, way: str) -> Saw:
        line = ["node", str(IDS), str(others.jsforce()), self._org.url, token(self._org), way, self._soql]
        environment = os.environ | {"NODE_EXTRA_CA_CERTS": str(self._org.ca_file)}
        try:
            ran = subprocess.run(line, env=environment, capture_output=True, timeout=MOST_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return Saw(error="reads without end")
        if ran.stdout:
            return Saw(**json.loads(ran.stdout))
        return Saw(error="never answers" if ran.returncode == NEVER_SETTLED else "crashes")


class Tap(Reader):
    """tap-salesforce with its state, and a table that keeps the last record of each id."""

    meets = frozenset({"reading", "between"})

    def __init__(self, org: Running, folder: Path, *, bulk: bool) -> None:
        self._folder, self._held, self._state = folder, dict[str, bool](), folder / "state.json"
        facts = {"url": org.url, "ca_file": org.ca_file, "client_id": org.client_id}
        facts |= {"client_secret": org.client_secret, "refresh_token": org.refresh_token}
        queries = {"Opportunity": "SELECT Id, SystemModstamp, IsDeleted, Name FROM Opportunity"}
        self._task = folder / "task.json"
        self._task.write_text(json.dumps(asdict(Task(facts=facts, token="", queries=queries, page_rows=0))), "utf-8")

    def read(self) -> Saw:
        line = [sys.executable, "-m", "bench.peers.by_tap", *map(str, (self._task, others.tap(), self._folder))]
        try:
            ran = subprocess.run(line, capture_output=True, timeout=MOST_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return Saw(error="no end")
        for told in map(json.loads, ran.stdout.splitlines()):
            if told["type"] == "RECORD":
                self._held[told["record"]["Id"]] = bool(told["record"]["IsDeleted"])
            elif told["type"] == "STATE":
                self._state.write_text(json.dumps(told["value"]), "utf-8")
        return Saw(
            ids=[key for key, deleted in self._held.items() if not deleted], error="stops" if ran.returncode else None
        )


READERS: dict[str, type[Reader]] = {
    "coachsync": Ours,
    "simple-salesforce": SimpleSalesforce,
    "jsforce": Jsforce,
    "tap-salesforce": Tap,
}
