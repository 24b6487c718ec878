"""The service: one process on SQLite, or one that serves and as many as wanted that work, on PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Annotated, Any

import typer
import uvicorn

from app.cli.desk import coaching_of, laid_out, now, opened, out, read_settings, vault_of
from app.config import Settings
from app.errors import NotReady
from app.jobs import local, workers
from app.jobs.ending import Ending
from app.jobs.rota import Rota
from app.store import schema
from app.store.connections import put_new_key
from app.store.sealed import rekey
from app.store.session import Store

Concurrency = Annotated[int, typer.Option(min=1, help="On how many connections to work at once.")]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    concurrency: Concurrency = 4,
) -> None:
    """Serve pages and hooks, until Ctrl-C; on SQLite also run every connection on schedule.

    Often: every 5 minutes. Nightly, a comparison with all the CRM shows: from 02:32 UTC on. Mornings: 07:00 in each
    manager's time zone, on working days. On PostgreSQL `coachsync worker` does that.
    """
    settings, ending = read_settings(), Ending()
    with opened(settings) as store:
        ending.listen()
        rota = _rota(settings, store, ending)
        with workers.calling(store) if store.server else local.scheduled(rota, concurrency) as wake:
            # the pages take half a second to import, which every other command would wait for
            web = import_module("app.web")
            room = web.Room(store=store, settings=settings, clock=now, wake=lambda job, name: wake(name))
            out.print(f"Pages: http://{host}:{port}/healthz, /api/v1. Ctrl-C stops; what is in hand is finished first.")
            _serve(web.create_app(room), host, port, ending)


def worker(concurrency: Concurrency = 4) -> None:
    """Run every connection on schedule, beside other workers on the same PostgreSQL, until Ctrl-C."""
    settings, ending = read_settings(), Ending()
    with opened(settings) as store:
        if not store.server:
            raise NotReady("On SQLite `coachsync serve` does the work; for workers set COACHSYNC_DATABASE_URL.")
        ending.listen()
        workers.run(_rota(settings, store, ending), concurrency, ending)


def db_upgrade() -> None:
    """Bring the database to this version of coachsync. Safe to repeat."""
    with opened(read_settings(), check=False) as store:
        revision = schema.upgrade(store)
        if store.server:
            workers.furnish(store)
        out.print(f"The database is at {revision}.")


def db_rekey() -> None:
    """Encrypt every stored secret with a new key, made for the key file, or with the first of COACHSYNC_SECRET_KEY.

    Former keys are kept: backups need them. Then start serve and workers again.
    """
    settings = read_settings()
    with opened(settings) as store, store.lock("the secret key"), store.begin() as transaction:
        if not settings.secret_key:
            put_new_key(settings.home)
        count = rekey(transaction, vault_of(settings))
    out.print(f"Encrypted with the new key: {count}. Start serve and workers again; backups still need the former key.")


def _rota(settings: Settings, store: Store, ending: Ending) -> Rota:
    return Rota(
        store=store,
        coaching=partial(coaching_of, settings),
        opened=partial(laid_out, settings, store),
        clock=now,
        ending=ending,
    )


class _Server(uvicorn.Server):
    """Leaves the signals of the process to whoever else has to end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _serve(app: Any, host: str, port: int, ending: Ending) -> None:
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=5)
    server = _Server(config)
    ending.then = partial(setattr, server, "should_exit", True)
    try:
        server.run()
    finally:  # also where the port is taken: or what runs beside it would go on
        ending.begin(1)
