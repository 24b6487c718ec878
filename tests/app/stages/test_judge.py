"""Findings over time: written when something about them changed, and only then."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.stages.judge import judge
from app.stages.measure import measure
from app.store.coaching import findings
from coaching_rules.loader import starter
from coaching_rules.model import RuleSet

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def judged(org: Any, at: datetime) -> dict[str, Any]:
    """The newest overdue finding after a judgement at this instant."""
    facts = measure(org.store, 1, as_of=at, known_at=at)
    with org.store.begin() as transaction:
        judge(transaction, 1, None, facts, starter())
        overdue = select(findings).where(findings.c.rule_id == "close_date_overdue").order_by(findings.c.id.desc())
        return dict(transaction.execute(overdue).mappings().first() or {})


def test_a_finding_is_written_again_only_when_its_evidence_changed(org_anywhere: Any) -> None:
    """An hour later its row is as it was; a day later it says another number, on the same row."""
    org, now = org_anywhere, org_anywhere.now
    org.deal(close_date=(now - 3 * DAY).date(), amount=1e15 / 3)
    first, again, later = (judged(org, at) for at in (now, now + HOUR, now + DAY))
    assert again == first
    assert later == first | {"evidence": later["evidence"], "facts": later["facts"], "seen_at": now + DAY}
    assert [row["evidence"][0]["value"] for row in (first, later)] == [3, 4]


def test_a_finding_that_comes_back_is_another_episode(org_anywhere: Any) -> None:
    """What cleared stays as it was; what opens again counts on."""
    org, now = org_anywhere, org_anywhere.now
    org.deal(close_date=(now - 3 * DAY).date())
    told = [judged(org, now)]
    for days, date in ((1, now + 9 * DAY), (2, now - 3 * DAY)):
        with org.store.begin() as transaction:
            transaction.exec_driver_sql(f"UPDATE deals SET close_date = '{date.date()}'")
        told.append(judged(org, now + days * DAY))
    assert [(row["state"], row["episode"]) for row in told] == [("open", 1), ("cleared", 1), ("open", 2)]


def test_a_finding_has_what_its_sentences_and_planning_read(org_anywhere: Any) -> None:
    """Not every word of the deal is kept with each of its findings."""
    org_anywhere.user("R", manager_id="M")
    org_anywhere.deal(name="Zinc Yard", owner_id="R", close_date=(org_anywhere.now - 3 * DAY).date(), amount=7)
    facts = judged(org_anywhere, org_anywhere.now)["facts"]
    assert (facts["deal_name"], facts["owner_id"], facts["manager_id"], facts["amount"]) == ("Zinc Yard", "R", "M", 7)
    assert (facts["overdue_days"], facts["close_date"], "contacts" in facts) == (3, "2026-05-12", False)


def test_a_rule_that_names_events_opens_after_one_and_stays_until_it_no_longer_holds(org_anywhere: Any) -> None:
    """Without one it finds nothing new; after one it is held against every look, as any other rule is."""
    org, now = org_anywhere, org_anywhere.now
    org.deal(close_date=(now - 3 * DAY).date())
    overdue = replace(starter().get("close_date_overdue"), on=("amount_cut", "owner_changed"))
    news = {"D": frozenset({"amount_cut"})}

    def look(happened: dict[str, frozenset[str]], at: datetime) -> tuple[int, int, int]:
        with org.store.begin() as transaction:
            facts = measure(org.store, 1, as_of=at, known_at=at)
            done = judge(transaction, 1, None, facts, RuleSet(rules=(overdue,)), happened=happened)
        return done.opened, done.persisting, done.cleared

    other = {"D": frozenset({"help_requested"}), "E": frozenset({"amount_cut"})}
    looks = [look(happened, now + n * HOUR) for n, happened in enumerate(({}, other, news, {}))]
    assert looks == [(0, 0, 0), (0, 0, 0), (1, 0, 0), (0, 1, 0)]
    with org.store.begin() as transaction:
        transaction.exec_driver_sql(f"UPDATE deals SET close_date = '{(now + 9 * DAY).date()}'")
    assert look({}, now + DAY) == (0, 0, 1)
