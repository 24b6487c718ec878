"""The made-up company is consistent, repeatable, and holds the signal that coaching should find."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from statistics import median
from typing import Any

import holidays
import pytest

from connectors.sandbox.company import BATCH, company, default_deals
from connectors.sandbox.org import Org

TODAY = date(2026, 3, 2)
NOW = datetime.combine(TODAY, time(), UTC)
EARLY = ("Prospecting", "Qualification")
PREFIXES = {
    "OpportunityStage": "01J", "UserRole": "00E", "User": "005", "Account": "001", "Contact": "003",
    "Opportunity": "006", "OpportunityHistory": "008", "OpportunityFieldHistory": "017",
    "OpportunityContactRole": "00K", "Task": "00T", "Event": "00U",
}  # fmt: skip
POINTERS = (
    "ParentRoleId", "UserRoleId", "ManagerId", "OwnerId", "AccountId", "OpportunityId", "ContactId", "WhatId", "WhoId",
    "CreatedById", "LastModifiedById",
)  # fmt: skip

Tables = dict[str, list[dict[str, Any]]]


def _tables(seed: int, scale: float) -> Tables:
    tables: Tables = defaultdict(list)
    for name, rows in company(seed, today=TODAY, scale=scale):
        tables[name] += rows
    return tables


@cache
def _whole() -> Tables:
    return _tables(7, 1.0)


def _grouped(rows: list[dict[str, Any]], field: str) -> dict[str, list[dict[str, Any]]]:
    groups = defaultdict(list)
    for row in rows:
        groups[row[field]].append(row)
    return groups


def _stage_days(history: list[dict[str, Any]]) -> list[float]:
    return [(after["CreatedDate"] - before["CreatedDate"]) / timedelta(days=1) for before, after in pairwise(history)]


def _two_way(tables: Tables) -> dict[str, list[datetime]]:
    found = defaultdict(list)
    for task in tables["Task"]:
        if task["Subject"].startswith("Re: ") or task["CallDisposition"] == "Connected":
            found[task["WhatId"]].append(task["CompletedDateTime"])
    for event in tables["Event"]:
        if not event["IsChild"] and event["StartDateTime"] < NOW:
            found[event["WhatId"]].append(event["StartDateTime"])
    return found


def test_the_same_seed_gives_the_same_company() -> None:
    """Row for row; another seed gives another one."""
    first, again, other = (list(company(seed, today=TODAY, scale=0.05)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize("scale", [0.01, 0.05, 1.0])
def test_every_reference_points_back_to_a_row_already_given(scale: float) -> None:
    """Batches can be loaded as they come, ids are unique and carry their object's prefix, batches stay small."""
    seen: set[str] = set()
    for name, rows in company(7, today=TODAY, scale=scale):
        assert 0 < len(rows) <= BATCH
        assert all(row["Id"].startswith(PREFIXES[name]) for row in rows)
        ids = {row["Id"] for row in rows}
        assert len(ids) == len(rows)
        assert not ids & seen
        seen |= ids
        assert {row[field] for row in rows for field in POINTERS if row.get(field)} <= seen


def test_rows_of_one_object_have_the_same_fields() -> None:
    """A loader may take its columns from any row."""
    assert all(len({tuple(sorted(row)) for row in rows}) == 1 for rows in _whole().values())


def test_the_sandbox_takes_every_batch() -> None:
    """Each object and field exists there, and as many rows arrive as were given."""
    org, given = Org(now=NOW), Counter()
    for name, rows in company(7, today=TODAY, scale=0.05):
        org.load(name, rows)
        given[name] += len(rows)
    given["User"] += 1  # the integration user every sandbox has
    assert {name: org.count(name) for name in given} == given
    org.close()


def test_scale_one_has_the_promised_size() -> None:
    """4 teams of 7, 250 accounts, 800 open and 1,600 closed deals of 24 months, 600 contacts."""
    tables = _whole()
    sizes = {name: len(tables[name]) for name in ("User", "Account", "Contact", "Opportunity")}
    assert sizes == {"User": 1 + 4 + 28, "Account": 250, "Contact": 600, "Opportunity": 2_400}
    closed = [deal for deal in tables["Opportunity"] if deal["IsClosed"]]
    assert (2_400 - len(closed), len(closed)) == default_deals() == (800, 1_600)
    assert TODAY - timedelta(days=730) <= min(deal["CloseDate"] for deal in closed)
    assert 8_000 < len(tables["Task"]) + len(tables["Event"]) < 16_000


def test_size_grows_linearly() -> None:
    """Four times the scale gives about four times of everything that is not a fixed table."""
    large = _tables(7, 4.0)
    for name in PREFIXES.keys() - {"OpportunityStage", "UserRole"}:
        assert len(large[name]) / len(_whole()[name]) == pytest.approx(4, rel=0.1), name


def test_people_are_as_uneven_as_in_life() -> None:
    """One has left, one has no manager, two log almost nothing; tenures from 30 days to 8 years, three countries."""
    users = _whole()["User"]
    reps = users[5:]
    assert [user["IsActive"] for user in users].count(False) == 1
    assert sum(rep["ManagerId"] is None for rep in reps) == 1
    tenures = [(TODAY - rep["CreatedDate"].date()).days for rep in reps]
    assert (min(tenures), max(tenures)) == (30, 2_920)
    assert {user["Country"] for user in users} == {"US", "DE", "SG"}
    logged = Counter(task["OwnerId"] for task in _whole()["Task"] if task["CreatedDate"] > NOW - timedelta(days=180))
    usual = median(logged[rep["Id"]] for rep in reps)
    # besides the two, those who left or had just begun log little
    assert 2 <= sum(logged[rep["Id"]] < usual / 4 for rep in reps) <= 5


def test_a_deal_is_its_last_history_row() -> None:
    """And each history row carries the amount and the close date of the one before."""
    history = _grouped(_whole()["OpportunityHistory"], "OpportunityId")
    for deal in _whole()["Opportunity"]:
        rows = history[deal["Id"]]
        fields = ("StageName", "Amount", "CloseDate", "Probability", "ForecastCategory", "ExpectedRevenue")
        assert [rows[-1][field] for field in fields] == [deal[field] for field in fields]
        assert rows[0]["CreatedDate"] == deal["CreatedDate"]
        for before, after in pairwise(rows):
            assert before["CreatedDate"] < after["CreatedDate"]
            assert (after["PrevAmount"], after["PrevCloseDate"]) == (before["Amount"], before["CloseDate"])


def test_tracked_fields_end_where_the_deal_stands() -> None:
    """The last change of the next step and of the owner names what the deal has now."""
    changes = _grouped(_whole()["OpportunityFieldHistory"], "OpportunityId")
    for deal in _whole()["Opportunity"]:
        for field, now in (("NextStep", deal["NextStep"]), ("Owner", deal["OwnerId"])):
            rows = [row for row in changes[deal["Id"]] if row["Field"] == field]
            assert not rows or rows[-1]["NewValue"] == now
            assert all(row["CreatedDate"] <= deal["SystemModstamp"] for row in rows)


def test_nothing_but_plans_lies_in_the_future() -> None:
    """Stamps end before today begins, and no record is changed before it was created."""
    for rows in _whole().values():
        for row in rows:
            made = row.get("CreatedDate")
            for field in ("LastModifiedDate", "SystemModstamp"):
                assert made is None or made <= row.get(field, made) < NOW
    for task in _whole()["Task"]:
        assert not task["IsClosed"] or task["CreatedDate"] <= task["CompletedDateTime"] < NOW
    ahead = [event for event in _whole()["Event"] if event["StartDateTime"] >= NOW]
    assert len(ahead) > 100
    assert all(event["CreatedDate"] < event["StartDateTime"] or event["IsAllDayEvent"] for event in _whole()["Event"])


def test_activities_lie_within_the_life_of_their_deal() -> None:
    """None before the deal was created, and none is done after it was closed or by somebody not yet hired."""
    tables = _whole()
    deals = {deal["Id"]: deal for deal in tables["Opportunity"]}
    hired = {user["Id"]: user["CreatedDate"] for user in tables["User"]}
    for activity in tables["Task"] + tables["Event"]:
        deal, made = deals[activity["WhatId"]], activity["CreatedDate"]
        assert deal["CreatedDate"] < made
        assert activity["AccountId"] == deal["AccountId"]
        assert hired[activity["CreatedById"]] < made
        assert not deal["IsClosed"] or made < deal["LastStageChangeDate"]


def test_weekends_are_quiet_and_holidays_free_of_meetings() -> None:
    """Less than one activity in a hundred on a weekend; no meeting on a public holiday of its owner's country."""
    tables = _whole()
    country = {user["Id"]: user["Country"] for user in tables["User"]}
    off = {code: holidays.country_holidays(code, years=range(2022, 2028)) for code in ("US", "DE", "SG")}
    days = [row["ActivityDate"] for row in tables["Task"] + tables["Event"]]
    assert 0 < sum(day.weekday() > 4 for day in days) < len(days) / 100
    for event in tables["Event"]:
        assert event["ActivityDate"] not in off[country[event["OwnerId"]]]


def test_old_activities_are_archived() -> None:
    """Meetings and closed tasks of 365 days ago and older, and nothing else."""
    line = TODAY - timedelta(days=365)
    for task in _whole()["Task"]:
        assert task["IsArchived"] == (task["IsClosed"] and task["ActivityDate"] <= line)
    for event in _whole()["Event"]:
        assert event["IsArchived"] == (event["ActivityDate"] <= line)


def test_everything_a_rule_looks_for_occurs() -> None:
    """Moves back, skips, cuts, pushes, overdue and retired-stage deals, copies of meetings, empty fields."""
    tables = _whole()
    order = {stage["MasterLabel"]: place for place, stage in enumerate(tables["OpportunityStage"][:6])}
    history = _grouped(tables["OpportunityHistory"], "OpportunityId").values()
    steps = [(before, after) for rows in history for before, after in pairwise(rows)]
    moves = [(order.get(a["StageName"], 3), order.get(b["StageName"], 3)) for a, b in steps if b["StageName"] in order]
    still_open = [deal for deal in tables["Opportunity"] if not deal["IsClosed"]]
    occurs = {
        "back": sum(b < a for a, b in moves),
        "skipped": sum(b > a + 1 for a, b in moves),
        "cut": sum((b["Amount"] or 0) <= 0.8 * a["Amount"] for a, b in steps if a["Amount"]),
        "pushed thrice": sum(deal["PushCount"] >= 3 for deal in still_open),
        "overdue": sum(deal["CloseDate"] < TODAY for deal in still_open),
        "retired stage": sum(deal["StageName"] == "Proof of Concept" for deal in still_open),
        "copies": sum(event["IsChild"] for event in tables["Event"]),
        "all day": sum(event["IsAllDayEvent"] for event in tables["Event"]),
        "no amount": sum(deal["Amount"] is None for deal in still_open),
        "no industry": sum(account["Industry"] is None for account in tables["Account"]),
        "no role": sum(role["Role"] is None for role in tables["OpportunityContactRole"]),
        "open to-dos": sum(not task["IsClosed"] for task in tables["Task"]),
        "commit": sum(deal["ForecastCategoryName"] == "Commit" for deal in still_open),
    }
    assert not [name for name, count in occurs.items() if count < 3], occurs


def test_won_deals_move_faster_and_see_more_of_the_customer() -> None:
    """Days between steps are shorter and two-way contact is denser on won deals than on lost ones."""
    tables = _whole()
    history, two_way = _grouped(tables["OpportunityHistory"], "OpportunityId"), _two_way(tables)
    pace: dict[bool, list[float]] = {True: [], False: []}
    contact: dict[bool, list[float]] = {True: [], False: []}
    for deal in tables["Opportunity"]:
        if deal["IsClosed"]:
            pace[deal["IsWon"]] += _stage_days(history[deal["Id"]])
            lived = deal["LastStageChangeDate"] - deal["CreatedDate"]
            contact[deal["IsWon"]].append(len(two_way[deal["Id"]]) / (lived / timedelta(days=1)))
    assert median(pace[True]) < 0.75 * median(pace[False])
    assert median(contact[True]) > 1.5 * median(contact[False])


@pytest.mark.parametrize("seed", [7, 8])
def test_deals_that_fall_silent_while_early_are_lost_more_often(seed: int) -> None:
    """The planted signal: 14 silent days in the first two stages go with a much larger share of lost deals."""
    tables = _whole() if seed == 7 else _tables(seed, 1.0)
    history, two_way = _grouped(tables["OpportunityHistory"], "OpportunityId"), _two_way(tables)
    lost: dict[bool, list[bool]] = {True: [], False: []}
    for deal in tables["Opportunity"]:
        if deal["IsClosed"]:
            left = next(row["CreatedDate"] for row in history[deal["Id"]] if row["StageName"] not in EARLY)
            marks = [deal["CreatedDate"], *sorted(at for at in two_way[deal["Id"]] if at < left), left]
            silent = max(after - before for before, after in pairwise(marks)) >= timedelta(days=14)
            lost[silent].append(not deal["IsWon"])
    shares = {silent: sum(found) / len(found) for silent, found in lost.items()}
    assert min(len(found) for found in lost.values()) > 300
    assert shares[True] > shares[False] + 0.25


@pytest.mark.parametrize("today", [date(2026, 2, 28), date(2026, 3, 1), date(2026, 1, 1), date(2024, 2, 29)])
def test_any_day_can_be_today(today: date) -> None:
    """Weekends, holidays and leap days included, nothing is stamped on the day itself."""
    midnight = datetime.combine(today, time(), UTC)
    for _, rows in company(7, today=today, scale=0.05):
        assert all(row.get("SystemModstamp", row.get("CreatedDate")) < midnight for row in rows)
