"""How the demo is told on a terminal: one table a day, two lines under it, and the sums in the end."""

from collections import Counter
from collections.abc import Mapping
from datetime import date

from rich.console import Group, RenderableType
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
    table = _plan(day, planned.budgets, {item.thread for item in planned.new})
    return Group(Text(f"\n{day.day:%A} {day.day.day} {day.day:%B %Y}", style="bold"), table, *map(Text, lines))


def _plan(day: Day, budgets: tuple[Budget, ...], new: set[str]) -> Table:
    table = Table(expand=True, show_edge=False)
    for name, width in (("Manager", 18), ("", 3), ("Min", 3), ("Deal or rep", 24), ("Why", None), ("When", 19)):
        table.add_column(name, width=width, justify="right" if name == "Min" else "left")
    for budget in budgets:
        who = f"{budget.manager_name}\n{budget.used_minutes} of {budget.minutes} min"
        items = [item for item in day.waiting if item.manager_id == budget.manager_id]
        if not items:
            table.add_row(who, "", "", "", "Nothing waits.", "", end_section=True)
        for n, item in enumerate(items, start=1):
            mark = "new" if item.thread in new else ""
            cells = _cells(item, day.names, item.thread in new)
            table.add_row(who if n == 1 else "", mark, *cells, end_section=n == len(items))
    return table


def _cells(item: Item, names: Mapping[str, str], new: bool) -> tuple[str, Text, Text, str]:
    about = names.get(item.subject_id, item.subject_id)
    if item.grain == "deal":
        about = f"{about} ({names.get(item.rep_id, item.rep_id)})"
    why = item.reasons[0]["why"] if new else f"Since {_short(item.opened_at)}: {item.reasons[0]['title']}"
    short = why if len(why) <= LONGEST_WHY else f"{why[: LONGEST_WHY - 1].rstrip()}…"
    meeting = (item.meeting or item.place).replace("one_on_one", "one-on-one").replace("_", " ")
    return str(item.minutes), Text(about), Text(short), f"{meeting}\n{_short(item.snoozed_until or item.due)}"


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
