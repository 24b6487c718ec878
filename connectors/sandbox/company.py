"""A made-up company with a believable past, so that all can be tried, tested and timed without a customer's data."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from random import Random

from connectors.sandbox.company_accounts import Customer, customers
from connectors.sandbox.company_activity import Diary
from connectors.sandbox.company_deals import Tables, deal_writer
from connectors.sandbox.company_people import Row, Team, hire, role_rows
from connectors.sandbox.company_story import FORECAST_NAMES, LOST, STAGES, WON, Story, closed_story, open_story
from connectors.sandbox.ids import make_id

Batch = tuple[str, list[Row]]

BATCH = 5_000
CHUNK = 250
"""Deals made at a time; all their activities together stay below one batch."""


def default_deals(scale: float = 1.0) -> tuple[int, int]:
    """How many open deals, and how many closed ones of the last 24 months, a company of this scale has."""
    return round(800 * scale), round(1_600 * scale)


def company(seed: int, *, today: date, scale: float = 1.0) -> Iterator[Batch]:
    """Batches of (object name, at most 5,000 rows) in an order in which every reference points back.

    The same seed, day and scale give the same rows. Scale 1 is 4 teams of 7 reps, 250 accounts, 800 open and 1,600
    closed deals; everything grows with it. The past ends as `today` begins at midnight UTC: only planned meetings,
    due dates and expected close dates lie later. Memory does not grow with the deals.
    """
    rng = Random(seed)
    yield "OpportunityStage", stage_rows(today)
    yield "UserRole", role_rows(today)
    teams, users = hire(rng, max(1, round(4 * scale)), today)
    yield from _sliced("User", users)
    books: list[list[Customer]] = [[] for _ in teams]
    yield from _accounts(rng, max(len(teams), round(250 * scale)), teams, books)
    yield from _deals(rng, _stories(rng, teams, books, today, scale), today)


def stage_rows(today: date) -> list[Row]:
    """The stages; one is retired and lives on in old deals."""
    made = datetime.combine(today - timedelta(days=3_300), time(8), UTC)
    return [
        {
            "Id": make_id("01J", n),
            "ApiName": stage.name,
            "MasterLabel": stage.name,
            "SortOrder": stage.order,
            "IsActive": stage.active,
            "IsClosed": n - 1 in (WON, LOST),
            "IsWon": n - 1 == WON,
            "DefaultProbability": stage.probability,
            "ForecastCategory": stage.category,
            "ForecastCategoryName": FORECAST_NAMES.get(stage.category, stage.category),
            "CreatedDate": made,
            "LastModifiedDate": made,
            "SystemModstamp": made,
        }
        for n, stage in enumerate(STAGES, start=1)
    ]


def _accounts(rng: Random, size: int, teams: list[Team], books: list[list[Customer]]) -> Iterator[Batch]:
    accounts: list[Row] = []
    contacts: list[Row] = []
    for account, people in customers(rng, size, teams, books):
        accounts.append(account)
        contacts += people
        if len(contacts) > BATCH - 3:
            yield from (("Account", accounts), ("Contact", contacts))
            accounts, contacts = [], []
    yield from (("Account", accounts), ("Contact", contacts))


def _stories(rng: Random, teams: list[Team], books: list[list[Customer]], today: date, scale: float) -> Iterator[Story]:
    """Closed deals, then open ones; every owner in turn, each with customers of the own team."""
    still_open, closed = default_deals(scale)
    owners = [(team, owner, book) for team, book in zip(teams, books) for owner in team.owners]
    for n in range(closed):
        team, owner, book = owners[n % len(owners)]
        yield closed_story(rng, team, owner, book[int(rng.random() * len(book))], today)
    for n in range(still_open):
        team, owner, book = owners[n % len(owners)]
        yield open_story(rng, team, owner, book[int(rng.random() * len(book))])


def _deals(rng: Random, stories: Iterator[Story], today: date) -> Iterator[Batch]:
    write_deal, diary = deal_writer(rng), Diary(rng, today)
    tables = _empty()
    for story in stories:
        deal_id, contacts = write_deal(tables, story)
        diary.write(tables, story, deal_id, contacts)
        if len(tables["Opportunity"]) == CHUNK:
            yield from chain.from_iterable(_sliced(name, rows) for name, rows in tables.items())
            tables = _empty()
    yield from chain.from_iterable(_sliced(name, rows) for name, rows in tables.items())


def _empty() -> Tables:
    names = ("Opportunity", "OpportunityHistory", "OpportunityFieldHistory", "OpportunityContactRole", "Task", "Event")
    return {name: [] for name in names}


def _sliced(name: str, rows: list[Row]) -> Iterator[Batch]:
    return ((name, rows[start : start + BATCH]) for start in range(0, len(rows), BATCH))
