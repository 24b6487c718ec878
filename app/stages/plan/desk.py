"""All that planning looks at, read once and laid out by thread and item."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.calendar import Calendar, calendar_of
from app.config import Coaching, ManagerCoaching
from app.stages.plan.candidates import Past, Situation, past, situations
from app.stages.plan.wording import Said
from app.store import plans as store
from app.store.plans import Answer, Item, Json, OpenFinding, Owed, Person, Transaction
from coaching_rules.model import Rule

WORTH_REPEATING = ("done", "contested")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The store as of `as_of`. `items` are those at hand, `threads` has each thread's, the newest last."""

    connection_id: int
    as_of: datetime
    coaching: Coaching
    rules: Mapping[str, Rule]
    findings: Mapping[int, OpenFinding]
    people: Mapping[str, Person]
    items: Sequence[Item]
    threads: Mapping[str, Sequence[Item]]
    answers: Mapping[int, Sequence[Answer]]
    owed: Mapping[str, Owed]
    owed_by_item: Mapping[int, Sequence[Owed]]
    crm: Mapping[str, Json]
    past: Past
    situations: Mapping[str, Situation]

    def setting(self, manager_id: str) -> ManagerCoaching:
        return self.coaching.of(manager_id, self.people[manager_id].name)

    def calendar(self, manager_id: str) -> Calendar:
        person = self.people[manager_id]
        return calendar_of(self.setting(manager_id), person.time_zone, person.country)

    def owed_for(self, item: Item) -> Sequence[Owed]:
        return self.owed_by_item.get(item.id or 0, ())

    def answers_to(self, item: Item) -> Sequence[Answer]:
        return self.answers.get(item.id or 0, ())

    def statuses(self, item: Item) -> list[str]:
        """What the CRM calls the state of this item's tasks, as it last told us."""
        tasks = (owed.reference for owed in self.owed_for(item) if owed.role != "note")
        return [self.crm[reference]["status"] for reference in tasks if reference in self.crm]

    def last_word(self, thread: str, said: Sequence[Said]) -> str | None:
        """What came of the thread's last conversation; nothing private is carried into words that are not."""
        private = any(s.private for s in said)
        told = [i for i in self.threads.get(thread, ()) if private or not any(r["private"] for r in i.reasons)]
        words = [a for i in told for a in self.answers_to(i) if a.detail and a.kind in WORTH_REPEATING]
        last = max(words, key=lambda a: a.at, default=None)
        return f"{last.kind} on {last.at:%Y-%m-%d}: {last.detail}" if last else None


def read(
    transaction: Transaction,
    connection_id: int,
    as_of: datetime,
    coaching: Coaching,
    rules: Mapping[str, Rule],
    only: Collection[str] | None = None,
) -> Desk:
    """Lay out the desk; with `only`, the findings on it are those of the managers of these subjects."""
    findings = store.open_findings(transaction, connection_id, only)
    people = store.people(transaction, connection_id)
    items = store.items(transaction, connection_id, at_hand=as_of)
    answers = store.answers(transaction, connection_id, at_hand=as_of)
    owed = store.owed(transaction, connection_id)
    before = past(items, answers)
    threads, answers_by_item, owed_by_item = defaultdict(list), defaultdict(list), defaultdict(list)
    for item in items:
        threads[item.thread].append(item)
    for answer in answers:
        answers_by_item[answer.item_id].append(answer)
    for write in owed.values():
        owed_by_item[write.item_id or 0].append(write)
    return Desk(
        connection_id=connection_id,
        as_of=as_of,
        coaching=coaching,
        rules=rules,
        findings={finding.id: finding for finding in findings},
        people=people,
        items=items,
        threads=threads,
        answers=answers_by_item,
        owed=owed,
        owed_by_item=owed_by_item,
        crm=store.in_crm(transaction, connection_id),
        past=before,
        situations=situations(findings, rules, people, before, coaching, as_of),
    )
