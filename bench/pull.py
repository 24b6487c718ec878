"""What a first load costs: ours, storing, beside the floor (download and parse) and beside others, which only read.

`python -m bench pull 0.1 3` is 10,000 deals, 30,000 history rows and 50,000 activities, three times; 1 is ten times
that. `python -m bench pull 10 1 down coach` leaves the others out. Peak memory is read from /proc, so it needs Linux.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import requests

from bench import table
from bench.org import Facts, served
from bench.peers import others, postgresql
from bench.peers.task import Task
from connectors.salesforce.bulk import PAGE_ROWS
from connectors.salesforce.sources import SOURCES, Source

HERE = Path(__file__).parent / "peers"
LOOK_SECONDS = 0.02
FLOOR = "download and parse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one reading cost."""

    rows: float
    seconds: float
    cpu_seconds: float
    peak_mb: float
    calls: float
    pages: float


Command = Callable[[Path, Path], Sequence[str | Path]]
"""From the file of the task and an empty folder, what to run."""


def _module(name: str, *more: str) -> Command:
    return lambda task, folder: [sys.executable, "-m", f"bench.peers.{name}", task, *more]


CONTENDERS: dict[str, Command] = {
    FLOOR: _module("drain"),
    "coachsync, SQLite": lambda task, folder: [
        *_module("ours")(task, folder), f"sqlite:///{folder}/coachsync.sqlite3", folder
    ],
    "coachsync, PostgreSQL": lambda task, folder: [*_module("ours")(task, folder), postgresql.fresh(), folder],
    "simple-salesforce query_all_iter": _module("by_simple_salesforce", "rest"),
    "simple-salesforce bulk2": _module("by_simple_salesforce", "bulk2"),
    "jsforce query": lambda task, folder: ["node", HERE / "by_jsforce.mjs", task, "rest", others.jsforce()],
    "jsforce bulk2": lambda task, folder: ["node", HERE / "by_jsforce.mjs", task, "bulk2", others.jsforce()],
    "tap-salesforce": lambda task, folder: [*_module("by_tap")(task, folder), others.tap(), folder],
}  # fmt: skip


def main(size: str = "0.1", times: str = "1", *names: str) -> None:
    """Let the contenders whose names begin so, or all, read the same org in turn, and print the medians."""
    chosen = [name for name in CONTENDERS if not names or name.startswith(names)]
    results: dict[str, list[Ran]] = {name: [] for name in chosen}
    with tempfile.TemporaryDirectory() as folder, served("plain", size, Path(folder)) as facts:
        for _ in range(int(times)):
            for name in chosen:
                try:
                    results[name].append(_run(CONTENDERS[name], facts, Path(folder)))
                except (OSError, subprocess.CalledProcessError) as missing:
                    print(f"{name} is left out: {missing}", file=sys.stderr)
                else:
                    print(name, results[name][-1], file=sys.stderr)
    _print(results)


def _print(results: Mapping[str, Sequence[Ran]]) -> None:
    table.head("who", "rows", "seconds", "of the floor", "rows a second", "CPU s", "peak MB", "calls", "pages")
    measured = {name: runs for name, runs in results.items() if runs}
    floor = median(ran.seconds for ran in measured[FLOOR]) if FLOOR in measured else None
    for name, runs in measured.items():
        ran = Ran(**{key: median(asdict(ran)[key] for ran in runs) for key in Ran.__slots__})
        table.row(
            name, f"{ran.rows:,.0f}", f"{ran.seconds:.2f}", f"{ran.seconds / floor:.2f}" if floor else "–",
            f"{ran.rows / ran.seconds:,.0f}", f"{ran.cpu_seconds:.2f}", f"{ran.peak_mb:.0f}",
            f"{ran.calls:.0f}", f"{ran.pages:.0f}",
        )  # fmt: skip


def _run(command: Command, facts: Facts, folder: Path) -> Ran:
    with tempfile.TemporaryDirectory(dir=folder) as place, _org(facts) as session:
        file, printed = Path(place) / "task.json", Path(place) / "printed"
        file.write_text(json.dumps(asdict(_task(facts, session))), "utf-8")
        line = command(file, Path(place))
        session.delete(f"{facts['url']}/sandbox/calls")
        environment = os.environ | {"NODE_EXTRA_CA_CERTS": facts["ca_file"]}
        began = time.perf_counter()
        with printed.open("wb") as out:
            process = subprocess.Popen([*map(str, line)], stdout=out, stderr=subprocess.DEVNULL, env=environment)
            peak, cpu = _watched(process)
        told = _told(printed, time.perf_counter() - began)
        calls = session.get(f"{facts['url']}/sandbox/calls").json()["calls"]
        pages = sum(call["count"] for call in calls if call["path"].endswith("/results") or "/query" in call["path"])
    return Ran(**told, peak_mb=peak, cpu_seconds=cpu, calls=sum(call["count"] for call in calls), pages=pages)


def _watched(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Its peak memory in MB and its CPU seconds; what getrusage tells of a child counts its parent's memory as well."""
    peak = 0.0
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            process.returncode = os.waitstatus_to_exitcode(status)
            break
        lines = Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
        peak = max(peak, *(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
        time.sleep(LOOK_SECONDS)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return peak, usage.ru_utime + usage.ru_stime


def _told(printed: Path, seconds: float) -> dict[str, float]:
    """What it said itself; a tap says nothing but its records."""
    with printed.open("rb") as lines:
        rows, last = 0, b""
        for last in lines:
            rows += last.startswith(b'{"type": "RECORD"')
    return {"rows": rows, "seconds": seconds} if rows else dict(json.loads(last))


@contextmanager
def _org(facts: Facts) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env, session.verify = False, facts["ca_file"]
        yield session


def _task(facts: Facts, session: requests.Session) -> Task:
    form = {"grant_type": "client_credentials"} | {name: facts[name] for name in ("client_id", "client_secret")}
    token = session.post(f"{facts['url']}/services/oauth2/token", data=form).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    wanted = [source for kind in ("user", "account", "deal", "deal_change", "activity") for source in SOURCES[kind]]
    queries = {source.object: _soql(source, facts, session) for source in wanted}
    return Task(facts=facts, token=token, queries=queries, page_rows=PAGE_ROWS)


def _soql(source: Source, facts: Facts, session: requests.Session) -> str:
    described = session.get(f"{facts['url']}/services/data/v66.0/sobjects/{source.object}/describe").json()
    there = {entry["name"] for entry in described["fields"]}
    fields = [name for name in source.fields if name in there]
    return f"SELECT {', '.join(dict.fromkeys(('Id', 'SystemModstamp', *fields)))} FROM {source.object}"
