"""A process that dies at a chosen step, as in a power cut: before and after every commit and every call.

Reads one job a line. Each is done by a fork of this process, since a fork need not import everything again.
"""

import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from sqlalchemy import event

from app import pipeline
from app.config import Coaching
from app.gate import named, open_gate
from app.run import Loop
from app.store.connections import Vault
from app.store.session import Store, open_store
from coaching_rules.loader import load
from coaching_rules.model import RuleSet

RHYTHMS = {
    "pull": lambda loop: pipeline.often(loop, push_too=False),
    "push": pipeline.send,
    "morning": pipeline.morning,
    "review": pipeline.review,
}


class Steps:
    """Counts the steps of a run; at `deadly` the process is gone. 0 is never reached."""

    def __init__(self, deadly: int) -> None:
        self.deadly, self.taken, self.names = deadly, 0, list[str]()

    def step(self, name: str) -> None:
        self.taken += 1
        self.names.append(name)
        if self.taken == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, store: Store) -> None:
        """Make every commit and every call two steps, one before it and one after."""
        committed: set[int] = set()

        def before_commit(connection: Any) -> None:
            self.step("commit")
            committed.add(id(connection.connection.dbapi_connection))

        def returned(dbapi: Any, record: Any) -> None:
            if id(dbapi) in committed:
                committed.discard(id(dbapi))
                self.step("committed")

        event.listen(store.engine, "commit", before_commit)
        event.listen(store.engine, "checkin", returned)
        send = HTTPAdapter.send

        def watched(adapter: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:
            self.step(f"call {request.method}")
            answer = send(adapter, request, *args, **kwargs)
            self.step("answered")
            return answer

        HTTPAdapter.send = watched  # type: ignore[method-assign]


def do(job: dict[str, Any], rules: RuleSet) -> list[str]:
    """Run one rhythm and return the names of its steps."""
    store, steps = open_store(job["database"]), Steps(job["deadly"])
    now, coaching = datetime.fromisoformat(job["now"]), Coaching(api_share=1)
    org = named(store, job["name"])
    gate = open_gate(store, Vault(Path(job["home"]), None), org, coaching, now)
    steps.watch(store)
    RHYTHMS[job["rhythm"]](
        Loop(store=store, org=org, connector=gate, coaching=coaching, rules=rules, clock=lambda: now)
    )
    store.close()
    return steps.names


def main() -> None:
    rules = load(Path(sys.argv[1]))
    for line in sys.stdin:
        child = os.fork()
        if not child:
            print(json.dumps(do(json.loads(line), rules)), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            print(json.dumps(signal.Signals(os.WTERMSIG(status)).name), flush=True)
        elif status:
            print(json.dumps(f"failed with {os.waitstatus_to_exitcode(status)}"), flush=True)


if __name__ == "__main__":
    main()
