"""How a service ends: told once, it finishes or gives back what is in hand; told twice, it is gone."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import structlog

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 18.0
"""Less than the 20 s after which whoever runs services may kill them; being killed loses nothing, but is not polite."""


class Ending:
    """Whether this process is to end, told by SIGTERM or Ctrl-C; `then` is called when it is."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._then: Callable[[], object] = lambda: None
        self._told = threading.Event()
        self._patience_seconds = patience_seconds

    def __call__(self) -> bool:
        return self._told.is_set()

    @property
    def then(self) -> Callable[[], object]:
        """What ends the work; called at once where the process was told while it still began."""
        return self._then

    @then.setter
    def then(self, call: Callable[[], object]) -> None:
        self._then = call
        if self._told.is_set():
            call()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until told to end; whether it was."""
        return self._told.wait(seconds)

    def listen(self) -> None:
        """Take the signals of this process; call it from the main thread."""
        signal.signal(signal.SIGTERM, self._signalled)
        signal.signal(signal.SIGINT, self._signalled)

    def begin(self, code: int = 0) -> None:
        """End, and with this exit code where what is in hand takes too long."""
        if not self._told.is_set():
            self._told.set()
            late = threading.Timer(self._patience_seconds, _give_up, [code])
            late.daemon = True
            late.start()
            self._then()

    def _signalled(self, number: int, frame: Any) -> None:
        if self._told.is_set():
            os._exit(128 + number)
        self.begin(128 + number)


def _give_up(code: int) -> None:
    log.warning("ended_in_the_middle", reason="What was in hand took too long; the next run goes on from there.")
    os._exit(code)
