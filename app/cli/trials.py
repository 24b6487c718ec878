"""The two commands that try rules before anybody is told: on today, and on the past."""

from dataclasses import asdict
from datetime import datetime, timedelta
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.cli.desk import coaching_of, instant, judged, now, opened, out, read_settings, rules_of, say
from app.cli.options import AsJson, AsOf, Name, Rules
from app.errors import NotReady
from app.gate import judged_as_of, named
from app.store import canonical
from app.trial.backtest import backtest
from app.trial.preview import Preview, about_whom, managers_of, plain, preview, why_left_out
from coaching_rules.backtest import words
from coaching_rules.backtest.panel import Span
from coaching_rules.backtest.report import Report, RuleReport

MOST_NAMES = 3


class Every(StrEnum):
    """How far apart the looks of a backtest are; a month is four weeks."""

    day = "day"
    week = "week"
    month = "month"


class By(StrEnum):
    """What a backtest is split by: the customers' segment, or how long the owner is there."""

    segment = "segment"
    tenure = "tenure"


DAYS = {Every.day: 1, Every.week: 7, Every.month: 28}


def rules_preview(
    name: Name,
    as_of: AsOf = None,
    rules: Rules = None,
    as_json: AsJson = False,
) -> None:
    """Show what all rules would flag now, drafts too, and what of it would fit. Changes nothing."""
    settings = read_settings()
    coaching, moment = coaching_of(settings), now()
    with opened(settings) as store:
        org, ruleset = named(store, name), rules_of(settings, store, rules)
        at = judged(store, org, as_of, moment, quiet=as_json)
        found = preview(store, org, coaching, ruleset, as_of=at, now=moment)
        with store.read() as transaction:
            called = canonical.names(transaction, org.id, managers_of(found))
    say(plain(found, called)) if as_json else _show_preview(found, called)


def rules_backtest(
    name: Name,
    since: Annotated[str | None, typer.Option("--from", help="First day (ISO 8601). Default: a year before.")] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="The day that ends it. Default: now, or the newest row of an export.")
    ] = None,
    every: Annotated[Every, typer.Option(help="How often to look.")] = Every.week,
    rules: Rules = None,
    as_json: AsJson = False,
    by: Annotated[By | None, typer.Option("--by", help="Also print the shares lost within each of these.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write a page with pictures to this file.")] = None,
) -> None:
    """Try all rules on the org's own past, with only what was true by then. Changes nothing."""
    settings = read_settings()
    moment = now()
    if html:
        _must_be_writable(html)
    with opened(settings) as store:
        last = judged_as_of(store, named(store, name), moment)
        span = _span(instant(since, "--from"), min(instant(until, "--to") or last, moment), DAYS[every])
        stated = coaching_of(settings).stated(name)
        ruleset = rules_of(settings, store, rules)
        found = backtest(store, named(store, name), ruleset, span, now=moment, stated=stated)
    if html:
        # drawing takes a second to import, which every other command would wait for
        _write(html, import_module("coaching_rules.backtest.page").page(found, name))
    say(asdict(found)) if as_json else _show_backtest(found, by)


def _span(since: datetime | None, end: datetime, every: int) -> Span:
    span = Span(since=since or end - timedelta(days=364), until=end, every=every)
    if not span.instants:
        raise NotReady("--from lies before --to, and --to not after now: there is nothing to look at otherwise.")
    return span


def _must_be_writable(path: Path) -> None:
    """Before minutes of work go where nothing can be kept."""
    if not path.resolve().parent.is_dir() or path.is_dir():
        raise NotReady(f"{path} cannot be written: name a file in a folder that is there.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NotReady(f"{path} cannot be written: {error.strerror}.") from error


def _show_preview(found: Preview, called: dict[str, str]) -> None:
    table = Table("Rule", "Now", "Not enough data", "Managers", "Among them", title="Would flag", title_justify="left")
    for rule_id, findings in found.findings.items():
        managers = {str(finding.values.get("manager_id") or "") for finding in findings} - {""}
        about = [about_whom(finding) for finding in findings[:MOST_NAMES]]
        more = ["…"] if len(findings) > MOST_NAMES else []
        unknown = found.tallies[rule_id].not_enough_data
        table.add_row(rule_id, str(len(findings)), str(unknown), str(len(managers)), ", ".join(about + more))
    out.print(table)
    weeks = Table("Manager", "Week of", "Wanted", "Fits", "Of", "Prompts", title="Minutes", title_justify="left")
    for load in found.loads:
        week = load.budget
        fits, prompts = f"{week.used_minutes}", f"{week.prompts}"
        row = (f"{week.week}", f"{load.wanted_minutes}", fits, f"{week.minutes}", prompts)
        weeks.add_row(week.manager_name, *row)
    out.print(weeks)
    for why, count in why_left_out(found.planned.left_out).items():
        out.print(f"Left out: {count} × {why}", soft_wrap=True)
    for overlap in found.overlaps:
        (one, other), (share, others) = overlap.rules, overlap.shares
        both = f"{one} and {other} both find {overlap.both}"
        out.print(f"{both}: {share:.0%} of what {one} finds, {others:.0%} of {other}'s.", soft_wrap=True)


def _show_backtest(found: Report, by: By | None) -> None:
    out.print(words.span(found), soft_wrap=True)
    for rule in found.rules:
        head = Text.assemble((rule.rule, "bold"), f" ({rule.grain}, {rule.status}): {rule.subjects} distinct")
        out.print(head, soft_wrap=True)
        said = [words.comparison(rule.fate.all)] if rule.fate and rule.flagged else []
        rate = words.rate(rule)
        said = [f"prompts a manager and week: {rate}"] * bool(rate) + said + [_led(rule), words.overlap(rule)]
        for line in filter(None, said):
            out.print(f"  {line}", soft_wrap=True)
        for name, one in words.groups(rule, by.value).items() if by and rule.flagged else ():
            out.print(f"    {name}: {words.comparison(one)}", soft_wrap=True)
        for warning in rule.warnings:
            out.print(f"  ! {warning}", style="yellow", soft_wrap=True)
    for caveat in words.caveats(found):
        out.print(caveat, style="dim")


def _led(rule: RuleReport) -> str:
    lead = words.lead(rule)
    return f"first flagged {lead}" if lead else ""
