"""What could be talked about: findings gathered into one thread per deal or rep, and what speaks against each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import groupby

from app.config import Coaching
from app.stages.plan.draft import Candidate, Grain, LeftOut, Reason
from app.store.plans import Answer, Item, Json, OpenFinding, Person
from coaching_rules.model import Rule

NO_OWNER = "Nobody we can see owns it."
OWNER_INACTIVE = "Its owner can no longer sign in to the CRM: hand it to somebody who can."
NO_MANAGER = "Its owner has no manager in the CRM: set one."
OWN_MANAGER = "Its owner is their own manager in the CRM: set another one."
MANAGERS_IN_A_CIRCLE = "The managers above its owner lead back to the owner in the CRM: set another one."
MANAGER_INACTIVE = "The manager of its owner can no longer sign in to the CRM: set another one."
OPTED_OUT = "The manager of its owner has opted out of coaching prompts."
CONTESTED = "People contested this, so it stays silent until it has cleared and come back."
RESTING = "There was a conversation about this lately, so it rests."
TOO_SOON = "This deal had a new prompt only lately."

FINDINGS_OF = {"deal": ("owner_id", "deal_name"), "rep": ("rep_id", "rep_name")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was said before.

    By rule and subject: when the last conversation ended, and up to which episode people contested it.
    By thread: when it last had a new prompt.
    """

    ended: Mapping[tuple[str, str], datetime]
    contested: Mapping[tuple[str, str], int]
    opened: Mapping[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One thread today with every reason that holds.

    `blocked` says why nobody can act on it, `silent` why a rule of it may not ask.
    """

    candidate: Candidate
    blocked: str | None
    silent: Mapping[str, str]

    def about(self, rules: set[str]) -> tuple[Reason, ...]:
        """The reasons that an open item about `rules` now has: its own that still hold, and new ones that may ask."""
        held = tuple(r for r in self.candidate.reasons if r.rule in rules or r.rule not in self.silent)
        return tuple(r for r in held if r.rule in rules) if self.candidate.grain == "rep" else held


def past(items: Sequence[Item], answers: Iterable[Answer]) -> Past:
    """Read the stored conversations as what speaks against having them again."""
    disputed = {item.id for item in items if item.state == "contested"}
    disputed |= {answer.item_id for answer in answers if answer.kind == "contested"}
    ended: dict[tuple[str, str], datetime] = {}
    contested: dict[tuple[str, str], int] = {}
    for item in items:
        for reason in item.reasons:
            key = (reason["rule"], item.subject_id)
            if item.closed_at:
                ended[key] = max(item.closed_at, ended.get(key, item.closed_at))
            if item.id in disputed:
                contested[key] = max(reason["episode"], contested.get(key, 0))
    return Past(ended=ended, contested=contested, opened={item.thread: item.opened_at for item in items})


def situations(
    findings: Iterable[OpenFinding],
    rules: Mapping[str, Rule],
    people: Mapping[str, Person],
    past: Past,
    coaching: Coaching,
    as_of: datetime,
) -> dict[str, Situation]:
    """Every thread with a live coaching rule that holds, by thread."""
    live = [f for f in findings if (rule := rules.get(f.rule_id)) and rule.status == "live" and rule.coach]
    blocked = cache(lambda rep_id, manager_id: _blocked(rep_id, manager_id, people, coaching))
    found = {}
    for thread, group in groupby(sorted(live, key=_thread), key=_thread):
        candidate = _candidate(thread, list(group), rules)
        found[thread] = Situation(
            candidate=candidate,
            blocked=blocked(candidate.rep_id, candidate.manager_id),
            silent={r.rule: why for r in candidate.reasons if (why := _silence(r, candidate, past, as_of))},
        )
    return found


def new_candidate(situation: Situation, past: Past, coaching: Coaching, as_of: datetime) -> Candidate | LeftOut:
    """The conversation that this thread without an open item asks for, or why it may not ask."""
    whole = situation.candidate
    free = tuple(r for r in whole.reasons if r.rule not in situation.silent)
    why_not = situation.blocked or (None if free else situation.silent[whole.lead.rule])
    if not why_not and whole.grain == "deal" and _too_soon(whole.thread, past, coaching, as_of):
        why_not = TOO_SOON
    if why_not:
        return LeftOut(candidate=whole, why_not=why_not)
    asked = free[:1] if whole.grain == "rep" else free
    return whole if asked == whole.reasons else replace(whole, reasons=asked)


def _thread(finding: OpenFinding) -> str:
    return f"{finding.grain}:{finding.subject_id}"


def _candidate(thread: str, findings: Sequence[OpenFinding], rules: Mapping[str, Rule]) -> Candidate:
    newest = max(findings, key=lambda f: f.id)
    facts, grain = newest.facts, _grain(newest.grain)
    person, name = FINDINGS_OF[grain]
    reasons = (_reason(f, rules[f.rule_id]) for f in findings)
    return Candidate(
        thread=thread,
        grain=grain,
        subject_id=newest.subject_id,
        name=facts.get(name) or newest.subject_id,
        rep_id=facts.get(person) or "",
        manager_id=facts.get("manager_id") or "",
        early=bool(facts.get("is_early")),
        amount=facts.get("amount"),
        usual_amount=facts.get("segment_median_amount"),
        days_since_coached=facts.get("days_since_coached"),
        reasons=tuple(sorted(reasons, key=lambda r: (-r.severity, r.rule))),
    )


def _grain(name: str) -> Grain:
    return "rep" if name == "rep" else "deal"


def _reason(finding: OpenFinding, rule: Rule) -> Reason:
    assert rule.coach is not None
    return Reason(
        finding_id=finding.id,
        rule=finding.rule_id,
        version=finding.rule_version,
        episode=finding.episode,
        severity=finding.severity,
        minutes=rule.coach.minutes,
        rest_days=rule.rest_days,
        max_per_week=rule.max_per_week,
    )


def _blocked(rep_id: str, manager_id: str, people: Mapping[str, Person], coaching: Coaching) -> str | None:
    rep, manager = people.get(rep_id), people.get(manager_id)
    if not rep:
        return NO_OWNER
    if not rep.active:
        return OWNER_INACTIVE
    if not manager_id:
        return NO_MANAGER
    if manager_id == rep_id:
        return OWN_MANAGER
    if _in_a_circle(rep_id, manager_id, people):
        return MANAGERS_IN_A_CIRCLE
    if not manager or not manager.active:
        return MANAGER_INACTIVE
    return None if coaching.of(manager.id, manager.name).coach else OPTED_OUT


def _in_a_circle(rep_id: str, manager_id: str | None, people: Mapping[str, Person]) -> bool:
    seen: set[str] = set()
    while manager_id and manager_id not in seen and manager_id != rep_id:
        seen.add(manager_id)
        above = people.get(manager_id)
        manager_id = above.manager_id if above else None
    return manager_id == rep_id


def _silence(reason: Reason, candidate: Candidate, past: Past, as_of: datetime) -> str | None:
    key = (reason.rule, candidate.subject_id)
    if past.contested.get(key, 0) >= reason.episode:
        return CONTESTED
    ended = past.ended.get(key)
    return RESTING if ended and (as_of.date() - ended.date()).days < reason.rest_days else None


def _too_soon(thread: str, past: Past, coaching: Coaching, as_of: datetime) -> bool:
    opened = past.opened.get(thread)
    return opened is not None and (as_of.date() - opened.date()).days < coaching.planning.days_between_new_per_deal


def rules_of(reasons: Iterable[Json]) -> set[str]:
    """The ids of the rules an item is about."""
    return {reason["rule"] for reason in reasons}
