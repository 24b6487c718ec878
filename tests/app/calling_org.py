"""A team that calls its customers every working day for half a year, in a sandbox org, until some of it changes.

Seven reps of one manager. In the last three weeks the first calls half as often, the second is on leave, and of the
third half of the calls and most of the deals are no longer to be seen.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from small_org import ACCOUNT, MONDAY

from app.config import Coaching, RepCoaching
from coaching_rules.indicators.model import Counted, Indicator
from connectors.sandbox.ids import make_id
from connectors.sandbox.org import Org

MANAGER, *REPS = (make_id("005", n) for n in range(11, 19))
SLOWER, AWAY, UNSEEN = REPS[:3]
CHANGE = MONDAY - timedelta(days=21)
HISTORY_DAYS = 112
CALLS = Indicator(
    id="calls", title="Calls with customers", status="live", owner="sales-ops", review_by=date(2027, 6, 30),
    process="call", layer="activity", counts=Counted(of="activity", channels=("call",)), per="month", goal=None,
    minutes=20, ask=("What has taken the place of calls?",),
)  # fmt: skip
COACHING = Coaching(
    api_share=1, reps={AWAY: RepCoaching(leave=((CHANGE.date(), (CHANGE + timedelta(days=20)).date()),))}
)


def furnish(org: Org, now: datetime) -> None:
    """The team, its deals, and every call until `now`."""
    born = _at(now - timedelta(days=400))
    people = [(MANAGER, None), *((rep, MANAGER) for rep in REPS)]
    org.load("User", [_user(n, key, boss) | born for n, (key, boss) in enumerate(people, 11)])
    org.load("Account", [{"Id": ACCOUNT, "Name": "Zinc Yard (fictional)", "OwnerId": MANAGER} | born])
    org.load("Opportunity", [_deal(key, rep, now) | born for rep in REPS for key in _deals(rep)])
    org.load("Task", [_call(n, rep, key, at) for n, (rep, key, at) in enumerate(_calls(now), 1)])


def _calls(now: datetime) -> Iterator[tuple[str, str, datetime]]:
    """Two a day, now and then one or three; all of a rep's deals in turn, or one."""
    first = CHANGE - timedelta(days=HISTORY_DAYS)
    for n in range((now - first).days):
        day = first + timedelta(days=n)
        for at, rep in enumerate(REPS):
            usual = 0 if day.weekday() > 4 else 2 + (n + at) % 5 // 4 - (n + 2 * at) % 5 // 4
            slower, away = day >= CHANGE and rep in (SLOWER, UNSEEN), day >= CHANGE and rep == AWAY
            for k in range(0 if away else n % 2 * usual if slower else usual):
                deals = _deals(rep)[:1] if rep == UNSEEN else _deals(rep)
                yield rep, deals[(n + k) % len(deals)], day + timedelta(hours=2 + k)


def _deals(rep: str) -> list[str]:
    first = 100 + 10 * REPS.index(rep)
    return [make_id("006", first + n) for n in range(4)]


def _user(n: int, key: str, boss: str | None) -> dict[str, Any]:
    return {
        "Id": key, "Username": f"caller{n}@example.invalid", "FirstName": f"Caller {n}", "LastName": "Lanternby",
        "Name": f"Caller {n} Lanternby", "Alias": f"c{n}", "IsActive": True, "UserType": "Standard",
        "ManagerId": boss, "TimeZoneSidKey": "Europe/Berlin", "Country": "",
    }  # fmt: skip


def _deal(key: str, owner: str, now: datetime) -> dict[str, Any]:
    return {
        "Id": key, "Name": f"Deal {key[-4:]}", "AccountId": ACCOUNT, "OwnerId": owner, "StageName": "Qualification",
        "Amount": 40_000.0, "Probability": 10, "CloseDate": (now + timedelta(days=60)).date(),
        "ForecastCategory": "Pipeline", "ForecastCategoryName": "Pipeline", "CreatedById": owner,
        "LastModifiedById": owner,
    }  # fmt: skip


def _call(n: int, rep: str, deal: str, at: datetime) -> dict[str, Any]:
    return {
        "Id": make_id("00T", n), "Subject": "Call", "Status": "Completed", "ActivityDate": at.date(), "OwnerId": rep,
        "WhatId": deal, "AccountId": ACCOUNT, "TaskSubtype": "Call", "Type": "Call", "IsClosed": True,
        "CompletedDateTime": at, **_at(at),
    }  # fmt: skip


def _at(at: datetime) -> dict[str, Any]:
    return {"CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at}
