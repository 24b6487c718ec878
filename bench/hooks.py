"""What an event costs: Outbound Messages acknowledged, each stored first, beside an endpoint that inserts one row.

`python -m bench hooks 1 15` sends fifteen times a second to each, by turns. The server is uvicorn in a process of its
own on loopback; the client has LANES requests under way and shares the machine with it.
"""

import asyncio
import logging
import multiprocessing
import socket
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import perf_counter

import psutil
import structlog
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import select, text

from app.config import Settings
from app.store import connections, hooks, requests, schema
from app.store.connections import Vault
from app.store.session import Store, open_store
from app.web import create_app
from app.web.room import Room
from bench import table
from bench.peers import postgresql

LANES = 16
KILLS = 5
DATABASES: dict[str, Callable[[Path], str]] = {
    "SQLite": lambda folder: f"sqlite:///{folder}/bench.sqlite3",
    "PostgreSQL": lambda folder: postgresql.fresh(),
}
ORGANIZATION = "00D5Y000001MPM7UAO"
BARE, HOOK, HUNDRED = "one row inserted", "a message of one", "a message of a hundred"


class Told(BaseModel):
    """What the bare endpoint takes."""

    deal_id: str


@dataclass(slots=True)
class Load:
    """What became of the requests: seconds each took, the keys acknowledged, how many each round, the server's CPU."""

    seconds: list[float] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    cpu: float = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server with an empty store, and how to write a request to it: the key of its first event and the bytes."""

    process: BaseProcess
    port: int
    store: Store
    write: Callable[[int], tuple[str, bytes]]


def main(seconds: str = "1", rounds: str = "15") -> None:
    """Print a row a database and endpoint, and what was lost when the server was killed in the middle."""
    table.head(
        "database", "each request is", "acknowledged", "a second", "of the first", "p50 ms", "p99 ms", "server CPU ms"
    )
    for name, address in DATABASES.items():
        _compare(name, address, float(seconds), int(rounds))
    print()
    table.head("database", "kills", "acknowledged before", "of them lost")
    for name, address in DATABASES.items():
        acknowledged, lost = map(sum, zip(*(_killed(address) for _ in range(KILLS))))
        table.row(name, KILLS, f"{acknowledged:,}", lost)


def _compare(name: str, address: Callable[[Path], str], seconds: float, rounds: int) -> None:
    """All by turns in short rounds, so that what else the machine does befalls all alike."""
    loads = {what: Load() for what in (BARE, HOOK, HUNDRED)}
    with ExitStack() as stack:
        served = {what: stack.enter_context(_served(what, address)) for what in loads}
        for _ in range(rounds):
            for what, load in loads.items():
                asyncio.run(_send(served[what], load, seconds))
    for what, load in loads.items():
        cuts = statistics.quantiles(load.seconds, n=100)
        ratio = statistics.median(a / b for a, b in zip(load.rounds, loads[BARE].rounds))
        many, rate = len(load.seconds), len(load.seconds) / seconds / rounds
        times = (f"{cut * 1e3:.1f}" for cut in (cuts[49], cuts[98], load.cpu / many))
        table.row(name, what, f"{many:,}", f"{rate:,.0f}", f"{ratio:.2f}", *times)


def _killed(address: Callable[[Path], str]) -> tuple[int, int]:
    load = Load()
    with _served(HOOK, address) as served:

        async def kill() -> None:
            await asyncio.sleep(1)
            served.process.kill()

        async def both() -> None:
            await asyncio.gather(_send(served, load, 3), kill())

        asyncio.run(both())
        with served.store.read() as transaction:
            stored = {key.partition(":")[0] for key in transaction.scalars(select(requests.requests.c.key))}
    return len(load.keys), len(set(load.keys) - stored)


async def _send(served: Served, load: Load, seconds: float) -> None:
    server, before, until = psutil.Process(served.process.pid), len(load.seconds), perf_counter() + seconds
    cpu = sum(server.cpu_times()[:2])
    await asyncio.gather(*(_lane(served, load, until) for _ in range(LANES)))
    load.rounds.append(len(load.seconds) - before)
    if served.process.is_alive():
        load.cpu += sum(server.cpu_times()[:2]) - cpu


async def _lane(served: Served, load: Load, until: float) -> None:
    """One request after the other on one connection, until the time is over or the server is gone."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        while perf_counter() < until:
            key, request = served.write(next(load.numbers))
            began = perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
            assert head.startswith(b"HTTP/1.1 200"), head
            assert b"false" not in body, body
            load.seconds.append(perf_counter() - began)
            load.keys.append(key)
        writer.close()
    except (OSError, asyncio.IncompleteReadError):
        return


@contextmanager
def _served(what: str, address: Callable[[Path], str]) -> Iterator[Served]:
    """A server in a process of its own, warm, over an empty store."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(address(Path(folder)))
        write = _prepared(store, what, Path(folder))
        here, there = multiprocessing.Pipe()
        url = store.engine.url.render_as_string(hide_password=False)
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=(what, url, folder, there))
        process.start()
        served = Served(process=process, port=here.recv(), store=store, write=write)
        try:
            yield served
        finally:
            process.kill()
            process.join()
            store.close()


def _prepared(store: Store, what: str, home: Path) -> Callable[[int], tuple[str, bytes]]:
    schema.ready(store)
    secret, now = hooks.new_secret("outbound_message"), datetime.now(UTC)
    with store.begin() as transaction:
        transaction.execute(text("CREATE TABLE bare (deal_id TEXT NOT NULL)"))
        connections.save(transaction, Vault(home, None), "bench", "salesforce", {}, {}, now)
        org = connections.find(transaction, "bench")
        assert org
        kept = hooks.hashed(secret)
        hook = hooks.create(transaction, org.id, "outbound_message", kept, now, organization_id=ORGANIZATION)
    if what == BARE:
        return lambda n: (str(n), _request("/bare", "application/json", f'{{"deal_id": "006{n:012}"}}'))
    many, path = 100 if what == HUNDRED else 1, f"/hooks/salesforce/{hook.door}/{secret}"
    return lambda n: (f"04l{n * many:012}AAA", _request(path, "text/xml; charset=utf-8", _message(n * many, many)))


def _request(path: str, kind: str, body: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def _message(first: int, many: int) -> str:
    told = "".join(
        f'<Notification><Id>04l{n:012}AAA</Id><sObject xsi:type="sf:Opportunity" '
        'xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        f"<sf:Id>006{n:012}AAA</sf:Id><sf:StageName>Prospecting</sf:StageName></sObject></Notification>"
        for n in range(first, first + many)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
        f"<OrganizationId>{ORGANIZATION}</OrganizationId>{told}</notifications></soapenv:Body></soapenv:Envelope>"
    )


def _serve(what: str, url: str, home: str, told: Connection) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    store = open_store(url)
    room = Room(store=store, settings=Settings(home=Path(home)), clock=lambda: datetime.now(UTC))
    app = _bare(store) if what == BARE else create_app(room)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    told.send(listener.getsockname()[1])
    uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False)).run(sockets=[listener])


def _bare(store: Store) -> FastAPI:
    app = FastAPI()

    @app.post("/bare")
    def insert_one(told: Told) -> dict[str, bool]:
        with store.begin() as transaction:
            transaction.execute(text("INSERT INTO bare (deal_id) VALUES (:deal_id)"), {"deal_id": told.deal_id})
        return {"stored": True}

    return app
