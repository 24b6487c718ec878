"""What people see: tables and sentences for a terminal, and the same as plain values for --json."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from app.cli.desk import out
from app.run import Report
from app.stages.plan import PlanResult
from app.stages.recount import Recounted
from app.store import canonical
from app.store.plans import Item
from app.store.session import Store
from coaching_rules.cases import CaseFailure
from coaching_rules.model import RuleSet
from connectors.records import Check

MOST_LINES = 12
NEXT_IN_LINE = 5
Names = Mapping[str, str]


def plain(value: Any) -> Any:
    """A dataclass as JSON can hold it."""
    return asdict(value)


def names(store: Store, connection_id: int, report: Report) -> Names:
    """What the people and deals of a report are called, by id."""
    items = report.planned.new if report.planned else ()
    managers = {left.candidate.manager_id for left in report.planned.left_out} if report.planned else set()
    ids = sorted({i for item in items for i in (item.subject_id, item.manager_id, item.rep_id)} | managers)
    with store.read() as transaction:
        return canonical.names(transaction, connection_id, ids)


def checks(found: Sequence[Check]) -> None:
    """One line a check, with what to do under it where something is wrong."""
    for check in found:
        mark = ("✓", "green") if check.ok else ("✗", "bold red") if check.fatal else ("!", "yellow")
        out.print(Text.assemble(mark, f" {check.name}: {check.detail}"), soft_wrap=True)
        if check.remedy:
            out.print(f"    → {check.remedy}", soft_wrap=True)


def pulled(report: Report) -> None:
    """What came home, by kind."""
    brought = report.pulled
    if brought:
        rows = {kind: count for kind, count in brought.rows.items() if count}
        out.print("Pulled: " + (_listed(rows) if rows else "nothing has changed") + ".")
        if brought.skipped:
            out.print(f"{brought.skipped} records could not be understood and were skipped.", style="yellow")
        if brought.left_out:
            out.print(f"Near the API budget: left for later: {', '.join(brought.left_out)}.", style="yellow")
        if brought.waiting:
            out.print(f"The CRM still prepares what changed: {', '.join(brought.waiting)}.", style="yellow")
    _recounted(report.recounted)
    if report.outcomes:
        out.print(f"People: {_listed(report.outcomes)}.")
    out.print(f"{report.api_calls} API calls.")


def _recounted(done: Recounted | None) -> None:
    """What comparing with the CRM found, if it was time to compare."""
    if not done:
        return
    if done.compared:
        mended = {"were missing": done.missing, "were out of date": done.stale, "can no longer be seen": done.gone}
        found = {what: count for what, count in mended.items() if count}
        out.print(f"Compared {len(done.compared)} kinds: " + (_listed(found) if found else "nothing differs") + ".")
    if done.left_out:
        out.print(f"Not compared to the end: {', '.join(done.left_out)}.", style="yellow")


def pushed(report: Report) -> None:
    """What the CRM was told, and what it would not take."""
    done = report.pushed
    if done is None:
        out.print("Not pushed: this connection can only be read.")
        return
    if not done.sent:
        out.print("Pushed: nothing was pending.")
        return
    said = {name: count for name, count in asdict(done).items() if count and name not in ("sent", "tasks_created")}
    said.pop("notes_created", None)
    out.print(
        f"Pushed {done.sent}: {_listed(said)} ({done.tasks_created} tasks and {done.notes_created} notes are new)."
    )
    if done.refused or done.retry or done.unknown:
        out.print("`coachsync status` lists what was not taken and what to do.", style="yellow")


def morning(report: Report, called: Names) -> None:
    """A whole morning."""
    pulled(report)
    if report.watched and report.watched.off_track:
        out.print(f"Indicators off track: {_listed(report.watched.off_track)} (`coachsync indicators` lists all).")
    if report.judged:
        judged = report.judged
        out.print(f"Judged: {judged.opened} findings opened, {judged.persisting} persist, {judged.cleared} cleared.")
        unknown = {rule: tally.not_enough_data for rule, tally in judged.tallies.items() if tally.not_enough_data}
        if unknown:
            out.print(f"  Not enough data: {_listed(unknown)}.", style="dim")
    plan(report, called)
    pushed(report)


def plan(report: Report, called: Names) -> None:
    """Each manager's week: the minutes, what is new, and what did not fit."""
    planned = report.planned
    if not planned:
        return
    if planned.budgets:
        out.print(_weeks(planned))
    else:
        out.print("Plan: nothing is worth a conversation now.")
    if planned.new:
        _items(planned.new, called)
    reasons = _reasons(planned)
    if reasons:
        out.print("Left out: " + "; ".join(f"{count} × {why.rstrip('.')}" for why, count in reasons.items()) + ".")
    if report.rhythm == "preview":
        _next_in_line(planned, called)
        _diff(planned)


def _weeks(planned: PlanResult) -> Table:
    table = Table("Manager", "Week of", "Minutes", "Early-stage", "Prompts", title="Plan", title_justify="left")
    for week in planned.budgets:
        minutes = f"{week.used_minutes} of {week.minutes}"
        table.add_row(week.manager_name, str(week.week), minutes, str(week.early_minutes), str(week.prompts))
    return table


def _items(new: Sequence[Item], called: Names) -> None:
    """Two lines a conversation: who, what, when; and why, in the words of its rule."""
    out.print("New conversations", style="bold")
    for item in new[:MOST_LINES]:
        where = item.place.replace("_", " ")
        who = called.get(item.manager_id, item.manager_id)
        about = called.get(item.subject_id, item.subject_id)
        out.print(f"{item.due:%a %d %b}  {who} · {about} · {item.minutes} min, {where}")
        for reason in item.reasons:
            out.print(Padding(Text(str(reason["why"]), style="dim"), (0, 0, 0, 12)))
    if len(new) > MOST_LINES:
        out.print(f"and {len(new) - MOST_LINES} more; --json lists all", style="dim")


def _next_in_line(planned: PlanResult, called: Names) -> None:
    ranked = sorted((left for left in planned.left_out if left.position), key=lambda left: left.position or 0)
    for left in ranked[:NEXT_IN_LINE]:
        candidate = left.candidate
        manager = called.get(candidate.manager_id, candidate.manager_id)
        out.print(f"  next: {candidate.name} ({manager}): {left.why_not}", style="dim", soft_wrap=True)


def _reasons(planned: PlanResult) -> dict[str, int]:
    found = [left.why_not for left in planned.left_out]
    return {why: found.count(why) for why in sorted(set(found), key=lambda w: -found.count(w))}


def _diff(planned: PlanResult) -> None:
    if not planned.diff:
        out.print("A run now would write nothing to the CRM.")
        return
    table = Table("", "Record", "Subject", "Fields", title="What a run now would write", title_justify="left")
    for difference in planned.diff[: 3 * MOST_LINES]:
        fields = "all" if difference.deed == "new" else ", ".join(difference.fields)
        table.add_row(difference.deed, difference.role.replace("_", " "), difference.subject, fields)
    if len(planned.diff) > 3 * MOST_LINES:
        table.caption = f"and {len(planned.diff) - 3 * MOST_LINES} more; --json lists all"
    out.print(table)


def plan_json(report: Report, called: Names) -> dict[str, Any]:
    """Everything the plan says, for scripts."""
    planned = report.planned
    assert planned is not None
    return report.counts() | {
        "as_of": report.as_of,
        "managers": [plain(budget) for budget in planned.budgets],
        "items": [_with_names(plain(item), called) for item in planned.new],
        "left_out": [
            {
                "subject_id": left.candidate.subject_id,
                "about": left.candidate.name,
                "manager_id": left.candidate.manager_id,
                "position": left.position,
                "score": left.score,
                "why": left.why_not,
            }
            for left in planned.left_out
        ],
        "diff": [plain(difference) for difference in planned.diff],
    }


def _with_names(item: dict[str, Any], called: Names) -> dict[str, Any]:
    return item | {
        "about": called.get(item["subject_id"]),
        "manager": called.get(item["manager_id"]),
        "rep": called.get(item["rep_id"]),
    }


def status(found: Sequence[Mapping[str, Any]]) -> None:
    """The same for a person."""
    if not found:
        out.print("No connection yet. Make one with `coachsync connect salesforce NAME …`, or try `coachsync demo`.")
    for one in found:
        _status(one)


def _status(one: Mapping[str, Any]) -> None:
    out.print(Text.assemble((one["name"], "bold"), f" ({one['crm']})"))
    if one["paused"]:
        out.print(Text.assemble(("  Paused:", "bold red"), f" {one['paused']}"), soft_wrap=True)
    _jobs(one["jobs"])
    last = one["last_run"]
    if last is None:
        out.print(f"  Never run; `coachsync run {one['name']}` is a morning.")
        return
    ended = f"ended {last['finished_at']:%Y-%m-%d %H:%M} UTC" if last["finished_at"] else "did not end"
    out.print(
        f"  Last run: {last['rhythm']}, {ended}" + (f": {last['error']}" if last["error"] else ""), soft_wrap=True
    )
    left = last["counts"].get("left_out")
    if left:
        out.print(f"  Near the API budget: left for later: {', '.join(left)}.", style="yellow")
    for label, key in (("Records", "records"), ("Open findings", "findings_open"), ("Outcomes", "outcomes")):
        out.print(f"  {label}: {_listed({k: v for k, v in one[key].items() if v}) or 'none'}")
    _coverage(one["coverage"])
    out.print(f"  API calls in 24 h: {one['api_calls_24h']} (share: {one['api_share']:.0%} of the org's limit)")
    out.print(f"  Writes: {_listed(one['writes']) or 'none'}")
    _not_taken(one["not_taken"])
    if one["hygiene"]:
        out.print(f"  Hygiene list: {len(one['hygiene'])} things to put right in the CRM (--json lists them).")


def _jobs(jobs: Mapping[str, Mapping[str, Any]]) -> None:
    """What the service has yet to do, and what it tries in vain."""
    due = [
        f"{name} ({job['managers']} managers)" if job["managers"] else name for name, job in jobs.items() if job["due"]
    ]
    out.print(f"  Due: {', '.join(due) or 'nothing'}")
    for name, job in jobs.items():
        if job["attempts"]:
            again = f", again after {job['not_before']:%Y-%m-%d %H:%M:%S} UTC" if job["not_before"] else ""
            tried = (f"  {name}: in vain {job['attempts']} times{again}:", "yellow")
            out.print(Text.assemble(tried, f" {job['reason']}"), soft_wrap=True)


def _coverage(kinds: Mapping[str, Mapping[str, Any]]) -> None:
    """Whether what we hold is what the CRM shows, and since when we know."""
    if not kinds:
        out.print("  Coverage: not compared with the CRM yet (`coachsync pull NAME --sweep`)")
        return
    apart = [f"{kind} {c['ours']} here, {c['theirs']} there" for kind, c in sorted(kinds.items()) if c["difference"]]
    since = min(c["compared_at"] for c in kinds.values())
    said = "; ".join(apart) or f"all {sum(c['theirs'] for c in kinds.values())} records the CRM shows are here"
    out.print(f"  Coverage: {said} ({len(kinds)} kinds, compared since {since:%Y-%m-%d %H:%M} UTC)", soft_wrap=True)


def _not_taken(refusals: Sequence[Mapping[str, Any]]) -> None:
    if refusals:
        table = Table("State", "Record", "About", "What to do", title="Not taken by the CRM", title_justify="left")
        for refusal in refusals[:MOST_LINES]:
            table.add_row(refusal["state"], refusal["role"].replace("_", " "), refusal["subject"], refusal["reason"])
        out.print(table)


def rules(ruleset: RuleSet, failures: Sequence[CaseFailure]) -> None:
    """Each rule with how its cases came out."""
    failed = {failure.rule_id for failure in failures}
    wide = (Column("Rule", overflow="fold"), "Status", "Grain", "Cases", "Review by", Column("Owner", overflow="fold"))
    table = Table("", *wide, box=None, padding=(0, 1, 0, 0))  # without lines a name is whole on a narrow terminal
    for rule in ruleset.rules:
        mark = Text("✗", "bold red") if rule.id in failed else Text("✓", "green")
        table.add_row(mark, rule.id, rule.status, rule.grain, str(len(rule.cases)), str(rule.review_by), rule.owner)
    out.print(table)
    for failure in failures:
        out.print(str(failure), soft_wrap=True)


def warnings(ruleset: RuleSet) -> list[dict[str, Any]]:
    """What is probably not meant, each with its place, as JSON can hold it."""
    return [plain(warning) for rule in ruleset.rules for warning in rule.warnings]


def past_review(ruleset: RuleSet, today: date) -> list[str]:
    """A line for each rule that somebody was to look at again before today."""
    return [
        f"{rule.source}: `review_by` was {rule.review_by}; does the rule still help?"
        for rule in ruleset.rules
        if rule.review_by < today and rule.status != "retired"
    ]


def remarks(ruleset: RuleSet, ignored: Sequence[str]) -> None:
    """What is probably not meant in rules, and what of their folder was not read."""
    for warning in (warning for rule in ruleset.rules for warning in rule.warnings):
        out.print(f"warning: {warning}", soft_wrap=True)
    if ignored:
        only = "only .yml and .yaml files of the folder itself are"
        out.print(f"Not read, since {only}: {', '.join(ignored)}.", style="yellow", soft_wrap=True)


def _listed(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
