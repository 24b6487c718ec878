"""Processes of the service, each a fork of one that has imported everything, so that many can be started and killed.

Reads one order a line: a command to be started, with its environment, or the id of a process to be waited for.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


class Crew:
    """Starts commands of coachsync; what they say lies in `folder`, a file a process."""

    def __init__(self, folder: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COACHSYNC_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.crew", str(folder)],
            cwd=ROOT, text=True, env=kept, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.members: list[int] = []

    def start(self, *words: str, environment: Mapping[str, str]) -> int:
        """Start a command with this beside our own environment, and return its process id."""
        self.members.append(self._ask({"words": words, "environment": dict(environment)}))
        return self.members[-1]

    def kill(self, member: int, with_signal: int = signal.SIGKILL) -> None:
        """Send a signal to a process that was started here."""
        assert member in self.members
        os.kill(member, with_signal)

    def wait(self, member: int) -> int:
        """Wait for the end of a process and return its exit code, negative for a signal."""
        self.members.remove(member)
        return self._ask(member)

    def dismiss(self) -> None:
        """End whoever is still there, by force."""
        for member in list(self.members):
            self.kill(member)
            self.wait(member)

    def close(self) -> None:
        """End whoever is still there, and take no more orders."""
        self.dismiss()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, order: Any) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def main(folder: Path) -> None:
    """Carry out orders until there are no more."""
    from app.cli.commands import main as command  # noqa: PLC0415  (Crew itself needs none of it)

    for line in sys.stdin:
        order = json.loads(line)
        if isinstance(order, int):
            print(os.waitstatus_to_exitcode(os.waitpid(order, 0)[1]), flush=True)
        elif child := os.fork():
            print(child, flush=True)
        else:
            said = os.open(folder / f"{os.getpid()}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(said, 1)
            os.dup2(said, 2)
            os.environ.update(order["environment"])
            sys.argv = ["coachsync", *order["words"]]
            command()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
