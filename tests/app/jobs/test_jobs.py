"""The schedule: what is in the catalogue is what the scheduler has."""

import threading
from datetime import UTC, datetime

from app.jobs.catalog import CATALOG, Job
from app.jobs.local import scheduled


def test_the_scheduler_holds_the_catalogue() -> None:
    """Every job is registered once, under its own name, in the zone asked for."""
    with scheduled(lambda job: None, "Europe/Berlin") as scheduler:
        jobs = {job.id: job for job in scheduler.get_jobs()}
        assert set(jobs) == {job.name for job in CATALOG}
        assert str(jobs["morning"].trigger.timezone) == "Europe/Berlin"
        assert "hour='7'" in str(jobs["morning"].trigger)


def test_a_job_is_handed_to_the_work() -> None:
    """What the scheduler calls is the work, with the job of the catalogue."""
    called: list[Job] = []
    done = threading.Event()

    def work(job: Job) -> None:
        called.append(job)
        done.set()

    with scheduled(work, "UTC") as scheduler:
        # brought forward rather than added once: a job that has no next time is removed, which an ending may outrun
        scheduler.modify_job("often", next_run_time=datetime.now(UTC))
        assert done.wait(10)
    assert called[0].name == "often"
