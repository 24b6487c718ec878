"""From tables of what was observed to the one thing about each rep that may reach the plan."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa
import pytest

from coaching_rules.errors import FactsError
from coaching_rules.indicators.alarms import assess
from coaching_rules.indicators.model import Alarm, Counted, Indicator, Period
from coaching_rules.indicators.observations import Observations

AS_OF = date(2026, 6, 22)
DAYS = [date(2025, 12, 1) + timedelta(days=n) for n in range(212)]
SLUMP = AS_OF - timedelta(days=21)
MEETINGS = Indicator(
    id="meetings", title="Meetings held", status="live", owner="sales-ops", review_by=AS_OF, process="call",
    layer="activity", counts=Counted(of="activity"), per="month", goal=None,
)  # fmt: skip
CALLS, WINS = replace(MEETINGS, id="calls"), replace(MEETINGS, id="wins", layer="result")
Observe = Callable[..., Observations]


def a_few(indicator: str) -> pa.Table:
    """One more of it a week of the last three for the first rep."""
    days = [AS_OF - timedelta(days=n) for n in (3, 10, 17)]
    return pa.table({"rep_id": ["rep 0"] * 3, "indicator_id": [indicator] * 3, "day": days, "count": [1] * 3})


def kinds(alarms: list[Alarm]) -> list[tuple[str, str, str]]:
    return [(alarm.rep_id, alarm.indicator_id, alarm.kind) for alarm in alarms]


def test_a_slump_is_found_with_what_was_expected(observed: Observe) -> None:
    """Half of two a day for three weeks: the rep's own past, the peers and the goal all say so."""
    (alarm,) = assess([MEETINGS], observed([("rep 0", "meetings")]), AS_OF)
    assert kinds([alarm]) == [("rep 0", "meetings", "coach")]
    trend = alarm.by["trend"]
    assert (trend.count, round(trend.expected), trend.low > trend.count) == (15, 30, True)
    assert set(alarm.by) == {"pace", "peer", "trend"}
    assert alarm.by["pace"].miss is not None
    assert alarm.by["pace"].miss > 0.8
    assert alarm.by[alarm.strongest].p == min(measured.p for measured in alarm.by.values())


def test_nothing_is_said_where_nothing_changed(observed: Observe) -> None:
    """Reps who do as ever raise nothing."""
    assert assess([MEETINGS, CALLS], observed(indicators=("meetings", "calls")), AS_OF) == []


def test_one_indicator_of_a_rep_at_a_time(observed: Observe) -> None:
    """Two are off track; one may be coached, the other is shown."""
    both = observed([("rep 0", "meetings"), ("rep 0", "calls")], ("meetings", "calls"))
    found = assess([MEETINGS, CALLS], both, AS_OF)
    assert sorted(alarm.kind for alarm in found) == ["coach", "watch"]


def test_a_result_never_speaks_alone(observed: Observe) -> None:
    """Beside an activity it is context; without one it is nothing."""
    names = ("meetings", "wins")
    beside = observed([("rep 0", "meetings"), ("rep 0", "wins"), ("rep 1", "wins")], names)
    assert sorted(kinds(assess([MEETINGS, WINS], beside, AS_OF))) == [
        ("rep 0", "meetings", "coach"),
        ("rep 0", "wins", "context"),
    ]


def test_where_little_is_captured_the_question_is_about_the_data(observed: Observe) -> None:
    """Silence of a rep whose work the CRM does not show is not the rep's."""
    (alarm,) = assess([MEETINGS], observed([("rep 0", "meetings")], capture_coverage=0.3), AS_OF)
    assert alarm.kind == "data"


@pytest.mark.parametrize(("since", "until", "unseen"), [(10, 1, 6), (21, 5, 13), (100, 1, 15), (210, 1, 15)])
def test_silence_is_a_question(observed: Observe, since: int, until: int, unseen: int) -> None:
    """Nothing at all lately, back again or not: away, or is the work not in the CRM?"""
    nothing = [("rep 0", AS_OF - timedelta(days=n)) for n in range(until, since + 1)]
    (alarm,) = assess([MEETINGS], observed(silent=nothing), AS_OF)
    assert (alarm.kind, alarm.unseen) == ("data", unseen)


@pytest.mark.parametrize("back", range(15))
def test_a_holiday_that_nobody_set_is_never_coached(observed: Observe, back: int) -> None:
    """Neither while it lasts nor in the weeks after."""
    away = [("rep 0", AS_OF - timedelta(days=n)) for n in range(back, back + 14)]
    assert "coach" not in {alarm.kind for alarm in assess([MEETINGS], observed(silent=away), AS_OF)}


@pytest.mark.parametrize("every", [2, 3, 4, 5, 6])
def test_a_fall_is_coached_though_it_leaves_a_week_empty(observed: Observe, every: int) -> None:
    """Days without anything between days with little are no silence."""
    lately = [day for day in DAYS if SLUMP <= day < AS_OF and day.weekday() < 5]
    empty = [("rep 0", day) for at, day in enumerate(lately) if at % every]
    assert [alarm.kind for alarm in assess([MEETINGS], observed(silent=empty), AS_OF)] == ["coach"]


def test_a_slump_beside_silence_is_still_coached(observed: Observe) -> None:
    """Half of the usual on two weeks of days, and a third week away that nobody set."""
    nothing = [("rep 0", AS_OF - timedelta(days=n)) for n in range(8, 15)]
    (alarm,) = assess([MEETINGS], observed([("rep 0", "meetings")], silent=nothing), AS_OF)
    assert (alarm.kind, alarm.unseen) == ("coach", 0)
    assert alarm.by["trend"].count == 20


def test_a_slow_season_of_everybody_is_nobodys_slump(observed: Observe) -> None:
    """All do half; and whoever then does nearly nothing still stands out."""
    everybody = [(f"rep {n}", "meetings") for n in range(8)]
    assert assess([MEETINGS], observed(everybody), AS_OF) == []
    lone = [("rep 0", day) for day in DAYS if day.weekday() not in (0, 3)]
    found = assess([MEETINGS], observed(everybody, silent=[one for one in lone if one[1] >= SLUMP]), AS_OF)
    assert kinds(found) == [("rep 0", "meetings", "coach")]


@pytest.mark.parametrize("age", [65, 75, 85, 95, 105])
def test_who_started_fast_has_not_fallen(observed: Observe, age: int) -> None:
    """Two a day from the first day on, where a quarter of it was expected, and two a day still."""
    started = AS_OF - timedelta(days=age)
    before = [("rep 0", day) for day in DAYS if day < started]
    new = observed(free=before, started_on=started)
    assert assess([replace(MEETINGS, ramp=(0.25, 0.5, 0.75))], new, AS_OF) == []


def test_what_was_told_is_not_told_again_on_the_same_days(observed: Observe) -> None:
    """After an alarm of Friday, Monday is quiet."""
    slump = [("rep 0", "meetings")]
    told = (("rep 0", "meetings", AS_OF - timedelta(days=3)),)
    assert assess([MEETINGS], observed(slump, told=told), AS_OF) == []


def test_leave_is_not_a_slump(observed: Observe) -> None:
    """Two weeks away, planned or not, and the rep is as good as before."""
    away = [("rep 0", AS_OF - timedelta(days=n)) for n in range(1, 15)]
    assert assess([MEETINGS], observed(free=away), AS_OF) == []


def test_a_new_rep_is_expected_to_do_a_part(observed: Observe) -> None:
    """Half of what peers do, three weeks after the start, is an alarm without a ramp and none with it."""
    weeks = [("rep 0", day) for day in DAYS if day < SLUMP]
    new = observed([("rep 0", "meetings")], free=weeks, started_on=SLUMP)
    assert kinds(assess([MEETINGS], new, AS_OF)) == [("rep 0", "meetings", "coach")]
    assert assess([replace(MEETINGS, ramp=(0.5, 0.75))], new, AS_OF) == []


def test_a_focus_takes_the_place_of_the_profile(observed: Observe) -> None:
    """A prospector who is to grow large accounts is judged as an account manager is, beside whoever has any of it."""
    slump = [("rep 0", "meetings")]
    accounts = replace(MEETINGS, profiles=("account_manager",))
    assert assess([accounts], observed(slump), AS_OF) == []
    (focused,) = assess([accounts], observed(slump, focus="account_manager"), AS_OF)
    assert kinds([focused]) == [("rep 0", "meetings", "coach")]
    assert set(focused.by) == {"pace", "peer", "trend"}


def test_what_a_focus_is_about_comes_first(observed: Observe) -> None:
    """Of two that are off track, the less unlikely one, since it is what the rep is to do for now."""
    both = observed([("rep 0", "meetings"), ("rep 0", "calls")], ("meetings", "calls"), focus="account_manager")
    calls = replace(CALLS, profiles=("account_manager",))
    more = replace(both, counts=pa.concat_tables([both.counts, a_few("calls")]))
    found = assess([MEETINGS, calls], more, AS_OF)
    assert kinds(found) == [("rep 0", "meetings", "watch"), ("rep 0", "calls", "coach")]


@pytest.mark.parametrize(("goal", "behind"), [(43, True), (20, False)])
def test_a_goal_of_the_orgs_own(observed: Observe, goal: float, behind: bool) -> None:
    """One a day since the month began is far behind 43 a month, and not behind 20."""
    (alarm,) = assess([replace(MEETINGS, goal=goal)], observed([("rep 0", "meetings")]), AS_OF)
    assert (alarm.by["pace"].p < 0.05) is behind


@pytest.mark.parametrize(("per", "goal", "days"), [("week", 8, 5), ("week", 4, 15), ("month", 4, 65)])
def test_a_small_goal_is_held_against_a_longer_time(observed: Observe, per: Period, goal: float, days: float) -> None:
    """Four a week are too few to be behind within one; the evening of a Sunday has a whole week, and June 15 days."""
    last = [("rep 0", day) for day in DAYS if day >= AS_OF - timedelta(days=100)]
    (alarm,) = assess([replace(MEETINGS, goal=goal, per=per)], observed(silent=last), AS_OF)
    pace = alarm.by["pace"]
    assert (round(pace.worked), pace.miss) == (days, pytest.approx(1))
    assert pace.p < 0.05


def test_a_manager_with_many_reps_on_track_hears_less(observed: Observe) -> None:
    """False discovery control: a weak alarm that would be told alone is only shown among many."""
    slump = observed([("rep 0", "meetings")], ("meetings", *(f"other {n}" for n in range(8))))
    weak = date(2026, 6, 12)
    others = [replace(MEETINGS, id=f"other {n}") for n in range(8)]
    assert [alarm.kind for alarm in assess([MEETINGS], slump, weak)] == ["coach"]
    assert [alarm.kind for alarm in assess([MEETINGS, *others], slump, weak)] == ["watch"]


def test_nobody_to_judge_is_no_alarm(observed: Observe) -> None:
    """An indicator that serves nobody is passed over."""
    assert assess([replace(MEETINGS, profiles=("account_manager",))], observed(), AS_OF) == []


def test_a_table_that_lacks_a_column_is_refused(observed: Observe) -> None:
    """With its name."""
    whole = observed()
    with pytest.raises(FactsError, match="days: column worked is missing"):
        replace(whole, days=whole.days.drop_columns(["worked"]))
