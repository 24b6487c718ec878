"""The sandbox company in a process of its own, so that what is measured is ours: `python -m bench.org SCALE DIR`."""

import sys
from datetime import date
from pathlib import Path

from connectors.sandbox.company import company
from connectors.sandbox.org import Org
from connectors.sandbox.server import serve

SEED = 7
TODAY = date(2026, 11, 20)


def main(scale: float, folder: Path) -> None:
    """Load a company, then serve it until the process is ended."""
    org = Org(folder / "org.sqlite3", daily_limit=10_000_000)
    for name, rows in company(SEED, today=TODAY, scale=scale):
        org.load(name, rows)
    serve(org=org, port=0, tls=True, key_dir=folder / "keys")


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
