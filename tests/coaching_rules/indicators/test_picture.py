"""A picture says the same in shapes, in words and without colour."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree

import numpy as np
import pytest

from coaching_rules.indicators.alarms import assess
from coaching_rules.indicators.course import Week, course
from coaching_rules.indicators.detectors import band
from coaching_rules.indicators.model import Counted, Indicator
from coaching_rules.indicators.observations import Observations
from coaching_rules.indicators.picture import draw

AS_OF = date(2026, 6, 22)
MEETINGS = Indicator(
    id="meetings", title="Meetings held", status="live", owner="sales-ops", review_by=AS_OF, process="call",
    layer="activity", counts=Counted(of="activity"), per="month", goal=None,
)  # fmt: skip
SAID = "18 in 15 working days."
WEEKS = [
    Week(until=AS_OF - timedelta(days=7 * n), count=8 - n % 3, likely=8, low=4, high=13) for n in range(14, -1, -1)
]
Observe = Callable[..., Observations]


def test_a_course_is_weeks_of_counts_and_what_was_likely(observed: Observe) -> None:
    """Ten a week, five in the last three, and none to expect in a week of leave."""
    away = [("rep 0", AS_OF - timedelta(days=n)) for n in range(29, 36)]
    seen = observed([("rep 0", "meetings")], free=away)
    weeks = course(MEETINGS, seen, assess([MEETINGS], seen, AS_OF)[0])
    assert [week.count for week in weeks] == [10.0] * 10 + [0.0] + [10.0] + [5.0] * 3
    assert (weeks[10].likely, weeks[10].low, weeks[10].high) == (0, None, None)
    assert weeks[-1].low is not None
    assert weeks[-1].low < weeks[-1].likely == pytest.approx(10, abs=0.5)
    assert weeks[-1].until == AS_OF


def test_the_band_is_that_of_what_the_alarm_goes_by(observed: Observe) -> None:
    """Ten a week as ever are below a goal of twenty, and the picture does not call them usual."""
    (alarm, *_) = assess([replace(MEETINGS, goal=87)], observed(), AS_OF)
    weeks = course(replace(MEETINGS, goal=87), observed(), alarm)
    assert alarm.strongest == "pace"
    assert all(week.low is not None and week.low > week.count for week in weeks)


def test_a_new_rep_has_no_band_before_the_first_day(observed: Observe) -> None:
    """And later one of comparable reps, as long as the rep's own past says nothing."""
    before = [("rep 0", AS_OF - timedelta(days=n)) for n in range(22, 210)]
    seen = observed([("rep 0", "meetings")], free=before, started_on=AS_OF - timedelta(days=21))
    weeks = course(MEETINGS, seen, assess([MEETINGS], seen, AS_OF)[0])
    assert {week.low for week in weeks[:12]} == {None}
    assert [round(week.likely) for week in weeks[12:]] == [10, 10, 10]


def test_no_band_ends_at_minus_nought() -> None:
    """Nought is nought, where people read it."""
    low, high = band(np.array([0.5, 0.0]), np.array([1.5, 1.0]))
    assert (low.tolist(), np.signbit(low).any(), np.signbit(high).any()) == ([0, 0], False, False)


def test_an_alarm_is_seen_by_its_shape() -> None:
    """Diamonds on the last three weeks, and none without an alarm; greys only, and a dashed line at either edge."""
    alarm, calm = (ElementTree.fromstring(draw("Meetings held", SAID, WEEKS, alarm=alarm)) for alarm in (True, False))
    shapes = [[e.get("fill") for e in svg.iter() if e.get("aria-roledescription") == "point"] for svg in (alarm, calm)]
    assert [len(shape) for shape in shapes] == [15, 15]
    assert [shape.count("black") for shape in shapes] == [12, 15]
    dashed = [e for e in alarm.iter() if e.get("stroke-dasharray") == "4,3"]
    assert len(dashed) == 2
    colours = {value for e in alarm.iter() for name, value in e.items() if name in ("fill", "stroke")}
    assert colours <= {"black", "white", "transparent", "none", "#000", "#888", "#777777", "#ddd", "#dddddd"}


def test_a_picture_is_read_aloud_and_its_title_is_text() -> None:
    """What a screen reader says has the last counts, and a title cannot break out of its place."""
    svg = ElementTree.fromstring(draw('Calls <b> & "more"', SAID, WEEKS, alarm=True))
    aloud = svg.attrib["aria-label"]
    assert aloud.startswith(f'Calls <b> & "more". {SAID} The last 3 weeks: 6 (4 to 13 likely), 7')
    assert aloud.endswith("Off track.")
    assert svg.attrib["role"] == "img"


def test_a_picture_is_no_wider_than_a_phone() -> None:
    """A long title is broken into lines."""
    title = "Wilhelmina Overmeersch-Quackenbush: Accounts touched that had been quiet for half a year"
    svg = ElementTree.fromstring(draw(title, SAID * 4, WEEKS, alarm=True))
    assert float(svg.attrib["width"]) <= 360
