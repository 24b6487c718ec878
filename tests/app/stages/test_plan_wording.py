"""The words people read: they stand alone, they fit, and they keep private things private."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stages.plan.wording import Conversation, closed, manager_task, note, prep_task, say
from app.store.plans import Item, OpenFinding, as_content, as_json
from coaching_rules.loader import starter
from coaching_rules.model import Rule
from coaching_rules.vocabulary import DEAL, PRIVATE
from connectors.records import NoteContent, TaskContent

RULES = {rule.id: rule for rule in starter().rules if rule.coach}
PRIVATE_VALUES = {
    "owner_id": "005secret", "owner_name": "Dana Reed", "owner_active": True, "owner_role": "Junior Rep",
    "owner_tenure_days": 4711, "owner_new_to_segment": True, "capture_coverage": 0.4217,
}  # fmt: skip
FACTS = {
    **{word.name: {"text": "text", "boolean": True, "date": "2026-12-24"}.get(word.type, 20) for word in DEAL},
    **PRIVATE_VALUES, "deal_name": "Amber Lantern Freight", "account_name": "Amber Lantern",
}  # fmt: skip
ITEM = Item(
    week=date(2026, 11, 23), thread="deal:d1", revision=1, grain="deal", subject_id="d1", manager_id="m1", rep_id="r1",
    early=True, minutes=10, meeting="pipeline_review", place="pipeline_review", due=date(2026, 11, 30),
    prep_due=date(2026, 11, 27), score=7.0, position=2, why_here="2nd of 7: severity 2, never coached.",
    reasons=(), state="open", opened_at=datetime(2026, 11, 23, 6, tzinfo=UTC),
)  # fmt: skip


SILENCE = ("days_since_two_way", "capture_coverage")


def talk(*rules: Rule, words: tuple[str, ...] = SILENCE, **changes: Any) -> Conversation:
    evidence = [
        {"word": word, "value": FACTS[word], "op": ">=", "threshold": 14, "threshold_source": "the rule"}
        for word in words
    ]
    found = [
        OpenFinding(
            id=n, rule_id=rule.id, rule_version=rule.version, episode=1, grain="deal", subject_id="d1",
            severity=2, facts=FACTS, evidence=evidence,
        )
        for n, rule in enumerate(rules)
    ]  # fmt: skip
    said = tuple(say(finding, rule) for finding, rule in zip(found, rules, strict=True))
    return Conversation(item=ITEM, name="Amber Lantern Freight", rep_name="Dana", said=said, **changes)


QUIET = RULES["deal_untouched"]
NEW_REP = RULES["new_rep_or_segment_early_deal"]


def test_a_subject_stands_alone() -> None:
    """Who, which deal, what, how long, where: readable in a list of tasks."""
    subject = manager_task(talk(QUIET)).subject
    assert subject.startswith("Coach Dana on Amber Lantern Freight: a deal that matters has gone quiet")
    assert subject.endswith("(10 min, pipeline review)")


def test_a_task_says_why_when_where_how_long_and_how_to_answer() -> None:
    """Every prompt has all of it, the last word first, the rule and its version at the end."""
    lines = manager_task(talk(QUIET, last_word="done on 2026-11-01: call the plant")).body.split("\n")
    assert lines[0] == "Last time: done on 2026-11-01: call the plant"
    starts = ("Why: ", "When: pipeline review on Monday 30 November 2026", "Where: pipeline review", "Minutes: 10")
    for start in (*starts, "Ask:", "Evidence:", "Why now: 2nd of 7", "How to answer: "):
        assert sum(line.startswith(start) for line in lines) == 1
    assert f"Rule: deal_untouched, version {QUIET.version}" in lines
    assert "- days since two way: 20 (at least 14; the rule)" in lines


def test_three_questions_are_enough() -> None:
    """Of several reasons each asks its first question before any asks a second one."""
    rules = (QUIET, RULES["early_deal_unreviewed"])
    lines = manager_task(talk(*rules)).body.split("\n")
    asked = lines[lines.index("Ask:") + 1 : lines.index("Evidence:")]
    assert len(asked) == 3
    firsts = [rule.coach.ask[0].replace("{account_name}", "Amber Lantern") for rule in rules if rule.coach]
    assert [line.removeprefix("- ") for line in asked[:2]] == firsts


def test_our_own_words_do_not_contest() -> None:
    """A line that begins with contest: is a person's; ours only tells how."""
    assert not any(line.lower().startswith("contest") for line in manager_task(talk(QUIET)).body.split("\n"))


def test_the_rep_prepares_with_the_same_evidence() -> None:
    """Owner, day and questions are the rep's; what it rests on is what the manager reads."""
    prep = prep_task(talk(QUIET))
    assert prep is not None
    assert (prep.owner_id, prep.due, prep.deal_id) == ("r1", date(2026, 11, 27), "d1")
    assert "What has changed at the customer" in prep.body
    assert "- days since two way: 20 (at least 14; the rule)" in prep.body.split("\n")


def said_privately(content: TaskContent | NoteContent) -> list[str]:
    title = content.title if isinstance(content, NoteContent) else content.subject
    text = f"{title}\n{content.body}"
    spoken = [word.replace("_", " ") for word in PRIVATE]
    values = ["005secret", "Dana Reed", "Junior Rep", "4,711", "4711", "42%"]
    return [leak for leak in (*PRIVATE, *spoken, *values) if leak in text]


@pytest.mark.parametrize("other", sorted(RULES))
@pytest.mark.parametrize("words", [tuple(sorted(PRIVATE)), SILENCE])
def test_nothing_about_the_rep_is_tied_to_a_deal(other: str, words: tuple[str, ...]) -> None:
    """Notes, and tasks on a deal, say nothing about its owner, whatever the starter rules find."""
    conversation = talk(QUIET, RULES[other], words=words)
    contents = [manager_task(conversation), prep_task(conversation), note(conversation)]
    tied = [content for content in contents if content and content.deal_id]
    assert [said_privately(content) for content in tied] == [[]] * len(tied)


def test_a_private_reason_is_still_told_to_those_it_concerns() -> None:
    """The tasks leave the deal and keep the why; without a public reason there is no note."""
    conversation = talk(NEW_REP)
    prep = prep_task(conversation)
    assert prep is not None
    assert manager_task(conversation).deal_id is prep.deal_id is None
    assert "Dana Reed has a first meeting booked on Amber Lantern Freight" in manager_task(conversation).body
    assert note(conversation) is None


def test_a_focus_of_the_rep_has_no_preparation_on_a_deal() -> None:
    """Only the manager reads it."""
    conversation = replace(talk(QUIET), item=replace(ITEM, grain="rep", subject_id="r1"))
    assert prep_task(conversation) is None
    assert "Amber Lantern" not in manager_task(conversation).subject


@given(st.text(max_size=400), st.text(max_size=400), st.text(max_size=3000))
def test_everything_fits_into_the_crm(deal: str, rep: str, detail: str) -> None:
    """Subjects within 255 on one line, bodies within 32,000, whatever people called things."""
    rule = replace(QUIET, title=detail or "x")
    conversation = replace(talk(*[rule] * 9, last_word=detail), name=deal, rep_name=rep)
    prep, page = prep_task(conversation), note(conversation)
    assert prep is not None
    assert page is not None
    for subject, body in (
        (manager_task(conversation).subject, manager_task(conversation).body),
        (prep.subject, prep.body),
        (page.title, page.body),
    ):
        assert len(subject) <= 255
        assert len(subject.splitlines()) == 1
        assert len(body) <= 32_000


def test_a_closed_record_says_why_and_keeps_what_stood_there() -> None:
    """The sentence comes first; a task is asked to be completed."""
    task = closed(manager_task(talk(QUIET)), "It is over.")
    assert isinstance(task, TaskContent)
    assert task.closed
    assert task.body.startswith("It is over.\nWhy: ")


def test_content_comes_back_from_the_store_as_it_went_in() -> None:
    """Tasks and notes survive the way through JSON."""
    task, page = manager_task(talk(QUIET)), note(talk(QUIET))
    assert page is not None
    assert as_content("manager_task", as_json(task)) == task
    assert as_content("note", as_json(page)) == page
