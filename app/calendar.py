"""A manager's days: which are worked, when the meetings are, and how many minutes of a month fall into a week."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, reduce
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from holidays import HolidayBase, country_holidays

from app.config import ManagerCoaching, Meeting, Weekday
from coaching_rules.model import Moment

DAY = timedelta(days=1)
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Days are dates where the manager is; `holidays` knows the public holidays and weekends of the country."""

    zone: ZoneInfo
    holidays: HolidayBase
    rhythm: dict[Meeting, Weekday]

    def day(self, instant: datetime) -> date:
        """The date on the manager's wall at this instant."""
        return instant.astimezone(self.zone).date()

    def week(self, instant: datetime) -> date:
        """The Monday of the week that the manager's next working day is in: on a weekend, the coming one."""
        today = self.working_from(self.day(instant))
        return today - today.weekday() * DAY

    def is_working(self, day: date) -> bool:
        return bool(self.holidays.is_working_day(day))

    def working_from(self, day: date) -> date:
        """The first working day on or after `day`."""
        return next(d for d in _days(day) if self.is_working(d))

    def working_until(self, day: date) -> date:
        """The last working day on or before `day`."""
        return next(d for d in _days(day, -DAY) if self.is_working(d))

    def working_before(self, day: date) -> date:
        return self.working_until(day - DAY)

    def earliest(self, today: date) -> date:
        """The first day on which a session can be, so that the rep has one whole working day to prepare."""
        return self.working_from(self.working_from(today) + DAY)

    def meeting(self, kind: Meeting, day: date) -> date:
        """When this meeting is next, on or after `day`; one that falls on a free day moves to the next working day."""
        first = day - 7 * DAY + ((WEEKDAYS.index(self.rhythm[kind]) - day.weekday()) % 7) * DAY
        return next(d for d in map(self.working_from, _days(first, 7 * DAY)) if d >= day)

    def due(self, moment: Moment, today: date) -> date:
        """The day a session is due, given when its rule asks for it; never before the rep had a day to prepare.

        The CRM does not tell us when an event is, so "before" an event means as early as possible.
        """
        earliest = self.earliest(today)
        if moment.meeting:
            return self.meeting(moment.meeting, earliest)
        if moment.days is not None and moment.working:
            return max(earliest, reduce(lambda day, _: self.working_from(day + DAY), range(moment.days), today))
        if moment.days is not None:
            return max(earliest, self.working_until(today + moment.days * DAY))
        return earliest

    def minutes(self, monday: date, minutes_a_month: int) -> int:
        """The minutes of this week: each working day has its month's minutes divided by that month's working days.

        So a week with a holiday has fewer, and the weeks of a year add up to twelve months, but for rounding.
        """
        week = [monday + n * DAY for n in range(7)]
        return round(sum(minutes_a_month / self._working_days(d) for d in week if self.is_working(d)))

    def _working_days(self, in_month_of: date) -> int:
        first = in_month_of.replace(day=1)
        month = (d for d in (first + n * DAY for n in range(31)) if d.month == first.month)
        return sum(map(self.is_working, month))


def calendar_of(coaching: ManagerCoaching, time_zone: str | None, country: str | None) -> Calendar:
    """The manager's calendar: what is set for the manager wins over what the CRM says, and that over UTC and none."""
    return Calendar(
        zone=zone_of(coaching.time_zone or time_zone),
        holidays=_holidays(coaching.holidays(country)),
        rhythm=dict(coaching.rhythm),
    )


def working_days(country: str, first: date, last: date) -> list[date]:
    """The days from `first` to `last` that are worked in the country of this code; without one, all but weekends."""
    holidays = _holidays(country or None)
    return [d for d in (first + n * DAY for n in range((last - first).days + 1)) if holidays.is_working_day(d)]


@cache
def _holidays(code: str | None) -> HolidayBase:
    country, _, region = (code or "").partition("-")
    return country_holidays(country, subdiv=region or None) if country else HolidayBase()


def zone_of(name: str | None) -> ZoneInfo:
    """The zone of that name; UTC when there is no such zone."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _days(start: date, step: timedelta = DAY) -> Iterator[date]:
    while True:
        yield start
        start += step
