"""One process: the catalogue on APScheduler, in threads of the process that serves the pages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from app.jobs.catalog import CATALOG, Job

LATE_SECONDS = 12 * 3600
"""A morning that was missed is made up once, late, on the same day; then the next one is near enough."""


@contextmanager
def scheduled(work: Callable[[Job], None], time_zone: str) -> Iterator[BackgroundScheduler]:
    """Run the catalogue until the block ends; a job that is still at work is not started again."""
    scheduler = BackgroundScheduler(timezone=time_zone)
    for job in CATALOG:
        scheduler.add_job(
            work,
            CronTrigger(minute=job.minute, hour=job.hour, day_of_week=job.day_of_week, timezone=time_zone),
            args=[job],
            id=job.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=LATE_SECONDS,
        )
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.shutdown(wait=True)
