"""The rota at work on real orgs in a sandbox: what is due is done once, and one connection never holds up another."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from small_org import MARK, MONA, MONDAY, NAME, Company, open_company
from sqlalchemy import select, update

from app.errors import NotReady
from app.gate import named, open_gate
from app.jobs.rota import Rota
from app.jobs.timetable import timetable
from app.run import Loop
from app.store import canonical, coaching, connections, ledger, requests, turns
from app.store.requests import Wish
from app.store.session import Store
from connectors.sandbox.faults import Fault

MORNING = MONDAY  # 8 o'clock in Berlin
YESTERDAY = MORNING - timedelta(days=1)


@contextmanager
def opened(store: Store, home: Path) -> Iterator[Company]:
    """The team, connected a day ago and never pulled."""
    found = open_company(store, home)
    with store.begin() as transaction:
        transaction.execute(update(ledger.connections).values(created_at=YESTERDAY))
    yield found
    found.close()


@pytest.fixture
def company(sqlite: Store, tmp_path: Path) -> Iterator[Company]:
    with opened(sqlite, tmp_path) as found:
        yield found


@pytest.fixture
def anywhere(store: Store, tmp_path: Path) -> Iterator[Company]:
    """The same on either database."""
    with opened(store, tmp_path) as found:
        yield found


@dataclass(slots=True)
class Shift:
    """A rota on the company's store; `opened` counts who was opened, and may be told to do something then."""

    company: Company
    opened: list[str] = field(default_factory=list)
    ending: bool = False

    def rota(self, **more: Any) -> Rota:
        return Rota(
            store=self.company.store,
            coaching=lambda: self.company.coaching,
            opened=self.open,
            clock=lambda: self.company.now,
            ending=lambda: self.ending,
            **more,
        )

    def open(self, name: str) -> Loop:
        self.opened.append(name)
        company, org = self.company, named(self.company.store, name)
        return Loop(
            store=company.store,
            org=org,
            connector=open_gate(company.store, company.vault, org, company.coaching, company.now),
            coaching=company.coaching,
            rules=company.rules,
            clock=lambda: company.now,
        )

    def turn(self, job: str, name: str = NAME) -> turns.Turn:
        with self.company.store.read() as transaction:
            return turns.of(transaction, named(self.company.store, name).id)[job]

    def runs(self) -> list[tuple[str, str | None]]:
        return [(row["rhythm"], row["error"]) for row in self.company.rows(ledger.runs)]

    def days(self) -> set[tuple[str, date]]:
        return {(row["manager_id"], row["day"]) for row in self.company.rows(turns.mornings)}


def revoked(company: Company, name: str) -> None:
    """A second connection, whose key the org does not know."""
    with company.store.begin() as transaction:
        org = named(company.store, NAME)
        wrong = dict(org.settings) | {"client_id": "3MVG9.nobody"}
        secrets = {"private_key": company.running.private_key_pem}
        connections.save(transaction, company.vault, name, "salesforce", wrong, secrets, YESTERDAY)


def test_everything_that_is_due_is_done_once(anywhere: Company) -> None:
    """First what nobody has pulled, then the morning it shows to be due; a night is an often. Then nothing is left."""
    shift = Shift(anywhere)
    assert shift.rota().look() == [NAME]
    shift.rota().work(NAME)
    assert sorted(rhythm for rhythm, _ in shift.runs()) == ["morning", "often", "often", "weekly"]
    assert {manager for manager, day in shift.days() if day == MORNING.date()} >= {MONA, MARK}
    written = len(anywhere.tasks())
    assert written
    assert shift.rota().look() == []
    shift.rota().work(NAME)
    assert len(shift.runs()) == 4
    assert len(anywhere.tasks()) == written


def test_managers_in_other_zones_have_their_own_morning(company: Company) -> None:
    """Only those whose seven o'clock it is are planned for, each in one plan a day."""
    company.org.execute("UPDATE User SET TimeZoneSidKey = 'America/New_York' WHERE Id = ?", (MARK,))
    shift = Shift(company)
    shift.rota().work(NAME)
    assert (MONA, MORNING.date()) in shift.days()
    assert (MARK, MORNING.date()) not in shift.days()
    assert {row["manager_id"] for row in company.rows(coaching.plans) if row["made_at"] == company.now} >= {MONA}
    company.later(hours=5)
    shift.rota().work(NAME)
    assert (MARK, MORNING.date()) in shift.days()
    assert {row["manager_id"] for row in company.rows(coaching.plan_items)} == {MONA, MARK}


def test_a_morning_by_hand_counts_as_todays(company: Company) -> None:
    """`coachsync run` at nine leaves nothing to do for the service that wakes at ten."""
    company.morning()
    shift = Shift(company)
    company.later(hours=2)
    shift.rota().work(NAME)
    assert [rhythm for rhythm, _ in shift.runs()].count("morning") == 1


def test_a_service_that_slept_makes_up_one_morning(company: Company) -> None:
    """From Monday to Thursday afternoon: Thursday's, and none of those between."""
    shift = Shift(company)
    shift.rota().work(NAME)
    company.later(days=3, hours=6)
    shift.rota().work(NAME)
    assert {day.isoformat() for manager, day in shift.days() if manager == MONA} == {"2026-11-16", "2026-11-19"}


def test_a_revoked_connection_waits_for_a_person_and_the_others_do_not(anywhere: Company) -> None:
    """It is tried once, paused, and not looked at again until it was mended or an hour has passed."""
    revoked(anywhere, "revoked")
    shift = Shift(anywhere)
    assert set(shift.rota().look()) == {NAME, "revoked"}
    for name in ("revoked", NAME):
        shift.rota().work(name)
    assert shift.opened.count("revoked") == 1
    assert shift.turn("often", "revoked").attempts == 1
    assert shift.turn("often").attempts == 0
    anywhere.later(minutes=59)
    assert shift.rota().look() == [NAME]
    with anywhere.store.begin() as transaction:
        connections.pause(transaction, named(anywhere.store, "revoked"), None)
    assert set(shift.rota().look()) == {NAME, "revoked"}


def test_a_paused_connection_is_tried_every_hour_and_goes_on_by_itself(anywhere: Company) -> None:
    """Failure 22: told to a person at once, one try an hour whatever is due, and no person needed if it passes."""
    shift = Shift(anywhere)
    shift.rota().work(NAME)
    answer = '{"error": "invalid_grant", "error_description": "authentication failure"}'
    refusing = Fault(effect="answer", path="/oauth2/token", status=400, answer=answer)
    anywhere.org.faults.order(refusing)
    before = len(shift.runs())
    for hour in range(1, 27):
        anywhere.later(hours=1)
        for _ in range(3):
            shift.rota().work(NAME)
        assert len(shift.runs()) == before + hour
    assert refusing.met == 2 * 26
    assert "authentication failure" in anywhere.status()["paused"]
    anywhere.org.faults.clear()
    anywhere.later(hours=1)
    shift.rota().work(NAME)
    assert anywhere.status()["paused"] is None
    assert MORNING.date() + timedelta(days=1) in {day for _, day in shift.days()}


def test_a_paused_connection_that_cannot_be_laid_out_is_not_tried_without_end(company: Company) -> None:
    """What stops a job before its run begins waits like any other trouble, also behind a pause."""
    shift = Shift(company)
    revoked(company, "revoked")
    shift.rota().work("revoked")
    company.later(hours=2)
    tried = []

    def broken(name: str) -> Loop:
        tried.append(name)
        raise NotReady("coaching.toml cannot be read.")

    rota = shift.rota()
    Rota(store=rota.store, coaching=rota.coaching, opened=broken, clock=rota.clock).work("revoked")
    assert len(tried) <= len(rota.catalog)
    again = shift.turn("often", "revoked").not_before
    assert again
    assert again > company.now


def test_a_crm_that_is_down_is_asked_ever_less_often(company: Company) -> None:
    """Each wait is twice the one before, up to a cap; when it answers again, all is as if nothing had been."""
    shift = Shift(company)
    shift.rota().work(NAME)
    company.org.faults.order(Fault(effect="answer", status=503))
    waits = []
    for _ in range(9):
        company.now += timedelta(hours=1)
        shift.rota().work(NAME)
        again = shift.turn("often").not_before
        assert again
        waits.append((again - company.now).total_seconds())
    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
    company.org.faults.clear()
    company.later(hours=1)
    shift.rota().work(NAME)
    assert shift.turn("often").attempts == 0
    assert shift.turn("often").reason is None


def test_who_is_second_gives_way(anywhere: Company) -> None:
    """While somebody is at work on a connection, another finds that out before opening it, and says nothing."""
    shift = Shift(anywhere)
    with anywhere.store.lock(NAME):
        shift.rota().work(NAME)
    assert shift.opened == []
    assert anywhere.rows(turns.turns) == []


def test_a_run_that_takes_too_long_ends_and_the_next_goes_on(company: Company) -> None:
    """It gives back what it has in hand between two pages, keeps what it has, and is no failure."""
    shift = Shift(company)
    rota = shift.rota()
    began = company.now

    def slow() -> datetime:
        company.now += timedelta(minutes=1)
        return company.now

    hurried = Rota(store=rota.store, coaching=rota.coaching, opened=shift.open, clock=slow)
    hurried.work(NAME)
    kept = len(company.rows(ledger.cursors))
    assert kept
    assert company.rows(turns.turns) == []
    assert "took longer" in str(shift.runs()[-1][1])
    company.now = began + timedelta(hours=4)
    rota.work(NAME)
    assert shift.turn("often").slot
    assert len(company.rows(ledger.cursors)) > kept


def test_a_service_that_ends_gives_back_what_it_has_in_hand(company: Company) -> None:
    """Nothing begins any more, and a run ends before its next page."""
    shift = Shift(company)
    shift.ending = True
    shift.rota().work(NAME)
    assert shift.opened == []
    loop = shift.open(NAME)
    rota = shift.rota()
    shift.ending = False

    def told(name: str) -> Loop:
        shift.ending = True
        return loop

    Rota(store=rota.store, coaching=rota.coaching, opened=told, clock=rota.clock, ending=rota.ending).work(NAME)
    assert "The service ends" in str(shift.runs()[-1][1])
    assert company.rows(canonical.deals) == []


def test_what_was_asked_for_is_answered_with_what_was_done(anywhere: Company) -> None:
    """A run that was asked for is run although nothing is due, and its numbers are the answer."""
    shift = Shift(anywhere)
    shift.rota().work(NAME)
    org = named(anywhere.store, NAME)
    with anywhere.store.begin() as transaction:
        requests.ask(transaction, org.id, [Wish(source="api", key="1", job="often", arguments={})], anywhere.now)
    assert shift.rota().look() == [NAME]
    shift.rota().work(NAME)
    with anywhere.store.read() as transaction:
        found = requests.find(transaction, org.id, "api", "1")
    assert found
    assert found.answered_at == anywhere.now
    assert found.answer["pulled"]
    assert found.run_id == anywhere.rows(ledger.runs)[-1]["id"]
    assert shift.rota().look() == []


def test_two_at_once_plan_a_morning_once(anywhere: Company) -> None:
    """Whoever comes second finds the first at work, or its work done."""
    shift = Shift(anywhere)
    both = [threading.Thread(target=shift.rota().work, args=[NAME]) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    with anywhere.store.read() as transaction:
        runs = transaction.execute(select(turns.mornings.c.manager_id, turns.mornings.c.day)).all()
    assert len(runs) == len(set(runs))
    assert [error for _, error in shift.runs()] == [None] * len(shift.runs())
    references = [task["Coaching_Key__c"] for task in anywhere.tasks()]
    assert len(references) == len(set(references)) > 0


def test_a_mornings_day_is_kept_once(anywhere: Company) -> None:
    """A day before the newest one that was had is had as well."""
    org, run = named(anywhere.store, NAME), 1
    anywhere.often()
    with anywhere.store.begin() as transaction:
        assert turns.claim(transaction, org.id, {MONA: date(2026, 11, 17)}, run) == {MONA}
        days = {MONA: date(2026, 11, 16), MARK: date(2026, 11, 16)}
        assert turns.claim(transaction, org.id, days, run) == {MARK}
        assert turns.claim(transaction, org.id, days, run) == set()
        assert turns.claim(transaction, org.id, {}, run) == set()
        assert turns.planned(transaction, org.id, date(2026, 11, 17)) == {MONA: date(2026, 11, 17)}


def test_only_who_has_reports_and_can_sign_in_has_mornings(company: Company) -> None:
    """Vera leads managers, Mona leads reps; a rep leads nobody."""
    company.often()
    org = named(company.store, NAME)
    with company.store.read() as transaction:
        names = [manager.name.split()[0] for manager in turns.managers(transaction, org.id)]
    assert names == ["Vera", "Mona", "Mark"]
    assert datetime(2026, 11, 16, 7, tzinfo=UTC) == MORNING


def test_who_asks_is_told_what_is_due_and_what_is_in_vain(company: Company) -> None:
    """At first all that needs no manager is due; later what failed, how often, why, and when it is tried again."""
    org, shift = named(company.store, NAME), Shift(company)
    told = timetable(company.store, org, company.coaching, company.now)
    assert {name for name, job in told.items() if job["due"]} == {"often", "nightly", "weekly"}
    shift.rota().work(NAME)
    told = timetable(company.store, org, company.coaching, company.now)
    assert not any(job["due"] or job["attempts"] for job in told.values())
    assert told["morning"]["done"] == MORNING.date()
    company.org.faults.order(Fault(effect="answer", status=503))
    company.later(days=1)
    shift.rota().work(NAME)
    told = timetable(company.store, org, company.coaching, company.now)
    assert told["morning"]["managers"] == 3
    assert told["often"]["attempts"] == 1
    assert told["often"]["reason"]
    assert told["often"]["not_before"] == company.now + timedelta(seconds=30)
