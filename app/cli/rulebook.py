"""The rule sets of this installation: write one out, compare two, look back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from app import pipeline
from app.cli import show
from app.cli.desk import (
    coaching_of,
    folder_rules,
    indicators_of,
    now,
    opened,
    out,
    read_settings,
    rules_of,
    say,
    stored_rules,
)
from app.cli.options import AsJson
from app.config import Settings
from app.errors import NotReady
from app.gate import named
from app.run import Report
from app.store import rulesets
from app.store.session import Store
from coaching_rules.changes import RuleChange, changes
from coaching_rules.model import RuleSet

LONGEST = 160
WHICH = "A version, `live`, or a folder (its rules over the starter pack)."


def pull(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; it must not hold rules yet.")],
    version: Annotated[int | None, typer.Option(help="A version of the history. Default: what is live.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the live rules, or an earlier version, as files: one a rule, ready to be changed and pushed."""
    settings = read_settings()
    with opened(settings) as store:
        files = _files(settings, store, version)
    if folder.is_dir() and any(file.suffix in (".yml", ".yaml") for file in folder.iterdir()):
        raise NotReady(f"{folder} holds rules already; name another folder, so that none is lost.")
    folder.mkdir(parents=True, exist_ok=True)
    for rule_id, text in files.items():
        (folder / f"{rule_id}.yml").write_text(text, encoding="utf-8", newline="")
    say({"folder": str(folder), "rules": sorted(files)}) if as_json else out.print(f"{len(files)} rules in {folder}.")


def _files(settings: Settings, store: Store, version: int | None) -> Mapping[str, str]:
    """As they were pushed, letter by letter, even where this coachsync can no longer load them."""
    with store.read() as transaction:
        known = [one.version for one in rulesets.history(transaction)]
        if known:
            return rulesets.texts(transaction, existing(known[0] if version is None else version, known))
    if version is not None:
        raise _unknown(version)
    return {rule.id: rule.text for rule in rules_of(settings, store, None).rules}


def existing(version: int, known: Sequence[int]) -> int:
    """The version, which raises NotReady where it is not among those that are known."""
    if version not in known:
        raise _unknown(version)
    return version


def _unknown(version: int) -> NotReady:
    return NotReady(f"There is no version {version}; `coachsync rules history` lists what was pushed.")


def history(as_json: AsJson = False) -> None:
    """Every version that was pushed, the newest first; that one is live."""
    with opened(read_settings()) as store, store.read() as transaction:
        versions = rulesets.history(transaction)
    if as_json:
        say({"versions": [show.plain(version) for version in versions]})
    elif not versions:
        out.print(
            "Nothing was pushed yet, so HOME/rules over the starter pack counts; see `coachsync rules push`.",
            soft_wrap=True,
        )
    else:
        table = Table("Version", "Pushed (UTC)", "Rules", "Hash", "Message")
        for at, one in enumerate(versions):
            label = f"{one.version} (live)" if at == 0 else str(one.version)
            table.add_row(label, f"{one.pushed_at:%Y-%m-%d %H:%M}", str(one.rules), one.hash, one.message)
        out.print(table)


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help=WHICH)],
    b: Annotated[str, typer.Argument(metavar="B", help=WHICH)],
    on: Annotated[str | None, typer.Option(help="Connection on whose stored rows both are tried.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which rules B adds, removes and changes, and with --on what that does to this week's prompts."""
    settings = read_settings()
    with opened(settings) as store:
        before, after = _ruleset(settings, store, a), _ruleset(settings, store, b)
        found = changes(before, after)
        weeks = _weeks(settings, store, on, before, after) if on else None
    if as_json:
        tried = {"connection": on, "a": show.plain(weeks[0]), "b": show.plain(weeks[1])} if weeks else None
        say({"a": a, "b": b, "changes": [show.plain(change) for change in found], "this_week": tried})
        return
    print_changes(found)
    if weeks:
        _print_weeks(weeks, (a, b))
    elif found:
        out.print("Add `--on NAME`, a connection, to see what that does to the prompts of a week.", style="dim")


def _ruleset(settings: Settings, store: Store, said: str) -> RuleSet:
    if said == "live":
        return rules_of(settings, store, None)
    if not said.isdecimal():
        return folder_rules(Path(said))
    with store.read() as transaction:
        known = [one.version for one in rulesets.history(transaction)]
        return stored_rules(transaction, existing(int(said), known))


@dataclass(frozen=True, slots=True, kw_only=True)
class ThisWeek:
    """What a rule set does with the rows as they are: findings, conversations asked for, and what fits the caps.

    `only_here` counts the new conversations that the other set would not have.
    """

    findings: int
    conversations_asked_for: int
    prompts: int
    only_here: int
    minutes: int


def _weeks(settings: Settings, store: Store, name: str, *tried: RuleSet) -> tuple[ThisWeek, ThisWeek]:
    org, moment, coaching = named(store, name), now(), coaching_of(settings)
    watched = indicators_of(settings, coaching, tried[0])
    a, b = pipeline.previews(store, org, coaching, tried, watched, as_of=moment, now=moment)
    return _week(a, b), _week(b, a)


def _week(report: Report, other: Report) -> ThisWeek:
    judged, planned = report.judged, report.planned
    assert judged is not None
    assert planned is not None
    return ThisWeek(
        findings=judged.opened + judged.persisting,
        conversations_asked_for=len(planned.new) + len(planned.left_out),
        prompts=sum(week.prompts for week in planned.budgets),
        only_here=len(_threads(report) - _threads(other)),
        minutes=sum(week.used_minutes for week in planned.budgets),
    )


def _threads(report: Report) -> set[str]:
    return {item.thread for item in report.planned.new} if report.planned else set()


def print_changes(found: Sequence[RuleChange]) -> None:
    """A line for each rule that is not the same in both sets, and one for each field that changed."""
    if not found:
        out.print("The same rules.")
    for change in found:
        out.print(f"{change.deed} {change.rule_id}: {change.title}", soft_wrap=True)
        for one in change.fields:
            before, after = (_clip(text) for text in (one.before, one.after))
            out.print(f"  {one.field}: {before or 'nothing'} → {after or 'nothing'}", soft_wrap=True)


def _clip(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _print_weeks(weeks: tuple[ThisWeek, ThisWeek], labels: tuple[str, str]) -> None:
    table = Table(
        "As things stand now", *labels, "Change", title="This week, with what is planned already", title_justify="left"
    )
    plain: list[dict[str, int]] = [show.plain(week) for week in weeks]
    for name, before in plain[0].items():
        after = plain[1][name]
        table.add_row(name.replace("_", " "), str(before), str(after), f"{after - before:+d}")
    out.print(table)
