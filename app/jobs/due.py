"""What is due now: the newest slot of a schedule that was not done, or something asked for. Nothing else is remembered.

So a slot that was missed is found by the next look and made up once, and of several only the last one.
"""

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from croniter import croniter

from app.calendar import Calendar, calendar_of
from app.config import Coaching
from app.jobs.catalog import Job
from app.store.turns import Manager, Turn

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the store says of one connection: its turns by job, its managers and their newest mornings by id."""

    name: str
    paused_until: datetime | None = None
    """When a connection that waits for a person is tried again by itself."""
    made_at: datetime
    turns: Mapping[str, Turn]
    managers: Sequence[Manager] = ()
    planned: Mapping[str, date]
    asked: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A job whose time has come: its newest slot, or the day of each manager whose morning it is.

    `mornings` is None when it is for everybody, or not by manager.
    """

    job: Job
    slot: datetime | None
    mornings: Mapping[str, date] | None = None


def due(job: Job, standing: Standing, coaching: Coaching, now: datetime) -> Due | None:
    """Whether this job is due on this connection; None while it is not, or must not be tried again yet.

    On a paused connection nothing is, until a person has mended it or its hour has passed.
    """
    turn = standing.turns.get(job.name, Turn())
    if any(moment and now < moment for moment in (standing.paused_until, turn.not_before)):
        return None
    return next_turn(job, standing, coaching, now)


def next_turn(job: Job, standing: Standing, coaching: Coaching, now: datetime) -> Due | None:
    """The same, however often and lately it was tried in vain."""
    by_manager = job.whose == "managers"
    slot = latest(job, standing.name, now) if job.schedule and not by_manager else None
    if job.name in standing.asked:
        return Due(job=job, slot=slot)
    if by_manager:
        mornings = _mornings(job, standing, coaching, now)
        return Due(job=job, slot=None, mornings=mornings) if mornings else None
    done = standing.turns.get(job.name, Turn()).slot or standing.made_at
    return Due(job=job, slot=slot) if slot and slot > done else None


def latest(job: Job, name: str, now: datetime) -> datetime:
    """The newest slot of a job that a connection of this name has had by now."""
    late = timedelta(seconds=zlib.crc32(name.encode()) % (job.spread.total_seconds() or 1))
    return _before(job, now - late) + late


def _mornings(job: Job, standing: Standing, coaching: Coaching, now: datetime) -> dict[str, date]:
    found = {}
    for manager in standing.managers:
        own = coaching.of(manager.id, manager.name)
        calendar = calendar_of(own, manager.time_zone, manager.country)
        begins = _last_morning(job, calendar, now)
        if own.coach and begins > standing.made_at and begins.date() > standing.planned.get(manager.id, date.min):
            found[manager.id] = begins.date()
    return found


def _last_morning(job: Job, calendar: Calendar, now: datetime) -> datetime:
    """The slot on the last working day, where the manager is.

    It is found on the clock on the wall, which does without an hour once a year and has one twice: a day has one slot.
    """
    slot = _before(job, now.astimezone(calendar.zone).replace(tzinfo=None))
    return datetime.combine(calendar.working_until(slot.date()), slot.time(), calendar.zone)


def _before(job: Job, now: datetime) -> datetime:
    """The newest slot that is not after now; croniter's is before, and it knows no parts of a second."""
    found: datetime = croniter(job.schedule, now.replace(microsecond=0) + SECOND).get_prev(datetime)
    return found
