"""What runs when, as data; every scheduler reads this table."""

from collections.abc import Callable
from dataclasses import dataclass

from app import pipeline
from app.pipeline import Loop, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A rhythm of the pipeline on a crontab-like schedule (fields as cron names them)."""

    name: str
    minute: str
    hour: str = "*"
    day_of_week: str = "*"
    run: Callable[[Loop], Report]


CATALOG: tuple[Job, ...] = (
    Job(name="often", minute="*/5", run=pipeline.often),
    # two minutes past, so that they do not meet the pull that is due every five at the connection's lock
    Job(name="nightly", minute="32", hour="2", run=pipeline.nightly),
    Job(name="morning", minute="2", hour="7", day_of_week="mon-fri", run=pipeline.morning),
)
