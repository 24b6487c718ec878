"""The whole loop on Salesforce's Data Export: what it brings is what the API brings, and nothing is written."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app import pipeline
from app.config import Coaching
from app.errors import NotReady
from app.gate import named, open_gate
from app.run import Loop
from app.store import connections
from app.store.canonical import TABLES
from app.store.connections import Vault
from app.store.overview import overview
from app.store.session import Store
from coaching_rules.loader import starter
from connectors.records import KINDS
from connectors.sandbox.company import company
from connectors.sandbox.org import Org
from connectors.sandbox.schema import objects
from connectors.sandbox.server import Running, start

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
EXPORTED = (
    "User", "UserRole", "OpportunityStage", "Account", "Contact", "Opportunity", "OpportunityHistory",
    "OpportunityFieldHistory", "OpportunityContactRole", "Task", "Event",
)  # fmt: skip
EVERYTHING = frozenset(KINDS) - {"currency_rate", "note"}


def export(org: Org, folder: Path) -> None:
    """The org as Salesforce exports it: every value quoted, instants without a zone, flags as digits."""
    for name in EXPORTED:
        instants = {field.name for field in objects()[name].fields.values() if field.type == "datetime"}
        rows = org.rows(f"SELECT * FROM {name}")
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0], quoting=csv.QUOTE_ALL)
            writer.writeheader()
            writer.writerows({key: _as_exported(value, key in instants) for key, value in row.items()} for row in rows)


def _as_exported(value: Any, is_instant: bool) -> Any:
    return value[:19].replace("T", " ") if is_instant and value else value


@pytest.fixture(scope="module")
def crm() -> Iterator[Running]:
    org = Org(now=NOW)
    for name, rows in company(3, today=NOW.date(), scale=0.02):
        org.load(name, rows)
    with start(org=org) as running:
        yield running
    org.close()


@pytest.fixture
def exported(crm: Running, tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    export(crm.org, folder)
    return folder


def connected(store: Store, home: Path, crm: str, settings: dict[str, Any], **secrets: str) -> Loop:
    """A loop on a new connection that is called as its CRM."""
    vault = Vault(home, None)
    with store.begin() as transaction:
        connections.save(transaction, vault, crm, crm, settings, secrets, NOW)
    org = named(store, crm)
    gate = open_gate(store, vault, org, Coaching(), NOW)
    return Loop(store=store, org=org, connector=gate, coaching=Coaching(), rules=starter(), clock=lambda: NOW)


def held(loop: Loop, kind: str) -> list[dict[str, Any]]:
    """What a connection holds of a kind."""
    table = TABLES[kind]  # type: ignore[index]
    with loop.store.read() as transaction:
        rows = transaction.execute(select(table).where(table.c.connection_id == loop.org.id).order_by(table.c.id))
        return [{key: value for key, value in row._mapping.items() if key != "connection_id"} for row in rows]


def test_an_export_brings_what_the_api_brings(store: Store, tmp_path: Path, crm: Running, exported: Path) -> None:
    """Row by row and value by value, all kinds but notes, on both databases."""
    by_api = connected(
        store, tmp_path, "salesforce",
        {"login_url": crm.url, "client_id": crm.client_id, "username": crm.username, "ca_file": crm.ca_file,
         "key_field": "Coaching_Key__c"},
        private_key=crm.private_key_pem,
    )  # fmt: skip
    by_file = connected(store, tmp_path, "salesforce_export", {"dir": str(exported)})
    pipeline.often(by_api, push_too=False)
    pipeline.often(by_file, push_too=False)
    for kind in EVERYTHING:
        assert held(by_file, kind) == held(by_api, kind), kind
    assert len(held(by_file, "deal")) == 48
    assert len({row["role"] for row in held(by_file, "user")}) > 1


def test_the_whole_loop_but_push(sqlite: Store, tmp_path: Path, exported: Path) -> None:
    """A morning plans, each time the same, since nobody is told; nothing is owed; and push says why it does not."""
    loop = connected(sqlite, tmp_path, "salesforce_export", {"dir": str(exported)})
    report = pipeline.morning(loop)
    assert report.planned
    assert report.planned.new
    assert report.pushed is None
    assert report.api_calls == 0
    again = pipeline.morning(loop)
    assert again.pulled
    assert not any(again.pulled.rows.values())
    assert again.planned
    assert [item.subject_id for item in again.planned.new] == [item.subject_id for item in report.planned.new]
    with pytest.raises(NotReady, match="'salesforce_export' can only be read"):
        pipeline.send(loop)
    seen = overview(sqlite, named(sqlite, "salesforce_export"), 0.1, NOW)
    assert seen["paused"] is None
    assert seen["records"]["deal"] == 48
    assert seen["writes"] == {}
    preview = pipeline.preview(sqlite, loop.org, loop.coaching, loop.rules, as_of=NOW, now=NOW)
    assert preview.planned
    assert preview.planned.diff


def test_what_the_next_export_lacks_is_gone(sqlite: Store, tmp_path: Path, exported: Path) -> None:
    """Every row is read again, and what is no longer in the file is compared and marked; deals name stages, too."""
    loop = connected(sqlite, tmp_path, "salesforce_export", {"dir": str(exported)})
    pipeline.often(loop)
    before = (exported / "Opportunity.csv").read_text("utf-8").splitlines(keepends=True)
    left = before[1].split(",")[0].strip('"')
    (exported / "Opportunity.csv").write_text("".join([before[0], *before[2:]]), "utf-8")
    report = pipeline.often(loop)
    assert report.recounted
    assert (report.recounted.compared, report.recounted.gone) == (["stage", "deal"], 1)
    assert [row["id"] for row in held(loop, "deal") if row["gone"]] == [left]
    (exported / "Opportunity.csv").write_text("".join(before), "utf-8")
    pipeline.often(loop)
    assert not any(row["gone"] for row in held(loop, "deal"))


def test_a_nightly_comparison_finds_nothing_to_mend(sqlite: Store, tmp_path: Path, exported: Path) -> None:
    """The order of the ids is the same here and there."""
    loop = connected(sqlite, tmp_path, "salesforce_export", {"dir": str(exported)})
    pipeline.often(loop)
    done = pipeline.nightly(loop).recounted
    assert done
    assert (set(done.compared), done.missing, done.stale, done.gone) == (EVERYTHING, 0, 0, 0)


def test_on_the_command_line(tmp_path: Path, exported: Path) -> None:
    """Connected with one line; what cannot be done is said in a sentence, and has an exit code."""
    commands = (
        ("connect", "salesforce-export", "box", "--dir", str(exported)), ("run", "box", "--as-of", "2026-11-20"),
        ("push", "box"),
    )  # fmt: skip
    said = [(tmp_path / f"out{n}", tmp_path / f"err{n}") for n in range(len(commands))]
    where = {"COACHSYNC_HOME": str(tmp_path)}
    jobs = [
        json.dumps({"words": words, "environment": where, "out": str(out), "err": str(err), "most_bytes": 0})
        for words, (out, err) in zip(commands, said)
    ]
    codes = subprocess.run(
        [sys.executable, Path(__file__).with_name("commanding.py")],
        input="\n".join(jobs), stdout=subprocess.PIPE, text=True, check=True, timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200"},
    ).stdout.split()  # fmt: skip
    outs = [out.read_text() for out, _ in said]
    assert codes == ["0", "0", "3"], [err.read_text() for _, err in said]
    assert "✓ Opportunity.csv: 48 rows" in outs[0]
    assert "48 deal," in outs[1]
    assert "Not pushed: this connection can only be read." in outs[1]
    assert "'box' can only be read" in said[2][1].read_text()
