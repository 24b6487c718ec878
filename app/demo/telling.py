"""How the demo is told on a terminal: each day's plan by manager, what happened, and the sums in the end."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from app.demo.days import Day
from app.demo.tally import Tally
from app.stages.plan import Budget
from app.store.plans import Item

LONGEST_WHY = 200


def told(day: Day) -> RenderableType:
    """One day: what each manager is asked to coach this week, what people and customers did, what came home."""
    judged, planned = day.morning.judged, day.morning.planned
    assert judged is not None
    assert planned is not None
    lines = [
        f"Rules: {judged.opened} findings opened, {judged.cleared} cleared, {judged.opened + judged.persisting} open. "
        f"{len(planned.left_out)} conversations did not fit or have to wait.",
        f"People: {_listed(day.people)}. Deals: {_listed(day.deals)}.",
        f"Learnt from the CRM: {_listed(Counter(day.morning.outcomes) + Counter(day.evening.outcomes))}.",
    ]
    new = {item.thread for item in planned.new}
    plan = (line for budget in planned.budgets for line in _week(day, budget, new))
    return Group(Text(f"\n{day.day:%A} {day.day.day} {day.day:%B %Y}", style="bold"), *plan, *map(Text, lines))


def _week(day: Day, budget: Budget, new: set[str]) -> Iterator[RenderableType]:
    """One manager: the minutes, then each conversation that waits, with its reason when it is new."""
    items = [item for item in day.waiting if item.manager_id == budget.manager_id]
    yield Text(f"{budget.manager_name}, {budget.used_minutes} of {budget.minutes} min", style="bold cyan")
    for item in items:
        meeting = (item.meeting or item.place).replace("one_on_one", "one-on-one").replace("_", " ")
        when = f"{_short(item.snoozed_until or item.due)}, {meeting}, {item.minutes} min"
        mark = "new  " if item.thread in new else "     "
        yield Text(f"  {mark}{_about(item, day.names)} · {when}", style="" if item.thread in new else "dim")
        if item.thread in new:
            why = str(item.reasons[0]["why"])
            short = why if len(why) <= LONGEST_WHY else f"{why[: LONGEST_WHY - 1].rstrip()}…"
            yield Padding(Text(short, style="italic"), (0, 0, 0, 7))
    if not items:
        yield Text("       nothing waits", style="dim")


def _about(item: Item, names: Mapping[str, str]) -> str:
    about = names.get(item.subject_id, item.subject_id)
    return f"{about} ({names.get(item.rep_id, item.rep_id)})" if item.grain == "deal" else about


def _short(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def summed(found: Tally, seconds: float) -> RenderableType:
    """The sums of all days."""
    rows = (
        ("Working days", str(found.days)),
        ("Deals, activities in the org", f"{found.deals}, {found.activities}"),
        ("Findings opened, cleared", f"{found.findings_opened}, {found.findings_cleared}"),
        ("Conversations asked for", f"{found.plan_items}; {found.left_out} more did not fit or wait"),
        ("Tasks written", f"{found.tasks_created}, of which {found.prep_tasks_created} to prepare"),
        ("Notes written", str(found.notes_written)),
        ("What became of tasks", _listed(found.outcomes)),
        ("Duplicates in the org", str(found.duplicates)),
        ("Edits by people, lost", f"{found.edits}, {found.edits_lost}"),
        ("Writes refused", str(found.refused)),
        ("API calls", str(found.api_calls)),
        ("Seconds", f"{seconds:.1f}"),
    )
    table = Table(show_header=False, show_edge=False, title="In all", title_justify="left")
    for name, value in rows:
        table.add_row(name, value)
    return Group(Text(), table)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"
