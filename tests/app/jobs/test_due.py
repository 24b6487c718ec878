"""What is due is told by the clock and the ledger alone: over changes of the clock, free days and long sleeps."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.config import Coaching, ManagerCoaching
from app.jobs.catalog import CATALOG
from app.jobs.due import Standing, due, latest
from app.store.turns import Manager, Turn

JOBS = {job.name: job for job in CATALOG}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def mona(zone: str | None = "Europe/Berlin", country: str | None = "DE") -> Manager:
    return Manager(id="M", name="Mona Lanternby", time_zone=zone, country=country)


def standing(*managers: Manager, **more: Any) -> Standing:
    basic: dict[str, Any] = {"name": "amber", "made_at": LONG_AGO, "turns": {}, "planned": {}}
    return Standing(managers=managers, **basic | more)


def mornings(manager: Manager, now: str, planned: str | None = None, **more: Any) -> Mapping[str, date]:
    """Whose mornings are due, when the newest that was had is `planned`."""
    had = {"M": date.fromisoformat(planned)} if planned else {}
    found = due(JOBS["morning"], standing(manager, planned=had, **more), Coaching(), at(now))
    return found.mornings or {} if found else {}


@pytest.mark.parametrize(
    ("now", "zone", "planned", "day"),
    [
        ("2026-11-24T06:59:59+01:00", "Europe/Berlin", "2026-11-23", None),
        ("2026-11-24T07:00:00+01:00", "Europe/Berlin", "2026-11-23", "2026-11-24"),
        ("2026-11-24T23:00:00+01:00", "Europe/Berlin", "2026-11-23", "2026-11-24"),
        ("2026-11-24T07:00:00+01:00", "Europe/Berlin", "2026-11-24", None),
        ("2026-11-24T07:00:00+13:00", "Pacific/Auckland", "2026-11-23", "2026-11-24"),
        ("2026-11-24T07:00:00-08:00", "America/Los_Angeles", "2026-11-23", "2026-11-24"),
        ("2026-11-24T07:00:00+05:45", "Asia/Kathmandu", "2026-11-23", "2026-11-24"),
        ("2026-11-24T07:00:00+00:00", None, "2026-11-23", "2026-11-24"),
    ],
)
def test_a_morning_begins_at_seven_where_the_manager_is(
    now: str, zone: str | None, planned: str, day: str | None
) -> None:
    """Not a second before, on any day only once, and in UTC where no zone is known."""
    assert mornings(mona(zone), now, planned) == ({"M": date.fromisoformat(day)} if day else {})


@pytest.mark.parametrize(
    ("last_before", "first_after"),
    [
        ("2026-03-30T06:59:59+02:00", "2026-03-30T07:00:00+02:00"),
        ("2026-10-26T06:59:59+01:00", "2026-10-26T07:00+01:00"),
    ],
)
def test_a_morning_stays_at_seven_when_the_clock_changes(last_before: str, first_after: str) -> None:
    """The Monday after summer time began, and after it ended: 7 o'clock on the wall."""
    monday = at(first_after).date()
    friday = (monday - timedelta(days=3)).isoformat()
    assert mornings(mona(), last_before, friday) == {}
    assert mornings(mona(), first_after, friday) == {"M": monday}


def test_a_day_has_one_slot_also_where_an_hour_is_missing_or_comes_twice() -> None:
    """A schedule in the hour that summer time takes or gives: every day of the week around it has just one."""
    job = JOBS["morning"]
    for first in ("2026-03-26T00:00+01:00", "2026-10-22T00:00+02:00"):
        had, days = date.min, []
        for minutes in range(0, 7 * 24 * 60, 10):
            now = at(first) + timedelta(minutes=minutes)
            found = due(
                type(job)(**{name: getattr(job, name) for name in job.__slots__} | {"schedule": "30 2 * * *"}),
                standing(mona(country="AE"), planned={"M": had}),
                Coaching(),
                now,
            )
            if found and found.mornings:
                had = found.mornings["M"]
                days.append(had)
        assert len(days) == len(set(days)) >= 5


def test_free_days_have_no_morning() -> None:
    """Christmas, the weekend after it, the turn of the year: the last working day counts as had, the next is due."""
    for free in ("2026-12-25", "2026-12-26", "2026-12-27"):
        assert mornings(mona(), f"{free}T12:00+01:00", "2026-12-24") == {}
    assert mornings(mona(), "2026-12-28T07:00+01:00", "2026-12-24") == {"M": date(2026, 12, 28)}
    assert mornings(mona(), "2027-01-01T12:00+01:00", "2026-12-31") == {}
    assert mornings(mona(), "2027-01-04T07:00+01:00", "2026-12-31") == {"M": date(2027, 1, 4)}


def test_a_holiday_is_one_where_the_manager_works() -> None:
    """Thanksgiving is free in the United States only."""
    thanksgiving = "2026-11-26"
    assert mornings(mona("America/New_York", "US"), f"{thanksgiving}T12:00-05:00", "2026-11-25") == {}
    assert mornings(mona("America/New_York", "DE"), f"{thanksgiving}T12:00-05:00", "2026-11-25")


def test_after_three_days_asleep_only_the_last_morning_is_made_up() -> None:
    """On Friday afternoon Friday's, once; on Sunday Friday's as well."""
    assert mornings(mona(), "2026-11-27T15:00+01:00", "2026-11-23") == {"M": date(2026, 11, 27)}
    assert mornings(mona(), "2026-11-29T15:00+01:00", "2026-11-23") == {"M": date(2026, 11, 27)}
    assert mornings(mona(), "2026-11-29T15:00+01:00", "2026-11-27") == {}


@pytest.mark.parametrize(
    ("before", "after"), [("Pacific/Auckland", "America/Los_Angeles"), ("America/Los_Angeles", "Pacific/Auckland")]
)
def test_who_moves_to_another_zone_gets_one_morning_a_day(before: str, after: str) -> None:
    """In every hour of the move: each date at most once, and in the order of the calendar."""
    for hour in range(0, 48, 5):
        had, days = date(2026, 11, 20), []
        for n in range(6 * 24):
            now = at("2026-11-22T00:00+00:00") + timedelta(hours=n)
            manager = mona(before if n < hour + 24 else after)
            found = mornings(manager, now.isoformat(), had.isoformat())
            if found:
                had = found["M"]
                days.append(had)
        assert days == sorted(set(days))
        assert set(days) >= {date(2026, 11, d) for d in (24, 25, 26)}


def test_who_opted_out_has_no_mornings() -> None:
    """Neither has anybody before their connection was made."""
    job, out = JOBS["morning"], Coaching(managers={"M": ManagerCoaching(coach=False)})
    assert due(job, standing(mona()), out, at("2026-11-24T12:00+01:00")) is None
    assert mornings(mona(), "2026-11-24T12:00+01:00", made_at=at("2026-11-24T11:00+01:00")) == {}


def test_slots_of_connections_are_spread_and_always_the_same() -> None:
    """Every five minutes for each, but not all at once."""
    job, now = JOBS["often"], at("2026-11-24T12:00+00:00")
    slots = {name: latest(job, name, now) for name in ("amber", "basalt", "cobalt", "drift")}
    assert len({slot.second + slot.minute % 5 * 60 for slot in slots.values()}) == 4
    for name, slot in slots.items():
        assert now - timedelta(minutes=5) < slot <= now
        assert latest(job, name, slot) == slot
        assert latest(job, name, slot - timedelta(seconds=1)) == slot - timedelta(minutes=5)


def test_a_slot_is_due_until_it_was_done() -> None:
    """Of many that were missed only the newest; one before the connection was made never was."""
    job, now = JOBS["often"], at("2026-11-24T12:00+00:00")
    slot = latest(job, "amber", now)
    asleep = {"often": Turn(slot=slot - timedelta(days=3))}
    for turns, made_at, expected in (
        (asleep, LONG_AGO, slot),
        ({"often": Turn(slot=slot)}, LONG_AGO, None),
        ({}, LONG_AGO, slot),
        ({}, now, None),
    ):
        found = due(job, standing(turns=turns, made_at=made_at), Coaching(), now)
        assert (found.slot if found else None) == expected


def test_nothing_is_tried_again_before_its_time_or_while_a_person_has_to_act() -> None:
    """Neither by schedule nor because somebody asks."""
    job, now = JOBS["often"], at("2026-11-24T12:00+00:00")
    waiting = {"often": Turn(attempts=1, not_before=now + timedelta(seconds=1))}
    assert due(job, standing(turns=waiting, asked={"often"}), Coaching(), now) is None
    assert due(job, standing(turns=waiting), Coaching(), now + timedelta(seconds=1))
    hour = now + timedelta(hours=1)
    assert due(job, standing(paused_until=hour, asked={"often"}), Coaching(), now) is None
    assert due(job, standing(paused_until=hour), Coaching(), hour)


def test_what_is_asked_for_is_due_at_once_and_for_everybody() -> None:
    """Also when its slot was done and all mornings were had."""
    now = at("2026-11-24T12:00+01:00")
    found = due(
        JOBS["morning"], standing(mona(), planned={"M": date(2026, 11, 24)}, asked={"morning"}), Coaching(), now
    )
    assert found
    assert found.mornings is None
