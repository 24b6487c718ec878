"""Watch: which leading indicators are off track? An alarm stands for four weeks, one a rep, and is told only once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa

from app.store import judgements
from app.store.session import Transaction
from app.store.tables import row_of
from coaching_rules.engine import Facts
from coaching_rules.indicators.alarms import assess
from coaching_rules.indicators.course import course
from coaching_rules.indicators.detectors import LOOKBACK
from coaching_rules.indicators.model import Alarm, Indicator
from coaching_rules.indicators.observations import Observations
from coaching_rules.indicators.prompting import STANDS_DAYS, evidence, prompt, values

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
    """The findings that hold, by indicator and rep: what is new and what still stands; and alarms by kind."""

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
    earlier = judgements.since(
        transaction, connection_id, [i.id for i in judged], facts.as_of - timedelta(days=LOOKBACK)
    )
    observed, today = Observations(told=told(earlier), **counts), facts.as_of.date()
    stand_from = facts.as_of - timedelta(days=STANDS_DAYS)
    standing = [row for row in earlier if row["state"] == "open" and row["opened_at"] > stand_from]
    findings = {(row["rule_id"], row["subject_id"]): row for row in standing}
    off_track: Counter[str] = Counter()
    for status in ("live", "shadow"):
        some = {indicator.id: indicator for indicator in judged if indicator.status == status}
        alarms = assess(list(some.values()), observed, today)
        off_track.update(alarm.kind for alarm in alarms)
        spoken_of = {row["subject_id"] for row in earlier if row["state"] == "open" and row["rule_id"] in some}
        new = (a for a in alarms if a.kind in ("coach", "data") and a.rep_id not in spoken_of)
        findings |= {(a.indicator_id, a.rep_id): _finding(a, some[a.indicator_id], observed, facts) for a in new}
    judgements.keep_versions(transaction, [_version(indicator, facts) for indicator in judged])
    return Watched(findings=findings, off_track=off_track)


def told(earlier: Iterable[Row]) -> pa.Table:
    """Earlier alarms as Observations have them: the days before one are no evidence for another."""
    rows = [(row["subject_id"], row["rule_id"], row["opened_at"].date()) for row in earlier]
    reps, ids, days = ([row[at] for row in rows] for at in range(3))
    columns = pa.array(reps, pa.string()), pa.array(ids, pa.string()), pa.array(days, pa.date32())
    return pa.table(dict(zip(("rep_id", "indicator_id", "day"), columns)))


def _finding(alarm: Alarm, indicator: Indicator, observed: Observations, facts: Facts) -> Row:
    reps = facts.tables["rep"]
    at = reps["rep_id"].index(alarm.rep_id).as_py()
    said = values(indicator, alarm, course(indicator, observed, alarm.as_of, alarm.rep_id))
    kind, question = ("hygiene", {"why": _question(alarm)}) if alarm.kind == "data" else ("coaching", {})
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
