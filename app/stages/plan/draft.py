"""Which conversations fit into a manager's week: rank them, then take what the minutes and the caps allow.

Everything here is a pure function of its arguments; what does not fit leaves with a reason.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.config import Planning

MINUTES_FOR_ANOTHER_REASON = 3
MOST_EXTRA_MINUTES = 6
LONGEST_UNCOACHED_DAYS = 56

OVER_MINUTES = "It does not fit into what is left of this week's minutes."
LONGER_THAN_WEEK = "It takes longer than all the minutes of this week."
WEEK_FULL = "The manager has as many prompts this week as a week may have."
REP_FULL = "The rep has as many open coaching items as a rep may have."
RULE_FULL = "Its rule has led as many of the manager's prompts this week as it may."

Grain = Literal["deal", "rep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One finding, as a reason for a conversation; `finding_id` leads back to its evidence."""

    finding_id: int
    rule: str
    version: str
    episode: int
    severity: int
    minutes: int
    rest_days: int
    max_per_week: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A conversation that could be had: one deal with all its reasons, or one focus of a rep.

    `name` is the deal's or the rep's. The first reason leads.
    """

    thread: str
    grain: Grain
    subject_id: str
    name: str
    rep_id: str
    manager_id: str
    early: bool = False
    amount: float | None = None
    usual_amount: float | None = None
    days_since_coached: int | None = None
    reasons: tuple[Reason, ...]

    @property
    def lead(self) -> Reason:
        return self.reasons[0]

    @property
    def minutes(self) -> int:
        """The longest reason's minutes and 3 for each further reason, at most 6 more."""
        extra = min(MINUTES_FOR_ANOTHER_REASON * (len(self.reasons) - 1), MOST_EXTRA_MINUTES)
        return max(reason.minutes for reason in self.reasons) + extra

    @property
    def size(self) -> float | None:
        """The amount as a multiple of what is usual in the segment; None when either is unknown."""
        if not self.amount or not self.usual_amount or self.amount < 0 or self.usual_amount < 0:
            return None
        return self.amount / self.usual_amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A manager's week so far: its minutes, and what is taken by open items and by sessions already held in it.

    `led` counts this week's prompts by the rule that led them; `open_by_rep` all open items of each rep.
    """

    minutes: int
    used: int = 0
    early_used: int = 0
    prompts: int = 0
    led: Mapping[str, int] = field(default_factory=dict)
    open_by_rep: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A conversation that fits; `position` is its rank among all that could be had."""

    candidate: Candidate
    score: float
    position: int
    why_here: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A conversation that will not be asked for, and why.

    `position` is its rank among those left out; without it and a score when it was never ranked.
    """

    candidate: Candidate
    why_not: str
    score: float | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One manager's week as proposed, both lists by rank."""

    chosen: tuple[Choice, ...]
    left_out: tuple[LeftOut, ...]


def draft(week: Week, candidates: Collection[Candidate], caps: Planning, only: set[str] | None = None) -> Draft:
    """Choose for one manager. With `only`, everybody is ranked and just these subjects are chosen or left out.

    Early-stage deals choose first until they have their share of the week's minutes; then all by rank.
    """
    worth = {c.thread: score(c) for c in candidates}
    ranked = sorted(candidates, key=lambda c: (-worth[c.thread], c.thread))
    asked = [c for c in ranked if only is None or c.subject_id in only]
    threads = {c.thread for c in asked}
    room = _Room(week, caps)
    chosen = {c.thread for c in asked if c.early and room.early_is_due() and room.take(c)}
    chosen |= {c.thread for c in asked if c.thread not in chosen and room.take(c)}
    left = [c for c in ranked if c.thread not in chosen]
    # a reason is looked up when the week is full, so that a second run of the morning finds the same one
    return Draft(
        chosen=tuple(
            Choice(candidate=c, score=worth[c.thread], position=n, why_here=why_here(c, n, len(ranked)))
            for n, c in enumerate(ranked, 1)
            if c.thread in chosen
        ),
        left_out=tuple(
            LeftOut(candidate=c, why_not=room.why_not(c) or OVER_MINUTES, score=worth[c.thread], position=n)
            for n, c in enumerate(left, 1)
            if c.thread in threads
        ),
    )


def score(candidate: Candidate) -> float:
    """How much a conversation is worth, from 1 to 12:

    2 x severity of the leading reason
    + log2(amount / usual amount), from -1 to 2, 0 when unknown
    + days since coached / 28, up to 2; 2 when never coached
    + 1 when early-stage
    + 0.5 for each further reason, up to 1.
    """
    value = max(-1.0, min(2.0, math.log2(candidate.size))) if candidate.size else 0.0
    days = LONGEST_UNCOACHED_DAYS if candidate.days_since_coached is None else candidate.days_since_coached
    waiting = min(days, LONGEST_UNCOACHED_DAYS) / 28
    more = min(0.5 * (len(candidate.reasons) - 1), 1.0)
    return round(2 * candidate.lead.severity + value + waiting + (1 if candidate.early else 0) + more, 4)


def why_here(candidate: Candidate, position: int, of: int) -> str:
    """The rank and what made it, as a sentence."""
    parts = [f"severity {candidate.lead.severity}"]
    if candidate.size:
        parts.append(f"{candidate.size:.1f} × the segment's median amount")
    if candidate.early:
        parts.append("early-stage")
    parts.append(_coached(candidate.days_since_coached))
    if len(candidate.reasons) > 1:
        parts.append(f"{len(candidate.reasons)} reasons")
    return f"{ordinal(position)} of {of}: {', '.join(parts)}."


def ordinal(number: int) -> str:
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _coached(days: int | None) -> str:
    if days is None:
        return "never coached"
    return f"last coached {days} {'day' if days == 1 else 'days'} ago"


class _Room:
    """What is left of a week while it fills."""

    def __init__(self, week: Week, caps: Planning) -> None:
        self.week, self.caps = week, caps
        self.used, self.early_used, self.prompts = week.used, week.early_used, week.prompts
        self.led, self.open_by_rep = Counter(week.led), Counter(week.open_by_rep)

    def early_is_due(self) -> bool:
        return self.early_used < self.caps.early_share * self.week.minutes

    def why_not(self, candidate: Candidate) -> str | None:
        if self.prompts >= self.caps.prompts_a_week:
            return WEEK_FULL
        if self.open_by_rep[candidate.rep_id] >= self.caps.open_per_rep:
            return REP_FULL
        if self.led[candidate.lead.rule] >= candidate.lead.max_per_week:
            return RULE_FULL
        minutes = candidate.minutes
        if minutes > self.week.minutes:
            return LONGER_THAN_WEEK
        return OVER_MINUTES if self.used + minutes > self.week.minutes else None

    def take(self, candidate: Candidate) -> bool:
        """Make room for it, and say whether there was any."""
        if self.why_not(candidate):
            return False
        self.used += candidate.minutes
        self.early_used += candidate.minutes if candidate.early else 0
        self.prompts += 1
        self.led[candidate.lead.rule] += 1
        self.open_by_rep[candidate.rep_id] += 1
        return True
