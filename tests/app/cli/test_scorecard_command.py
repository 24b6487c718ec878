"""The scorecard as a leader reads it: also what rules find about managers, for which nobody gets a task."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from small_org import NAME, open_company
from typer.testing import CliRunner

from app import pipeline
from app.cli.commands import cli
from app.store import schema
from app.store.session import open_store
from coaching_rules.loader import load

RULE = """
id: nothing_led
grain: manager
title: Nobody leads here yet
status: {status}
owner: sales-ops
review_by: 2030-01-01
when: reps >= 1
severity: 1
coach:
  why: "{{manager_name}} has reps: {{reps}}."
  when: next one_on_one
  where: one_on_one
  minutes: 10
  area: enablement
  competency: coaching
  ask: ["What would you like to try?"]
cases:
  - {{name: one, fires: true, given: {{reps: 1}}}}
  - {{name: none, fires: false, given: {{reps: 0}}}}
  - {{name: unknown, fires: not enough data, given: {{reps: null}}}}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With a morning behind it, judged by one rule about managers that lies among the home's own."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/nothing_led.yml").write_text(RULE.format(status="live"))
    store = open_store(f"sqlite:///{tmp_path}/coachsync.sqlite3")
    schema.ready(store)
    company = open_company(store, tmp_path, now=datetime.now(UTC))
    pipeline.morning(replace(company.loop(), rules=load(tmp_path / "rules")))
    company.close()
    store.close()
    return tmp_path


def said(home: Path, *words: str) -> Any:
    done = CliRunner().invoke(cli, ["scorecard", NAME, *words], env={"COACHSYNC_HOME": str(home), "COLUMNS": "200"})
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout) if "--json" in words else done.stdout


def test_what_rules_find_about_managers_is_told_to_who_reads_the_scorecard(home: Path) -> None:
    """By name and in the rule's own sentence; as long as the rule is live."""
    found = said(home, "--json")["found"]
    assert {one["rule"] for one in found} == {"nothing_led"}
    for one in found:
        assert one["why"].startswith(f"{one['manager']} has reps: ")
        assert f"Nobody leads here yet. {one['why']}" in said(home)
    (home / "rules/nothing_led.yml").write_text(RULE.format(status="shadow"))
    assert said(home, "--json")["found"] == []
    assert "Found by rules" not in said(home)
