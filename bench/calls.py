"""How many calls a first load of each kind costs beyond the pages that bring its rows.

`python -m bench calls 1` reads 100,000 deals, 300,000 history rows and 500,000 activities, kind after kind, without
the calls that sign in. Where there are too few rows for a job, the pages stand among the calls beyond.
"""

import tempfile
from pathlib import Path

import requests

from app.gate import named, open_gate
from app.stages.pull import pull
from bench import table
from bench.org import Facts, served
from bench.ours import COACHING, NOON, opened
from connectors.records import KINDS


def main(size: str = "0.1") -> None:
    """Print a row a kind."""
    table.head("kind", "rows", "calls", "of them result pages", "beyond them")
    with (
        tempfile.TemporaryDirectory() as folder,
        served("plain", size, Path(folder)) as facts,
        opened(Path(folder), facts) as (store, vault),
        requests.Session() as session,
    ):
        session.trust_env, session.verify = False, facts["ca_file"]
        org = named(store, "bench")
        for kind in KINDS:
            session.delete(f"{facts['url']}/sandbox/calls")
            gate = open_gate(store, vault, org, COACHING, NOON)
            rows = pull(store, org.id, gate, clock=lambda: NOON, kinds=(kind,)).rows.get(kind, 0)
            calls, pages = _counted(session, facts)
            table.row(kind, f"{rows:,}", calls, pages, calls - pages)


def _counted(session: requests.Session, facts: Facts) -> tuple[int, int]:
    made = session.get(f"{facts['url']}/sandbox/calls").json()["calls"]
    pages = sum(call["count"] for call in made if "/results" in call["path"])
    return sum(call["count"] for call in made if "/oauth2/" not in call["path"]), pages
