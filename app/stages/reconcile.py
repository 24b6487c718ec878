"""Reconcile: what did people really do? The CRM is asked nothing; the last pull already brought the answer."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache

from app.calendar import Calendar, calendar_of
from app.config import Coaching
from app.store import endings, outcomes
from app.store.outcomes import Outcome, Told
from app.store.session import Store

CONTEST = re.compile(r"^\s*contest(?:ed)?\s*:\s*(.*)$", re.IGNORECASE | re.MULTILINE)
"""How a person disagrees inside any CRM: a line in the task's comments."""
ENDS_ITEM = frozenset({"done", "contested", "deleted", "ignored", "cleared"})
OVER = "Nothing to do here any more: the conversation this was for is over."
LONGEST_WORD = 500
"""Characters kept of what a person added; the next prompt opens with it."""

Known = Mapping[tuple[str, str], Outcome]


def reconcile(store: Store, connection_id: int, coaching: Coaching, *, as_of: datetime) -> dict[str, int]:
    """Keep the outcomes of our tasks, each once, with time and person; returns how many of each kind are new."""
    with store.begin() as connection:
        known = outcomes.latest(connection, connection_id)
        calendar = _calendars(coaching, outcomes.people(connection, connection_id))
        told = outcomes.told(connection, connection_id)
        new = [o for one in told for o in _became(one, known, calendar(one.manager_id), coaching, as_of)]
        outcomes.add(connection, connection_id, new, as_of)
        for outcome in new:
            if outcome.kind == "snoozed" and outcome.role == "manager_task" and outcome.due:
                outcomes.snooze_item(connection, outcome.item_id, outcome.due)
            elif _ends_item(outcome):
                outcomes.end_item(connection, outcome.item_id, outcome.kind, outcome.at)
        endings.withdraw(connection, connection_id)
        for reference, content in endings.left_open(connection, connection_id):
            over = {**content, "closed": True, "body": f"{OVER}\n{content['body']}"}
            endings.rewrite(connection, connection_id, reference, over)
    kinds = [outcome.kind for outcome in new]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def _ends_item(outcome: Outcome) -> bool:
    """The manager's answer ends the conversation, and so does a rep who contests it; preparing does not."""
    return outcome.kind == "contested" or (outcome.role == "manager_task" and outcome.kind in ENDS_ITEM)


def _calendars(
    coaching: Coaching, people: Mapping[str, tuple[str | None, str | None, str]]
) -> Callable[[str], Calendar]:
    @cache
    def of(manager_id: str) -> Calendar:
        zone, country, name = people.get(manager_id, (None, None, ""))
        return calendar_of(coaching.of(manager_id, name), zone, country)

    return of


def _became(told: Told, known: Known, calendar: Calendar, coaching: Coaching, as_of: datetime) -> Iterator[Outcome]:
    if told.gone == "unseen":
        return  # out of our sight says nothing about what people did
    if told.gone and told.deleted_at:
        detail = outcomes.WITH_ITS_DEAL if told.deal_gone else None
        yield _outcome(told, "cleared" if told.deal_gone else "deleted", told.deleted_at, detail=detail)
        return
    reason = contested(told)
    if reason is not None and (told.reference, "contested") not in known:
        yield _outcome(told, "contested", told.changed_at, detail=reason)
    if told.closed:
        yield from _ended(told)
        return
    yield from (outcome for outcome in _moved(told) if _is_news(outcome, known))
    if (told.reference, "ignored") not in known and _is_overdue(told, calendar, coaching, as_of):
        yield _outcome(told, "ignored", as_of, detail=f"open since it was due on {_due(told)}", by_nobody=True)


def _ended(told: Told) -> Iterator[Outcome]:
    """Done by a person, or cleared by us; what we tidy away after the conversation was answered says nothing."""
    at = told.closed_at or told.changed_at
    if any(sent["closed"] for sent in told.unsure or ()):
        return  # it may be our own closing that closed it; the next push will know
    if not told.written.get("closed"):
        yield _outcome(told, "done", at, detail=added(told))
    elif told.item_state not in ("done", "contested", "deleted"):
        yield _outcome(told, "cleared", at)


def _outcome(
    told: Told, kind: str, at: datetime, *, detail: str | None = None, due: date | None = None, by_nobody: bool = False
) -> Outcome:
    return Outcome(
        item_id=told.item_id,
        reference=told.reference,
        role=told.role,
        kind=kind,
        at=at,
        by=None if by_nobody else told.modified_by,
        detail=detail,
        due=due,
    )


def _moved(told: Told) -> Iterator[Outcome]:
    if told.due and told.due > max(map(date.fromisoformat, _ours(told, "due"))):
        yield _outcome(told, "snoozed", told.changed_at, due=told.due, detail=f"to {told.due}")
    if told.owner_id not in _ours(told, "owner_id"):
        yield _outcome(told, "reassigned", told.changed_at, detail=told.owner_id)


def _is_news(outcome: Outcome, known: Known) -> bool:
    before = known.get((outcome.reference, outcome.kind))
    return before is None or (before.due, before.detail) != (outcome.due, outcome.detail)


def _ours(told: Told, name: str) -> set[str]:
    """All we have written into this field and that can be there."""
    return {str(sent.get(name, "")) for sent in (told.written, *(told.unsure or ()))}


def contested(told: Told) -> str | None:
    """Why a person disagrees, from a line that is not in what we wrote; None when nobody does."""
    ours = {reason for body in _ours(told, "body") for reason in CONTEST.findall(body)}
    return next((reason.strip() for reason in CONTEST.findall(told.body) if reason not in ours), None)


def added(told: Told) -> str | None:
    """What a person wrote into the task beside our words: most often what was agreed."""
    ours = {line for body in _ours(told, "body") for line in body.splitlines()}
    lines = [line.strip() for line in told.body.splitlines() if line.strip() and line not in ours]
    return "; ".join(line for line in lines if not CONTEST.match(line))[:LONGEST_WORD] or None


def _due(told: Told) -> date:
    return told.due or date.fromisoformat(told.written["due"])


def _is_overdue(told: Told, calendar: Calendar, coaching: Coaching, as_of: datetime) -> bool:
    """Open for so many working days after it was due that nobody can be meaning to do it."""
    today, due = calendar.day(as_of), _due(told)
    passed = (due + timedelta(days=n) for n in range(1, (today - due).days + 1))
    return sum(map(calendar.is_working, passed)) > coaching.planning.ignored_after_working_days
