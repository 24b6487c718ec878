"""Trouble by lot: answers that get lost or spoilt on the wire, rows that are locked, and a process that dies."""

import gc
import os
import random
import re
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from requests.adapters import HTTPAdapter
from sqlalchemy import event

from app.errors import Stop
from app.store.session import Store
from connectors.sandbox.faults import Effect, Fault
from connectors.sandbox.org import Org

EFFECTS: tuple[Effect, ...] = (
    "drop_before", "drop_after", "cut_body", "html_200", "answer", "expire_session", "malformed_json", "slow",
)  # fmt: skip
CALLS = ("", "query", "composite", "composite", "composite$", "composite/sobjects", "describe|deleted", "token")
STEPS = ("", "commit", "call", "composite", "answered .*composite", "answered .*composite")
"""Where a process dies: anywhere, or at the writes, where it matters most."""
HANGS_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What befalls one run: faults on the wire, how often rows are locked, and at which step it dies if it does."""

    faults: tuple[dict[str, Any], ...] = ()
    locked: float = 0.0
    dies_at: tuple[str, int] | None = None

    def order(self, org: Org) -> list[Fault]:
        """Let it begin; the faults will know how often they were met."""
        ordered = [Fault(**fault) for fault in self.faults]
        org.faults.order(*ordered)
        org.settings.lock_probability = self.locked
        return ordered

    def relieve(self, org: Org) -> None:
        """Let it end."""
        org.faults.clear()
        org.settings.lock_probability = 0.0


def draw_trouble(lots: random.Random) -> Trouble:
    """Up to three faults, sometimes locked rows, and every other time a death."""
    faults = tuple(_fault(lots) for _ in range(lots.choice((0, 1, 1, 2, 3))))
    dies_at = (lots.choice(STEPS), lots.randint(1, 40) if lots.random() < 0.5 else lots.randint(1, 4))
    return Trouble(
        faults=faults,
        locked=lots.choice((0.0, 0.0, 0.0, 0.3)),
        dies_at=dies_at if lots.random() < 0.5 else None,
    )


def _fault(lots: random.Random) -> dict[str, Any]:
    found = {"effect": lots.choice(EFFECTS), "path": lots.choice(CALLS), "status": 503, "seconds": 0.01}
    when = lots.choice(({"nth": lots.randint(1, 4)}, {"nth": lots.randint(1, 40)}, {"probability": 0.2}))
    return {**found, **when, "seed": lots.randint(0, 9999), "times": lots.randint(1, 4)}


def ending(run: Callable[[], None]) -> int:
    """Run it and return the exit code of the command that does: 0, or the reason why it stopped."""
    try:
        run()
    except Stop as stop:
        return stop.exit_code
    return 0


def ending_killed(store: Store, at: tuple[str, int], run: Callable[[], None]) -> int:
    """The same in a process of its own that is killed at a step (-9), unless the run is over before it comes to that.

    Every commit and call is a step; it is the nth whose name matches. The store has no open connection meanwhile.
    """
    store.close()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        signal.alarm(HANGS_SECONDS)
        gc.freeze()  # a DuckDB of the parent that is collected here would wait for threads that did not come along
        _die_at(store, *at)
        code = ending(run)
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


def _die_at(store: Store, pattern: str, left: int) -> None:
    """Dying after a commit is the same as dying before the step that follows it."""
    send = HTTPAdapter.send

    def step(name: str) -> None:
        nonlocal left
        left -= bool(re.search(pattern, name))
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(adapter: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:
        step(f"call {request.path_url}")
        answer = send(adapter, request, *args, **kwargs)
        step(f"answered {request.path_url}")
        return answer

    def committing(_connection: Any) -> None:
        step("commit")

    HTTPAdapter.send = watched  # type: ignore[method-assign, assignment]
    event.listen(store.engine, "commit", committing)
