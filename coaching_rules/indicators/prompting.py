"""What is to be done about an alarm, in the form that planning knows: a rule about a rep that holds while it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from coaching_rules.indicators.course import JUDGED, Week
from coaching_rules.indicators.model import Alarm, Detector, Indicator, Measured
from coaching_rules.model import Engagement, Evidence, Moment, Rule, Value

STANDS_DAYS = 28
"""How long an alarm stands at most once it is told, and a rep is left alone after a conversation about it."""
STILL_LOW = 0.2
"""An alarm stands while the detector that it speaks of holds so small a count to be no likelier than this: with the
limit that raised it, every other one would be gone the next morning."""

_WHY = (
    "{rep_name}, {indicator}: {count} in {working_days} working days. Going by {going_by}, {expected} were likely;"
    f" so few come by chance {{by_chance}}. Below what was likely in {{low_weeks}} of the last {JUDGED} weeks."
)
_GOING_BY: Mapping[Detector | Literal["peers' pace"], str] = {
    "pace": "the goal",
    "peers' pace": "what comparable reps achieve",
    "peer": "comparable reps",
    "trend": "the rep's own twelve weeks before and the season",
}


def prompt(indicator: Indicator) -> Rule:
    """The conversation that an indicator asks for when it is off track. Its words are those of `values`."""
    return Rule(
        id=indicator.id,
        grain="rep",
        title=f"Fewer than likely: {indicator.title[:1].lower()}{indicator.title[1:]}",
        status=indicator.status,
        owner=indicator.owner,
        review_by=indicator.review_by,
        when="",
        severity=2,
        coach=Engagement(
            why=_WHY,
            when=Moment(meeting="one_on_one"),
            where="one_on_one",
            minutes=indicator.minutes,
            ask=indicator.ask,
            prepare=(),
            area=indicator.process,
        ),
        rest_days=STANDS_DAYS,
    )


def going_by(indicator: Indicator, detector: Detector) -> str:
    """What the detector held the counts against, in a few words."""
    return _GOING_BY["peers' pace" if detector == "pace" and indicator.goal is None else detector]


def in_short(indicator: Indicator, alarm: Alarm) -> str:
    """What the strongest detector saw, in a line for a picture."""
    seen = alarm.by[alarm.strongest]
    return (
        f"{seen.count:g} in {seen.worked:.0f} working days. Going by {going_by(indicator, alarm.strongest)},"
        f" {seen.expected:.1f} were likely; so few come by chance {by_chance(seen)}."
    )


def by_chance(seen: Measured) -> str:
    """How often so few, or fewer, are seen where all is as expected."""
    times = round(100 * seen.p)
    return "less than once in 100" if seen.p < 0.01 else f"{times} times in 100" if times > 1 else "once in 100"


def still_low(alarm: Alarm, measure: Detector | None) -> Alarm | None:
    """A standing alarm as it reads today in terms of the detector it was told of; None when it is no longer so."""
    measure = measure or alarm.strongest
    return replace(alarm, strongest=measure) if alarm.by[measure].p <= STILL_LOW else None


def values(indicator: Indicator, alarm: Alarm, weeks: Sequence[Week]) -> dict[str, Value]:
    """What the sentence says: of the detector that saw most, and of the rep's last `weeks`."""
    seen = alarm.by[alarm.strongest]
    return {
        "indicator": indicator.title[:1].lower() + indicator.title[1:],
        "count": seen.count,
        "working_days": round(seen.worked),
        "measure": alarm.strongest,
        "going_by": going_by(indicator, alarm.strongest),
        "expected": round(seen.expected, 1),
        "by_chance": by_chance(seen),
        "low_weeks": sum(week.count < week.likely for week in weeks[-JUDGED:]),
    }


def evidence(indicator: Indicator, alarm: Alarm) -> tuple[Evidence, ...]:
    """What each detector saw against what it held to be likely."""
    return tuple(
        Evidence(
            word=indicator.id,
            value=seen.count,
            op="<",
            threshold=round(seen.expected, 1),
            threshold_source=f"likely in {seen.worked:.0f} working days, going by {going_by(indicator, name)}",
        )
        for name, seen in alarm.by.items()
        if seen.count < seen.expected
    )
