"""How each job of a connection stands, for people who ask why nothing happens."""

from datetime import datetime
from typing import Any

from app.config import Coaching
from app.jobs.catalog import CATALOG, Job
from app.jobs.due import Standing, next_turn
from app.jobs.rota import standing
from app.store import requests
from app.store.connections import Org
from app.store.session import Store
from app.store.turns import Turn


def timetable(store: Store, org: Org, coaching: Coaching, now: datetime) -> dict[str, dict[str, Any]]:
    """By job, as plain values: the slot or day that was done last, the one that is due, how the last attempts ended.

    `managers` is how many managers a due morning is for; None where it is not by manager.
    """
    with store.read() as transaction:
        one = standing(transaction, org, requests.asked(transaction), now)
    return {job.name: _line(job, one, coaching, now) for job in CATALOG}


def _line(job: Job, one: Standing, coaching: Coaching, now: datetime) -> dict[str, Any]:
    turn, found = one.turns.get(job.name, Turn()), next_turn(job, one, coaching, now)
    return {
        "done": max(one.planned.values(), default=None) if job.whose == "managers" else turn.slot,
        "due": found is not None,
        "since": found.slot if found else None,
        "managers": len(found.mornings) if found and found.mornings else None,
        "attempts": turn.attempts,
        "not_before": turn.not_before,
        "reason": turn.reason,
    }
