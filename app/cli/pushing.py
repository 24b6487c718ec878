"""Rules go live: those of a folder, or those of an earlier version."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli import show
from app.cli.desk import folder_rules, now, opened, out, own_indicators, read_settings, rules_of, say, stored_rules
from app.cli.options import AsJson
from app.cli.rulebook import existing, print_changes
from app.config import Settings
from app.errors import NotReady
from app.store import rulesets
from app.store.rulesets import Version
from app.store.session import Store
from coaching_rules.cases import check_cases
from coaching_rules.changes import RuleChange, changes
from coaching_rules.errors import RuleErrors
from coaching_rules.loader import ignored, starter
from coaching_rules.model import RuleSet

Message = Annotated[str, typer.Option("--message", "-m", help="Why, for the history.")]
STARTER = 0
"""What stands for the starter pack where a version is asked for; versions count from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of a push: the version that is live, whether it is `new`, and what it changes.

    `changes` is None where the rules that counted before can no longer be read.
    """

    new: bool
    live: Version
    changes: tuple[RuleChange, ...] | None


def push(
    folder: Annotated[Path | None, typer.Argument(help="Folder of rules. Default: HOME/rules.")] = None,
    message: Message = "",
    as_json: AsJson = False,
) -> None:
    """Make the rules of a folder, over the starter pack, live for every connection from the next run on."""
    settings = read_settings()
    chosen = folder or settings.home / "rules"
    if chosen.is_file():
        raise NotReady(f"{chosen} is one file, and what is pushed is a whole set; name its folder.")
    rules = folder_rules(chosen)
    own = {file.stem for file in chosen.iterdir()}
    ours = [rule.id for rule in starter().rules if rule.id not in own]
    _say(_make_live(settings, rules, message), rules, as_json, ours, ignored(chosen))


def rollback(
    version: Annotated[
        int | None, typer.Argument(help="Version to go back to; 0 is the starter pack. Default: the one before.")
    ] = None,
    message: Message = "",
    as_json: AsJson = False,
) -> None:
    """Push an earlier version again; what lies between stays in the history."""
    settings = read_settings()
    with opened(settings) as store, store.read() as transaction:
        known = [one.version for one in rulesets.history(transaction)]
        if not known:
            raise NotReady("There is nothing to go back from: `coachsync rules history` lists what was pushed.")
        target = [*known, STARTER][1] if version is None else version
        rules = starter() if target == STARTER else stored_rules(transaction, existing(target, known))
    said = f"back to version {target}" if target else "back to the starter pack"
    _say(_make_live(settings, rules, message or said), rules, as_json)


def _make_live(settings: Settings, rules: RuleSet, message: str) -> Pushed:
    try:
        own_indicators(settings, rules)  # one with the id of a rule would stop every run
    except RuleErrors as errors:
        raise NotReady(f"{errors}\nNothing was pushed.") from errors
    failures = check_cases(rules)
    if failures:
        raise NotReady("\n".join([*map(str, failures), "Nothing was pushed: a rule has to keep its cases."]))
    with opened(settings) as store:
        found = _changes(settings, store, rules)
        with store.begin() as transaction:
            version = rulesets.push(transaction, rules, message, now())
            return Pushed(new=version is not None, live=rulesets.history(transaction)[0], changes=found)


def _changes(settings: Settings, store: Store, rules: RuleSet) -> tuple[RuleChange, ...] | None:
    try:
        return changes(rules_of(settings, store, None), rules)
    except NotReady:  # which this push may be there to mend
        return None


def _say(
    done: Pushed, rules: RuleSet, as_json: bool, from_starter: Sequence[str] = (), others: Sequence[str] = ()
) -> None:
    if as_json:
        changed = None if done.changes is None else [show.plain(change) for change in done.changes]
        said: dict[str, Any] = {"pushed": done.new, **show.plain(done.live), "changes": changed}
        say(said | {"warnings": show.warnings(rules), "from_starter": from_starter, "ignored": others})
        return
    is_live = "is live now" if done.new else "is live already and says the same"
    out.print(f"Version {done.live.version} {is_live} ({done.live.rules} rules, {done.live.hash}).")
    if done.changes:
        print_changes(done.changes)
    if from_starter:
        stops = "a file of that name with `status: retired` stops one"
        out.print(f"From the starter pack: {', '.join(from_starter)}; {stops}.", soft_wrap=True)
    show.remarks(rules, others)
