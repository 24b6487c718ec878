"""An alarm opens one finding a rep, of live and of shadow indicators apart, and twice the same morning is once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from app.config import Coaching
from app.stages.judge import judge
from app.stages.measure import observe
from app.stages.watch import Watched, watch
from app.store import judgements
from coaching_rules.indicators.model import Counted, Indicator
from coaching_rules.model import RuleSet, Status

CALLS = Indicator(
    id="calls", title="Calls", status="live", owner="sales-ops", review_by=date(2027, 6, 30), process="call",
    layer="activity", counts=Counted(of="activity"), per="month", goal=None,
)  # fmt: skip
MAILS, MEETINGS = replace(CALLS, id="mails"), replace(CALLS, id="meetings")
REPS = [f"R{n}" for n in range(7)]


def watched(org: Any, indicators: Sequence[Indicator], days: int = 0, slow: float = 1) -> Watched:
    """Two of everything a working day, and of the first rep `slow` in the last three weeks before `days` ago; kept."""
    as_of = org.now - timedelta(days=days)
    measured = observe(org.store, 1, [CALLS], Coaching(), as_of=as_of, known_at=org.now)
    facts, found = measured.facts, measured.counts
    slump = as_of.date() - timedelta(days=21)
    counts = [
        {**row, "indicator_id": one.id, "count": slow if row["rep_id"] == "R0" and row["day"] >= slump else 2}
        for one in indicators
        for row in found["days"].to_pylist()
    ]
    with org.store.begin() as transaction:
        made = {name: pa.Table.from_pylist(counts) for name in ("counts", "seen")}
        seen = watch(transaction, 1, facts, {**found, **made}, indicators)
        judge(transaction, 1, None, facts, RuleSet(rules=()), seen.findings)
    return seen


def a_team(org: Any) -> None:
    org.user("M")
    for name in REPS:
        org.user(name, manager_id="M")
        org.deal(f"Deal of {name}", owner_id=name)


def of_status(indicator: Indicator, status: Status) -> Indicator:
    return replace(indicator, status=status)


def test_a_rep_has_one_finding_and_a_shadow_takes_no_ones_place(org: Any) -> None:
    """Three are off track: one that people are told of, one in the shadow, and one that is only shown."""
    a_team(org)
    indicators = [CALLS, MAILS, of_status(MEETINGS, "shadow"), of_status(replace(CALLS, id="drafts"), "draft")]
    first = watched(org, indicators)
    assert set(first.findings) == {("calls", "R0"), ("meetings", "R0")}
    assert first.off_track == {"coach": 2, "watch": 1}
    assert watched(org, indicators).findings.keys() == first.findings.keys()
    with org.store.read() as transaction:
        assert judgements.open_counts(transaction, 1) == {"calls": 1, "meetings": 1}


def test_what_is_found_says_what_was_likely(org: Any) -> None:
    """In the words of the sentence, with the version, and with what planning reads of the rep."""
    a_team(org)
    (row,) = watched(org, [CALLS]).findings.values()
    assert (row["rule_version"], row["grain"], row["kind"]) == (CALLS.version, "rep", "coaching")
    said = row["facts"]
    assert (said["rep_name"], said["manager_id"], said["count"], said["working_days"]) == ("R0", "M", 15, 15)
    assert said["count"] < said["expected"]
    assert said["by_chance"] == "less than once in 100"
    assert (said["low_weeks"], len(row["evidence"])) == (3, 3)
    going_by = {one["threshold_source"].partition("going by ")[2] for one in row["evidence"]}
    assert going_by == {
        "what comparable reps achieve",
        "comparable reps",
        "the rep's own twelve weeks before and the season",
    }


def test_a_goal_is_only_spoken_of_where_somebody_set_one(org: Any) -> None:
    """Then it is the goal."""
    a_team(org)
    (row,) = watched(org, [replace(CALLS, goal=40)]).findings.values()
    assert "going by the goal" in row["evidence"][0]["threshold_source"]


def test_who_is_not_to_be_seen_is_asked_after(org: Any) -> None:
    """Three weeks without anything are a line of the hygiene list with a fitting question."""
    a_team(org)
    (row,) = watched(org, [CALLS], slow=0).findings.values()
    assert (row["kind"], row["subject_id"]) == ("hygiene", "R0")
    assert "On 15 of the last 15 working days the CRM shows nothing at all" in row["facts"]["why"]


def test_a_standing_alarm_reads_as_of_today(org: Any) -> None:
    """What has got worse since is said as it is now; what was told is no evidence for anything new."""
    a_team(org)
    (told,) = watched(org, [CALLS], days=10).findings.values()
    (today,) = watched(org, [CALLS], slow=0.6).findings.values()
    assert (told["facts"]["count"], round(today["facts"]["count"])) == (15, 9)
    assert today["seen_at"] == org.now
    with org.store.read() as transaction:
        assert judgements.open_counts(transaction, 1) == {"calls": 1}


def test_an_alarm_that_has_passed_is_cleared(org: Any) -> None:
    """Who does as ever again is not spoken to about three weeks ago, and not about them anew."""
    a_team(org)
    assert watched(org, [CALLS], days=10).findings
    assert watched(org, [CALLS], slow=2).findings == {}
    with org.store.read() as transaction:
        assert judgements.open_counts(transaction, 1) == {}


def test_a_conversation_becomes_a_question_when_the_rep_disappears(org: Any) -> None:
    """Ten days later the CRM shows nothing at all."""
    a_team(org)
    (told,) = watched(org, [CALLS], days=10).findings.values()
    (today,) = watched(org, [CALLS], slow=0).findings.values()
    assert (told["kind"], today["kind"]) == ("coaching", "hygiene")
    with org.store.read() as transaction:
        assert [line["facts"]["why"] for line in judgements.hygiene(transaction, 1)] == [today["facts"]["why"]]


def test_an_indicator_that_is_retired_clears_what_it_found(org: Any) -> None:
    """As a rule does."""
    a_team(org)
    watched(org, [CALLS], days=1)
    assert watched(org, [of_status(CALLS, "retired")]).findings == {}
    with org.store.read() as transaction:
        assert judgements.open_counts(transaction, 1) == {}
