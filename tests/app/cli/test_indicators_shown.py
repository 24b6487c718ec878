"""What `coachsync indicators` prints and draws, of a small team that has history."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from app.cli.desk import indicators_of
from app.cli.indicators import indicators
from app.config import Coaching, Settings
from app.errors import NotReady
from app.store import canonical, schema
from app.store.ledger import connections
from app.store.session import open_store
from coaching_rules.loader import starter
from coaching_rules.model import RuleSet

NOW = datetime(2026, 5, 15, 7, tzinfo=UTC)
RULES = starter()
REPS = [f"Rep {n}" for n in range(6)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six reps with two meetings a working day, of whom one had one every other day in the last three weeks."""
    monkeypatch.setenv("COACHSYNC_HOME", str(tmp_path))
    monkeypatch.delenv("COACHSYNC_DATABASE_URL", raising=False)
    store = open_store(Settings().database_url)
    schema.ready(store)
    known = {"connection_id": 1, "changed_at": NOW, "observed_at": NOW, "created_at": NOW - timedelta(days=300)}
    people = [{"id": name, "name": name, "active": True, "manager_id": "Mona"} for name in ("Mona", *REPS)]
    stages = [
        {"id": name, "name": name, "label": name, "sort_order": at, "active": True, "closed": at == 3, "won": at == 3}
        for at, name in enumerate(("Meet", "Qualify", "Offer", "Won"))
    ]
    deals = [{"id": rep, "name": rep, "owner_id": rep, "stage": "Offer", "closed": False, "won": False} for rep in REPS]
    meetings = [
        {"id": f"{rep} {day} {n}", "type": "meeting", "owner_id": rep, "contact_id": "C", "deal_id": rep,
         "done": True, "two_way": True,
         "starts_at": NOW - timedelta(days=day, hours=n), "ends_at": NOW - timedelta(days=day, hours=n)}
        for rep in REPS for day in range(120) for n in (1, 2)
        if (NOW - timedelta(days=day)).weekday() < 5 and (rep != "Rep 0" or day > 20 or n + day % 2 == 1)
    ]  # fmt: skip
    with store.begin() as transaction:
        transaction.execute(
            connections.insert(),
            {"id": 1, "name": "amber", "crm": "salesforce", "settings": {}, "secrets": "", "created_at": NOW},
        )
        transaction.execute(canonical.users.insert(), [known | person for person in people])
        transaction.execute(canonical.stages.insert(), [known | stage for stage in stages])
        transaction.execute(canonical.deals.insert(), [known | deal for deal in deals])
        transaction.execute(canonical.activities.insert(), [known | meeting for meeting in meetings])
    store.close()
    return tmp_path


def test_the_table_and_the_pictures(home: Path, capsys: Any) -> None:
    """Count, what was likely and the band of everybody; a picture of who is off track."""
    indicators("amber", svg=home / "pictures", as_of=NOW.isoformat())
    said = capsys.readouterr().out
    (picture,) = (home / "pictures").iterdir()
    assert picture.name == "Rep 0-meetings_held.svg"
    assert "Rep 0: Meetings held" in ElementTree.fromstring(picture.read_text("utf-8")).attrib["aria-label"]
    assert [len([line for line in said.splitlines() if rep in line]) for rep in REPS] == [1] * 6
    assert "coach" in said


def test_the_same_for_scripts(home: Path, capsys: Any) -> None:
    """The least likely first, with every detector that could say something."""
    indicators("amber", as_json=True, as_of=NOW.isoformat())
    first, *others = json.loads(capsys.readouterr().out)["indicators"]
    assert (first["rep"], first["kind"], first["by"]["peer"]["count"]) == ("Rep 0", "coach", 9)
    assert {one["kind"] for one in others} == {"on_track"}


@pytest.mark.parametrize("mapped", [True, False])
def test_the_stages_that_the_org_calls_early(home: Path, capsys: Any, mapped: bool) -> None:
    """What coaching.toml says is early is early here as it is in the morning."""
    if mapped:
        (home / "coaching.toml").write_text('[early_stages]\namber = ["Offer"]\n', "utf-8")
    indicators("amber", as_json=True, as_of=NOW.isoformat())
    shown = {one["indicator_id"] for one in json.loads(capsys.readouterr().out)["indicators"]}
    assert ("early_deals_touched" in shown) is mapped


def test_goals_are_the_orgs_own(home: Path) -> None:
    """A number or peers, by an id that there is; another goal is another version."""
    plain = {one.id: one for one in indicators_of(Settings(), Coaching(), RULES)}
    goals = Coaching(goals={"meetings_held": 12, "new_deals": "peers"})
    own = {one.id: one for one in indicators_of(Settings(), goals, RULES)}
    assert (own["meetings_held"].goal, own["new_deals"]) == (12, plain["new_deals"])
    assert own["meetings_held"].version != plain["meetings_held"].version
    with pytest.raises(NotReady, match=r"goals\.meetings_hold: there is no such indicator"):
        indicators_of(Settings(), Coaching(goals={"meetings_hold": 12}), RULES)


def test_an_id_is_a_rules_or_an_indicators(home: Path) -> None:
    """What is found is known by it."""
    rule = replace(RULES.rules[0], id="new_deals")
    with pytest.raises(NotReady, match="both called `new_deals`"):
        indicators_of(Settings(), Coaching(), RuleSet(rules=(rule,)))
