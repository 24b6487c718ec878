"""What people read: the manager's task, the rep's preparation, and the note on the deal.

Who may read decides what is said. A task on a deal and its note are open to everybody who sees the deal, so nothing
about the rep stands there: a conversation with a private reason becomes tasks that are tied to no deal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, zip_longest

from app.store.plans import Item, Json, OpenFinding
from app.store.tables import row_of
from coaching_rules.model import Evidence, Rule
from coaching_rules.sentences import PLACEHOLDER, evidence_line, render
from coaching_rules.vocabulary import ABOUT_THE_OWNER, PRIVATE
from connectors.records import NoteContent, TaskContent

SUBJECT_LENGTH = 255
BODY_LENGTH = 32_000
LINE_LENGTH = 500
MOST_REASONS = 4
MOST_QUESTIONS = 3

HOW_TO_ANSWER = (
    "How to answer: complete this task when you have talked. Move the due date to do it later."
    " If it is wrong, add a line to these comments that begins with contest: and says why. Delete the task to drop it."
)
NOTHING_TO_DO = "Nothing to do here any more: "
CLEARED = NOTHING_TO_DO + "what this was about no longer holds."
HANDED_OVER = NOTHING_TO_DO + "this has passed to other people, or to nobody who can act on it."
OVERTAKEN = NOTHING_TO_DO + "a newer task asks for this conversation."
REP_LEADS = "You lead this conversation: look at the evidence first, say where you see the gap, and choose the focus."
TO_FILL_IN = (
    "What the customer needs:",
    "Who else is in play:",
    "Solutions that could work:",
    "Price and terms:",
    "What we keep, drop or create:",
    "Next commitments (who, what, by when):",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One reason in words. `private`: it speaks about the rep."""

    finding_id: int
    rule: str
    version: str
    episode: int
    title: str
    why: str
    ask: tuple[str, ...]
    prepare: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    private: bool

    def as_json(self) -> dict[str, object]:
        evidence = [row_of(e) | {"value": _plain(e.value), "threshold": _plain(e.threshold)} for e in self.evidence]
        return row_of(self) | {"ask": list(self.ask), "prepare": list(self.prepare), "evidence": evidence}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """An item with what its texts need. `last_word` is what came of the last conversation, if people said."""

    item: Item
    name: str
    rep_name: str
    said: tuple[Said, ...]
    last_word: str | None = None

    @property
    def private(self) -> bool:
        return any(said.private for said in self.said)

    @property
    def deal_id(self) -> str | None:
        """The deal that its tasks are tied to; None when they speak about the rep."""
        return None if self.private else self.item.subject_id


def say(finding: OpenFinding, rule: Rule) -> Said:
    """Put one finding into its rule's words."""
    assert rule.coach is not None
    evidence = tuple(_evidence(raw) for raw in finding.evidence)
    named = {name for text in rule.texts for name in PLACEHOLDER.findall(text)}
    about_owner = named & PRIVATE or {e.word for e in evidence} & ABOUT_THE_OWNER
    return Said(
        finding_id=finding.id,
        rule=rule.id,
        version=finding.rule_version,
        episode=finding.episode,
        title=rule.title,
        why=render(rule.coach.why, finding.facts),
        ask=tuple(render(text, finding.facts) for text in rule.coach.ask),
        prepare=tuple(render(text, finding.facts) for text in rule.coach.prepare),
        evidence=evidence,
        private=finding.grain == "rep" or bool(about_owner),
    )


def manager_task(talk: Conversation) -> TaskContent:
    """The prompt: why, when, where, how long, what to ask, what it rests on, and how to answer."""
    item = talk.item
    lines = [
        *([f"Last time: {talk.last_word}"] if talk.last_word else []),
        *(f"Why: {said.why}" for said in talk.said[:MOST_REASONS]),
        f"When: {_when(item)}",
        f"Where: {_spoken(item.place)}",
        f"Minutes: {item.minutes}",
        *_section("Ask:", _questions(said.ask for said in talk.said)),
        *_section("Evidence:", _evidence_lines(talk)),
        f"Why now: {item.why_here}",
        *(f"Rule: {said.rule}, version {said.version}" for said in talk.said),
        HOW_TO_ANSWER,
    ]
    return TaskContent(
        owner_id=item.manager_id, deal_id=talk.deal_id, due=item.due, subject=_subject(talk), body=_body(lines)
    )


def prep_task(talk: Conversation) -> TaskContent | None:
    """The rep's preparation for a deal conversation, with the same evidence; None for a focus of the rep."""
    item = talk.item
    if item.grain == "rep":
        return None
    lines = [
        REP_LEADS,
        *(f"Why: {said.why}" for said in talk.said[:MOST_REASONS]),
        f"When: {_when(item)}",
        f"Where: {_spoken(item.place)}",
        *_section("Prepare:", _questions(said.prepare for said in talk.said)),
        *_section("Evidence:", _evidence_lines(talk)),
        *(f"Rule: {said.rule}, version {said.version}" for said in talk.said),
        HOW_TO_ANSWER.replace("when you have talked", "when you are prepared"),
    ]
    subject = f"Prepare {clip(talk.name, 120)} for {_meeting(item)} on {_day(item.due)}"
    return TaskContent(
        owner_id=item.rep_id,
        deal_id=talk.deal_id,
        due=item.prep_due,
        subject=clip(subject, SUBJECT_LENGTH),
        body=_body(lines),
    )


def note(talk: Conversation) -> NoteContent | None:
    """The note on the deal: questions, evidence about the deal, and what to fill in; None when all is private."""
    public = replace(talk, said=tuple(said for said in talk.said if not said.private))
    if not public.said:
        return None
    lines = [
        *_section("Questions:", _questions(said.ask for said in public.said)),
        *_section("Evidence:", _evidence_lines(public)),
        *TO_FILL_IN,
    ]
    title = f"Coaching: {clip(talk.name, 200)}"
    return NoteContent(deal_id=talk.item.subject_id, title=title, body=_body(lines))


def closed(content: TaskContent | NoteContent, sentence: str) -> TaskContent | NoteContent:
    """What is written when an item is over: the sentence that says so, above what stood there."""
    body = _body([sentence, *content.body.split("\n")])
    if isinstance(content, TaskContent):
        return replace(content, body=body, closed=True)
    return replace(content, body=body)


def clip(text: str, length: int) -> str:
    """One line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def _subject(talk: Conversation) -> str:
    whom = f"Coach {clip(talk.rep_name, 40)}" + (f" on {clip(talk.name, 70)}" if talk.item.grain == "deal" else "")
    title = clip(talk.said[0].title, 80)
    what = title[:1].lower() + title[1:]
    more = len(talk.said) - 1
    also = f" and {more} more {'reason' if more == 1 else 'reasons'}" if more else ""
    return clip(f"{whom}: {what}{also} ({talk.item.minutes} min, {_meeting(talk.item)})", SUBJECT_LENGTH)


def _meeting(item: Item) -> str:
    return _spoken(item.meeting or item.place)


def _when(item: Item) -> str:
    return f"{_meeting(item)} on {item.due:%A} {_day(item.due)}" if item.meeting else f"by {_day(item.due)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _spoken(name: str) -> str:
    return name.replace("one_on_one", "one-on-one").replace("_", " ")


def _evidence_lines(talk: Conversation) -> Sequence[str]:
    shown = (e for said in talk.said for e in said.evidence if talk.private or e.word not in PRIVATE)
    return list(dict.fromkeys(evidence_line(e) for e in shown))


def _questions(asked: Iterable[Sequence[str]]) -> Sequence[str]:
    """Few: the first of every reason, then the second of every reason, and so on."""
    in_turn = chain.from_iterable(zip_longest(*asked))
    return list(dict.fromkeys(question for question in in_turn if question))[:MOST_QUESTIONS]


def _section(title: str, lines: Sequence[str]) -> Sequence[str]:
    return [title, *(f"- {line}" for line in lines)] if lines else []


def _body(lines: Iterable[str]) -> str:
    return "\n".join(clip(line, LINE_LENGTH) for line in lines)[:BODY_LENGTH]


def _evidence(raw: Json) -> Evidence:
    return Evidence(**{name: raw[name] for name in Evidence.__dataclass_fields__ if name in raw})


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
