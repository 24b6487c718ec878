"""The manager's calendar: local weeks, holidays, meetings that are never in the past, minutes that add up."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calendar import Calendar, calendar_of
from app.config import Coaching
from coaching_rules.model import Moment


def calendar(zone: str = "UTC", country: str | None = None) -> Calendar:
    return calendar_of(Coaching().of("m1", "Mara Quill"), zone, country)


BERLIN = calendar("Europe/Berlin", "Germany")
days = st.dates(date(2024, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("zone", "instant", "monday"),
    [
        ("Pacific/Auckland", datetime(2026, 11, 22, 12, tzinfo=UTC), date(2026, 11, 23)),
        ("America/Los_Angeles", datetime(2026, 11, 21, 5, tzinfo=UTC), date(2026, 11, 16)),
        ("Europe/Berlin", datetime(2027, 1, 1, 12, tzinfo=UTC), date(2026, 12, 28)),
        ("Europe/Berlin", datetime(2026, 3, 29, 22, 30, tzinfo=UTC), date(2026, 3, 30)),
        ("Middle/Earth", datetime(2026, 11, 20, 23, 59, tzinfo=UTC), date(2026, 11, 16)),
        ("UTC", datetime(2026, 11, 22, 23, 59, tzinfo=UTC), date(2026, 11, 23)),
    ],
)
def test_a_week_begins_where_the_manager_is(zone: str, instant: datetime, monday: date) -> None:
    """East, west, over new year, in the night the clocks change, UTC for a zone nobody knows, the next on a weekend."""
    assert calendar(zone).week(instant) == monday


def test_a_meeting_on_a_holiday_moves_to_the_next_working_day() -> None:
    """Easter Monday's pipeline review is on Tuesday, also when Tuesday has come."""
    assert BERLIN.meeting("pipeline_review", date(2026, 4, 3)) == date(2026, 4, 7)
    assert BERLIN.meeting("pipeline_review", date(2026, 4, 7)) == date(2026, 4, 7)
    assert BERLIN.meeting("pipeline_review", date(2026, 4, 8)) == date(2026, 4, 13)


def test_a_region_has_holidays_of_its_own() -> None:
    """Corpus Christi is free in Bavaria and worked in Berlin."""
    corpus_christi = date(2026, 6, 4)
    assert not calendar(country="DE-BY").is_working(corpus_christi)
    assert calendar(country="DE-BE").is_working(corpus_christi)


def test_an_unknown_country_has_no_holidays() -> None:
    """Without a country Christmas is worked, weekends are not."""
    nowhere = calendar(country="Atlantis")
    assert nowhere.is_working(date(2026, 12, 25))
    assert not nowhere.is_working(date(2026, 12, 26))


def test_within_days_ends_on_a_working_day() -> None:
    """Five days from Tuesday is a Sunday, so the session is due on Friday."""
    assert BERLIN.due(Moment(days=5), date(2026, 11, 24)) == date(2026, 11, 27)


@pytest.mark.parametrize(("today", "due"), [(24, 26), (26, 30), (27, 1), (28, 1)])
def test_within_working_days_leaves_out_the_others(today: int, due: int) -> None:
    """Two of them from Friday, or from the Saturday after it, are Tuesday."""
    day = date(2026, 12 if due == 1 else 11, due)
    assert BERLIN.due(Moment(days=2, working=True), date(2026, 11, today)) == day


@given(today=days, kind=st.sampled_from(sorted(BERLIN.rhythm)), within=st.integers(0, 30))
def test_nothing_is_due_before_the_rep_can_prepare(today: date, kind: str, within: int) -> None:
    """Every session is on a working day, and the working day before it is not in the past."""
    moments = [
        Moment(meeting=kind),
        Moment(days=within),
        Moment(days=within, working=True),
        Moment(event="next_meeting"),
    ]  # type: ignore[arg-type]
    for due in [BERLIN.due(moment, today) for moment in moments]:
        assert BERLIN.is_working(due)
        assert today <= BERLIN.working_before(due) < due


@given(day=days, kind=st.sampled_from(sorted(BERLIN.rhythm)))
def test_the_next_meeting_is_near(day: date, kind: str) -> None:
    """A weekly meeting is never in the past and never more than two weeks away."""
    assert day <= BERLIN.meeting(kind, day) <= day + timedelta(days=14)  # type: ignore[arg-type]


@pytest.mark.parametrize("country", [None, "DE", "US", "SG"])
def test_a_years_weeks_add_up_to_twelve_months(country: str | None) -> None:
    """52 weeks and a bit of 120 minutes a month are 24 hours, give or take the rounding."""
    plain = calendar(country=country)
    mondays = [date(2025, 12, 29) + timedelta(weeks=n) for n in range(53)]
    assert sum(plain.minutes(monday, 120) for monday in mondays) == pytest.approx(12 * 120, rel=0.03)


def test_a_week_with_a_holiday_has_fewer_minutes() -> None:
    """Easter week has four working days in Germany."""
    assert BERLIN.minutes(date(2026, 4, 6), 120) < BERLIN.minutes(date(2026, 4, 13), 120)
