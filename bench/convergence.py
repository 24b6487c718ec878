"""Many episodes of bad days, and whether the loop converged in each; what an episode is stands in bench/episode.py.

`python -m bench convergence 1000` lives a thousand, `python -m bench convergence 1000 5000` those from seed 5000 on,
`python -m bench convergence --seed 7` one again; `--workers 2` in so many processes, `--postgresql` on a PostgreSQL.
"""

import argparse
import logging
import multiprocessing
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import structlog

from app.store import schema
from app.store.session import Store, open_store
from bench import table
from bench.episode import Verdict, episode
from bench.peers.postgresql import fresh
from bench.trouble import EFFECTS

CAUSES = ("late", "lag", "rule", "inactive", "unseen")
COUNTED = ("runs", "completed", "killed", "stopped", *EFFECTS, *CAUSES, "edits", "tasks", "notes")
UNSAFE = "&options=-csynchronous_commit%3Doff"
"""Who is killed here is the client, so nobody needs to wait for the disk of the server."""
_own: dict[str, str] = {}
"""Where this worker's database and folder are; a worker is a process."""


def main(*arguments: str) -> None:
    """Live the episodes and say what went wrong, how to see it again, and what happened in all of them."""
    asked = _asked(arguments)
    began, done, tally, failed = time.perf_counter(), 0, Counter[str](), list[int]()
    with tempfile.TemporaryDirectory() as folder, _workers(asked, folder) as workers:
        for lived in as_completed([workers.submit(_live, seed) for seed in asked.seeds]):
            verdict = lived.result()
            done, tally = done + 1, tally + verdict.tally
            if verdict.broken:
                failed.append(verdict.seed)
                _tell(verdict, asked.postgresql)
            pace = done / (time.perf_counter() - began)
            print(f"{done} of {len(asked.seeds)}, {len(failed)} failed, {pace:.2f} a second", end="\r", flush=True)
    _sum_up(asked, tally, len(failed), time.perf_counter() - began)
    sys.exit(1 if failed else 0)


def _asked(arguments: tuple[str, ...]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench convergence")
    parser.add_argument("how_many", nargs="?", type=int, default=50)
    parser.add_argument("first", nargs="?", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--postgresql", action="store_true")
    asked = parser.parse_args(arguments)
    first, how_many = (asked.first, asked.how_many) if asked.seed is None else (asked.seed, 1)
    asked.seeds = range(first, first + how_many)
    return asked


def _workers(asked: argparse.Namespace, folder: str) -> ProcessPoolExecutor:
    """Processes with a database each, so that no episode knows of another and every one can be lived again alone."""
    context = multiprocessing.get_context("spawn")
    addresses = context.SimpleQueue()
    for nth in range(asked.workers):
        sqlite = f"sqlite:///{folder}/{nth}/coachsync.sqlite3"
        addresses.put(f"{fresh()}{UNSAFE}" if asked.postgresql else sqlite)
    return ProcessPoolExecutor(asked.workers, context, _settle, (addresses, folder))


def _settle(addresses: "SimpleQueue[str]", folder: str) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    _own["address"], _own["folder"] = addresses.get(), tempfile.mkdtemp(dir=folder)


@cache
def _store() -> Store:
    store = open_store(_own["address"])
    schema.ready(store)
    return store


def _live(seed: int) -> Verdict:
    try:
        return episode(seed, _store(), Path(_own["folder"]))
    except Exception:
        return Verdict(seed=seed, broken=(traceback.format_exc(),), tally=Counter())


def _tell(verdict: Verdict, postgresql: bool) -> None:
    for sentence in verdict.broken:
        print(f"\nseed {verdict.seed}: {sentence}", end="")
    print(f"\nagain: python -m bench convergence --seed {verdict.seed}{' --postgresql' * postgresql}", flush=True)


def _sum_up(asked: argparse.Namespace, tally: Counter[str], failed: int, seconds: float) -> None:
    print()
    table.head("seeds", "database", *COUNTED, "failed", "seconds")
    seeds, database = asked.seeds, "PostgreSQL" if asked.postgresql else "SQLite"
    counts = (f"{tally[name]:,}" for name in COUNTED)
    table.row(f"{seeds[0]} to {seeds[-1]}", database, *counts, failed, f"{seconds:,.0f}")
