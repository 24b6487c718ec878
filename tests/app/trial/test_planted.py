"""The sandbox company loses deals that fall silent while early: a rule about that separates, and chance does not."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from app import pipeline
from app.cli.commands import cli
from app.config import Coaching
from app.errors import NotReady
from app.gate import named, open_gate
from app.run import Loop
from app.store import connections, schema
from app.store.connections import Vault
from app.store.frames import frames
from app.store.session import open_store
from app.trial.backtest import look, outcomes
from app.trial.past import Past
from coaching_rules.backtest.compare import Shares
from coaching_rules.backtest.panel import Outcomes, Span
from coaching_rules.backtest.report import Report, report
from coaching_rules.loader import load
from coaching_rules.model import RuleSet
from coaching_rules.vocabulary import Grain
from connectors.sandbox.company import company
from connectors.sandbox.org import Org
from connectors.sandbox.server import start

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
SPAN = Span(since=NOW - timedelta(days=20 * 28), until=NOW, every=56)
Tell = Callable[[Outcomes], Report]
RULE = """
id: silent_early
grain: deal
title: Silent while <early>
status: draft
owner: sales-ops
review_by: 2027-03-31
when: is_early and days_since_any >= 10
severity: 2
coach:
  why: "{deal_name} has been silent for {days_since_any} days."
  when: next pipeline_review
  where: pipeline_review
  minutes: 10
  area: opportunity
  ask: ["What would have to be true for them to want to meet?"]
  prepare: ["What changed at the customer?"]
cases:
  - {name: silent, fires: true, given: {is_early: true, days_since_any: 20}}
  - {name: in touch, fires: false, given: {is_early: true, days_since_any: 2}}
  - {name: no activity known, fires: not enough data, given: {is_early: true, days_since_any: null}}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a pulled company and, as its own rule, the planted one."""
    home = tmp_path_factory.mktemp("home")
    (home / "rules").mkdir()
    (home / "rules" / "silent_early.yml").write_text(RULE, "utf-8")
    org = Org(now=NOW)
    for name, rows in company(7, today=NOW.date(), scale=0.8):
        org.load(name, rows)
    store, vault = open_store(f"sqlite:///{home}/coachsync.sqlite3"), Vault(home, None)
    schema.ready(store)
    with start(org=org) as crm:
        where = {"login_url": crm.url, "client_id": crm.client_id, "username": crm.username, "ca_file": crm.ca_file}
        with store.begin() as transaction:
            connections.save(transaction, vault, "acme", "salesforce", where, {"private_key": crm.private_key_pem}, NOW)
        connected, coaching = named(store, "acme"), Coaching(api_share=1)
        connector = open_gate(store, vault, connected, coaching, NOW)
        nothing = RuleSet(rules=())
        loop = Loop(
            store=store, org=connected, connector=connector, coaching=coaching, rules=nothing, clock=lambda: NOW
        )
        pipeline.often(loop, push_too=False)
    store.close()
    return home


@pytest.fixture(scope="module")
def past(home: Path) -> Past:
    store = open_store(f"sqlite:///{home}/coachsync.sqlite3")
    rows = frames(store, 1, NOW)
    store.close()
    return Past(rows, NOW)


@pytest.fixture(scope="module")
def tell(home: Path, past: Past) -> Tell:
    """What a backtest of the planted rule says, given how the deals ended."""
    rules = load(home / "rules").rules
    looks = [look(past, rules, instant) for instant in SPAN.instants]
    by_grain: dict[Grain, list[pa.Table]] = {grain: [one[grain] for one in looks] for grain in looks[0]}
    return lambda ends: report(rules, by_grain, ends, SPAN, untold={}, todays={})


def test_the_planted_rule_separates_and_shuffled_fates_do_not(past: Past, tell: Tell) -> None:
    """Of deals that fell silent early, clearly more are lost; deal the fates out again and that is gone."""
    real = outcomes(past, NOW)
    assert _shares(tell(real)).difference > 0.1
    assert _shares(tell(real)).separate
    assert sum(_shares(tell(_dealt_again(real, seed))).separate for seed in range(40)) <= 5


def _shares(told: Report) -> Shares:
    fate = told.rules[0].fate
    assert fate
    assert fate.all.lost
    return fate.all.lost


def _dealt_again(real: Outcomes, seed: int) -> Outcomes:
    deals = sorted(real.lost)  # they come in any order, and one seed is to be one dealing
    fates = [real.lost[deal] for deal in deals]
    Random(seed).shuffle(fates)
    return Outcomes(lost=dict(zip(deals, fates)), days_before_end=real.days_before_end)


def test_who_is_open_at_the_end_is_neither_won_nor_lost(past: Past, tell: Tell) -> None:
    """Every deal of the looks is lost, won or open, and flags come before losses."""
    found = tell(outcomes(past, NOW))
    assert found.deals == found.lost + found.won + found.open
    (rule,) = found.rules
    assert rule.fate
    assert rule.fate.all.flagged_open > 0
    assert rule.fate.lead_days
    assert rule.fate.lead_days > 0
    everybody = rule.fate.all.flagged + rule.fate.all.flagged_open + rule.fate.all.flagged_alone
    assert rule.subjects == everybody


def test_the_commands_say_it_on_a_terminal_as_json_and_as_a_page(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One backtest: JSON with the rule's fate, and a page that asks no network and whose names are text."""
    monkeypatch.setenv("COACHSYNC_HOME", str(home))
    words = ["--from", "2026-09-14", "--to", "2026-11-20", "--every", "month", "--html", str(tmp_path / "page.html")]
    told = _run("backtest", "acme", *words, "--json")
    (planted,) = (rule for rule in told["rules"] if rule["rule"] == "silent_early")
    assert (told["looks"], planted["grain"], planted["status"]) == (3, "deal", "draft")
    assert planted["fate"]["all"]["flagged"] > 0
    (tasks,) = (rule for rule in told["rules"] if rule["rule"] == "commitments_open")
    assert tasks["untold"] == ["open_commitments", "commitment_late_days"]
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Silent while &lt;early&gt;" in page
    assert set(re.findall(r"https?://[^\s\"'<)]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert page.count("<svg ") >= 1
    assert "<script" not in page


def test_a_preview_names_what_is_found_and_what_would_fit(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drafts are tried too; what all conversations would take is more than what fits, and nothing is kept."""
    monkeypatch.setenv("COACHSYNC_HOME", str(home))
    told = _run("preview", "acme", "--json")
    (planted,) = (rule for rule in told["rules"] if rule["rule"] == "silent_early")
    assert planted["matched"] == len(planted["found"]) > 0
    assert all(one["about"] for one in planted["found"])
    assert any(one["manager"] for one in planted["found"])
    assert (
        sum(week["wanted_minutes"] for week in told["managers"]) > sum(w["used_minutes"] for w in told["managers"]) > 0
    )
    assert all(week["used_minutes"] <= week["minutes"] for week in told["managers"])
    assert told["left_out"]
    assert told == _run("preview", "acme", "--json") | {"as_of": told["as_of"]}


def _run(*words: str) -> dict[str, Any]:
    done = CliRunner().invoke(cli, ["rules", *words], catch_exceptions=False)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("words", [["--from", "yesterday"], ["--from", "2026-06-01", "--to", "2026-05-01"]])
def test_days_that_make_no_span_are_refused(home: Path, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With a sentence that says what to write."""
    monkeypatch.setenv("COACHSYNC_HOME", str(home))
    with pytest.raises(NotReady, match="--from"):
        CliRunner().invoke(cli, ["rules", "backtest", "acme", *words], catch_exceptions=False)
