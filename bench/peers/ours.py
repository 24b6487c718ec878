"""Ours: everything is pulled into an empty store. The schema is made before the clock starts."""

import sys
from pathlib import Path

from app.config import Coaching
from app.gate import named, open_gate
from app.stages.pull import pull
from app.store import schema
from app.store.connections import Vault
from app.store.session import open_store
from bench.ours import NOON, connect
from bench.peers.task import Task, told


def main(task: Task, url: str, folder: Path) -> None:
    """Pull into the store at this address."""
    store = open_store(url)
    schema.ready(store)
    vault = Vault(folder, None)
    connect(store, vault, task.facts)
    org = named(store, "bench")
    gate = open_gate(store, vault, org, Coaching(api_share=1), NOON)
    told(lambda: sum(pull(store, org.id, gate, clock=lambda: NOON).rows.values()))
    store.close()


if __name__ == "__main__":
    main(Task.of(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
