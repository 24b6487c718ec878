"""What runs when, as data; both engines read this table, and so does whoever asks for a job by name."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from app import pipeline
from app.jobs.previews import previews
from app.run import Report

LOOK_SECONDS = 15
"""How often somebody looks what is due; what is asked for is worked on at once, if nothing goes wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A rhythm of the pipeline. Of those that are `alone`, one at a time is at work on a connection.

    `schedule` is a crontab line, read in UTC or, for each manager, in the manager's time zone on the manager's working
    days; None where there is nothing to do but what is asked for. Each connection's slots are later by a part of
    `spread` that is always the same. Attempts in vain are repeated after `first_wait`, then twice that, up to
    `most_wait`. A run that takes longer than `limit` ends between two pages or batches and goes on in the next one.
    """

    name: str
    run: Callable[..., Report]
    limit: timedelta
    first_wait: timedelta
    most_wait: timedelta
    schedule: str | None = None
    whose: Literal["connection", "managers"] = "connection"
    spread: timedelta = timedelta()
    alone: bool = True


CATALOG: tuple[Job, ...] = (
    Job(
        name="preview",
        run=previews,
        limit=timedelta(minutes=10),
        first_wait=timedelta(seconds=30),
        most_wait=timedelta(minutes=30),
        alone=False,
    ),
    Job(
        name="review",
        run=pipeline.review,
        limit=timedelta(minutes=10),
        first_wait=timedelta(seconds=5),
        most_wait=timedelta(minutes=5),
    ),
    Job(
        name="morning",
        schedule="0 7 * * *",
        whose="managers",
        run=pipeline.morning,
        limit=timedelta(minutes=30),
        first_wait=timedelta(minutes=1),
        most_wait=timedelta(minutes=30),
    ),
    Job(
        name="often",
        schedule="*/5 * * * *",
        spread=timedelta(minutes=5),
        run=pipeline.often,
        limit=timedelta(minutes=10),
        first_wait=timedelta(seconds=30),
        most_wait=timedelta(minutes=30),
    ),
    Job(
        name="nightly",
        schedule="32 2 * * *",
        spread=timedelta(hours=2),
        run=pipeline.nightly,
        limit=timedelta(hours=2),
        first_wait=timedelta(minutes=5),
        most_wait=timedelta(hours=2),
    ),
    Job(
        name="weekly",
        schedule="12 3 * * 1",
        run=pipeline.weekly,
        limit=timedelta(minutes=30),
        first_wait=timedelta(minutes=5),
        most_wait=timedelta(hours=2),
    ),
)
"""The most urgent first; before them those that are not `alone`, which need not wait for anybody."""
