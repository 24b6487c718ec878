"""What every program here is asked, as a file of JSON, and how it answers, as a line of JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Read these queries (one for each object) of the org in `facts`, with a token that is already there."""

    facts: Mapping[str, Any]
    token: str
    queries: Mapping[str, str]
    page_rows: int

    @staticmethod
    def of(path: str) -> "Task":
        """The task in this file."""
        return Task(**json.loads(Path(path).read_text("utf-8")))


def told(read: Callable[[], int]) -> None:
    """Say how many rows there were and how many seconds it took, without the start of the process."""
    began = perf_counter()
    rows = read()
    print(json.dumps({"rows": rows, "seconds": perf_counter() - began}))
