"""What a later morning does to a conversation that is already asked for: nothing, mostly."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.stages.plan.candidates import Situation, rules_of
from app.stages.plan.draft import Reason
from app.stages.plan.wording import CLEARED, HANDED_OVER
from app.store.plans import Answer, Item

STARTED_STATUS = "In Progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The item stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The item stays, for these reasons now."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """The item closes, and `sentence` tells people why."""

    sentence: str


def settle(item: Item, situation: Situation | None, started: bool) -> Kept | Changed | Over:
    """Decide on one open item. What people have started is theirs: it is never closed from here."""
    reasons = situation.about(rules_of(item.reasons)) if situation else ()
    if not situation or not reasons:
        return Kept() if started else Over(sentence=CLEARED)
    if situation.blocked or _with(situation) != (item.rep_id, item.manager_id):
        return Kept() if started else Over(sentence=HANDED_OVER)
    before = {(reason["rule"], reason["version"]) for reason in item.reasons}
    return Kept() if before == {(r.rule, r.version) for r in reasons} else Changed(reasons=reasons)


def has_started(statuses: Iterable[str], answers: Iterable[Answer]) -> bool:
    """Somebody is at it: the rep has prepared, or a task of it is in progress in the CRM."""
    prepared = any(answer.kind == "done" and answer.role == "prep_task" for answer in answers)
    return prepared or any(status.casefold() == STARTED_STATUS.casefold() for status in statuses)


def _with(situation: Situation) -> tuple[str, str]:
    return situation.candidate.rep_id, situation.candidate.manager_id
