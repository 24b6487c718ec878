"""The main job on data that nobody here wrote: 8,800 opportunities of Maven's CRM Sales Opportunities."""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import pipeline
from app.config import Coaching
from app.gate import named, open_gate
from app.run import Loop, Report
from app.store import canonical, connections, ledger, schema
from app.store.connections import Vault
from app.store.session import Store, open_store
from coaching_rules.loader import load, starter
from connectors.sandbox.maven import maven
from connectors.sandbox.org import Org
from connectors.sandbox.server import Running, start

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "maven_crm_sales"
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the Maven data is not beside this checkout")


@pytest.fixture(scope="module")
def crm() -> Iterator[Running]:
    org = Org(now=NOW)
    for name, rows in maven(DATA, today=NOW.date()):
        org.load(name, rows)
    with start(org=org) as running:
        yield running


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('maven')}/coachsync.sqlite3")
    schema.ready(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def mornings(crm: Running, store: Store, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Report]:
    """Two runs, one after the other, with the starter pack and the org's own rule of docs/real-data."""
    vault = Vault(tmp_path_factory.mktemp("home"), None)
    settings = {
        "login_url": crm.url,
        "client_id": crm.client_id,
        "username": crm.username,
        "ca_file": crm.ca_file,
        "key_field": "Coaching_Key__c",
    }
    with store.begin() as transaction:
        connections.save(transaction, vault, "maven", "salesforce", settings, {"private_key": crm.private_key_pem}, NOW)
    rules = load(ROOT / "docs" / "real-data" / "rules", over=starter())

    def morning() -> Report:
        org = named(store, "maven")
        connector = open_gate(store, vault, org, Coaching(), NOW)
        loop = Loop(store=store, org=org, connector=connector, coaching=Coaching(), rules=rules, clock=lambda: NOW)
        return pipeline.morning(loop)

    return morning(), morning()


def test_counts_by_stage_equal_the_file(mornings: tuple[Report, Report], store: Store) -> None:
    """What is stored is what the file says, stage by stage."""
    with (DATA / "sales_pipeline.csv").open(encoding="utf-8") as file:
        expected = Counter(row["deal_stage"] for row in csv.DictReader(file))
    with store.read() as transaction:
        found = transaction.execute(select(canonical.deals.c.stage, func.count()).group_by(canonical.deals.c.stage))
        assert {row[0]: row[1] for row in found} == expected


def test_a_second_run_writes_nothing(mornings: tuple[Report, Report], crm: Running) -> None:
    """The first run writes what it says, the second nothing at all."""
    first, second = mornings
    assert first.pushed
    assert first.pushed.tasks_created == crm.org.count("Task") == 24
    assert second.pushed
    assert second.pushed.sent == 0
    assert second.planned
    assert (second.planned.new, second.planned.updated, second.planned.cleared) == ((), (), ())


def test_what_the_file_does_not_say_is_not_enough_data(mornings: tuple[Report, Report], store: Store) -> None:
    """Open deals here have no amount, no close date and no activity: rules that need them say so and find nothing."""
    judged = mornings[0].judged
    assert judged
    silent = ("deal_untouched", "close_date_overdue", "close_date_pushed")
    assert {rule: judged.tallies[rule].not_enough_data for rule in silent} == dict.fromkeys(silent, 2089)
    matched = {rule: tally.matched for rule, tally in judged.tallies.items() if tally.matched}
    assert matched == {"engaged_beyond_any_close": 1291, "pipeline_creation_low": 3}
    with store.read() as transaction:
        assert transaction.scalar(select(func.count()).select_from(ledger.intents)) == 36
