"""Two engines, one catalogue: what is due is done by either, and by neither anything else."""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_org import MONDAY, NAME, Company, open_company
from sqlalchemy import text

from app.gate import named
from app.jobs import local, workers
from app.jobs.catalog import CATALOG, LOOK_SECONDS, Job
from app.jobs.rota import Rota
from app.run import Loop, Report
from app.store import connections, requests
from app.store.requests import Wish
from app.store.session import Store
from app.store.tables import metadata

NAMES = (NAME, "basalt")


@pytest.fixture
def company(postgresql: Store, tmp_path: Path) -> Iterator[Company]:
    """One org and two connections to it, both made just now, so that nothing is due but what is asked for."""
    with postgresql.begin() as transaction:
        transaction.execute(text(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY CASCADE"))
    found = open_company(postgresql, tmp_path)
    with postgresql.begin() as transaction:
        connections.save(transaction, found.vault, NAMES[1], "salesforce", {}, {}, MONDAY)
    yield found
    found.close()


class Diary:
    """A rota of the whole catalogue whose runs only write down that they were run."""

    def __init__(self, company: Company) -> None:
        self.company, self.done, self.full = company, list[tuple[str, str]](), threading.Event()

    def rota(self) -> Rota:
        company = self.company
        for name in NAMES:
            with company.store.begin() as transaction:
                wishes = [Wish(source="api", key=job.name, job=job.name, arguments={}) for job in CATALOG]
                requests.ask(transaction, named(company.store, name).id, wishes, company.now)
        return Rota(
            store=company.store,
            coaching=lambda: company.coaching,
            opened=lambda name: replace(company.loop(), org=named(company.store, name)),
            clock=lambda: company.now,
            catalog=tuple(replace(job, run=self.writing(job)) for job in CATALOG),
        )

    def writing(self, job: Job) -> Any:
        def run(loop: Loop) -> Report:
            self.done.append((job.name, loop.org.name))
            if len(self.done) == len(CATALOG) * len(NAMES):
                self.full.set()
            return Report(rhythm=job.name, as_of=loop.clock())

        return run


def by_apscheduler(company: Company) -> Diary:
    diary = Diary(company)
    with local.scheduled(diary.rota(), 2):
        assert diary.full.wait(30)
    return diary


def by_procrastinate(company: Company) -> Diary:
    diary = Diary(company)
    workers.furnish(company.store)
    app = workers.engine(diary.rota())

    async def look_and_work() -> None:
        async with app.open_async():
            await app.tasks["look"].defer_async(timestamp=0)
            for _ in range(2):
                await app.run_worker_async(wait=False, concurrency=2)

    asyncio.run(look_and_work())
    return diary


def test_a_slow_connection_holds_up_no_other(company: Company) -> None:
    """While one of them takes for ever, all is done on the other."""
    diary, released = Diary(company), threading.Event()
    rota = diary.rota()

    def opened(name: str) -> Loop:
        if name != NAME:
            released.wait(30)
        return rota.opened(name)

    with local.scheduled(replace(rota, opened=opened), 2):
        for _ in range(300):
            if len(diary.done) == len(CATALOG):
                break
            time.sleep(0.1)
        alone = {name for _, name in diary.done}
        released.set()
        assert diary.full.wait(30)
    assert alone == {NAME}


@pytest.mark.parametrize("engine", [by_apscheduler, by_procrastinate])
def test_either_engine_runs_the_whole_catalogue(company: Company, engine: Any) -> None:
    """Every job on every connection, once."""
    assert sorted(engine(company).done) == sorted((job.name, name) for job in CATALOG for name in NAMES)


def test_both_look_equally_often(company: Company) -> None:
    """The only thing that either has on a timer is to look."""
    app = workers.engine(Diary(company).rota())
    ticks = {task.task.name: task.croniter for task in app.periodic_registry.periodic_tasks.values()}
    assert set(ticks) == {"look"}
    first, second = (ticks["look"].get_next(float) for _ in range(2))
    assert second - first == LOOK_SECONDS == 15
    assert set(app.tasks) >= {"look", "work"}


def test_who_is_called_comes_at_once(company: Company) -> None:
    """Without waiting for the next look: in one process, and from a process that only asks to one that works."""
    diary = Diary(company)
    rota = diary.rota()
    with local.scheduled(rota, 2) as wake:
        assert diary.full.wait(30)
        diary.full.clear()
        diary.done.clear()
        diary.rota()
        with company.store.begin() as transaction:
            wishes = [Wish(source="api", key=f"{job.name} again", job=job.name, arguments={}) for job in CATALOG]
            requests.ask(transaction, named(company.store, NAME).id, wishes, company.now)
        wake(NAME)
        for _ in range(100):
            if len(diary.done) == len(CATALOG):
                break
            time.sleep(0.1)
    assert {name for _, name in diary.done} == {NAME}


def test_a_call_is_kept_once_and_left_by_no_one(company: Company) -> None:
    """Two calls for one connection are one job; what a dead worker had in hand is forgotten by the next look."""
    with workers.calling(company.store) as wake:
        for name in (NAME, NAME, NAMES[1]):
            wake(name)
    assert queue(company) == [("todo", NAME), ("todo", NAMES[1])]
    with company.store.begin() as transaction:
        transaction.execute(text(f"SET LOCAL search_path = {workers.ROOM}"))
        transaction.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
    by_procrastinate(company)
    assert queue(company) == []


def test_the_queue_is_made_once(company: Company) -> None:
    """By whoever comes first, of several that begin at once."""
    with company.store.begin() as transaction:
        transaction.execute(text(f"DROP SCHEMA IF EXISTS {workers.ROOM} CASCADE"))
    threads = [threading.Thread(target=workers.furnish, args=[company.store]) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert queue(company) == []


def queue(company: Company) -> list[tuple[str, str]]:
    with company.store.begin() as transaction:
        transaction.execute(text(f"SET LOCAL search_path = {workers.ROOM}"))
        work = "SELECT status, queueing_lock FROM procrastinate_jobs WHERE task_name = 'work' ORDER BY id"
        rows = transaction.execute(text(work))
        return [(row[0], row[1]) for row in rows]
