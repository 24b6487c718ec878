"""A sales team small enough to know by name, in a sandbox org over HTTPS, with one connection to it.

Two managers with two reps each; every rep has a deal that has gone quiet and one that has not.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from app import pipeline
from app.config import Coaching
from app.gate import named, open_gate
from app.run import Loop, Report
from app.store import connections
from app.store.connections import Vault
from app.store.overview import overview
from app.store.session import Store
from coaching_rules.indicators.model import Indicator
from coaching_rules.loader import load
from coaching_rules.model import RuleSet
from connectors.sandbox import control
from connectors.sandbox.ids import make_id
from connectors.sandbox.org import Org
from connectors.sandbox.server import Running, start
from connectors.sandbox.sign_in import enroll

NAME = "amber"
MONDAY = datetime(2026, 11, 16, 7, tzinfo=UTC)
IMPATIENT = {"tries": 2, "first_wait": 0.001, "read_seconds": 5}
RULES = Path(__file__).with_name("small_rules")
VERA, MONA, MARK, RITA, RALF, ROSA, REMY = (make_id("005", n) for n in range(1, 8))
PEOPLE = {"Vera": None, "Mona": VERA, "Mark": VERA, "Rita": MONA, "Ralf": MONA, "Rosa": MARK, "Remy": MARK}
REPS = (RITA, RALF, ROSA, REMY)
QUIET = tuple(make_id("006", n) for n in range(1, 5))
"""The deals nobody has touched for 20 days, in the order of their owners."""
LIVELY = tuple(make_id("006", n) for n in range(5, 9))
ACCOUNT = make_id("001", 1)


@cache
def rules() -> RuleSet:
    """Two rules: a quiet deal is talked about, a passed close date is a line on a list."""
    return load(RULES)


def furnish(org: Org, now: datetime) -> None:
    """Fill an empty org with the team and its deals as they stand at `now`."""
    long_ago = now - timedelta(days=400)
    born = {"CreatedDate": long_ago, "LastModifiedDate": long_ago, "SystemModstamp": long_ago}
    org.load("User", [_user(n, name, boss) | born for n, (name, boss) in enumerate(PEOPLE.items(), 1)])
    org.load(
        "Account", [{"Id": ACCOUNT, "Name": "Zinc Yard (fictional)", "Industry": "Retail", "OwnerId": RITA} | born]
    )
    deals = [_deal(key, owner, now) | born for key, owner in zip((*QUIET, *LIVELY), REPS * 2)]
    org.load("Opportunity", deals)
    calls = [_call(n, deal, now - timedelta(days=20 if deal["Id"] in QUIET else 2)) for n, deal in enumerate(deals, 1)]
    org.load("Task", calls)


def _user(n: int, name: str, boss: str | None) -> dict[str, object]:
    return {
        "Id": make_id("005", n), "Username": f"{name.lower()}@example.invalid", "FirstName": name,
        "LastName": "Lanternby", "Name": f"{name} Lanternby", "Alias": name.lower(), "IsActive": True,
        "UserType": "Standard", "ManagerId": boss, "TimeZoneSidKey": "Europe/Berlin", "Country": "DE",
    }  # fmt: skip


def _deal(key: str, owner: str, now: datetime) -> dict[str, object]:
    return {
        "Id": key, "Name": f"{'Quiet' if key in QUIET else 'Lively'} deal {key[-4]}", "AccountId": ACCOUNT,
        "OwnerId": owner, "StageName": "Qualification", "Amount": 40_000.0, "Probability": 10,
        "CloseDate": (now + timedelta(days=60)).date(), "ForecastCategory": "Pipeline",
        "ForecastCategoryName": "Pipeline", "CreatedById": owner, "LastModifiedById": owner,
    }  # fmt: skip


def _call(n: int, deal: Mapping[str, object], at: datetime) -> dict[str, object]:
    return {
        "Id": make_id("00T", n), "Subject": "Call", "Status": "Completed", "ActivityDate": at.date(),
        "OwnerId": deal["OwnerId"], "WhatId": deal["Id"], "AccountId": ACCOUNT, "TaskSubtype": "Call", "Type": "Call",
        "IsClosed": True, "CompletedDateTime": at, "CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at,
    }  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Company:
    """The team's org, a store connected to it, and the one clock of both."""

    store: Store
    org: Org
    running: Running
    home: Path
    now: datetime
    key_field: bool
    coaching: Coaching
    rules: RuleSet
    indicators: tuple[Indicator, ...] = ()

    def connect(self, **settings: Any) -> None:
        """Store the connection, or renew it with other settings."""
        known = {
            "login_url": self.running.url,
            "client_id": self.running.client_id,
            "username": self.running.username,
            "ca_file": self.running.ca_file,
            "key_field": "Coaching_Key__c",
        }
        secrets = {"client_secret": self.running.client_secret}
        with self.store.begin() as transaction:
            connections.save(
                transaction, self.vault, NAME, "salesforce", known | IMPATIENT | settings, secrets, self.now
            )

    @property
    def vault(self) -> Vault:
        return Vault(self.home, None)

    def loop(self, progress: Callable[..., None] = lambda *_: None) -> Loop:
        """What a new process would work with: a connector that has to sign in first."""
        org = named(self.store, NAME)
        gate = open_gate(self.store, self.vault, org, self.coaching, self.now, lambda: self.now)
        return Loop(
            store=self.store,
            org=org,
            connector=gate,
            coaching=self.coaching,
            rules=self.rules,
            indicators=self.indicators,
            clock=lambda: self.now,
            progress=progress,
        )

    def morning(self) -> Report:
        return pipeline.morning(self.loop())

    def often(self) -> Report:
        return pipeline.often(self.loop())

    def send(self) -> Report:
        return pipeline.send(self.loop())

    def status(self) -> dict[str, Any]:
        return overview(self.store, named(self.store, NAME), self.coaching.api_share, self.now)

    def later(self, **span: float) -> None:
        """Turn the clock."""
        self.now += timedelta(**span)
        self.org.set_clock(self.now)

    def call_customer(self, deal: str) -> None:
        """Somebody has spoken with the customer, which is what a quiet deal needs."""
        owner = self.org.record("Opportunity", deal)["OwnerId"]
        fields = {"Subject": "Call", "WhatId": deal, "OwnerId": owner, "Status": "Completed", "TaskSubtype": "Call"}
        control.create(self.org, user=owner, object_name="Task", fields=fields)

    def edit(self, task: Mapping[str, Any], user: str, **fields: Any) -> None:
        """A person changes one of our tasks."""
        control.edit(self.org, user=user, object_name="Task", key=task["Id"], fields=fields)

    def tasks(self, role: str = "") -> list[dict[str, Any]]:
        """Our tasks as the org holds them, deleted ones too, by what they say."""
        carrying = "Coaching_Key__c LIKE ?" if self.key_field else "Subject LIKE '%[' || ?"
        return self.org.rows(f"SELECT * FROM Task WHERE {carrying} ORDER BY Subject, Id", (f"coach:{role}%",))

    def task(self, deal: str = QUIET[0], role: str = "task") -> dict[str, Any]:
        """The one task of this role on a deal."""
        (found,) = (task for task in self.tasks(role) if task["WhatId"] == deal)
        return found

    def notes(self) -> list[dict[str, Any]]:
        """Our notes with their text, deleted ones too, each once for every deal it is linked to."""
        return self.org.rows(
            "SELECT n.*, l.LinkedEntityId AS deal FROM ContentNote n LEFT JOIN ContentDocumentLink l"
            " ON l.ContentDocumentId = n.Id AND l.LinkedEntityId LIKE '006%' ORDER BY n.Title, n.Id"
        )

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """A table of the store."""
        with self.store.read() as transaction:
            found = transaction.execute(select(table).order_by(*table.primary_key.columns))
            return [dict(row._mapping) for row in found]

    def close(self) -> None:
        """Stop answering, beside the next test: a server takes a moment to end."""
        threading.Thread(target=self._close).start()

    def _close(self) -> None:
        self.running.stop()
        self.org.close()


def open_company(
    store: Store,
    home: Path,
    *,
    key_field: bool = True,
    now: datetime = MONDAY,
    furnish: Callable[[Org, datetime], None] = furnish,
    **settings: Any,
) -> Company:
    """A furnished org that answers, and a connection to it in `store`; the key to its secrets lies in `home`."""
    org = Org(now=now, key_field=key_field)
    enroll(org)
    furnish(org, now)
    company = Company(
        store=store, org=org, running=start(org=org), home=home, now=now, key_field=key_field,
        coaching=Coaching(api_share=1), rules=rules(),
    )  # fmt: skip
    company.connect(**({} if key_field else {"key_field": None}) | settings)
    return company
