"""From observations to alarms: what is off track, and the one thing about each rep that may reach the plan."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from coaching_rules.indicators.evidence import Look, discoveries, look
from coaching_rules.indicators.model import Alarm, Detector, Indicator, Kind, Measured
from coaching_rules.indicators.observations import Observations, asked_of
from coaching_rules.indicators.silence import without_silence

Row = Mapping[str, Any]
LOW_CAPTURE = 0.5
"""Below this share of deals with a recent activity, silence says more about the data than about the rep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """An indicator and what was seen of the reps it is for; `unseen` is the silent days an alarm would rest on."""

    indicator: Indicator
    reps: Sequence[Row]
    look: Look
    unseen: Mapping[str, int]


def assess(indicators: Sequence[Indicator], observations: Observations, as_of: date) -> list[Alarm]:
    """What is off track at the beginning of the day `as_of`, whatever the indicators' status; the least likely first.

    At most one alarm of a rep is `coach` or `data`: an activity's, and only if false discovery control over all
    activities of all reps of its manager leaves it. The others are `watch`, or `context` for objectives and results.
    """
    raised = [alarm for alarm in readings(indicators, observations, as_of) if alarm.kind != "on_track"]
    beside = {alarm.rep_id for alarm in raised if alarm.kind != "context"}
    return [alarm for alarm in raised if alarm.rep_id in beside]


def readings(indicators: Sequence[Indicator], observations: Observations, as_of: date) -> list[Alarm]:
    """The same with what is on track, and with objectives and results that stand alone.

    Of whom an indicator can say nothing there is no reading of it.
    """
    known, unseen = without_silence(observations, as_of)
    judged = [one for indicator in indicators for one in _judge(indicator, observations, known, unseen, as_of)]
    activities = [one for one in judged if one.indicator.layer == "activity"]
    others = [one for one in judged if one.indicator.layer != "activity"]
    asked_for = {(rep, one.id) for one in indicators if one.profiles for rep in observations.focused(one.profiles)}
    said = _chosen([a for one in activities for a in _said(one, as_of, "watch")], _believed(activities), asked_for)
    return sorted([*said, *(a for one in others for a in _said(one, as_of, "context"))], key=_order)


def _judge(
    indicator: Indicator, observations: Observations, known: Observations, unseen: Mapping[str, int], as_of: date
) -> Iterator[_Judged]:
    """Those whom it is for: without silence, and with it those who are off track only then."""
    comparable = observations.comparable(indicator)
    reps, own = comparable.reps.to_pylist(), observations.judged(indicator)
    seen = look(*asked_of(indicator, known.comparable(indicator), as_of))
    all_in = look(*asked_of(indicator, comparable, as_of)) if unseen else seen
    served, out_of_sight = (np.array([rep["rep_id"] in some for rep in reps], dtype=np.bool_) for some in (own, unseen))
    blind = all_in.alarms & ~seen.alarms & out_of_sight
    yield _Judged(indicator=indicator, reps=reps, look=seen.of(served & ~blind), unseen={})
    yield _Judged(indicator=indicator, reps=reps, look=all_in.of(served & blind), unseen=unseen)


def _said(judged: _Judged, as_of: date, off_track: Kind) -> Iterator[Alarm]:
    rows = np.flatnonzero(~np.isnan(judged.look.p))
    measured = {name: _measured(judged.look, name, rows) for name in judged.look.verdicts}
    for at, row in enumerate(rows):
        by = {name: found[at] for name, found in measured.items() if not np.isnan(found[at].p)}
        rep = judged.reps[int(row)]
        unseen, covered = judged.unseen.get(rep["rep_id"], 0), rep["capture_coverage"]
        yield Alarm(
            rep_id=rep["rep_id"],
            manager_id=rep["manager_id"],
            indicator_id=judged.indicator.id,
            as_of=as_of,
            kind=off_track if judged.look.alarms[row] else "on_track",
            p=float(judged.look.p[row]),
            strongest=min(by, key=lambda name: by[name].p),
            by=by,
            doubtful=unseen > 0 or (covered is not None and covered < LOW_CAPTURE),
            unseen=unseen,
        )


def _measured(look: Look, name: Detector, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[Measured]:
    verdict = look.verdicts[name].of(rows)
    low, high = verdict.band()
    miss = [None] * len(rows) if verdict.miss is None else verdict.miss.tolist()
    columns = (verdict.count, verdict.expected, low, high, verdict.worked, verdict.p)
    return [
        Measured(count=count, expected=expected, low=least, high=most, worked=worked, p=p, miss=chance)
        for count, expected, least, most, worked, p, chance in zip(*(column.tolist() for column in columns), miss)
    ]


def _believed(judged: Sequence[_Judged]) -> set[tuple[str, str]]:
    """The rep and the indicator of what is left over all tests of each manager."""
    if not judged:
        return set()
    managers = np.array([rep["manager_id"] or "" for one in judged for rep in one.reps], dtype=str)
    family = np.unique(managers, return_inverse=True)[1]
    kept = discoveries(np.concatenate([one.look.p for one in judged]), family)
    tests = ((rep["rep_id"], one.indicator.id) for one in judged for rep in one.reps)
    return {test for test, believed in zip(tests, kept) if believed}


def _chosen(alarms: list[Alarm], believed: set[tuple[str, str]], asked_for: set[tuple[str, str]]) -> list[Alarm]:
    """The same alarms; the first believed one of each rep is for coaching, or a question about its data.

    What a rep's focus is about comes first.
    """
    chosen, spoken_of = list[Alarm](), set[str]()
    for alarm in sorted(alarms, key=lambda one: ((one.rep_id, one.indicator_id) not in asked_for, *_order(one))):
        is_believed = alarm.kind == "watch" and (alarm.rep_id, alarm.indicator_id) in believed
        if is_believed and alarm.rep_id not in spoken_of:
            spoken_of.add(alarm.rep_id)
            alarm = replace(alarm, kind="data" if alarm.doubtful else "coach")
        chosen.append(alarm)
    return chosen


def _order(alarm: Alarm) -> tuple[float, str, str]:
    return alarm.p, alarm.rep_id, alarm.indicator_id
