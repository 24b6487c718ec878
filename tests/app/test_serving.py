"""The service as processes: told to end it gives back what it has, killed it loses nothing, on either database."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text

from app.errors import NotReady
from app.store import ledger, schema
from app.store.session import Store, open_store
from bench.crew import Crew
from bench.serving import TASKS, Estate, estate, lived
from connectors.sandbox.faults import Fault

PATIENCE_SECONDS = 60.0
POLITE_SECONDS = 20.0
ENDING = (
    "import signal, time\n"
    "from app.jobs.ending import Ending\n"
    "ending = Ending(patience_seconds={patience})\n"
    "ending.then = lambda: print('told', flush=True)\n"
    "ending.listen()\n"
    "print('ready', flush=True)\n"
    "time.sleep(60)\n"
)


def new_database(store: Store, name: str) -> str:
    with store.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(f"CREATE DATABASE {name}"))
    return store.engine.url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    found = Crew(tmp_path_factory.mktemp("crew"))
    yield found
    found.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, crew: Crew, tmp_path: Path) -> Iterator[Estate]:
    """One org that takes a moment for each answer, on either database."""
    url = f"sqlite:///{tmp_path}/coachsync.sqlite3"
    if request.param == "postgresql":
        url = new_database(request.getfixturevalue("postgresql"), tmp_path.name.lower())
    with estate(crew, url, tmp_path, 1, slow_seconds=0.15) as found:
        yield found


def words(place: Estate) -> list[str]:
    """The command that does the work on this database."""
    return ["worker"] if place.store.server else ["serve", "--port", "0"]


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def runs(place: Estate) -> list[str | None]:
    """How each run ended that did; None is well."""
    with place.store.read() as transaction:
        ended = select(ledger.runs.c.error).where(ledger.runs.c.finished_at.is_not(None)).order_by(ledger.runs.c.id)
        return list(transaction.scalars(ended))


def begun(place: Estate) -> int:
    with place.store.read() as transaction:
        return len(transaction.execute(select(ledger.cursors)).all())


@contextmanager
def telling(patience: float) -> Iterator[subprocess.Popen[str]]:
    """A process that sleeps, and ends as the service does."""
    code = ENDING.format(patience=patience)
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def test_told_to_end_in_the_middle_it_gives_back_what_it_has_and_the_next_goes_on(place: Estate) -> None:
    """Within 20 s, with exit code 0, and a sentence in the ledger; the next process finishes the work."""
    first = place.start(*words(place))
    wait_until(lambda: begun(place) >= 2)
    told = time.monotonic()
    place.crew.kill(first, signal.SIGTERM)
    assert place.crew.wait(first) == 0
    assert time.monotonic() - told < POLITE_SECONDS
    assert "The service ends" in str(runs(place)[-1])
    place.orgs["org0"].faults.clear()
    second = place.start(*words(place))
    wait_until(lambda: place.tasks("org0").keys() == TASKS and place.is_done())
    place.crew.kill(second, signal.SIGTERM)
    assert place.crew.wait(second) == 0
    assert set(place.tasks("org0").values()) == {1}


def test_killed_in_the_middle_of_writing_it_writes_the_rest_and_nothing_twice(place: Estate) -> None:
    """`kill -9` while the CRM is about to answer the first write: the next process finds out what became of it."""
    org = place.orgs["org0"]
    org.faults.clear()
    write = Fault(effect="slow", path="composite", seconds=1.0, times=1)
    org.faults.order(write)
    first = place.start(*words(place))
    wait_until(lambda: write.met)
    place.crew.kill(first)
    assert place.crew.wait(first) == -signal.SIGKILL
    place.hurry()
    second = place.start(*words(place))
    wait_until(lambda: place.is_done())
    place.crew.kill(second, signal.SIGINT)
    assert place.crew.wait(second) == 0
    assert place.tasks("org0") == dict.fromkeys(TASKS, 1)


def test_workers_killed_at_random_plan_each_morning_once(postgresql: Store, crew: Crew, tmp_path: Path) -> None:
    """One that serves, two that work, four kills: a morning each, no task twice, none missing."""
    url = new_database(postgresql, "random_kills")
    with estate(crew, url, tmp_path, 4) as place:
        found = lived(place, workers=2, kills=4, seed=5)
    assert found.wrong == []
    assert len(found.due) == 4 * 4


def test_where_the_port_is_taken_nothing_goes_on(crew: Crew, tmp_path: Path) -> None:
    """Neither the pages nor what had already begun beside them, which is given back and not cut short."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        estate(crew, f"sqlite:///{tmp_path}/x.sqlite3", tmp_path, 1, slow_seconds=0.15) as place,
    ):
        member = place.start("serve", "--port", str(taken.getsockname()[1]))
        assert crew.wait(member) == NotReady.exit_code
        assert place.cut_short() == 0


def test_told_twice_it_is_gone_at_once() -> None:
    """As by somebody who presses Ctrl-C again."""
    with telling(patience=60) as process:
        assert process.stdout
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "told\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(POLITE_SECONDS) == 128 + signal.SIGINT


def test_what_cannot_be_given_back_in_time_is_dropped() -> None:
    """An answer that does not come keeps nobody waiting."""
    with telling(patience=0.2) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(POLITE_SECONDS) == 128 + signal.SIGTERM


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_several_that_begin_at_once_one_migrates(
    request: pytest.FixtureRequest, crew: Crew, tmp_path: Path, database: str
) -> None:
    """The others wait and find it done; the same for the tables of the queue."""
    url = f"sqlite:///{tmp_path}/new.sqlite3"
    if database == "postgresql":
        url = new_database(request.getfixturevalue("postgresql"), "several_at_once")
    environment = {"COACHSYNC_HOME": str(tmp_path), "COACHSYNC_DATABASE_URL": url}
    commands = (["db", "upgrade"], ["status"], ["db", "upgrade"], ["status"])
    members = [crew.start(*words, environment=environment) for words in commands]
    assert [crew.wait(member) for member in members] == [0, 0, 0, 0]
    store = open_store(url)
    schema.ready(store)
    store.close()
