"""What managers and reps do with our tasks and notes, at the screen of their CRM; every edit is remembered."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from connectors.sandbox import control
from connectors.sandbox.org import Org

Row = dict[str, Any]

OUR_OPEN_TASKS = """
    SELECT * FROM Task WHERE Coaching_Key__c IS NOT NULL AND IsClosed = 0 AND IsDeleted = 0 ORDER BY Id
"""
NOTE_ON = """
    SELECT d.Id, v.VersionData FROM ContentDocumentLink l
    JOIN ContentDocument d ON d.Id = l.ContentDocumentId
    JOIN ContentVersion v ON v.Id = d.LatestPublishedVersionId
    WHERE l.LinkedEntityId = ? AND d.IsDeleted = 0 AND d.Title LIKE 'Coaching:%' ORDER BY d.Id
"""
NOTE_TEXT = """
    SELECT v.VersionData FROM ContentDocument d JOIN ContentVersion v ON v.Id = d.LatestPublishedVersionId
    WHERE d.Id = ?
"""
COLLEAGUES = """
    SELECT Id FROM User WHERE IsActive = 1 AND Id <> ? AND Id IN (SELECT ManagerId FROM User) ORDER BY Id
"""
LEFT_ALONE = 0.12
"""Share of tasks that nobody ever touches."""

MANAGER_WAITS = {
    "nothing": 66,
    "started": 9,
    "reworded": 8,
    "annotated": 7,
    "contested": 4,
    "deleted": 3,
    "handed on": 3,
}
MANAGER_DUE = {"nothing": 15, "talked": 68, "put off": 17}
REP_WAITS = {"nothing": 52, "prepared": 26, "started": 12, "contested": 4, "put off": 3, "deleted": 3}
REP_DUE = {"nothing": 25, "prepared": 75}


class People:
    """Everybody who has a task of ours. `talked_about` is called with the deal of each conversation that was held."""

    def __init__(self, org: Org, rng: Random, talked_about: Callable[[str], None]) -> None:
        self._org, self._rng, self._talked_about = org, rng, talked_about
        self._left: dict[tuple[str, str, str], object] = {}
        self._seen: set[str] = set()
        self._ignored: set[str] = set()
        self._deeds: dict[str, Callable[[Row], None]] = {
            "started": lambda task: self._edit(task, Status="In Progress"),
            "reworded": lambda task: self._edit(task, Subject=f"{task['Subject']} (bring the account plan)"),
            "annotated": lambda task: self._write(task, "Ask about the budget for next year, too."),
            "contested": lambda task: self._write(task, "contest: we agreed on this with the customer last week"),
            "deleted": self._delete,
            "handed on": self._hand_on,
            "put off": self._put_off,
            "prepared": self._prepare,
            "talked": self._talk,
        }

    def tasks(self) -> list[Row]:
        """Our tasks that still stand open."""
        return self._org.rows(OUR_OPEN_TASKS)

    def live(self, tasks: Sequence[Row]) -> Counter[str]:
        """Let people look at these tasks; returns what they did how often."""
        done: Counter[str] = Counter()
        for task in tasks:
            deed = self._choice(task)
            if deed in self._deeds:
                self._deeds[deed](task)
                done[deed] += 1
        return done

    def edits(self) -> int:
        """How many fields and texts carry a person's word."""
        return len(self._left)

    def edits_lost(self) -> int:
        """How many of them the org no longer holds as the person left them."""
        return sum(self._now(*place) != value for place, value in self._left.items())

    def _choice(self, task: Row) -> str:
        if task["Id"] not in self._seen:
            self._seen.add(task["Id"])
            if self._rng.random() < LEFT_ALONE:
                self._ignored.add(task["Id"])
        if task["Id"] in self._ignored:
            return "nothing"
        deed = self._drawn(self._chances(task))
        return "nothing" if deed == "started" and task["Status"] != "Not Started" else deed

    def _chances(self, task: Row) -> Mapping[str, int]:
        due = date.fromisoformat(task["ActivityDate"]) <= self._today()
        if task["Coaching_Key__c"].startswith("coach:prep"):
            return REP_DUE if due else REP_WAITS
        return MANAGER_DUE if due else MANAGER_WAITS

    def _drawn(self, chances: Mapping[str, int]) -> str:
        return self._rng.choices(list(chances), list(chances.values()))[0]

    def _today(self) -> date:
        return self._org.now().date()

    def _edit(self, task: Row, **fields: object) -> None:
        self._change(task["OwnerId"], "Task", task["Id"], fields)

    def _write(self, task: Row, line: str) -> None:
        self._edit(task, Description=f"{task['Description']}\n{line}")

    def _prepare(self, task: Row) -> None:
        text = f"{task['Description']}\nThe gap I see: we only talk to one side of the house."
        self._edit(task, Description=text, Status="Completed")

    def _talk(self, task: Row) -> None:
        self._edit(task, Status="Completed")
        if deal := task["WhatId"]:
            self._fill_in_note(deal, task["OwnerId"])
            self._talked_about(deal)

    def _fill_in_note(self, deal: str, user: str) -> None:
        note = self._org.row(NOTE_ON, (deal,))
        if note and self._rng.random() < 0.6:
            text = f"{note['VersionData']}<p>Agreed: a second sponsor before the next offer.</p>"
            self._change(user, "ContentNote", note["Id"], {"Content": text})

    def _put_off(self, task: Row) -> None:
        later = max(date.fromisoformat(task["ActivityDate"]), self._today()) + timedelta(days=2)
        self._edit(task, ActivityDate=(later + timedelta(days=2 if later.weekday() > 4 else 0)).isoformat())

    def _hand_on(self, task: Row) -> None:
        if others := self._org.rows(COLLEAGUES, (task["OwnerId"],)):
            self._edit(task, OwnerId=self._rng.choice(others)["Id"])

    def _delete(self, task: Row) -> None:
        control.delete(self._org, user=task["OwnerId"], object_name="Task", key=task["Id"])
        self._left["Task", task["Id"], "IsDeleted"] = 1

    def _change(self, user: str, name: str, key: str, fields: Mapping[str, object]) -> None:
        control.edit(self._org, user=user, object_name=name, key=key, fields=fields)
        for field in fields:
            self._left[name, key, field] = self._now(name, key, field)

    def _now(self, name: str, key: str, field: str) -> object:
        if name == "ContentNote":
            return self._org.row(NOTE_TEXT, (key,)).get("VersionData")
        return self._org.record(name, key).get(field)
