"""A company of exact sizes without a story: the rows that a pull has to carry, made as fast as they can be loaded."""

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sandbox.ids import make_id
from connectors.sandbox.org import Org

Row = dict[str, Any]

DEALS = 100_000
"""At size 1; each has 3 history rows, 4 tasks and an event, and ten share an account."""
NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
STAGES = ("Prospecting", "Qualification", "Needs Analysis", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
DAYS = [NEWEST - timedelta(days=n) for n in range(700)]
INSTANTS = [f"{day:%Y-%m-%d}T09:30:00.000+0000" for day in DAYS]
DATES = [f"{day:%Y-%m-%d}" for day in DAYS]


def furnish(org: Org, size: float) -> None:
    """Load the company into an empty org."""
    deals = round(DEALS * size)
    people = [make_id("005", n) for n in range(1, 501)]
    org.load("User", (_user(n, people) for n in range(len(people))))
    org.load("Account", (_account(n, people) for n in range(deals // 10)))
    org.load("Opportunity", (_deal(n, people) for n in range(deals)))
    org.load("OpportunityHistory", (_snapshot(n, people) for n in range(deals * 3)))
    org.load("Task", (_task(n, people) for n in range(deals * 4)))
    org.load("Event", (_event(n, people) for n in range(deals)))


def _stamped(n: int) -> Row:
    at = INSTANTS[n % 700]
    return {"CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at}


def _user(n: int, people: list[str]) -> Row:
    return {
        "Id": people[n], "Username": f"p{n}@example.invalid", "LastName": "Lanternby", "Name": f"Person {n} Lanternby",
        "Alias": f"p{n}", "IsActive": True, "UserType": "Standard", "ManagerId": people[n // 8] if n else None,
        "Country": "DE", "TimeZoneSidKey": "Europe/Berlin", **_stamped(699),
    }  # fmt: skip


def _account(n: int, people: list[str]) -> Row:
    name, industry = f"Zinc Yard {n} (fictional)", ("Retail", "Energy", "Media")[n % 3]
    return {
        "Id": make_id("001", n), "Name": name, "Industry": industry, "OwnerId": people[n % 500], **_stamped(n),
    }  # fmt: skip


def _deal(n: int, people: list[str]) -> Row:
    place = n % 7
    return {
        "Id": make_id("006", n), "Name": f"Lantern rollout {n}", "AccountId": make_id("001", n // 10),
        "OwnerId": people[n % 500], "StageName": STAGES[place], "Amount": 1000.0 + n % 90_000,
        "Probability": place * 10, "CloseDate": DATES[n % 90], "IsClosed": place > 4, "IsWon": place == 5,
        "ForecastCategory": "Pipeline", "ForecastCategoryName": "Pipeline",
        "NextStep": f"Agree on step {n % 50}" if n % 3 else None, **_stamped(n),
    }  # fmt: skip


def _snapshot(n: int, people: list[str]) -> Row:
    at = INSTANTS[n % 700]
    return {
        "Id": make_id("008", n), "OpportunityId": make_id("006", n // 3), "StageName": STAGES[n % 7],
        "Amount": 1000.0 + n % 90_000, "CloseDate": DATES[n % 90], "Probability": n % 7 * 10,
        "ForecastCategory": "Pipeline", "CreatedById": people[n % 500], "CreatedDate": at, "SystemModstamp": at,
    }  # fmt: skip


def _task(n: int, people: list[str]) -> Row:
    done = n % 10 > 0
    return {
        "Id": make_id("00T", n), "Subject": f"Call about step {n % 50}", "OwnerId": people[n % 500],
        "WhatId": make_id("006", n // 4), "AccountId": make_id("001", n // 40), "ActivityDate": DATES[n % 700],
        "Status": "Completed" if done else "Not Started", "IsClosed": done, "TaskSubtype": "Call", "Type": "Call",
        "CompletedDateTime": INSTANTS[n % 700] if done else None, "CallDurationInSeconds": n % 1800, **_stamped(n),
    }  # fmt: skip


def _event(n: int, people: list[str]) -> Row:
    at = INSTANTS[n % 700]
    return {
        "Id": make_id("00U", n), "Subject": f"Meeting about step {n % 50}", "OwnerId": people[n % 500],
        "WhatId": make_id("006", n), "AccountId": make_id("001", n // 10), "ActivityDate": DATES[n % 700],
        "StartDateTime": at, "EndDateTime": at, "DurationInMinutes": 30, "GroupEventType": "0", **_stamped(n),
    }  # fmt: skip
