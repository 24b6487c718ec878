"""The service as a person starts it: it answers, and it stops when told to."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

COACHSYNC = [sys.executable, "-c", "from app.cli.commands import main; main()"]
PATIENCE_SECONDS = 20


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    process = subprocess.Popen(
        [*COACHSYNC, "serve", "--port", str(port)],
        env={**os.environ, "COACHSYNC_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process, f"http://127.0.0.1:{port}"
    process.kill()
    process.communicate()


def answered(url: str) -> httpx.Response:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return httpx.get(url, trust_env=False)
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_it_answers_and_stops_when_told(service: tuple[subprocess.Popen[str], str]) -> None:
    """A fresh installation is healthy, shows strangers nothing, and ends cleanly on SIGTERM."""
    process, url = service
    assert answered(f"{url}/healthz").json() == {"ok": True}
    assert answered(f"{url}/status").status_code == 401
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0
