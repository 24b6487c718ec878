"""Watch: which leading indicators are off track? An alarm is told once, one a rep, and stands while it is so."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pyarrow as pa

from app.store import judgements
from app.store.session import Transaction
from app.store.tables import row_of
from coaching_rules.engine import Facts
from coaching_rules.indicators.alarms import assess, readings
from coaching_rules.indicators.course import course
from coaching_rules.indicators.detectors import LOOKBACK
from coaching_rules.indicators.model import Alarm, Indicator
from coaching_rules.indicators.observations import Observations
from coaching_rules.indicators.prompting import STANDS_DAYS, evidence, prompt, still_low, values

Row = dict[str, Any]
CARRIED = ("rep_id", "rep_name", "manager_id", "days_since_coached", "capture_coverage")
"""Words of the rep that planning and `status` read in every finding."""
WHERE_IS_THE_REST = "Most open deals of this rep show no recent activity: is the rest of the work in the CRM?"
WHERE_IS_THE_REP = (
    "On {days} of the last 15 working days the CRM shows nothing at all of this rep's work:"
    " away, or is the work not in the CRM?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The findings that hold, by indicator and rep: what is new, and what still stands as of today; alarms by kind."""

    findings: Mapping[tuple[str, str], Row]
    off_track: Mapping[str, int]


def watch(
    transaction: Transaction,
    connection_id: int,
    facts: Facts,
    counts: Mapping[str, pa.Table],
    indicators: Sequence[Indicator],
) -> Watched:
    """Hold the counts against what was to be expected, and keep what each version of an indicator meant.

    Shadow indicators are held apart, so that what nobody is told about takes no place from what people are.
    """
    judged = [indicator for indicator in indicators if indicator.status in ("live", "shadow")]
    if not judged:
        return Watched(findings={}, off_track={})
    earlier = judgements.since(
        transaction, connection_id, [i.id for i in judged], facts.as_of - timedelta(days=LOOKBACK)
    )
    observed = Observations(told=told(earlier), **counts)
    findings, off_track = dict[tuple[str, str], Row](), Counter[str]()
    for status in ("live", "shadow"):
        some = {indicator.id: indicator for indicator in judged if indicator.status == status}
        own = [row for row in earlier if row["rule_id"] in some]
        alarms = assess(list(some.values()), observed, facts.as_of.date())
        off_track.update(alarm.kind for alarm in alarms)
        spoken_of = {row["subject_id"] for row in own if row["state"] == "open"}
        new = (a for a in alarms if a.kind in ("coach", "data") and a.rep_id not in spoken_of)
        rows = [
            *_standing(own, some, observed, facts),
            *(_finding(a, some[a.indicator_id], observed, facts) for a in new),
        ]
        findings |= {(row["rule_id"], row["subject_id"]): row for row in rows}
    judgements.keep_versions(transaction, [_version(indicator, facts) for indicator in judged])
    return Watched(findings=findings, off_track=off_track)


def _standing(
    earlier: Sequence[Row], indicators: Mapping[str, Indicator], observed: Observations, facts: Facts
) -> Iterator[Row]:
    """What was told and is still so, as it reads today; what nothing can be said of today stands as it was told.

    The days that raised an alarm are no evidence for another, but they are what that one is about.
    """
    stand_from = facts.as_of - timedelta(days=STANDS_DAYS)
    standing = [row for row in earlier if row["state"] == "open" and row["opened_at"] > stand_from]
    before = replace(observed, told=told(row for row in earlier if row not in standing))
    asked = [indicators[name] for name in sorted({row["rule_id"] for row in standing})]
    today = {(a.indicator_id, a.rep_id): a for a in readings(asked, before, facts.as_of.date())}
    still = {(one.id, rep) for one in asked for rep in before.judged(one)}
    for row in (row for row in standing if (row["rule_id"], row["subject_id"]) in still):
        alarm, measure = today.get((row["rule_id"], row["subject_id"])), row["facts"].get("measure")
        if alarm is None or measure not in {None, *alarm.by}:
            yield row
        elif low := still_low(alarm, measure):
            yield _finding(low, indicators[row["rule_id"]], before, facts)


def told(earlier: Iterable[Row]) -> pa.Table:
    """Earlier alarms as Observations have them: the days before one are no evidence for another."""
    rows = [(row["subject_id"], row["rule_id"], row["opened_at"].date()) for row in earlier]
    reps, ids, days = ([row[at] for row in rows] for at in range(3))
    columns = pa.array(reps, pa.string()), pa.array(ids, pa.string()), pa.array(days, pa.date32())
    return pa.table(dict(zip(("rep_id", "indicator_id", "day"), columns)))


def _finding(alarm: Alarm, indicator: Indicator, observed: Observations, facts: Facts) -> Row:
    reps = facts.tables["rep"]
    at = reps["rep_id"].index(alarm.rep_id).as_py()
    said = values(indicator, alarm, course(indicator, observed, alarm))
    kind, question = ("hygiene", {"why": _question(alarm)}) if alarm.doubtful else ("coaching", {})
    return {
        "rule_id": indicator.id,
        "subject_id": alarm.rep_id,
        "rule_version": indicator.version,
        "grain": "rep",
        "kind": kind,
        "severity": prompt(indicator).severity,
        "evidence": [row_of(one) for one in evidence(indicator, alarm)],
        "facts": {**{name: reps[name][at].as_py() for name in CARRIED}, **said, **question},
        "seen_at": facts.as_of,
    }


def _question(alarm: Alarm) -> str:
    return WHERE_IS_THE_REP.format(days=alarm.unseen) if alarm.unseen else WHERE_IS_THE_REST


def _version(indicator: Indicator, facts: Facts) -> Row:
    return {
        "rule_id": indicator.id,
        "version": indicator.version,
        "content": indicator.meaning,
        "first_used_at": facts.as_of,
    }
