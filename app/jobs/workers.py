"""Many processes: the rota on procrastinate, over the PostgreSQL that holds the store.

The queue only says who looks at which connection next. What is due is told by the store, so the queue needs no retries,
no lock and no past: whatever is lost with a worker is found by the next look.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector, __version__
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, ProcrastinateException
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager

from app.jobs.catalog import LOOK_SECONDS
from app.jobs.ending import Ending
from app.jobs.rota import Rota
from app.store import schema
from app.store.session import Store

log = structlog.get_logger(__name__)

ROOM = f"procrastinate_{__version__.replace('.', '_')}"
"""Where the queue's tables are. Another version makes its own, since there is nothing in the old one to keep."""
STALLED_SECONDS = 60
AGAIN_SECONDS = 5


def furnish(store: Store) -> None:
    """Make the queue's tables, once."""
    schema.add_room(store, ROOM, SchemaManager.get_schema())


@contextmanager
def calling(store: Store) -> Iterator[Callable[[str], None]]:
    """For who only asks: yields how to call a worker to look at a connection now."""
    furnish(store)
    app = App(connector=SyncPsycopgConnector(**_address(store), min_size=1, max_size=2))

    def wake(name: str) -> None:
        with suppress(ProcrastinateException):  # it is asked already, or will be found by the next look
            app.configure_task("work", queueing_lock=name, priority=1).defer(name=name)

    with app.open():
        yield wake


def run(rota: Rota, concurrency: int, ending: Ending) -> None:
    """Work until told to end, on so many connections at once; while the database is away, wait for it."""
    furnish(rota.store)
    while not ending():
        with suppress(ConnectorException):
            asyncio.run(_run(engine(rota), concurrency, ending))
        if not ending.wait(AGAIN_SECONDS):
            log.warning("database_lost", reason="The database cannot be reached; trying again.")


def engine(rota: Rota) -> App:
    """The two tasks of every worker: look what is due every few seconds, and work on a connection."""
    app = App(
        connector=PsycopgConnector(**_address(rota.store), min_size=1, max_size=4),
        worker_defaults={"delete_jobs": "always", "install_signal_handlers": False},
    )

    @app.task(name="work")
    def work(name: str) -> None:
        rota.work(name)

    @app.periodic(cron=f"* * * * * */{LOOK_SECONDS}", periodic_id="look")
    @app.task(name="look", queueing_lock="look")
    async def look(timestamp: int) -> None:
        await _tidy(app)
        for name in await asyncio.to_thread(rota.look):
            with suppress(AlreadyEnqueued):
                await work.configure(queueing_lock=name).defer_async(name=name)

    return app


async def _run(app: App, concurrency: int, ending: Ending) -> None:
    loop = asyncio.get_running_loop()
    async with app.open_async():
        worker = asyncio.ensure_future(app.run_worker_async(concurrency=concurrency))
        ending.then = lambda: loop.call_soon_threadsafe(worker.cancel)
        with suppress(asyncio.CancelledError):
            await worker


async def _tidy(app: App) -> None:
    """Forget what workers had in hand that are no more."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


def _address(store: Store) -> dict[str, Any]:
    return {"conninfo": store.server, "kwargs": {"options": f"-c search_path={ROOM}"}}
