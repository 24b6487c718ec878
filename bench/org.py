"""The sandbox company in a process of its own, so that what is measured is ours.

`python -m bench.org story SCALE DIR` serves the company with a story, `plain SIZE` the one of exact sizes.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from bench import plain_company
from connectors.sandbox.company import company
from connectors.sandbox.org import Org
from connectors.sandbox.server import serve

SEED = 7
TODAY = date(2026, 11, 20)
LOAD_SECONDS = 1800

Facts = dict[str, Any]
"""What a client needs to sign in: url, ca_file, client_id, username, private_key_file, client_secret, refresh_token."""


@contextmanager
def served(kind: str, size: str, folder: Path) -> Iterator[Facts]:
    """A company of this kind and size that answers while the block lasts."""
    process = subprocess.Popen([sys.executable, "-m", "bench.org", kind, size, str(folder)])
    try:
        yield _facts(process, folder / "keys" / "connection.json")
    finally:
        process.terminate()
        process.wait(30)


def _facts(process: subprocess.Popen[bytes], file: Path) -> Facts:
    deadline = time.monotonic() + LOAD_SECONDS
    while not file.exists() or not file.read_text("utf-8").endswith("}"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the sandbox did not start")
        time.sleep(0.2)
    found: Facts = json.loads(file.read_text("utf-8"))
    return found


def main(kind: str, size: float, folder: Path) -> None:
    """Load a company, then serve it until the process is ended."""
    org = Org(folder / "org.sqlite3", daily_limit=10_000_000)
    org.execute("PRAGMA synchronous = OFF")  # nobody wants it back after a power cut
    if kind == "plain":
        plain_company.furnish(org, size)
    else:
        for name, rows in company(SEED, today=TODAY, scale=size):
            org.load(name, rows)
    serve(org=org, port=0, tls=True, key_dir=folder / "keys")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))
