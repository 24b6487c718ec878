"""What every command needs laid out before it: settings, store, clock, connection; and where its words go."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.config import BadCoaching, Coaching, Settings, read_coaching
from app.errors import NotReady
from app.gate import judged_as_of, named, open_gate
from app.run import Loop
from app.store import rulesets, schema
from app.store.connections import Org, Vault
from app.store.session import Store, Transaction, open_store
from coaching_rules.errors import RuleErrors
from coaching_rules.indicators.loading import named_apart, starter_indicators
from coaching_rules.indicators.model import Indicator
from coaching_rules.loader import load, load_texts, starter
from coaching_rules.model import RuleSet
from connectors.records import KINDS, Kind

# Names and texts of strangers go through here: no bracket or colon of theirs is a style or a picture.
out = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)


def now() -> datetime:
    """The clock, read here at the edge and handed in everywhere else."""
    return datetime.now(UTC)  # noqa: TID251


def instant(text: str | None, option: str = "--as-of") -> datetime | None:
    """What this option says, in UTC where it names no zone; NotReady when it is no instant."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotReady(f"{option} '{text}' is no instant; write 2026-11-23 or 2026-11-23T07:00+01:00.") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def judged(store: Store, org: Org, as_of: str | None, moment: datetime, *, quiet: bool) -> datetime:
    """What --as-of says, else when to judge by itself: now, or as of a copy's newest row, which is then told."""
    found = instant(as_of) or judged_as_of(store, org, moment)
    if not as_of and not quiet:
        tell_age(found, moment)
    return found


def tell_age(as_of: datetime, moment: datetime) -> None:
    """A line where what is judged is not of today."""
    days = (moment - as_of).days
    if days:
        when = f"{as_of:%Y-%m-%d %H:%M} UTC, when its newest row was changed, {days} day{'s' if days > 1 else ''} ago"
        out.print(f"Judged as of {when}; --as-of says otherwise.", style="dim", soft_wrap=True)


def say(value: Any) -> None:
    """One JSON object on standard output, for scripts."""
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False, indent=2) + "\n")


def read_settings() -> Settings:
    """The environment's settings, and logs that go to standard error as events."""
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = f"COACHSYNC_{'_'.join(map(str, wrong['loc'])).upper()}"
        raise NotReady(f"The environment variable {name} cannot be used: {wrong['msg']}.") from None
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False) if sys.stderr.isatty() else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    return settings


@contextmanager
def opened(settings: Settings, *, check: bool = True) -> Iterator[Store]:
    """The store, at the newest migration; raises StoreFailed with what to do otherwise."""
    store = open_store(settings.database_url)
    try:
        if check:
            schema.ready(store)
        yield store
    finally:
        store.close()


def coaching_of(settings: Settings) -> Coaching:
    """coaching.toml, or NotReady naming what is wrong in it."""
    try:
        return read_coaching(settings.home)
    except BadCoaching as error:
        raise NotReady(str(error)) from error


def rules_of(settings: Settings, store: Store, folder: Path | None) -> RuleSet:
    """The rules that count: of `folder` when one is named, else what was pushed last, else of HOME/rules.

    A folder's rules go over the starter pack; what was pushed is whole. Raises NotReady with every mistake.
    """
    with store.read() as transaction:
        version = None if folder else rulesets.newest(transaction)
        if version is not None:
            return stored_rules(transaction, version)
    return folder_rules(folder or own_folder(settings, "rules"))


def folder_rules(folder: Path | None) -> RuleSet:
    """The starter pack with the rules of `folder` over it. Raises NotReady with every mistake."""
    try:
        return load(folder, over=starter()) if folder else starter()
    except RuleErrors as errors:
        raise NotReady(f"{errors}") from errors


def stored_rules(transaction: Transaction, version: int) -> RuleSet:
    """What was pushed as this version. Raises NotReady where this coachsync can no longer read it."""
    try:
        return load_texts(rulesets.texts(transaction, version), f"version {version}")
    except RuleErrors as errors:
        raise NotReady(f"{errors}\nWrite it out with `coachsync rules pull`, mend it and push it again.") from errors


def indicators_of(settings: Settings, coaching: Coaching, rules: RuleSet) -> tuple[Indicator, ...]:
    """The starter indicators with those of HOME/indicators over them, and the goals of coaching.toml.

    Raises NotReady with every mistake, also where one has the id of a rule.
    """
    try:
        found = own_indicators(settings, rules)
    except RuleErrors as errors:
        raise NotReady(f"{errors}") from errors
    unknown = sorted(coaching.goals.keys() - {indicator.id for indicator in found})
    if unknown:
        raise NotReady(f"coaching.toml: goals.{unknown[0]}: there is no such indicator.")
    return tuple(_with_goal(indicator, coaching) for indicator in found)


def own_indicators(settings: Settings, rules: RuleSet) -> tuple[Indicator, ...]:
    """The indicators that would be watched beside these rules. Raises RuleErrors with every mistake."""
    found = starter_indicators(own_folder(settings, "indicators"))
    named_apart(found, rules)
    return found


def _with_goal(indicator: Indicator, coaching: Coaching) -> Indicator:
    goal = coaching.goals.get(indicator.id, indicator.goal or "peers")
    return replace(indicator, goal=None if goal == "peers" else goal)


def own_folder(settings: Settings, name: str) -> Path | None:
    """A folder of the org's own in HOME, if there is one."""
    folder = settings.home / name
    return folder if folder.is_dir() else None


@contextmanager
def at_work(name: str, *, rules: Path | None = None, quiet: bool = False) -> Iterator[Loop]:
    """A connection ready to run, with progress on a terminal."""
    settings = read_settings()
    with opened(settings) as store, _bars(quiet) as progress:
        yield replace(laid_out(settings, store, name, rules), progress=progress)


def laid_out(settings: Settings, store: Store, name: str, rules: Path | None = None) -> Loop:
    """All that the rhythms of a connection need, as it is set now; nothing is asked of the CRM yet."""
    coaching, org, ruleset = coaching_of(settings), named(store, name), rules_of(settings, store, rules)
    return Loop(
        store=store,
        org=org,
        connector=open_gate(store, vault_of(settings), org, coaching, now(), now),
        coaching=coaching,
        rules=ruleset,
        indicators=indicators_of(settings, coaching, ruleset),
        clock=now,
    )


def vault_of(settings: Settings) -> Vault:
    """What encrypts secrets here."""
    return Vault(settings.home, settings.secret_key.get_secret_value() if settings.secret_key else None)


@contextmanager
def _bars(quiet: bool) -> Iterator[Any]:
    columns = (
        TextColumn("{task.description:<13}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as progress:
        bars: dict[Kind, TaskID] = {}

        def show(kind: Kind, rows: int, expected: int | None) -> None:
            if kind not in bars:
                bars[kind] = progress.add_task(f"{KINDS.index(kind) + 1:>2} {kind}", total=expected)
            progress.update(bars[kind], completed=rows, total=max(expected or 0, rows))

        yield show
