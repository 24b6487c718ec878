"""The sandbox as a process of its own, connected to with the very command it prints; and the demo as a command."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COACHSYNC = [sys.executable, "-c", "from app.cli.commands import main; main()"]
NOT_READY = 3
DEALS = 120  # of a company of the scale below


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COACHSYNC_")}
    return kept | {"COACHSYNC_HOME": str(home), "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def coachsync(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COACHSYNC, *words], env=environment(home), capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def sandbox(home: Path, *words: str) -> Iterator[list[str]]:
    """A running sandbox; yields the words of the connect command it printed. Stopped by its own process id."""
    process = subprocess.Popen(
        [*COACHSYNC, "sandbox", "--scale", "0.05", *words], env=environment(home), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        line = next(line for line in process.stdout if line.startswith("coachsync connect"))
        yield shlex.split(line)[1:]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def test_the_printed_command_connects_and_a_restart_goes_on(tmp_path: Path) -> None:
    """A stranger copies one line, and the same connection works after the sandbox was stopped and started again."""
    with sandbox(tmp_path, "--port", "0") as command:
        connected = coachsync(tmp_path, *command)
        assert connected.returncode == 0, connected.stderr
    port = command[command.index("--login-url") + 1].rsplit(":", 1)[1]
    with sandbox(tmp_path, "--port", port):
        pulled = coachsync(tmp_path, "pull", "sandbox", "--json")
        assert pulled.returncode == 0, pulled.stderr
        assert json.loads(pulled.stdout)["pulled"]["deal"] == DEALS


def test_an_org_without_our_field_over_plain_http(tmp_path: Path) -> None:
    """The printed command fits an org without the external-id field, too."""
    with sandbox(tmp_path, "--port", "0", "--plain", "--no-key-field") as command:
        assert command[-2:] == ["--key-field", ""]
        assert "--ca-file" not in command
        assert coachsync(tmp_path, *command).returncode == 0


def test_what_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    """A folder that is no Maven download ends with one sentence and leaves nothing behind."""
    refused = coachsync(tmp_path, "sandbox", "--csv", str(tmp_path), "--port", "0")
    assert refused.returncode == NOT_READY
    assert refused.stderr.count("\n") == 1
    assert "sales_pipeline.csv" in refused.stderr
    assert not (tmp_path / "sandbox").exists()


def test_the_demo_as_json(tmp_path: Path) -> None:
    """One object on standard output, with nothing else beside it."""
    ran = coachsync(tmp_path, "demo", "--days", "1", "--scale", "0.1", "--json")
    found = json.loads(ran.stdout)
    assert found["tasks_created"] == found["tasks_in_org"] > 0
    assert (found["duplicates"], found["edits_lost"], found["days"]) == (0, 0, 1)
    assert found["seconds"] > 0
