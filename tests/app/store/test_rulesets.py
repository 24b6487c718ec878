"""Rule sets are kept whole, one version after the other, and findings point into them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.stages.judge import judge
from app.stages.measure import measure
from app.store import rulesets
from app.store.coaching import findings
from app.store.session import Store
from coaching_rules.loader import load, load_texts, starter
from coaching_rules.model import RuleSet

SMALL = load(Path(__file__).parents[1] / "small_rules")


def push(store: Store, rules: RuleSet, at: Any, message: str = "") -> int | None:
    with store.begin() as transaction:
        return rulesets.push(transaction, rules, message, at)


def test_what_was_pushed_is_read_back_to_the_letter(store: Store, org_anywhere: Any) -> None:
    """Every file of every version; the newest is live, and the history says when and why."""
    now = org_anywhere.now
    first, second = push(store, SMALL, now, "two rules"), push(store, starter(), now + timedelta(days=1), "Ünder way")
    with store.read() as transaction:
        assert rulesets.newest(transaction) == second
        assert rulesets.texts(transaction, first or 0) == {rule.id: rule.text for rule in SMALL.rules}
        read = load_texts(rulesets.texts(transaction, second or 0), "version 2")
        versions = rulesets.history(transaction)
    assert read == starter()
    assert [rule.version for rule in read.rules] == [rule.version for rule in starter().rules]
    told = [(one.version, one.rules, one.message, one.pushed_at) for one in versions]
    assert told == [(second, len(starter().rules), "Ünder way", now + timedelta(days=1)), (first, 2, "two rules", now)]


def test_pushing_the_same_again_is_no_new_version(store: Store, org_anywhere: Any) -> None:
    """Only what is live counts: an older version pushed again is a version of its own."""
    assert push(store, SMALL, org_anywhere.now)
    assert push(store, SMALL, org_anywhere.now) is None
    assert push(store, starter(), org_anywhere.now)
    assert push(store, SMALL, org_anywhere.now)
    with store.read() as transaction:
        hashes = [one.hash for one in rulesets.history(transaction)]
    assert hashes[0] == hashes[2] != hashes[1]


def test_nothing_pushed_is_nothing_live(store: Store, org_anywhere: Any) -> None:
    """An empty history, and no files."""
    with store.read() as transaction:
        assert rulesets.newest(transaction) is None
        assert rulesets.history(transaction) == []
        assert rulesets.texts(transaction, 1) == {}


def test_a_finding_leads_to_the_file_that_made_it(store: Store, org_anywhere: Any) -> None:
    """By rule and version, also after the rule was changed and pushed again."""
    org = org_anywhere
    org.deal(stage="Qualify")
    org.activity(20)
    quiet = {"quiet_deal": SMALL.get("quiet_deal").text}
    seen = []
    for days in ("14", "15"):
        rules = load_texts({"quiet_deal": quiet["quiet_deal"].replace(">= 14", f">= {days}")}, "pushed")
        push(store, rules, org.now)
        with store.begin() as transaction:
            judge(transaction, 1, None, measure(store, 1, as_of=org.now), rules)
            page = rulesets.rule_pages.c
            made = (page.rule_id == findings.c.rule_id) & (page.rule_version == findings.c.rule_version)
            seen += transaction.scalars(select(page.text).select_from(findings).join(rulesets.rule_pages, made)).all()
    assert [f"days_since_any >= {days}" in text for days, text in zip(("14", "15"), seen)] == [True, True]
