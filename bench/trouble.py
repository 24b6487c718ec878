"""Trouble by lot: answers that get lost or spoilt on the wire, rows that are locked, and a process that dies."""

import gc
import os
import random
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from requests.adapters import HTTPAdapter
from sqlalchemy import event

from app.store.session import Store
from connectors.sandbox.faults import Effect, Fault
from connectors.sandbox.org import Org

EFFECTS: tuple[Effect, ...] = (
    "drop_before", "drop_after", "cut_body", "html_200", "answer", "expire_session", "malformed_json", "slow",
)  # fmt: skip
CALLS = ("", "query", "composite", "composite", "composite$", "composite/sobjects", "describe|deleted", "token")
STEPS = ("", "commit", "call", "composite", "answered .*composite", "answered .*composite")
"""Where a process dies: anywhere, or at the writes, where it matters most."""


class Crash(BaseException):
    """The process is gone: nothing may catch this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What befalls one run: faults on the wire, how often rows are locked, and at which step it dies if it does."""

    faults: tuple[dict[str, Any], ...] = ()
    locked: float = 0.0
    dies_at: tuple[str, int] | None = None
    for_real: bool = False
    """It is killed by a signal in a process of its own; else an exception ends it that nothing catches."""

    def order(self, org: Org) -> None:
        """Let it begin."""
        org.faults.order(*(Fault(**fault) for fault in self.faults))
        org.settings.lock_probability = self.locked

    def relieve(self, org: Org) -> None:
        """Let it end."""
        org.faults.clear()
        org.settings.lock_probability = 0.0


def draw_trouble(lots: random.Random, *, for_real: bool) -> Trouble:
    """Up to three faults, sometimes locked rows, and every other time a death."""
    faults = tuple(_fault(lots) for _ in range(lots.choice((0, 1, 1, 2, 3))))
    dies_at = (lots.choice(STEPS), lots.randint(1, 40) if lots.random() < 0.5 else lots.randint(1, 4))
    return Trouble(
        faults=faults,
        locked=lots.choice((0.0, 0.0, 0.0, 0.3)),
        dies_at=dies_at if lots.random() < 0.5 else None,
        for_real=for_real,
    )


def _fault(lots: random.Random) -> dict[str, Any]:
    found = {"effect": lots.choice(EFFECTS), "path": lots.choice(CALLS), "status": 503, "seconds": 0.01}
    when = lots.choice(({"nth": lots.randint(1, 4)}, {"nth": lots.randint(1, 40)}, {"probability": 0.2}))
    return {**found, **when, "seed": lots.randint(0, 9999), "times": lots.randint(1, 4)}


@contextmanager
def dying(store: Store, at: tuple[str, int], die: Callable[[], None]) -> Iterator[None]:
    """Within, every commit and call is a step; `die` is called at the nth whose name matches.

    Dying after a commit is the same as dying before the step that follows it.
    """
    pattern, left = at
    send = HTTPAdapter.send

    def step(name: str) -> None:
        nonlocal left
        left -= bool(re.search(pattern, name))
        if not left:
            left = -1
            die()

    def watched(adapter: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:
        step(f"call {request.path_url}")
        answer = send(adapter, request, *args, **kwargs)
        step(f"answered {request.path_url}")
        return answer

    def committing(_connection: Any) -> None:
        step("commit")

    HTTPAdapter.send = watched  # type: ignore[method-assign, assignment]
    event.listen(store.engine, "commit", committing)
    try:
        yield
    finally:
        event.remove(store.engine, "commit", committing)
        HTTPAdapter.send = send  # type: ignore[method-assign]


def crash() -> None:
    """End this run as if the process were gone."""
    raise Crash


def in_a_fork(store: Store, run: Callable[[], None]) -> None:
    """Run it in a child of this process, which may be killed; the store has no open connection while it forks."""
    store.close()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    gc.freeze()  # a DuckDB of the parent that is collected here would wait for threads that did not come along
    try:
        run()
    finally:
        os._exit(0)


def be_killed() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)
