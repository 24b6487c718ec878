"""The demo lives, and what it says of itself is what the org holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from random import Random

import pytest
from rich.console import Console

from app.config import Coaching, Planning
from app.demo.days import Day, Life
from app.demo.market import WEIGHTS, Market
from app.demo.tally import Tally, duplicates
from app.demo.telling import summed, told
from app.demo.world import World, working_from, world
from app.store import connections, plans
from app.store.session import open_store
from connectors.sandbox import control

MONDAY = date(2026, 11, 23)
OURS = "Coaching_Key__c IS NOT NULL"


@contextmanager
def living(home: Path, days: int, *, scale: float = 0.2, seed: int = 7) -> Iterator[tuple[World, Life, list[Day]]]:
    """A small company whose managers have the time for many conversations, so that a few days show a lot."""
    with world(home, seed=seed, today=MONDAY, scale=scale) as place:
        place.coaching = Coaching(planning=Planning(minutes_a_month=1_200, prompts_a_week=12))
        life = Life(place, seed=seed)
        yield place, life, [life.day() for _ in range(days)]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Life, list[Day], Tally]]:
    """Three days, and how they were counted before any test looked at them."""
    with living(tmp_path_factory.mktemp("demo"), 3) as (place, life, days):
        yield place, life, days, life.tally()


def test_every_figure_agrees_with_the_org(lived: tuple[World, Life, list[Day], Tally]) -> None:
    """What the CRM confirmed is what it holds; a conversation has task, preparation, and a note that all may read."""
    place, _, days, found = lived
    with place.store.read() as transaction:
        items = plans.items(transaction, place.connection_id)
    for_all = [item for item in items if not any(reason["private"] for reason in item.reasons)]
    written = place.org.count("Task", f"{OURS} AND CreatedById = ?", (place.org.user_id,))
    assert found.tasks_created == found.tasks_in_org == written > 0
    assert found.notes_written == found.notes_in_org == len(for_all)
    assert found.plan_items == len(items)
    assert found.tasks_created == 2 * found.plan_items == 2 * found.prep_tasks_created
    assert found.findings_opened == sum(day.morning.judged.opened for day in days if day.morning.judged)
    assert found.days == len(days) == 3
    assert found.refused == 0


def test_people_act_and_nothing_of_theirs_is_lost(lived: tuple[World, Life, list[Day], Tally]) -> None:
    """People did something, it came home as outcomes, their edits stand, and nothing was written twice."""
    _, _, days, found = lived
    assert sum(sum(day.people.values()) for day in days) > 0
    assert found.outcomes
    assert found.edits > 0
    assert (found.edits_lost, found.duplicates) == (0, 0)


def test_findings_clear_and_open_as_deals_move(lived: tuple[World, Life, list[Day], Tally]) -> None:
    """Deals move on their own, so later mornings find other things than the first one."""
    _, _, days, found = lived
    assert all(day.deals for day in days)
    assert found.findings_cleared > 0
    assert all(day.morning.judged and day.morning.judged.opened for day in days)


def test_a_second_morning_at_the_same_instant_writes_nothing(lived: tuple[World, Life, list[Day], Tally]) -> None:
    """The loop run again at once finds its work done."""
    place, *_ = lived
    place.at(datetime(2026, 11, 26, 7, tzinfo=UTC))
    place.morning()
    before = place.org.count("Task", OURS), place.org.count("ContentVersion")
    again = place.morning()
    assert again.pushed
    assert again.pushed.sent == 0
    assert again.planned
    assert again.planned.new == ()
    assert (place.org.count("Task", OURS), place.org.count("ContentVersion")) == before


def test_a_day_reads_on_a_terminal(lived: tuple[World, Life, list[Day], Tally]) -> None:
    """Whoever watches sees managers with their minutes, the reason, and in the end the sums."""
    _, _, days, found = lived
    paper = StringIO()
    console = Console(width=140, file=paper)
    console.print(told(days[0]), summed(found, 12.34))
    text = paper.getvalue()
    planned = days[0].morning.planned
    assert planned
    assert "Monday 23 November 2026" in text
    assert all(budget.manager_name in text for budget in planned.budgets)
    assert all(f"{budget.used_minutes} of {budget.minutes} min" in text for budget in planned.budgets)
    assert "12.3" in text


def test_the_same_seed_and_day_give_the_same_demo(tmp_path: Path) -> None:
    """Two demos of one seed and date come to the same counts."""
    tallies = []
    for name in ("first", "second"):
        home = tmp_path / name
        home.mkdir()
        with living(home, 1, scale=0.05) as (_, life, _):
            tallies.append(life.tally())
    assert tallies[0] == tallies[1]


def test_a_lost_edit_and_a_duplicate_would_be_counted(tmp_path: Path) -> None:
    """The demo's checks of itself do notice what they are there for."""
    with living(tmp_path, 2, scale=0.1) as (place, life, _):
        org = place.org
        assert (life.people.edits_lost(), duplicates(org)) == (0, 0)
        manager = org.row(f"SELECT * FROM Task WHERE {OURS} AND IsDeleted = 0 ORDER BY Id")
        org.update("Task", manager["Id"], {"CompletedDateTime": None})
        copied = {f: manager[f] for f in ("Subject", "OwnerId", "WhatId", "ActivityDate")}
        control.create(
            org, user=org.user_id, object_name="Task", fields={**copied, "Coaching_Key__c": "coach:task:again"}
        )
        assert duplicates(org) == 1
        note = control.create(
            org, user=org.user_id, object_name="ContentNote", fields={"Title": "Coaching: again", "Content": "again"}
        )
        link = {"ContentDocumentId": note, "LinkedEntityId": manager["WhatId"], "ShareType": "V"}
        control.create(org, user=org.user_id, object_name="ContentDocumentLink", fields=link)
        assert duplicates(org) == 2
        org.execute("UPDATE Task SET Subject = '', Description = '', Status = '', OwnerId = '', ActivityDate = ''")
        org.execute("UPDATE Task SET IsDeleted = 0")
        assert life.people.edits_lost() > 0


def test_everything_that_may_happen_to_a_deal_does(tmp_path: Path) -> None:
    """No deed of the market is refused by the org, however often it is done."""
    with world(tmp_path, seed=3, today=MONDAY, scale=0.1) as place:
        market, before = Market(place.org, Random(1)), place.org.count("Opportunity", "IsClosed = 1")
        happened = market.live(market.open_deals() * 20)
        assert set(happened) == set(WEIGHTS) - {"nothing"}
        assert place.org.count("Opportunity", "IsClosed = 1") > before
        assert len(market.open_deals()) < 80


def test_a_database_that_has_a_demo_takes_another(tmp_path: Path) -> None:
    """With a database of one's own every demo gets a connection of its own and leaves the others alone."""
    url = f"sqlite:///{tmp_path / 'mine.sqlite3'}"
    for _ in range(2):
        with world(tmp_path, seed=3, today=MONDAY, scale=0.05, database_url=url):
            pass
    store = open_store(url)
    with store.read() as transaction:
        assert [org.name for org in connections.every(transaction)] == ["demo", "demo-2"]
    store.close()


def test_a_demo_never_begins_on_a_weekend() -> None:
    """Saturday and Sunday give way to Monday."""
    assert working_from(date(2026, 11, 21)) == working_from(date(2026, 11, 22)) == working_from(MONDAY) == MONDAY
