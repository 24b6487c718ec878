"""The draft of a week: what it never does, whatever the candidates are."""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.config import Planning
from app.stages.plan.draft import (
    LONGER_THAN_WEEK,
    OVER_MINUTES,
    RULE_FULL,
    WEEK_FULL,
    Candidate,
    Draft,
    Reason,
    Week,
    draft,
    ordinal,
    score,
    why_here,
)


def reason(rule: str = "quiet", **changes: Any) -> Reason:
    plain = Reason(
        finding_id=1, rule=rule, version="v1", episode=1, severity=2, minutes=10, rest_days=14, max_per_week=3
    )
    return replace(plain, **changes)


def candidate(subject: str = "d1", **changes: Any) -> Candidate:
    plain = Candidate(
        thread=f"deal:{subject}", grain="deal", subject_id=subject, name="Amber Lantern Freight",
        rep_id="r1", manager_id="m1", reasons=(reason(),),
    )  # fmt: skip
    return replace(plain, **changes)


reasons = st.builds(
    reason,
    rule=st.sampled_from(["quiet", "stuck", "pushed"]),
    severity=st.integers(1, 3),
    minutes=st.integers(1, 40),
    max_per_week=st.integers(0, 4),
)
amounts = st.none() | st.floats(-10, 1e12)
some = st.lists(
    st.builds(
        candidate,
        subject=st.integers(0, 10_000).map(str),
        rep_id=st.sampled_from(["r1", "r2", "r3"]),
        early=st.booleans(),
        amount=amounts,
        usual_amount=amounts,
        days_since_coached=st.none() | st.integers(0, 1000),
        reasons=st.lists(reasons, min_size=1, max_size=4).map(tuple),
    ),
    max_size=20,
    unique_by=lambda c: c.thread,
)
weeks = st.builds(
    Week,
    minutes=st.integers(0, 90),
    used=st.integers(0, 90),
    prompts=st.integers(0, 6),
    led=st.dictionaries(st.sampled_from(["quiet", "stuck"]), st.integers(0, 4)),
    open_by_rep=st.dictionaries(st.sampled_from(["r1", "r2"]), st.integers(0, 4)),
)
caps = st.builds(
    Planning, prompts_a_week=st.integers(0, 8), open_per_rep=st.integers(0, 4), early_share=st.floats(0, 1)
)


def minutes(drafted: Draft, early: bool | None = None) -> int:
    return sum(c.candidate.minutes for c in drafted.chosen if early is None or c.candidate.early == early)


@given(weeks, some, caps)
def test_a_week_is_never_over_its_minutes_or_caps(week: Week, asked: list[Candidate], limits: Planning) -> None:
    """Minutes, prompts, open items of each rep, and each rule's prompts hold, also on top of what was there."""
    drafted = draft(week, asked, limits)
    chosen = [choice.candidate for choice in drafted.chosen]
    assert not chosen or week.used + minutes(drafted) <= week.minutes
    assert not chosen or week.prompts + len(chosen) <= limits.prompts_a_week
    for rep, new in Counter(c.rep_id for c in chosen).items():
        assert week.open_by_rep.get(rep, 0) + new <= limits.open_per_rep
    for rule, new in Counter(c.lead.rule for c in chosen).items():
        least = max(c.lead.max_per_week for c in chosen if c.lead.rule == rule)
        assert week.led.get(rule, 0) + new <= least


@given(weeks, some, caps, st.randoms(use_true_random=False))
def test_the_order_of_what_comes_in_does_not_matter(
    week: Week, asked: list[Candidate], limits: Planning, chance: random.Random
) -> None:
    """Shuffled candidates make the same draft."""
    shuffled = list(asked)
    chance.shuffle(shuffled)
    assert draft(week, shuffled, limits) == draft(week, asked, limits)


@given(weeks, some, caps)
def test_everything_is_chosen_or_left_out_with_a_reason(week: Week, asked: list[Candidate], limits: Planning) -> None:
    """Nothing disappears, nothing is there twice, and every sentence is one."""
    drafted = draft(week, asked, limits)
    threads = [c.candidate.thread for c in drafted.chosen] + [left.candidate.thread for left in drafted.left_out]
    assert sorted(threads) == sorted(c.thread for c in asked)
    assert all(left.why_not.endswith(".") for left in drafted.left_out)
    assert [left.position for left in drafted.left_out] == list(range(1, len(drafted.left_out) + 1))


@given(some, st.integers(0, 90))
def test_early_deals_get_their_third(asked: list[Candidate], free: int) -> None:
    """An early deal goes without only when early deals have their third, or when something else speaks against it."""
    limits = Planning(prompts_a_week=50, open_per_rep=50)
    drafted = draft(Week(minutes=free), asked, limits)
    short = [left for left in drafted.left_out if left.candidate.early and left.why_not == OVER_MINUTES]
    early = minutes(drafted, early=True)
    for left in short:
        assert early >= limits.early_share * free or early + left.candidate.minutes > free


@given(some, st.sets(st.integers(0, 10_000).map(str)))
def test_only_some_subjects_are_touched(asked: list[Candidate], only: set[str]) -> None:
    """With `only`, nobody else is chosen or left out, and ranks still count everybody."""
    drafted = draft(Week(minutes=60), asked, Planning(), only)
    assert {c.candidate.subject_id for c in (*drafted.chosen, *drafted.left_out)} <= only
    ranked = sorted(asked, key=lambda c: (-score(c), c.thread))
    assert all(ranked[choice.position - 1] == choice.candidate for choice in drafted.chosen)


def test_the_third_goes_to_an_early_deal_that_ranks_lower() -> None:
    """Two grave late deals would fill the week; the early one comes first all the same."""
    late = [candidate(f"late{n}", reasons=(reason(severity=3, minutes=15),)) for n in range(2)]
    early = candidate("early", early=True, reasons=(reason(severity=1),))
    drafted = draft(Week(minutes=30), [*late, early], Planning())
    assert {choice.candidate.subject_id for choice in drafted.chosen} == {"late0", "early"}


def test_a_smaller_conversation_takes_what_a_larger_one_leaves() -> None:
    """Ranked second but too long, it is left out; the third still fits."""
    asked = [
        candidate("a", reasons=(reason(severity=3, minutes=20),)),
        candidate("b", reasons=(reason(severity=2, minutes=20),)),
        candidate("c", reasons=(reason(severity=1, minutes=5),)),
    ]
    drafted = draft(Week(minutes=27), asked, Planning())
    assert [choice.candidate.subject_id for choice in drafted.chosen] == ["a", "c"]
    assert [left.why_not for left in drafted.left_out] == [OVER_MINUTES]


def test_each_cap_has_its_own_sentence() -> None:
    """A leader who reads the list knows which knob it was."""
    one = candidate()
    assert draft(Week(minutes=5), [one], Planning()).left_out[0].why_not == LONGER_THAN_WEEK
    assert draft(Week(minutes=30, prompts=5), [one], Planning()).left_out[0].why_not == WEEK_FULL
    assert draft(Week(minutes=30, led={"quiet": 3}), [one], Planning()).left_out[0].why_not == RULE_FULL


def test_further_reasons_cost_a_little_and_not_more() -> None:
    """Three minutes for each further reason, six at most."""
    costs = [candidate(reasons=(reason(),) * n).minutes for n in (1, 2, 3, 4)]
    assert costs == [10, 13, 16, 16]


def test_the_rank_says_what_made_it() -> None:
    """A whole sentence with the numbers in it."""
    big = candidate(amount=72_000, usual_amount=40_000, early=True)
    assert why_here(big, 2, 7) == "2nd of 7: severity 2, 1.8 × the segment's median amount, early-stage, never coached."
    assert why_here(candidate(days_since_coached=1), 1, 1) == "1st of 1: severity 2, last coached 1 day ago."
    assert [ordinal(n) for n in (3, 4, 11, 12, 21, 112)] == ["3rd", "4th", "11th", "12th", "21st", "112th"]


def test_an_odd_amount_neither_lifts_nor_sinks_a_deal() -> None:
    """No amount, zero, negative: as if it were usual."""
    odd = [candidate(amount=amount, usual_amount=40_000) for amount in (None, 0, -5, 40_000)]
    assert len({score(one) for one in odd}) == 1
