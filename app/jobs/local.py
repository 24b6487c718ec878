"""One process: the rota on APScheduler, in threads of the process that serves the pages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app.jobs.catalog import LOOK_SECONDS
from app.jobs.rota import Rota


@contextmanager
def scheduled(rota: Rota, concurrency: int) -> Iterator[Callable[[str], None]]:
    """Do what is due until the block ends, on so many connections at once; yields who is called to look at one now."""
    # a second one may begin, and finds the first at work: so a call that comes as that one ends is not lost
    defaults = {"coalesce": True, "max_instances": 2, "misfire_grace_time": None}
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(concurrency)}, job_defaults=defaults, timezone=UTC
    )

    def wake(name: str) -> None:
        scheduler.add_job(rota.work, args=[name], id=f"work {name}", replace_existing=True)

    def look() -> None:
        for name in rota.look():
            wake(name)

    scheduler.add_job(look, id="look at once")
    scheduler.add_job(look, "interval", seconds=LOOK_SECONDS, id="look")
    scheduler.start()
    try:
        yield wake
    finally:
        scheduler.shutdown(wait=True)
