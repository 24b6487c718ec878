"""What Prometheus reads. All of it is counted in the store when it asks: memory knows one process only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.config import read_coaching
from app.store import connections, gauges, requests, runs, turns, writes
from app.store.connections import Org
from app.store.session import Transaction
from app.web.room import Room

DAY = timedelta(hours=24)
QUANTILES = (0.5, 0.95, 0.99)
MEDIA_TYPE = CONTENT_TYPE_LATEST

Values = Mapping[Any, float]
"""Numbers by the values of their labels."""


def metrics(room: Room) -> bytes:
    """The page, as text."""
    with room.store.read() as transaction:
        now, orgs = room.clock(), connections.every(transaction)
        families = [*_of_orgs(transaction, orgs, now), *_of_requests(transaction, now)]
    share = read_coaching(room.settings.home).api_share
    families.append(_gauge("api_share", "Share of a CRM's API calls that may be used.", (), {(): share}))
    return generate_latest(_Page(families))


class _Page(Collector):
    """The families, in the form in which the library takes them."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _of_orgs(transaction: Transaction, orgs: Sequence[Org], now: datetime) -> Iterator[Metric]:
    def by(counted: Callable[[Org], Mapping[str, float]]) -> Values:
        return {(org.name, name): number for org in orgs for name, number in counted(org).items()}

    def lag(org: Org) -> Mapping[str, float]:
        return {kind: (now - at).total_seconds() for kind, at in runs.read_at(transaction, org.id).items()}

    def in_vain(org: Org) -> Mapping[str, float]:
        return {job: turn.attempts for job, turn in turns.of(transaction, org.id).items()}

    yield _gauge("pull_lag_seconds", "Since when a kind of record was last read.", ("connection", "kind"), by(lag))
    pulled = by(lambda org: gauges.pulled(transaction, org.id, now - DAY))
    yield _gauge("rows_pulled_24h", "Rows that were pulled in the last 24 hours.", ("connection", "kind"), pulled)
    calls = {(org.name,): runs.calls_lately(transaction, org.id, now) for org in orgs}
    yield _gauge("api_calls_24h", "Calls of the CRM's API in the last 24 hours.", ("connection",), calls)
    ended = {(org.name, *how): n for org in orgs for how, n in gauges.ended(transaction, org.id, now - DAY).items()}
    said = "Runs of the last 24 hours by how they ended: done, stopped by an error, unfinished (at work or killed)."
    yield _gauge("runs_24h", said, ("connection", "rhythm", "ended"), ended)
    paused = {(org.name,): org.paused is not None for org in orgs}
    yield _gauge("paused", "1 where a person has to act first.", ("connection",), paused)
    said = "How often a job failed since it last ended well."
    yield _gauge("attempts_in_vain", said, ("connection", "job"), by(in_vain))
    said = "Tasks and notes owed to the CRM: stored are those it holds, refused those it would not take."
    yield _gauge("writes", said, ("connection", "state"), by(lambda org: writes.states(transaction, org.id)))


def _of_requests(transaction: Transaction, now: datetime) -> Iterator[Metric]:
    since, waits = requests.oldest(transaction), gauges.waits(transaction, now)
    waiting = {(job,): n for job, n in gauges.waiting(transaction).items()}
    yield _gauge("requests_waiting", "What was asked for and is not answered, webhooks included.", ("job",), waiting)
    oldest = {(): (now - since).total_seconds() if since else 0.0}
    yield _gauge("oldest_request_seconds", "How long the longest of them has waited.", (), oldest)
    quantiles = {(source, str(q)): s[int(q * (len(s) - 1))] for source, s in waits.items() for q in QUANTILES}
    said = "Seconds from a webhook or an API call to its answer, over the last hour."
    yield _gauge("request_seconds", said, ("source", "quantile"), quantiles)


def _gauge(name: str, said: str, labels: tuple[str, ...], values: Values) -> Metric:
    found = GaugeMetricFamily(f"coachsync_{name}", said, labels=labels)
    for key, value in values.items():
        found.add_metric(key, value)
    return found
