"""Rules over the API: what was pushed, and what rules would say before they are."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from small_org import RULES, Company, open_company

from app.jobs.previews import previews
from app.store import requests, rulesets
from app.store.session import Store
from app.web.room import Room
from coaching_rules.loader import load, starter

QUIET_RULE = (RULES / "quiet_deal.yml").read_text()
PREVIEWS = "/api/v1/connections/{}/previews"


@pytest.fixture
def ops(as_role: Callable[..., httpx.Client]) -> httpx.Client:
    return as_role("ops")


def ask(ops: httpx.Client, connection: str, key: str, **what: Any) -> httpx.Response:
    return ops.post(PREVIEWS.format(connection), json=what, headers={"Idempotency-Key": key})


def test_versions_are_shown_with_their_files(ops: httpx.Client, room: Room) -> None:
    """The newest first; a version that never was is not there."""
    with room.store.begin() as transaction:
        first = rulesets.push(transaction, load(RULES), "the first", room.clock())
    (version,) = ops.get("/api/v1/rules/versions").json()["items"]
    assert (version["version"], version["message"], version["rules"]) == (first, "the first", 2)
    assert ops.get(f"/api/v1/rules/versions/{first}").json()["files"]["quiet_deal"] == QUIET_RULE
    assert ops.get("/api/v1/rules/versions/99").status_code == 404


def test_rules_are_tried_when_their_turn_comes(ops: httpx.Client, fresh: Store, tmp_path: Path) -> None:
    """Those sent along, those that are live, and for those that cannot be read the mistakes with their places."""
    company: Company = open_company(fresh, tmp_path)
    company.often()
    asked = {
        "files": ask(ops, "amber", "files", files={"quiet_deal": QUIET_RULE}),
        "live": ask(ops, "amber", "live"),
        "wrong": ask(ops, "amber", "wrong", files={"quiet_deal": "id: 7"}),
    }
    assert ask(ops, "amber", "none", version=9).status_code == 422
    assert ask(ops, "amber", "both", version=1, files={"quiet_deal": QUIET_RULE}).status_code == 422
    previews(company.loop())
    with fresh.read() as transaction:
        assert requests.asked(transaction) == set()
    answered = {name: ops.get(one.headers["location"]).json() for name, one in asked.items()}
    assert [rule["rule"] for rule in answered["files"]["answer"]["rules"]] == ["quiet_deal"]
    assert len(answered["files"]["answer"]["rules"][0]["found"]) == 4
    assert len(answered["live"]["answer"]["rules"]) == 2
    assert answered["wrong"]["answer"] is None
    assert "quiet_deal.yml" in answered["wrong"]["error"]
    company.close()


def test_a_preview_counts_people_and_does_not_name_them(ops: httpx.Client, fresh: Store, tmp_path: Path) -> None:
    """What is about a rep is for the rep and the manager, also before a rule is live."""
    company: Company = open_company(fresh, tmp_path)
    company.often()
    (uncoached,) = (rule.text for rule in starter().rules if rule.id == "rep_uncoached")
    everybody = "tenure_days >= 0 or days_since_coached >= 0 or coaching_known_days >= 0"
    rule_text = re.sub(r"(?m)^when: .*$", f"when: {everybody}", uncoached)
    asked = ask(ops, "amber", "people", files={"rep_uncoached": rule_text})
    previews(company.loop())
    answered = ops.get(asked.headers["location"]).json()
    assert answered["error"] is None
    (rule,) = answered["answer"]["rules"]
    assert rule["matched"] > 0
    assert rule["found"] == []
    company.close()
