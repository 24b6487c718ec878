"""What happens to each item, with the writes that tell the CRM."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.calendar import Calendar
from app.stages.plan import outbox
from app.stages.plan.desk import Desk
from app.stages.plan.draft import Candidate, Choice
from app.stages.plan.open_items import Changed, Over, has_started, settle
from app.stages.plan.wording import OVERTAKEN, Conversation, say
from app.store.plans import Item, Owed

WAITING = ("open", "ignored")
"""Items whose tasks still stand in the CRM: an ignored one takes no minutes, but it can be closed or overtaken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An item as it will be stored, and the writes it owes."""

    item: Item
    writes: Sequence[Owed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a later morning does to the items that wait: new words, an end, or (`late`) the end of an ignored one."""

    changed: tuple[Deed, ...]
    over: tuple[Deed, ...]
    late: tuple[Deed, ...]

    def items(self, desk: Desk) -> list[Item]:
        """All items as they will stand."""
        after = {deed.item.id: deed.item for deed in (*self.changed, *self.over)}
        return [after.get(item.id, item) for item in desk.items]


def settle_all(desk: Desk, only: set[str] | None) -> Settled:
    """Settle every waiting item of these subjects, or of all."""
    changed: list[Deed] = []
    over: list[Deed] = []
    late: list[Deed] = []
    for item in desk.items:
        if item.state not in WAITING or (only is not None and item.subject_id not in only):
            continue
        situation = desk.situations.get(item.thread)
        verdict = settle(item, situation, has_started(desk.statuses(item), desk.answers_to(item)))
        if isinstance(verdict, Over):
            (over if item.state == "open" else late).append(_ended(desk, item, verdict.sentence))
        elif isinstance(verdict, Changed) and situation and item.state == "open":
            changed.append(_reworded(desk, item, replace(situation.candidate, reasons=verdict.reasons)))
    return Settled(changed=tuple(changed), over=tuple(over), late=tuple(deed for deed in late if deed.writes))


def opened(desk: Desk, calendar: Calendar, choice: Choice) -> Deed:
    """A new conversation with its tasks and note."""
    talk = _conversation(desk, _item(desk, calendar, choice), choice.candidate)
    return Deed(item=talk.item, writes=outbox.writes(desk.connection_id, talk, desk.owed))


def overtaken(desk: Desk, new: Deed) -> list[Deed]:
    """Earlier items of the thread that nobody answered: their tasks close, so that a deal never has two."""
    ignored = (item for item in desk.threads.get(new.item.thread, ()) if item.state == "ignored")
    deeds = [Deed(item=i, writes=_closing_tasks(desk, i, OVERTAKEN)) for i in ignored]
    return [deed for deed in deeds if deed.writes]


def _ended(desk: Desk, item: Item, sentence: str) -> Deed:
    if item.state == "ignored":
        return Deed(item=item, writes=outbox.closing(sentence, _unanswered(desk, item)))
    ended = replace(item, state="cleared", closed_at=desk.as_of)
    return Deed(item=ended, writes=outbox.closing(sentence, _unanswered(desk, item)))


def _closing_tasks(desk: Desk, item: Item, sentence: str) -> list[Owed]:
    return outbox.closing(sentence, [owed for owed in _unanswered(desk, item) if owed.role != "note"])


def _unanswered(desk: Desk, item: Item) -> list[Owed]:
    """Its writes but for tasks that somebody completed: one that is open again was reopened by a person."""
    done = {answer.role for answer in desk.answers_to(item) if answer.kind == "done"}
    return [owed for owed in desk.owed_for(item) if owed.role not in done]


def _reworded(desk: Desk, item: Item, candidate: Candidate) -> Deed:
    talk = _conversation(desk, item, candidate)
    news = outbox.writes(desk.connection_id, talk, desk.owed)
    return Deed(item=talk.item, writes=[*news, *outbox.unsaid(talk, desk.owed_for(item))])


def _conversation(desk: Desk, item: Item, candidate: Candidate) -> Conversation:
    said = tuple(say(desk.findings[r.finding_id], desk.rules[r.rule]) for r in candidate.reasons)
    return Conversation(
        item=replace(item, reasons=[s.as_json() for s in said]),
        name=candidate.name,
        rep_name=desk.people[item.rep_id].name,
        said=said,
        last_word=desk.last_word(item.thread, said),
    )


def _item(desk: Desk, calendar: Calendar, choice: Choice) -> Item:
    candidate = choice.candidate
    coach = desk.rules[candidate.lead.rule].coach
    assert coach is not None
    due = calendar.due(coach.when, calendar.day(desk.as_of))
    return Item(
        week=calendar.week(desk.as_of),
        thread=candidate.thread,
        revision=1 + max((item.revision for item in desk.threads.get(candidate.thread, ())), default=0),
        grain=candidate.grain,
        subject_id=candidate.subject_id,
        manager_id=candidate.manager_id,
        rep_id=candidate.rep_id,
        early=candidate.early,
        minutes=candidate.minutes,
        meeting=coach.when.meeting or "",
        place=coach.where,
        area=coach.area,
        due=due,
        prep_due=calendar.working_before(due),
        score=choice.score,
        position=choice.position,
        why_here=choice.why_here,
        reasons=(),
        state="open",
        opened_at=desk.as_of,
    )
