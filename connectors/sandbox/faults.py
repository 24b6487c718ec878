"""Trouble on order: which call meets what, as a test asked for it."""

import random
import re
from dataclasses import dataclass, field
from typing import Literal

Effect = Literal[
    "answer", "drop_before", "drop_after", "slow", "late", "expire_session", "cut_body", "html_200", "malformed_json",
    "strip_limit_header", "strip_sforce_headers",
]  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Fault:
    """Calls whose method, path and body match meet `effect`: the nth of them, every nth, or some by chance.

    `late` cuts the connection as a client does that has waited long enough, and does the work `seconds` afterwards.
    `path` and `body` are regular expressions that may match anywhere; the path includes the query string. Without
    `nth`, `every` and `probability` every matching call is met, until `times` of them were.
    """

    effect: Effect
    method: str | None = None
    path: str = ""
    body: str | None = None
    nth: int | None = None
    every: int | None = None
    probability: float | None = None
    seed: int = 0
    times: int | None = None
    status: int = 503
    answer: str = "[]"
    headers: dict[str, str] | None = None
    seconds: float = 0.0

    seen: int = field(default=0, init=False)
    met: int = field(default=0, init=False)
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def meets(self, method: str, path: str, body: str) -> bool:
        """Whether this call, which is counted, is met."""
        if self.times is not None and self.met >= self.times:
            return False
        if not self._matches(method, path, body):
            return False
        self.seen += 1
        due = self._due()
        self.met += due
        return due

    def _matches(self, method: str, path: str, body: str) -> bool:
        if self.method is not None and self.method.upper() != method:
            return False
        return bool(re.search(self.path, path)) and (self.body is None or bool(re.search(self.body, body)))

    def _due(self) -> bool:
        if self.nth is not None:
            return self.seen == self.nth
        if self.every is not None:
            return self.seen % self.every == 0
        return self.probability is None or self.chance.random() < self.probability


class Faults:
    """The faults on order, in the order in which they are tried; a call meets at most one."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def order(self, *faults: Fault) -> None:
        """Add these to what is on order."""
        self._ordered.extend(faults)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._ordered.clear()

    def for_call(self, method: str, path: str, body: str) -> Fault | None:
        """The first fault that meets this call."""
        return next((fault for fault in self._ordered if fault.meets(method, path, body)), None)
