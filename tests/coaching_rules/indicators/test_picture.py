"""A picture says the same in shapes, in words and without colour."""

from collections.abc import Callable
from datetime import date, timedelta
from xml.etree import ElementTree

from coaching_rules.indicators.course import Week, course
from coaching_rules.indicators.model import Counted, Indicator
from coaching_rules.indicators.observations import Observations
from coaching_rules.indicators.picture import draw

AS_OF = date(2026, 6, 22)
MEETINGS = Indicator(
    id="meetings", title="Meetings held", status="live", owner="sales-ops", review_by=AS_OF, process="call",
    layer="activity", counts=Counted(of="activity"), per="month", goal=None,
)  # fmt: skip
WEEKS = [Week(until=AS_OF - timedelta(days=7 * n), count=8 - n % 3, usual=8, low=4, high=13) for n in range(14, -1, -1)]


def test_a_course_is_weeks_of_counts_and_what_was_usual(observed: Callable[..., Observations]) -> None:
    """Ten a week, five in the last three, and none to expect in a week of leave."""
    away = [("rep 0", AS_OF - timedelta(days=n)) for n in range(29, 36)]
    weeks = course(MEETINGS, observed([("rep 0", "meetings")], free=away), AS_OF, "rep 0")
    assert [week.count for week in weeks] == [10.0] * 10 + [0.0] + [10.0] + [5.0] * 3
    assert (weeks[10].low, weeks[10].high) == (0, 0)
    assert weeks[-1].low < 10 < weeks[-1].high
    assert weeks[-1].until == AS_OF


def test_an_alarm_is_seen_by_its_shape() -> None:
    """Diamonds on the last three weeks, and none without an alarm; greys only."""
    alarm, calm = (ElementTree.fromstring(draw("Meetings held", WEEKS, alarm=alarm)) for alarm in (True, False))
    shapes = [[e.get("fill") for e in svg.iter() if e.get("aria-roledescription") == "point"] for svg in (alarm, calm)]
    assert [len(shape) for shape in shapes] == [15, 15]
    assert [shape.count("black") for shape in shapes] == [12, 15]
    colours = {value for e in alarm.iter() for name, value in e.items() if name in ("fill", "stroke")}
    assert colours <= {"black", "white", "transparent", "none", "#000", "#888", "#777777", "#ddd", "#dddddd"}


def test_a_picture_is_read_aloud_and_its_title_is_text() -> None:
    """What a screen reader says has the last counts, and a title cannot break out of its place."""
    svg = ElementTree.fromstring(draw('Calls <b> & "more"', WEEKS, alarm=True))
    assert svg.attrib["aria-label"].startswith('Calls <b> & "more". The last 3 weeks: 6 (usual 4 to 13)')
    assert svg.attrib["aria-label"].endswith("Off track.")
    assert svg.attrib["role"] == "img"
