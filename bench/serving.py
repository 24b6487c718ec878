"""The service under kills: `python -m bench serving 20 3 30` has 20 orgs, 3 workers beside `serve`, and 30 kills.

Every manager's last morning is due when it begins. In the end each manager has had it once, and every org holds exactly
the tasks that a run without kills writes.
"""

import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from app.store import connections, ledger, requests, rulesets, schema, turns
from app.store.connections import Vault
from app.store.requests import Wish
from app.store.session import Store, open_store
from bench import table
from bench.crew import Crew
from bench.peers import postgresql
from coaching_rules.loader import load
from connectors.sandbox.faults import Fault
from connectors.sandbox.ids import make_id
from connectors.sandbox.org import Org
from connectors.sandbox.server import Running, start
from connectors.sandbox.sign_in import enroll

ZONES = ("Pacific/Auckland", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "America/Los_Angeles")
MANAGERS, REPS = 3, 2
TASKS = {(role, make_id("006", n)) for n in range(1, MANAGERS * REPS + 1) for role in ("task", "prep")}
"""What a morning without kills writes into each org: each quiet deal is worth a conversation and its preparation."""
RULE = Path(__file__).parents[1] / "tests" / "app" / "small_rules"
PATIENCE_SECONDS = 240.0


@dataclass(slots=True, kw_only=True)
class Estate:
    """Several orgs, each with its connection to one store, and the processes that serve them."""

    store: Store
    environment: dict[str, str]
    orgs: dict[str, Org] = field(default_factory=dict)
    crew: Crew

    def start(self, *words: str) -> int:
        """Start a command of coachsync on this store, and return its process id."""
        return self.crew.start(*words, environment=self.environment)

    def tasks(self, name: str) -> Counter[tuple[str, str]]:
        """How often each task of ours is in this org, by its role and deal."""
        rows = self.orgs[name].rows("SELECT Coaching_Key__c AS key, WhatId FROM Task WHERE Coaching_Key__c IS NOT NULL")
        return Counter((str(row["key"]).split(":")[1], str(row["WhatId"])) for row in rows)

    def mornings(self) -> Counter[tuple[int, str, date]]:
        """How often each manager had each morning."""
        with self.store.read() as transaction:
            rows = transaction.execute(select(turns.mornings)).all()
        return Counter((row.connection_id, row.manager_id, row.day) for row in rows)

    def cut_short(self) -> int:
        """How many runs began and never ended."""
        with self.store.read() as transaction:
            ends = select(func.count()).select_from(ledger.runs).where(ledger.runs.c.finished_at.is_(None))
            return transaction.scalar(ends) or 0

    def is_done(self) -> bool:
        """Whether every manager known had a morning, and nothing is asked for or waits to be written."""
        with self.store.read() as transaction:
            had = transaction.scalar(select(func.count()).select_from(turns.mornings))
            waits = select(func.count()).select_from(ledger.intents).where(ledger.intents.c.state != "stored")
            idle = not requests.asked(transaction) and not transaction.scalar(waits)
        return idle and had == (1 + MANAGERS) * len(self.orgs)

    def hurry(self) -> None:
        """Ask for what comes every five minutes, so that nobody waits that long for what a killed run left to push."""
        with self.store.begin() as transaction:
            for org in connections.every(transaction):
                wish = Wish(source="api", key="hurry", job="often", arguments={})
                requests.ask(transaction, org.id, [wish], datetime.now(UTC))


@contextmanager
def estate(crew: Crew, url: str, home: Path, number: int, *, slow_seconds: float = 0.0) -> Iterator[Estate]:
    """So many furnished orgs that answer, each after so long, connected ten days ago and never pulled."""
    store = open_store(url)
    with ExitStack() as held:
        held.callback(store.close)
        schema.ready(store)
        held.callback(crew.dismiss)
        found = Estate(store=store, crew=crew, environment={"COACHSYNC_HOME": str(home), "COACHSYNC_DATABASE_URL": url})
        now = datetime.now(UTC).replace(microsecond=0)
        with store.begin() as transaction:
            rulesets.push(transaction, load(RULE), "small", now)
        for n in range(number):
            org = Org()
            held.callback(org.close)
            enroll(org)
            furnish(org, now, n)
            if slow_seconds:
                org.faults.order(Fault(effect="slow", path="/services/data", seconds=slow_seconds))
            found.orgs[f"org{n}"] = org
            _connect(store, home, f"org{n}", held.enter_context(start(org=org, tls=False)), now)
        yield found


def _connect(store: Store, home: Path, name: str, running: Running, now: datetime) -> None:
    settings = {
        "login_url": running.url, "client_id": running.client_id, "username": running.username, "ca_file": None,
        "key_field": "Coaching_Key__c",
    }  # fmt: skip
    secrets = {"private_key": running.private_key_pem}
    with store.begin() as transaction:
        connections.save(
            transaction, Vault(home, None), name, "salesforce", settings, secrets, now - timedelta(days=10)
        )


def furnish(org: Org, now: datetime, n: int) -> None:
    """Three managers in three time zones, two reps each, and for every rep a deal that nobody called lately."""
    top, ago = make_id("005", 1), now - timedelta(days=400)
    born = {"CreatedDate": ago, "LastModifiedDate": ago, "SystemModstamp": ago}
    managers = [make_id("005", 2 + m) for m in range(MANAGERS)]
    reps = [(make_id("005", 10 + r), managers[r % MANAGERS]) for r in range(MANAGERS * REPS)]
    people = [(top, None), *((one, top) for one in managers), *reps]
    org.load("User", [_user(key, boss, n) | born for key, boss in people])
    org.load("Account", [{"Id": make_id("001", 1), "Name": "Zinc Yard (fictional)", "OwnerId": top} | born])
    deals = [_deal(make_id("006", k), rep, now) | born for k, (rep, _) in enumerate(reps, 1)]
    org.load("Opportunity", deals)
    called = now - timedelta(days=20)
    org.load("Task", [_call(k, deal, called) for k, deal in enumerate(deals, 1)])


def _user(key: str, boss: str | None, n: int) -> dict[str, Any]:
    zone = ZONES[(n + int(key[-4], 36)) % len(ZONES)]
    return {
        "Id": key, "Username": f"p{key}@example.invalid", "LastName": "Lanternby", "Name": f"Person {key} Lanternby",
        "Alias": key[-6:], "IsActive": True, "UserType": "Standard", "ManagerId": boss, "TimeZoneSidKey": zone,
    }  # fmt: skip


def _deal(key: str, owner: str, now: datetime) -> dict[str, Any]:
    return {
        "Id": key, "Name": f"Quiet deal {key[-4]}", "AccountId": make_id("001", 1), "OwnerId": owner,
        "StageName": "Qualification", "Amount": 40_000.0, "Probability": 10, "ForecastCategory": "Pipeline",
        "CloseDate": (now + timedelta(days=60)).date(), "ForecastCategoryName": "Pipeline", "CreatedById": owner,
        "LastModifiedById": owner,
    }  # fmt: skip


def _call(n: int, deal: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "Id": make_id("00T", n), "Subject": "Call", "Status": "Completed", "ActivityDate": at.date(),
        "OwnerId": deal["OwnerId"], "WhatId": deal["Id"], "AccountId": deal["AccountId"], "TaskSubtype": "Call",
        "Type": "Call", "IsClosed": True, "CompletedDateTime": at, "CreatedDate": at, "LastModifiedDate": at,
        "SystemModstamp": at,
    }  # fmt: skip


def last_morning(zone: str, now: datetime) -> date:
    """The last weekday on which it has been seven o'clock in this zone."""
    there = now.astimezone(ZoneInfo(zone))
    day = there.date() if there.hour >= 7 else there.date() - timedelta(days=1)
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return day


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of all mornings; right is one each, and no task twice or missing.

    `due` are the mornings that were due when it began, `later` when it ended; `cut_short` counts runs that never ended.
    """

    kills: int
    cut_short: int
    seconds: float
    mornings: Counter[tuple[int, str, date]]
    due: set[tuple[int, str, date]]
    later: set[tuple[int, str, date]]
    tasks: dict[str, Counter[tuple[str, str]]]

    @property
    def wrong(self) -> list[str]:
        """Each thing that is not as it should be, in words."""
        found = [f"{one} had {n} times" for one, n in self.mornings.items() if n != 1]
        found += [f"{one} had before its time" for one in self.mornings.keys() - self.due - self.later]
        found += [f"{one} never had" for one in self.due - self.mornings.keys()]
        for name, tasks in self.tasks.items():
            found += [f"{name}: {task} {tasks[task]} times" for task in TASKS | tasks.keys() if tasks[task] != 1]
        return found


def lived(place: Estate, *, workers: int, kills: int, seed: int) -> Verdict:
    """Serve the estate with so many workers, of which one or the other is killed and replaced, until all is done."""
    lots, began, since = random.Random(seed), time.monotonic(), datetime.now(UTC)
    serving = place.start("serve", "--port", "0")
    crew = [place.start("worker") for _ in range(workers)]
    killed = 0
    while not (killed == kills and place.is_done()):
        assert time.monotonic() - began < PATIENCE_SECONDS, "it does not come to an end"
        time.sleep(lots.uniform(0.2, 1.5))
        if killed < kills:
            n, killed = lots.randrange(workers), killed + 1
            place.crew.kill(crew[n])
            place.crew.wait(crew[n])
            crew[n] = place.start("worker")
            if killed == kills:
                place.hurry()
    seconds = time.monotonic() - began
    for member in (serving, *crew):
        place.crew.kill(member, signal.SIGTERM)
    assert [place.crew.wait(member) for member in (serving, *crew)] == [0] * (1 + workers)
    return Verdict(
        kills=killed, cut_short=place.cut_short(), seconds=seconds, mornings=place.mornings(),
        due=_due(place, since), later=_due(place, datetime.now(UTC)),
        tasks={name: place.tasks(name) for name in place.orgs},
    )  # fmt: skip


def _due(place: Estate, now: datetime) -> set[tuple[int, str, date]]:
    found = set()
    with place.store.read() as transaction:
        for org in connections.every(transaction):
            for one in turns.managers(transaction, org.id):
                found.add((org.id, one.id, last_morning(one.time_zone or "UTC", now)))
    return found


def main(number: str = "20", workers: str = "3", kills: str = "30", seed: str = "1") -> None:
    """Print what became of it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Crew(Path(folder))) as crew,
        estate(crew, postgresql.fresh(), Path(folder), int(number)) as place,
    ):
        found = lived(place, workers=int(workers), kills=int(kills), seed=int(seed))
    table.head(
        "connections",
        "workers",
        "killed",
        "runs cut short",
        "mornings due",
        "had once",
        "tasks",
        "twice or missing",
        "seconds",
    )
    tasks = sum(tasks.total() for tasks in found.tasks.values())
    once = sum(n == 1 for n in found.mornings.values())
    table.row(
        number,
        workers,
        found.kills,
        found.cut_short,
        len(found.due),
        once,
        tasks,
        len(found.wrong),
        round(found.seconds),
    )
    for line in found.wrong:
        print(line)
