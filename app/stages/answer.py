"""Answer: which deals does somebody ask about, and what came of it? Who asks is always answered, once it is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.store import benchmarks, events, requests
from app.store.requests import Request
from app.store.session import Transaction
from coaching_rules.model import Trigger
from connectors.base import Connector

JOB = "review"
HELP: Trigger = "help_requested"
ONLY_READ = "This connection can only be read, so nobody in the CRM could be told of a review."
NO_MORNING = "Nothing was measured here yet; the first morning looks at this deal."
UNKNOWN_DEAL = "unknown deal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which deal each waiting request is about, by request; None for what is no deal's id."""

    about: Mapping[int, str | None]

    @property
    def deals(self) -> frozenset[str]:
        return frozenset(deal for deal in self.about.values() if deal)


def hear(transaction: Transaction, connection_id: int, connector: Connector, now: datetime) -> Asked:
    """What is asked and can be looked at; the rest is told why not. A call for help is kept: only the hint says it."""
    waiting = requests.waiting(transaction, connection_id, JOB)
    why_not = _why_not(transaction, connection_id, connector)
    if waiting and why_not:
        requests.answer(transaction, [one.id for one in waiting], now, error=why_not)
        return Asked(about={})
    about = {one.id: connector.deal_id(str(one.arguments.get("deal_id"))) for one in waiting}
    events.keep(transaction, connection_id, _calls_for_help(waiting, about), now, by_hint=True)
    return Asked(about=about)


def _why_not(transaction: Transaction, connection_id: int, connector: Connector) -> str | None:
    if not connector.writes:
        return ONLY_READ
    return None if benchmarks.are_kept(transaction, connection_id) else NO_MORNING


def _calls_for_help(waiting: list[Request], about: Mapping[int, str | None]) -> list[dict[str, object]]:
    calls = ((about[one.id], one.asked_at) for one in waiting if one.arguments.get("event") == HELP)
    return [{"deal_id": deal, "event": HELP, "happened_at": at} for deal, at in calls if deal]


def answer(
    transaction: Transaction,
    asked: Asked,
    known: frozenset[str],
    became: Callable[[str], str],
    *,
    run_id: int,
    now: datetime,
) -> None:
    """Tell everybody who asked what became of their deal, those of unknown deals that it is unknown."""
    for deal in set(asked.about.values()):
        ids = [request for request, about in asked.about.items() if about == deal]
        said = {"deal_id": deal, "became": became(deal) if deal in known else UNKNOWN_DEAL}
        requests.answer(transaction, ids, now, run_id=run_id, answer=said)
