"""A small org, what a plan owes it and people do in it, and the model of what must come of both.

The model is told nothing by push: it knows what is owed, what people set, and why a write could not be taken now.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from small_org import LIVELY, MONA, QUIET, RALF, REMY, RITA, ROSA, Company

from app import pipeline
from app.errors import Interrupted, NotReady
from app.run import Loop, Report
from app.stages.plan import outbox
from app.stages.pull import pull
from app.stages.reconcile import reconcile
from app.store import plans, writes
from app.store.ledger import intents, outcomes, receipts
from app.store.plans import Item, Owed, Plan, as_json
from connectors.records import Intent, NoteContent, TaskContent
from connectors.salesforce.mapping import REFERENCE, note_fields, task_fields
from connectors.salesforce.values import Names, same_text
from connectors.sandbox import control
from connectors.sandbox.errors import Rejected

Row = dict[str, Any]
DEALS = (QUIET[0], QUIET[1], LIVELY[0])
OWNERS = (MONA, RITA, RALF)
STRANGERS = (ROSA, REMY)
OVER = "Nothing to do here any more: the model says so."
FORBIDDEN = {"object": "Task", "field": "Subject", "forbid": "^Coach", "message": "Say it in our words."}


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


@dataclass(slots=True)
class Office:
    """One org and everything that was ever owed to it. `theirs` is what people last set: table, id, field."""

    company: Company
    loop: Loop
    owed: set[str] = field(default_factory=set)
    theirs: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    binned: set[str] = field(default_factory=set)
    did: set[tuple[str, str]] = field(default_factory=set)
    """What people did to which of our tasks, by reference."""
    said: int = 0

    # ------------------------------------------------------------------ what a plan owes

    def owe_conversation(self, deal: str) -> None:
        """A task, a preparation and the deal's note, as one more conversation about a deal."""
        with self.company.store.begin() as transaction:
            revision = sum(item.subject_id == deal for item in plans.items(transaction, self.id)) + 1
            plan_id = plans.save_plan(transaction, self.id, _plan(self.company.now))
            item = _item(deal, revision, self.company.now)
            item_id = plans.add_item(transaction, self.id, plan_id, item)
            for role, content in self._contents(deal).items():
                key = outbox.reference(self.id, role, item.thread, revision)
                self.owed.add(key)
                write = Owed(reference=key, item_id=item_id, role=role, content=as_json(content))
                plans.owe(transaction, self.id, write, self.company.now)

    def _contents(self, deal: str) -> dict[Any, TaskContent | NoteContent]:
        self.said += 1
        due, subject, body = _day(self.company, 7), f"Coach {self.said}", f"Why {self.said}"
        task = TaskContent(owner_id=MONA, deal_id=deal, due=due, subject=subject, body=body)
        prep = replace(task, owner_id=RITA, subject=f"Coach prep {self.said}")
        note = NoteContent(deal_id=deal, title="Coaching", body=body)
        return {"manager_task": task, "prep_task": prep, "note": note}

    def reword(self, pick: int) -> None:
        """Something we wrote, or were about to, should say something else."""
        open_ones = [row for row in self.ledger() if not row["content"].get("closed") and row["state"] != "withdrawn"]
        if not open_ones:
            return
        row = open_ones[pick % len(open_ones)]
        self.said += 1
        content = row["content"] | {"body": f"Now {self.said}"}
        if row["role"] != "note":
            due = _day(self.company, 7 + self.said % 5).isoformat()
            content |= {"due": due, "subject": f"Coach {self.said}", "owner_id": OWNERS[pick % len(OWNERS)]}
        self._owe(replace(_as_owed(row), content=content, state="pending"))

    def close(self, pick: int) -> None:
        """A conversation is over, and its records should say so."""
        items = sorted({row["item_id"] for row in self.ledger()})
        if items:
            own = [_as_owed(row) for row in self.ledger() if row["item_id"] == items[pick % len(items)]]
            for write in outbox.closing(OVER, own):
                self._owe(write)

    def _owe(self, write: Owed) -> None:
        with self.company.store.begin() as transaction:
            plans.owe(transaction, self.id, write, self.company.now)

    # ------------------------------------------------------------------ what people do

    def edit(self, pick: int, deed: str) -> None:
        """A person changes one of our tasks, if the org lets them."""
        rows = [row for row in self.tasks() if not row["IsDeleted"]]
        if rows:
            row = rows[pick % len(rows)]
            self.said += 1
            fields = DEEDS[deed](row, self.said)
            if fields and self._done(lambda: self.company.edit(row, RITA, **fields)):
                self.theirs |= {("Task", row["Id"], name): value for name, value in fields.items()}
                if deed == "reopen":
                    del self.theirs["Task", row["Id"], "Status"]  # it looks as if nobody had ever touched it
                self.did.add((self.reference(row), deed))

    def rewrite(self, pick: int) -> None:
        """A person rewrites one of our notes that they can see."""
        notes = [note for note in self.notes() if note["deal"] and not note["IsDeleted"]]
        if notes:
            note = notes[pick % len(notes)]
            self.said += 1
            text = f"Mine {self.said}"
            control.edit(self.org, user=RITA, object_name="ContentNote", key=note["Id"], fields={"Content": text})
            self.theirs["ContentNote", note["Id"], "Content"] = text

    def bin(self, pick: int) -> None:
        """A person deletes a record of ours, or a deal with all that hangs on it."""
        deals = [(deal, "Opportunity") for deal in DEALS]
        ours = [(row["Id"], "Task") for row in self.tasks()] + [(row["Id"], "ContentDocument") for row in self.notes()]
        key, table = (*ours, *deals)[pick % (len(ours) + len(deals))]
        if not self.org.record(table, key)["IsDeleted"]:
            control.delete(self.org, user=RITA, object_name=table, key=key)
            self.binned.add(key)

    def unbin(self, pick: int) -> None:
        """A person takes something out of the recycle bin again."""
        tables = {"00T": "Task", "069": "ContentDocument", "006": "Opportunity"}
        gone = [key for key in sorted(self.binned) if self.org.record(tables[key[:3]], key)["IsDeleted"]]
        if gone:
            key = gone[pick % len(gone)]
            control.undelete(self.org, user=RITA, object_name=tables[key[:3]], key=key)

    def _done(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except Rejected:
            return False
        return True

    # ------------------------------------------------------------------ what the loop does

    def come_home(self) -> None:
        """Pull what people can have touched, and see what they did."""
        clock, kinds = self.loop.clock, ("user", "deal", "task", "note")
        pull(self.company.store, self.id, self.loop.connector, clock=clock, kinds=kinds)
        reconcile(self.company.store, self.id, self.company.coaching, as_of=self.company.now)

    def send(self, killed_at: int = 0) -> Report | None:
        """Push; None if it was stopped, or killed when it looked at the clock for the nth time."""
        left = killed_at

        def clock() -> datetime:
            nonlocal left
            left -= 1
            if not left:
                raise Killed
            return self.company.now

        try:
            return pipeline.send(replace(self.loop, clock=clock if killed_at else self.loop.clock))
        except Killed:
            self.loop = self.company.loop()
        except (Interrupted, NotReady):
            pass
        return None

    # ------------------------------------------------------------------ what is there

    @property
    def id(self) -> int:
        return self.loop.org.id

    @property
    def org(self) -> Any:
        return self.company.org

    def ledger(self) -> list[Row]:
        return [row for row in self.company.rows(intents) if row["connection_id"] == self.id]

    def outcomes(self) -> list[Row]:
        return [row for row in self.company.rows(outcomes) if row["connection_id"] == self.id]

    def receipts(self) -> list[Row]:
        ours = {row["id"] for row in self.ledger()}
        return [row for row in self.company.rows(receipts) if row["intent_id"] in ours]

    def due(self) -> list[Intent]:
        with self.company.store.read() as transaction:
            return writes.due(transaction, self.id, self.company.now)

    def tasks(self) -> list[Row]:
        return sorted(self.company.tasks(), key=self.reference)

    def notes(self) -> list[Row]:
        return self.company.notes()

    def reference(self, row: Row) -> str:
        marked = REFERENCE.search(row.get("Title") or row["Subject"])
        return str(row.get("Coaching_Key__c") or (marked.group(1) if marked else ""))

    def there(self) -> dict[str, Row]:
        """Our records in the org, by reference."""
        return {self.reference(row): row for row in (*self.tasks(), *self.notes())}

    # ------------------------------------------------------------------ what must come of it

    def ended_by_people(self) -> set[str]:
        """Tasks we know of that a person deleted, or completed before we asked for it."""
        rows, unseen = self.there(), self.org.unseen()
        known = [
            row for row in self.ledger() if row["role"] != "note" and row["crm_id"] and row["crm_id"] not in unseen
        ]
        return {row["reference"] for row in known if self._ended(row, rows[row["reference"]])}

    def _ended(self, intent: Row, row: Row) -> bool:
        asked = any(sent["closed"] for sent in (intent["written"], *(intent["unsure"] or ())))
        done = self.theirs.get(("Task", row["Id"], "Status")) == "Completed" and not asked
        return done or bool(row["IsDeleted"] and row["Id"] in self.binned)

    def expected(self, intent: Intent, row: Row | None) -> str:
        """What becomes of a write in calm weather."""
        if intent.if_absent != "create" and (row is None or row["Id"] in self.org.unseen()):
            return "in_flight" if intent.if_absent == "wait" else "withdrawn"
        if row and row["IsDeleted"]:
            return "stored"
        if isinstance(intent.content, NoteContent):
            return "stored" if row and (row["deal"] or intent.crm_id) else self._linked(intent, row)
        after = (row or {}) | self.to_set(intent, row)
        if row and not self.to_set(intent, row):
            return "stored"
        return self._taken(after)

    def _linked(self, intent: Intent, row: Row | None) -> str:
        deal = intent.content.deal_id or ""
        if self.org.record("Opportunity", deal)["IsDeleted"]:
            return "stored" if row else "refused"
        return "retry" if deal in self.org.settings.locked_ids else "stored"

    def _taken(self, task: Row) -> str:
        """Whether the org takes a task that would look like this; it locks a record before it looks at changes."""
        deal, owner, is_new = task["WhatId"], task["OwnerId"], "Id" not in task
        if deal in self.org.settings.locked_ids and not is_new:
            return "retry"
        if self.org.record("Opportunity", deal)["IsDeleted"] and is_new:
            return "refused"
        if not self.org.record("User", owner)["IsActive"]:
            return "refused"
        if self.org.settings.validation_rules and task["Subject"].startswith("Coach"):
            return "refused"
        return "retry" if deal in self.org.settings.locked_ids else "stored"

    def to_set(self, intent: Intent, row: Row | None) -> Row:
        """The fields of a task that are ours to set: what differs and no person has touched."""
        assert isinstance(intent.content, TaskContent)
        names = Names(key_field="Coaching_Key__c" if self.company.key_field else None)
        wanted = task_fields(intent.content, intent.reference, names, "Completed")
        if row is None:
            return wanted
        mine = {f: v for f, v in wanted.items() if ("Task", row["Id"], f) not in self.theirs}
        return {f: v for f, v in mine.items() if not same_text(v, row[f])}

    def unsaid(self, intent: Intent) -> Iterator[str]:
        """What a stored write should have said and does not."""
        row = self.there()[intent.reference]
        if row["IsDeleted"] or row["Id"] in self.binned:
            return
        if isinstance(intent.content, TaskContent):
            for name, value in self.to_set(intent, row).items():
                yield f"{intent.reference}: {name} should be {value!r}, is {row[name]!r}"
        elif ("ContentNote", row["Id"], "Content") not in self.theirs:
            said = note_fields(intent.content, intent.reference)["Content"]
            yield from () if _same_note(said, row["Content"]) else (f"{intent.reference} says {row['Content']!r}",)


def _same_note(said: str, text: str) -> bool:
    return base64.b64decode(said).decode() == text


def _day(company: Company, days: int) -> date:
    return (company.now + timedelta(days=days)).date()


def _as_owed(row: Row) -> Owed:
    return Owed(**{name: row[name] for name in Owed.__dataclass_fields__})


def _plan(now: datetime) -> Plan:
    return Plan(manager_id=MONA, week=now.date(), budget_minutes=60, left_out=[], made_at=now)


def _item(deal: str, revision: int, now: datetime) -> Item:
    return Item(
        week=now.date(), thread=f"deal:{deal}", revision=revision, grain="deal", subject_id=deal, manager_id=MONA,
        rep_id=RITA, early=True, minutes=10, meeting="pipeline_review", place="pipeline_review", due=now.date(),
        prep_due=now.date(), score=1.0, position=1, why_here="The model asks.", reasons=[], state="open", opened_at=now,
    )  # fmt: skip


def _later(row: Row, days: int) -> str:
    return (date.fromisoformat(row["ActivityDate"]) + timedelta(days=days)).isoformat()


DEEDS: dict[str, Callable[[Row, int], Row]] = {
    "complete": lambda row, n: {} if row["IsClosed"] else {"Status": "Completed"},
    "reopen": lambda row, n: {"Status": "Not Started"} if row["IsClosed"] else {},
    "start": lambda row, n: {"Status": "In Progress"},
    "snooze": lambda row, n: {"ActivityDate": _later(row, 20 + n)},
    "jot": lambda row, n: {"Description": f"Mine {n}\n{row['Description']}"},
    "contest": lambda row, n: {"Description": f"contest: reason {n}\n{row['Description']}"},
    "retitle": lambda row, n: {"Subject": f"Mine {n} {row['Subject']}"},
    "reassign": lambda row, n: {"OwnerId": STRANGERS[n % 2]},
}
"""What people do with a task."""
