"""The story of planning: settle what waits, fill what is left of each week, and owe the CRM the words."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from app.config import Coaching
from app.errors import Stop
from app.stages.plan import outbox
from app.stages.plan.candidates import new_candidate
from app.stages.plan.deeds import Deed, Settled, opened, overtaken, settle_all
from app.stages.plan.desk import Desk, read
from app.stages.plan.draft import Candidate, LeftOut, Week, draft
from app.stages.plan.outbox import Difference
from app.stages.plan.weeks import week_of
from app.store import plans as store
from app.store.plans import Item, Owed, Plan, Transaction
from app.uncollected import uncollected
from coaching_rules.model import Rule

NOTHING = "nothing to do"


class TooManyTasks(Stop):
    """More new tasks than one run may write: a person should look first."""

    exit_code = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One manager's week: how many minutes it has, how many are taken now, and how many of those by early deals."""

    manager_id: str
    manager_name: str
    week: date
    minutes: int
    used_minutes: int
    early_minutes: int
    prompts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResult:
    """What planning did, or with `dry` would do. `diff` is what the next push would change in the CRM."""

    new: tuple[Item, ...]
    updated: tuple[Item, ...]
    cleared: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]
    budgets: tuple[Budget, ...]
    new_tasks: int
    diff: tuple[Difference, ...]

    def about(self, subject_id: str) -> str:
        """What came of it for one deal or rep, in a few words."""
        for word, items in (("planned", self.new), ("changed", self.updated), ("closed", self.cleared)):
            if any(item.subject_id == subject_id for item in items):
                return word
        held_back = (left.why_not for left in self.left_out if left.candidate.subject_id == subject_id)
        return f"held back: {reason}" if (reason := next(held_back, None)) else NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """One manager's week: what is new in it, and what is left out."""

    budget: Budget
    new: tuple[Deed, ...]
    left_out: tuple[LeftOut, ...]


@uncollected()
def plan(
    transaction: Transaction,
    connection_id: int,
    *,
    as_of: datetime,
    coaching: Coaching,
    rules: Mapping[str, Rule],
    only_subjects: set[str] | None = None,
    only_managers: set[str] | None = None,
    dry: bool = False,
) -> PlanResult:
    """Settle what is open, choose what is new, and write plans, items and intents in the caller's transaction.

    `only_subjects` limits all of it to these deals and reps; minutes and ranks still count all that is their managers'.
    `only_managers` are those whose weeks are filled; what is open is settled for everybody. `dry` computes the same and
    writes nothing. Planning twice at one `as_of` changes nothing the second time.
    Raises TooManyTasks, before anything is written, when a run would write more new tasks than the org allows.
    """
    desk = read(transaction, connection_id, as_of, coaching, rules, only_subjects)
    settled = settle_all(desk, only_subjects)
    blocked, weeks = _draft_all(desk, settled.items(desk), only_subjects, only_managers)
    old = [*settled.changed, *settled.over, *settled.late]
    old += [deed for week in weeks for new in week.new for deed in overtaken(desk, new)]
    result = _result(desk, settled, old, weeks, blocked)
    if not dry:
        _refuse_too_many(result.new_tasks, coaching)
        _save(transaction, desk, old, weeks, only_subjects)
    return result


def _draft_all(
    desk: Desk, items: Sequence[Item], only: set[str] | None, managers: set[str] | None
) -> tuple[list[LeftOut], list[Drafted]]:
    """Every manager's week, also of those who have nothing but open items; and what belongs into nobody's week."""
    asked: dict[str, list[Candidate | LeftOut]] = {manager_id: [] for manager_id in _with_open_items(desk)}
    blocked = []
    for _, situation in sorted(desk.situations.items()):
        if any(item.state == "open" for item in desk.threads.get(situation.candidate.thread, ())):
            continue
        candidate = new_candidate(situation, desk.past, desk.coaching, desk.as_of)
        if not situation.blocked:
            asked.setdefault(situation.candidate.manager_id, []).append(candidate)
        elif isinstance(candidate, LeftOut) and _is_in(candidate, only):
            blocked.append(candidate)
    open_by_rep = Counter(item.rep_id for item in items if item.state == "open")
    own = defaultdict(list)
    for item in items:
        own[item.manager_id].append(item)
    whose = sorted(asked if managers is None else asked.keys() & managers)
    weeks = {manager_id: _week(desk, manager_id, own[manager_id], open_by_rep) for manager_id in whose}
    return blocked, [_draft_one(desk, manager_id, asked[manager_id], week, only) for manager_id, week in weeks.items()]


def _with_open_items(desk: Desk) -> set[str]:
    return {item.manager_id for item in desk.items if item.state == "open" and item.manager_id in desk.people}


def _is_in(left: LeftOut, only: set[str] | None) -> bool:
    return only is None or left.candidate.subject_id in only


def _week(desk: Desk, manager_id: str, own: Sequence[Item], open_by_rep: Mapping[str, int]) -> Week:
    return week_of(desk.setting(manager_id), desk.calendar(manager_id), own, open_by_rep, desk.as_of)


def _draft_one(
    desk: Desk, manager_id: str, asked: Sequence[Candidate | LeftOut], week: Week, only: set[str] | None
) -> Drafted:
    calendar = desk.calendar(manager_id)
    chosen = draft(week, [c for c in asked if isinstance(c, Candidate)], desk.coaching.planning, only)
    never_ranked = [left for left in asked if isinstance(left, LeftOut) and _is_in(left, only)]
    new = tuple(opened(desk, calendar, choice) for choice in chosen.chosen)
    budget = Budget(
        manager_id=manager_id,
        manager_name=desk.people[manager_id].name,
        week=calendar.week(desk.as_of),
        minutes=week.minutes,
        used_minutes=week.used + sum(deed.item.minutes for deed in new),
        early_minutes=week.early_used + sum(deed.item.minutes for deed in new if deed.item.early),
        prompts=week.prompts + len(new),
    )
    return Drafted(budget=budget, new=new, left_out=(*chosen.left_out, *never_ranked))


def _result(
    desk: Desk, settled: Settled, old: Sequence[Deed], weeks: Sequence[Drafted], blocked: Sequence[LeftOut]
) -> PlanResult:
    new = [deed for week in weeks for deed in week.new]
    writes = {write.reference: write for deed in (*old, *new) for write in deed.writes}
    return PlanResult(
        new=tuple(deed.item for deed in new),
        updated=tuple(deed.item for deed in settled.changed),
        cleared=tuple(deed.item for deed in settled.over),
        left_out=(*(left for week in weeks for left in week.left_out), *blocked),
        budgets=tuple(week.budget for week in weeks),
        new_tasks=sum(write.role != "note" and write.reference not in desk.owed for write in writes.values()),
        diff=tuple(outbox.differences({**desk.owed, **writes}, desk.crm)),
    )


def _refuse_too_many(new_tasks: int, coaching: Coaching) -> None:
    most = coaching.planning.most_new_tasks
    if new_tasks > most:
        raise TooManyTasks(
            f"This run would write {new_tasks} new tasks and may write {most}, so it wrote none:"
            " look at the plan first, then raise planning.most_new_tasks in coaching.toml if it is right."
        )


def _save(
    transaction: Transaction, desk: Desk, old: Sequence[Deed], weeks: Sequence[Drafted], only: set[str] | None
) -> None:
    for deed in old:
        store.change_item(transaction, deed.item)
        _owe(transaction, desk, deed.writes)
    for week in weeks:
        plan_id = store.save_plan(transaction, desk.connection_id, _plan_row(transaction, desk, week, only))
        for deed in week.new:
            item_id = store.add_item(transaction, desk.connection_id, plan_id, deed.item)
            _owe(transaction, desk, [replace(write, item_id=item_id) for write in deed.writes])


def _owe(transaction: Transaction, desk: Desk, writes: Sequence[Owed]) -> None:
    for write in writes:
        store.owe(transaction, desk.connection_id, write, desk.as_of)


def _plan_row(transaction: Transaction, desk: Desk, drafted: Drafted, only: set[str] | None) -> Plan:
    """The plan to store; where only some subjects were looked at, what was left out of the others stands."""
    budget = drafted.budget
    rows = [_left_out_row(left) for left in drafted.left_out]
    if only is not None:
        before = store.left_out(transaction, desk.connection_id, budget.manager_id, budget.week)
        rows += [row for row in before if row["subject_id"] not in only]
    return Plan(
        manager_id=budget.manager_id,
        week=budget.week,
        budget_minutes=budget.minutes,
        left_out=sorted(rows, key=lambda row: (row["position"] is None, row["position"], row["thread"])),
        made_at=desk.as_of,
    )


def _left_out_row(left: LeftOut) -> dict[str, object]:
    candidate = left.candidate
    return {
        "thread": candidate.thread,
        "grain": candidate.grain,
        "subject_id": candidate.subject_id,
        "name": candidate.name,
        "rep_id": candidate.rep_id,
        "rules": [reason.rule for reason in candidate.reasons],
        "minutes": candidate.minutes,
        "early": candidate.early,
        "score": left.score,
        "position": left.position,
        "why_not": left.why_not,
    }
