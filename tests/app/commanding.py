"""The command line for tests: every command in a fork of its own, so that what all of them import is read only once.

Reads one job a line (words, environment, files for what it says, how large a file may grow) and answers its exit code.
"""

import json
import os
import resource
import sys
from typing import Any

from app.cli.commands import main as command


def do(job: dict[str, Any]) -> None:
    for descriptor, path in ((1, job["out"]), (2, job["err"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
    os.environ.update(job["environment"])
    if job["most_bytes"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["most_bytes"], job["most_bytes"]))
    sys.argv = ["coachsync", *job["words"]]
    command()


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            do(json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
