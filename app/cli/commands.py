"""The commands, in the order in which a new user needs them."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from app import pipeline
from app.cli import pushing, rulebook, show
from app.cli.desk import (
    at_work,
    coaching_of,
    indicators_of,
    instant,
    judged,
    now,
    opened,
    out,
    own_folder,
    own_indicators,
    read_settings,
    rules_of,
    say,
    tell_age,
    vault_of,
)
from app.cli.guard import guarded
from app.cli.hooks import hook_cli
from app.cli.indicators import indicators
from app.cli.options import AsJson, AsOf, Name, Rules
from app.cli.playground import demo, sandbox
from app.cli.scorecard import scorecard
from app.cli.serving import db_rekey, db_upgrade, serve, worker
from app.cli.tokens import tokens_cli
from app.cli.trials import rules_backtest, rules_preview
from app.config import Coaching
from app.errors import NotReady
from app.gate import named, open_gate
from app.jobs.timetable import timetable
from app.store import connections
from app.store.connections import Org
from app.store.overview import overview, people
from app.store.session import Store
from app.team import unmatched
from coaching_rules.cases import check_cases
from coaching_rules.errors import RuleErrors
from coaching_rules.loader import ignored, load, starter
from coaching_rules.wordbook import words_page
from connectors.records import Check

cli = typer.Typer(
    name="coachsync",
    help="Coaching that happens, inside the CRM: pull, measure, judge, plan, push, reconcile.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
connect = typer.Typer(help="Connect a CRM org.", no_args_is_help=True)
rules_cli = typer.Typer(help="Work on coaching rules.", no_args_is_help=True)
db = typer.Typer(help="Look after the database.", no_args_is_help=True)
cli.add_typer(connect, name="connect")
cli.add_typer(rules_cli, name="rules")
cli.add_typer(db, name="db")
cli.add_typer(hook_cli, name="hook")
cli.add_typer(tokens_cli, name="token")


@connect.command("salesforce")
def connect_salesforce(
    name: Name,
    login_url: Annotated[
        str, typer.Option(help="https://login.salesforce.com, test.salesforce.com, or your My Domain.")
    ],
    client_id: Annotated[str, typer.Option(help="Consumer key of the External Client App.")],
    username: Annotated[str | None, typer.Option(help="Integration user, for the JWT bearer flow.")] = None,
    private_key_file: Annotated[Path | None, typer.Option(help="Its RSA private key (PEM).")] = None,
    client_secret_env: Annotated[
        str | None, typer.Option(help="Environment variable that holds the consumer secret (client credentials).")
    ] = None,
    refresh_token_env: Annotated[
        str | None, typer.Option(help="Environment variable that holds a refresh token.")
    ] = None,
    ca_file: Annotated[Path | None, typer.Option(help="PEM file of a private certificate authority.")] = None,
    key_field: Annotated[
        str, typer.Option(help="Unique external-id field on Activity; '' where there is none.")
    ] = "Coaching_Key__c",
    segment_field: Annotated[str, typer.Option(help="Field of Account that tells its segment.")] = "Industry",
    api_version: Annotated[str, typer.Option(help="API version.")] = "62.0",
) -> None:
    """Store a Salesforce connection and check it. Secrets are kept encrypted."""
    secrets = _secrets(username, private_key_file, client_secret_env, refresh_token_env)
    _check_address(login_url)
    settings = {
        "login_url": login_url.rstrip("/"),
        "client_id": client_id,
        "username": username,
        "ca_file": str(ca_file.resolve()) if ca_file else None,
        "key_field": key_field or None,
        "segment_field": segment_field,
        "api_version": api_version,
    }
    _keep(name, "salesforce", settings, secrets)


@connect.command("salesforce-export")
def connect_salesforce_export(
    name: Name,
    place: Annotated[
        Path, typer.Option("--dir", exists=True, help="Folder or .zip of the export; the next one may take its place.")
    ],
    encoding: Annotated[
        str | None, typer.Option(help="Encoding chosen for the export, where it is not UTF-8: Shift_JIS, ISO-8859-1.")
    ] = None,
    key_field: Annotated[
        str, typer.Option(help="Field of Activity that marks tasks we wrote; '' where there is none.")
    ] = "Coaching_Key__c",
    segment_field: Annotated[str, typer.Option(help="Field of Account that tells its segment.")] = "Industry",
) -> None:
    """Store a connection to Salesforce's Data Export and check it. It is only read: everything but push works."""
    settings = {
        "dir": str(place.resolve()),
        "encoding": encoding,
        "key_field": key_field or None,
        "segment_field": segment_field,
    }
    _keep(name, "salesforce_export", settings, {})


def _keep(name: str, crm: str, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    chosen = read_settings()
    with opened(chosen) as store, store.begin() as transaction:
        known = connections.find(transaction, name)
        if known and known.crm != crm:
            raise NotReady(f"'{name}' is a connection to {known.crm} with its own records; choose another name.")
        connections.save(transaction, vault_of(chosen), name, crm, settings, secrets, now())
    out.print(f"Stored connection '{name}'.")
    check(name)


def _secrets(
    username: str | None, key_file: Path | None, secret_env: str | None, token_env: str | None
) -> dict[str, str]:
    if key_file and not username:
        raise NotReady("The JWT bearer flow needs --username beside --private-key-file.")
    if key_file:
        try:
            return {"private_key": key_file.read_text(encoding="ascii")}
        except (OSError, UnicodeDecodeError) as error:
            raise NotReady(f"{key_file} cannot be read as a PEM file.") from error
    variables = {"client_secret": secret_env, "refresh_token": token_env}
    given = {kind: variable for kind, variable in variables.items() if variable}
    if not given:
        raise NotReady(
            "Say how to sign in: --username with --private-key-file, --client-secret-env, or --refresh-token-env."
        )
    unset = [variable for variable in given.values() if not os.environ.get(variable)]
    if unset:
        raise NotReady(f"The environment variable {unset[0]} is not set.")
    return {kind: os.environ[variable] for kind, variable in given.items()}


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and loopback)):
        raise NotReady(f"--login-url must be an https address like https://acme.my.salesforce.com, not '{url}'.")


@cli.command()
def check(name: Name, as_json: AsJson = False) -> None:
    """Look at everything the work needs in the org, and say what to mend. Changes nothing."""
    settings = read_settings()
    with opened(settings) as store:
        org = named(store, name)
        coaching = coaching_of(settings)
        with store.lock(name):  # to sign in beside a run would use up the refresh token in its hand
            checks = open_gate(store, vault_of(settings), org, coaching, now(), now).check()
            checks += _settings_checks(coaching, store, org)
            failed = [c for c in checks if not c.ok and c.fatal]
            if not failed and org.paused:
                with store.begin() as transaction:
                    connections.pause(transaction, org, None)
    if as_json:
        say({"ok": not failed, "checks": [show.plain(c) for c in checks]})
    else:
        show.checks(checks)
    if failed:
        raise typer.Exit(NotReady.exit_code)


def _settings_checks(coaching: Coaching, store: Store, org: Org) -> list[Check]:
    """What coaching.toml says of nobody and nothing: it would otherwise go unnoticed."""
    with store.read() as transaction:
        connected = {one.name for one in connections.every(transaction)}
    nowhere = [f'[early_stages] "{name}" is no connection.' for name in coaching.early_stages if name not in connected]
    users = people(store, org)  # before the first pull there is nobody to look for
    wrong = nowhere + (unmatched(users, coaching) if users else [])
    remedy = "Write names as the CRM does in coaching.toml; what matches nobody has no effect."
    return [Check(name="coaching.toml", ok=False, detail=" ".join(wrong), remedy=remedy, fatal=False)] if wrong else []


@cli.command()
def pull(
    name: Name,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Also compare all records with the CRM, and mend what differs.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring home what changed, and see what people did with our tasks."""
    with at_work(name, quiet=as_json) as loop:
        report = pipeline.often(loop, sweep=sweep, push_too=False)
    say(report.counts()) if as_json else show.pulled(report)


@cli.command()
def plan(name: Name, as_of: AsOf = None, rules: Rules = None, as_json: AsJson = False) -> None:
    """Show what a morning would plan and write, against what the CRM holds. Changes nothing."""
    settings = read_settings()
    coaching = coaching_of(settings)
    with opened(settings) as store:
        org, ruleset = named(store, name), rules_of(settings, store, rules)
        watched, moment = indicators_of(settings, coaching, ruleset), now()
        at = judged(store, org, as_of, moment, quiet=as_json)
        report = pipeline.preview(store, org, coaching, ruleset, watched, as_of=at, now=moment)
        names = show.names(store, org.id, report)
    say(show.plan_json(report, names)) if as_json else show.plan(report, names)


@cli.command()
def push(name: Name, as_json: AsJson = False) -> None:
    """Send to the CRM what is pending."""
    with at_work(name, quiet=as_json) as loop:
        report = pipeline.send(loop)
    say(report.counts()) if as_json else show.pushed(report)


@cli.command()
def run(name: Name, as_of: AsOf = None, rules: Rules = None, as_json: AsJson = False) -> None:
    """A morning: pull, reconcile, measure, judge, plan, push."""
    with at_work(name, rules=rules, quiet=as_json) as loop:
        report = pipeline.morning(loop, as_of=instant(as_of))
        names = show.names(loop.store, loop.org.id, report)
    if as_json:
        say(report.counts() | {"as_of": report.as_of})
        return
    if not as_of:
        tell_age(report.as_of, now())
    show.morning(report, names)


@cli.command()
def status(
    name: Annotated[str | None, typer.Argument(help="Name of a connection. Default: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """What is stored, what is open, what the CRM refused and what to do about it."""
    settings = read_settings()
    with opened(settings) as store:
        with store.read() as transaction:
            orgs = [named(store, name)] if name else connections.every(transaction)
        coaching, moment = coaching_of(settings), now()
        found = [
            overview(store, org, coaching.api_share, moment) | {"jobs": timetable(store, org, coaching, moment)}
            for org in orgs
        ]
    say({"connections": found}) if as_json else show.status(found)


@rules_cli.command("check")
def rules_check(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of rules. Default: HOME/rules, or the starter pack.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load rules and indicators, list every mistake with its place, and run every rule's cases."""
    settings = read_settings()
    chosen = folder or own_folder(settings, "rules")
    try:
        ruleset = load(chosen) if chosen else starter()
        watched = own_indicators(settings, starter().overridden_by(ruleset.rules))
    except RuleErrors as errors:
        if as_json:
            say({"ok": False, "errors": [show.plain(error) for error in errors.errors]})
        else:
            out.print(str(errors), soft_wrap=True)
        raise typer.Exit(NotReady.exit_code) from errors
    failures = check_cases(ruleset)
    others, late = ignored(chosen) if chosen else (), show.past_review(ruleset, now().date())
    if as_json:
        ids = {"rules": [rule.id for rule in ruleset.rules], "indicators": [one.id for one in watched]}
        said = {"failures": [str(f) for f in failures], "warnings": show.warnings(ruleset), "ignored": others}
        say({"ok": not failures, **ids, **said, "past_review": late})
    else:
        show.rules(ruleset, failures)
        show.remarks(ruleset, others)
        for line in late:
            out.print(line, style="yellow", soft_wrap=True)
        if not ruleset.rules:
            out.print(f"There are no rules in {chosen}, so the starter pack alone counts.", soft_wrap=True)
        out.print(f"{len(watched)} indicators: {', '.join(one.id for one in watched)}.", soft_wrap=True)
    if failures:
        raise typer.Exit(NotReady.exit_code)


@rules_cli.command("words")
def rules_words() -> None:
    """Print the words and functions that a condition may use, with their meaning, unit and source."""
    out.print(words_page(), highlight=False, soft_wrap=True)


for command in (pushing.push, rulebook.pull, rulebook.diff, rulebook.history, pushing.rollback):
    rules_cli.command()(command)
rules_cli.command("preview")(rules_preview)
rules_cli.command("backtest")(rules_backtest)
cli.command()(indicators)
cli.command()(scorecard)
cli.command()(serve)
cli.command()(worker)
db.command("upgrade")(db_upgrade)
db.command("rekey")(db_rekey)
cli.command()(sandbox)
cli.command()(demo)


def main() -> None:
    """Run the command line; what stops a run becomes one sentence and an exit code."""
    sys.exit(guarded(cli))
