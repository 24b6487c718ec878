"""Causes by lot: what Salesforce or its administrators do to a run, beside the trouble on the wire."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.sandbox import control
from connectors.sandbox.faults import Fault
from connectors.sandbox.org import Org

CREATES: tuple[dict[str, Any], ...] = (
    {"method": "PATCH", "path": "composite/sobjects/Task/"},
    {"method": "POST", "path": "composite/sobjects$"},
    {"method": "POST", "path": "composite$", "body": "ContentDocumentLink"},
)
"""Calls that make records: tasks by their key, tasks without one, notes. What is changed late would be changed over
whatever people set in between, and nobody could do anything about it."""
RULES = (("Subject", "^(Mine: )?Coach"), ("Subject", "^(Mine: )?Prepare"), ("Description", "^Nothing to do"))
LAG_SECONDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """What holds while one run lasts: new records that no query finds yet, creates that are worked on for some seconds
    after we gave up, a validation rule, an inactive user, and records of ours that are out of our sight."""

    lag: bool = False
    late: int | None = None
    rule: tuple[str, str] | None = None
    inactive: float | None = None
    unseen: float | None = None

    def begin(self, org: Org, known: Sequence[str]) -> list[Fault]:
        """Let them begin. Of our records only `known` ones get out of sight.

        One that is hidden before its create was answered cannot be told from one that never came to be.
        """
        org.settings.index_lag_seconds = LAG_SECONDS if self.lag else 0
        if self.rule:
            field, forbid = self.rule
            rule = {"object": "Task", "field": field, "forbid": forbid, "message": "Not like this."}
            control.configure(org, validation_rule=rule)
        if self.inactive is not None:
            control.configure(org, user_active={_one_of(_people(org), self.inactive): False})
        if self.unseen is not None:
            control.blind(org, sorted(known)[int(self.unseen * len(known)) :])
        late = [Fault(effect="late", seconds=self.late, times=1, **call) for call in CREATES if self.late]
        org.faults.order(*late)
        return late

    def end(self, org: Org) -> None:
        """Let them end."""
        org.settings.index_lag_seconds = 0
        control.configure(org, validation_rule={})
        if self.inactive is not None:
            control.configure(org, user_active={_one_of(_people(org), self.inactive): True})
        control.blind(org, ())

    def names(self) -> list[str]:
        """Those that hold, as they are counted."""
        held = {"lag": self.lag, "rule": self.rule, "inactive": self.inactive, "unseen": self.unseen}
        return [name for name, cause in held.items() if cause not in (None, False)]


NO_CAUSES = Causes()


def draw_causes(lots: random.Random, *, mild: bool) -> Causes:
    """Some by lot; `mild` ones change nothing of what is there a quarter of an hour later."""
    lag, late = lots.random() < 0.3, lots.randint(1, 599) if lots.random() < 0.3 else None
    rule = lots.choice(RULES) if lots.random() < 0.15 else None
    inactive, unseen = (lots.random() if lots.random() < 0.1 else None for _ in range(2))
    return (
        Causes(lag=lag, late=late) if mild else Causes(lag=lag, late=late, rule=rule, inactive=inactive, unseen=unseen)
    )


def _people(org: Org) -> list[str]:
    return [str(row["Id"]) for row in org.rows("SELECT Id FROM User WHERE ManagerId IS NOT NULL ORDER BY Id")]


def _one_of(ids: Sequence[str], lot: float) -> str:
    return ids[int(lot * len(ids))]
