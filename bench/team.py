"""A sales team drawn by lot, in a sandbox org, and the people in it at work: what the loop has to live with."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.salesforce.mapping import REFERENCE
from connectors.sandbox import control
from connectors.sandbox.ids import make_id
from connectors.sandbox.org import Org

MONDAY = datetime(2026, 11, 16, 7, tzinfo=UTC)
STAGES = ("Prospecting", "Qualification", "Needs Analysis", "Proposal", "Negotiation")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something a person does, drawn before anybody knows with what; `lot` (0 to 1) chooses among what is there."""

    name: str
    lot: float
    more: float


@dataclass(slots=True)
class Team:
    """People and deals in one org. `theirs` is what people last set, by object, id and field; it must stay."""

    org: Org
    key_field: bool
    now: datetime = MONDAY
    theirs: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    done: list[tuple[str, str]] = field(default_factory=list)
    """What was really done, and with which deal."""

    def later(self, **span: float) -> None:
        """Turn the clock."""
        self.now += timedelta(**span)
        self.org.set_clock(self.now)

    def act(self, deed: Deed) -> None:
        """Do it, with one of the records it can be done with; nothing if there is none."""
        found = sorted(DEEDS[deed.name][0](self), key=lambda row: (_deal(row), self.role(row), row["CreatedDate"]))
        if found:
            row = found[int(deed.lot * len(found))]
            DEEDS[deed.name][1](self, row, deed.more)
            self.done.append((deed.name, _deal(row) + self.role(row)))
        self.later(minutes=1)

    def role(self, row: Row) -> str:
        """Which of our records this is: task, prep, note, or '' for what is not ours."""
        return self.reference(row).partition(":")[2].partition(":")[0]

    def reference(self, row: Row) -> str:
        """Our reference on a task or note; '' when it has none."""
        marked = REFERENCE.search(row.get("Title") or row.get("Subject") or "")
        return str(row.get("Coaching_Key__c") or (marked.group(1) if marked else ""))

    def our_tasks(self) -> list[Row]:
        """Our tasks, those in the recycle bin too."""
        return [row for row in self.org.rows("SELECT * FROM Task") if self.reference(row)]

    def our_notes(self) -> list[Row]:
        """Our notes, deleted ones too, each once for every deal it is linked to."""
        return self.org.rows(
            "SELECT d.*, l.LinkedEntityId AS WhatId, v.VersionData FROM ContentDocument d"
            " LEFT JOIN ContentDocumentLink l ON l.ContentDocumentId = d.Id AND l.LinkedEntityId LIKE '006%'"
            " LEFT JOIN ContentVersion v ON v.Id = d.LatestPublishedVersionId"
        )

    def deals(self) -> list[Row]:
        """Every deal that is there."""
        return self.org.rows("SELECT *, Id AS WhatId FROM Opportunity WHERE IsDeleted = 0")

    def reps(self) -> list[str]:
        """Everybody who has a manager, the managers too."""
        return [str(row["Id"]) for row in self.org.rows("SELECT Id FROM User WHERE ManagerId IS NOT NULL ORDER BY Id")]

    def set(self, name: str, row: Row, **fields: Any) -> None:
        """A person changes a record on the screen."""
        user = self.reps()[0]
        control.edit(self.org, user=user, object_name=name, key=row["Id"], fields=fields)
        self.theirs |= {(name, row["Id"], key): value for key, value in fields.items()}

    def remove(self, name: str, row: Row) -> None:
        """A person deletes a record."""
        control.delete(self.org, user=self.reps()[0], object_name=name, key=row["Id"])
        self.deleted.add(row["Id"])


def _deal(row: Row) -> str:
    return str(row.get("WhatId") or "")


def _open_tasks(team: Team) -> list[Row]:
    return [row for row in team.our_tasks() if not row["IsClosed"] and not row["IsDeleted"]]


def _closed_tasks(team: Team) -> list[Row]:
    return [row for row in team.our_tasks() if row["IsClosed"] and not row["IsDeleted"]]


def _notes(team: Team) -> list[Row]:
    return [row for row in team.our_notes() if not row["IsDeleted"]]


def _open_deals(team: Team) -> list[Row]:
    return [row for row in team.deals() if not row["IsClosed"]]


def _jot(team: Team, row: Row, line: str) -> None:
    team.set("Task", row, Description=f"{row['Description']}\n{line}")


def _complete(team: Team, row: Row, more: float) -> None:
    if more < 0.5:
        _jot(team, row, "We agreed on the next call.")
    team.set("Task", row, Status="Completed")


def _snooze(team: Team, row: Row, more: float) -> None:
    due = date.fromisoformat(row["ActivityDate"]) + timedelta(days=1 + int(more * 12))
    team.set("Task", row, ActivityDate=due.isoformat())


def _log_call(team: Team, row: Row, more: float) -> None:
    what = {"Subject": "Call", "WhatId": row["Id"], "OwnerId": row["OwnerId"], "TaskSubtype": "Call", "Type": "Call"}
    done = (
        {"Status": "Completed"} if more < 0.8 else {"ActivityDate": (team.now + timedelta(days=3)).date().isoformat()}
    )
    control.create(team.org, user=row["OwnerId"], object_name="Task", fields=what | done)


def _meet(team: Team, row: Row, more: float) -> None:
    begins = team.now + timedelta(days=int(more * 10) - 3)
    when = {"StartDateTime": begins.isoformat(), "DurationInMinutes": 30}
    fields = {"Subject": "Meeting", "WhatId": row["Id"], "OwnerId": row["OwnerId"], **when}
    control.create(team.org, user=row["OwnerId"], object_name="Event", fields=fields)


def _pass_on(team: Team, name: str, row: Row, more: float) -> None:
    others = [rep for rep in team.reps() if rep != row["OwnerId"]]
    team.set(name, row, OwnerId=others[int(more * len(others))])


def _close_date(row: Row, more: float) -> str:
    return (date.fromisoformat(row["CloseDate"]) + timedelta(days=int(more * 60) - 15)).isoformat()


Find = Callable[[Team], list[Row]]
Do = Callable[[Team, Row, float], None]
DEEDS: dict[str, tuple[Find, Do]] = {
    "complete": (_open_tasks, _complete),
    "snooze": (_open_tasks, _snooze),
    "contest": (_open_tasks, lambda team, row, more: _jot(team, row, "contest: they asked us to wait")),
    "jot": (_open_tasks, lambda team, row, more: _jot(team, row, "Bring the drawing.")),
    "retitle": (
        _open_tasks,
        lambda team, row, more: team.set("Task", row, Subject=f"Mine: {row['Subject']}"[:255]),
    ),
    "start": (_open_tasks, lambda team, row, more: team.set("Task", row, Status="In Progress")),
    "reassign": (_open_tasks, lambda team, row, more: _pass_on(team, "Task", row, more)),
    "delete task": (_open_tasks, lambda team, row, more: team.remove("Task", row)),
    "reopen": (_closed_tasks, lambda team, row, more: team.set("Task", row, Status="Not Started")),
    "rewrite note": (_notes, lambda team, row, more: team.set("ContentNote", row, Content=f"Mine, {more:.4f}")),
    "delete note": (_notes, lambda team, row, more: team.remove("ContentDocument", row)),
    "advance": (
        _open_deals,
        lambda team, row, more: team.set("Opportunity", row, StageName=STAGES[int(more * len(STAGES))]),
    ),
    "lose": (_open_deals, lambda team, row, more: team.set("Opportunity", row, StageName="Closed Lost")),
    "push": (_open_deals, lambda team, row, more: team.set("Opportunity", row, CloseDate=_close_date(row, more))),
    "cut": (
        _open_deals,
        lambda team, row, more: team.set("Opportunity", row, Amount=float(round(row["Amount"] * more))),
    ),
    "next step": (_open_deals, lambda team, row, more: team.set("Opportunity", row, NextStep=f"Agree on {more:.3f}")),
    "hand over": (_open_deals, lambda team, row, more: _pass_on(team, "Opportunity", row, more)),
    "delete deal": (_open_deals, lambda team, row, more: team.remove("Opportunity", row)),
    "call": (_open_deals, _log_call),
    "meet": (_open_deals, _meet),
}
"""What people do: with which records it can be done, and how."""
RARE = frozenset({"reopen", "delete note", "lose", "hand over", "delete deal", "rewrite note"})


def draw_deed(lots: random.Random) -> Deed:
    """A deed by lot; those that end a deal or a note come less often."""
    name = lots.choice([name for name in DEEDS for _ in range(1 if name in RARE else 3)])
    return Deed(name=name, lot=lots.random(), more=lots.random())


def furnish(org: Org, lots: random.Random) -> None:
    """Fill an empty org with 2 or 3 managers, 4 to 8 reps and 10 to 40 deals with some history and activities."""
    managers, reps = lots.randint(2, 3), lots.randint(4, 8)
    top, *others = (make_id("005", n) for n in range(1, 2 + managers + reps))
    bosses = {top: None} | dict.fromkeys(others[:managers], top)
    bosses |= {rep: lots.choice(others[:managers]) for rep in others[managers:]}
    org.load("User", [_user(n, boss) for n, boss in enumerate(bosses.values(), 1)])
    org.load("Account", [_born({"Id": make_id("001", n), "Name": f"Zinc Yard {n} (fictional)"}, 300) for n in (1, 2)])
    deals = [_opportunity(n, lots.choice(others[managers:]), lots) for n in range(1, lots.randint(10, 40) + 1)]
    org.load("Opportunity", deals)
    org.load("OpportunityHistory", [row for deal in deals for row in _history(deal, lots)])
    org.load("Task", [_call(deal, lots.randint(0, 60)) for deal in deals for _ in range(lots.randint(0, 3))])


def _born(row: Row, days: float) -> Row:
    at = MONDAY - timedelta(days=days)
    return row | {"CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at}


def _user(n: int, boss: str | None) -> Row:
    name = f"Person {n} Lanternby"
    return _born(
        {
            "Id": make_id("005", n), "Username": f"p{n}@example.invalid", "LastName": "Lanternby", "Name": name,
            "Alias": f"p{n}", "IsActive": True, "UserType": "Standard", "ManagerId": boss, "Country": "DE",
            "TimeZoneSidKey": "Europe/Berlin",
        },
        400 if n % 4 else 40,
    )  # fmt: skip


def _opportunity(n: int, owner: str, lots: random.Random) -> Row:
    age, close = lots.randint(3, 200), lots.randint(-20, 90)
    row = {
        "Id": make_id("006", n), "Name": f"Deal {n}", "AccountId": make_id("001", lots.randint(1, 2)),
        "OwnerId": owner, "StageName": lots.choice(STAGES), "Amount": float(lots.randint(5, 300) * 1000),
        "Probability": 20, "CloseDate": (MONDAY + timedelta(days=close)).date(), "ForecastCategory": "Pipeline",
        "ForecastCategoryName": "Pipeline", "CreatedById": owner, "LastModifiedById": owner,
    }  # fmt: skip
    return _born(row, age)


def _history(deal: Row, lots: random.Random) -> Iterator[Row]:
    """How it was when it was made, and sometimes a change since."""
    kept = {name: deal[name] for name in ("StageName", "Amount", "CloseDate", "Probability", "ForecastCategory")}
    row = {"OpportunityId": deal["Id"], "CreatedById": deal["OwnerId"], **kept}
    before = {"StageName": STAGES[0], "Amount": deal["Amount"] * lots.choice((1, 1, 2))}
    yield row | before | {"CreatedDate": deal["CreatedDate"], "SystemModstamp": deal["CreatedDate"]}
    since = deal["CreatedDate"] + (MONDAY - deal["CreatedDate"]) * lots.random()
    since = since.replace(microsecond=0)
    yield row | {"CreatedDate": since, "SystemModstamp": since}


def _call(deal: Row, days: float) -> Row:
    row = {
        "Subject": "Call", "Status": "Completed", "OwnerId": deal["OwnerId"], "WhatId": deal["Id"],
        "AccountId": deal["AccountId"], "TaskSubtype": "Call", "Type": "Call", "IsClosed": True,
        "ActivityDate": (MONDAY - timedelta(days=days)).date(), "CompletedDateTime": MONDAY - timedelta(days=days),
    }  # fmt: skip
    return _born(row, days)
