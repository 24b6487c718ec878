"""The pages of the service: what machines watch and what people read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
from prometheus_client.parser import text_string_to_metric_families

from app.store import requests, runs, schema, turns
from app.store.requests import Wish
from app.store.session import Store
from app.store.turns import Turn

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


def test_healthz_makes_an_empty_database_ready(client: httpx.Client) -> None:
    """A first start is healthy."""
    assert client.get("/healthz").json() == {"ok": True}


def test_healthz_says_what_to_do_when_the_database_is_behind(client: httpx.Client, fresh: Store) -> None:
    """Somebody who watches is told the remedy."""
    schema.upgrade(fresh, "2026_11_22_crm")
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "coachsync db upgrade" in answer.json()["reason"]


def test_status_lists_every_connection_and_no_secret(as_role: Callable[..., httpx.Client]) -> None:
    """What the page shows is the overview, without settings or secrets."""
    answer = as_role("monitor").get("/status")
    assert [one["name"] for one in answer.json()["connections"]] == ["acme"]
    assert "not-for-anybody" not in answer.text


def test_status_is_nothing_for_strangers(client: httpx.Client, acme: int) -> None:
    """The names of connections are the names of customers."""
    answer = client.get("/status")
    assert answer.status_code == 401
    assert "acme" not in answer.text


def test_readyz_says_how_long_the_queue_waits(client: httpx.Client, fresh: Store, acme: int) -> None:
    """And refuses only where the database is not ready: a webhook is better stored late than turned away."""
    assert client.get("/readyz").json() == {"ok": True, "reason": None, "oldest_request_seconds": 0.0}
    with fresh.begin() as transaction:
        wish = Wish(source="flow", key="a", job="review", arguments={})
        requests.ask(transaction, acme, [wish], NOW - timedelta(hours=3))
    assert client.get("/readyz").json()["oldest_request_seconds"] == 3 * 3600


def test_metrics_are_what_the_store_holds(as_role: Callable[..., httpx.Client], fresh: Store, acme: int) -> None:
    """Counted when asked, so that many processes tell the same."""
    with fresh.begin() as transaction:
        turns.keep(transaction, acme, "nightly", Turn(attempts=2, reason="The CRM did not answer."))
        runs.keep_cursor(transaction, acme, "deal", "cursor", NOW - timedelta(minutes=4))
        for error in (None, None, "The CRM did not answer."):
            run = runs.start(transaction, acme, "often", NOW, NOW)
            runs.finish(transaction, run, NOW, {"api_calls": 7, "pulled": {"deal": 30}}, error)
        wishes = [Wish(source="flow", key=str(n), job="review", arguments={}) for n in range(3)]
        requests.ask(transaction, acme, wishes, NOW - timedelta(seconds=90))
        first, second, _ = requests.waiting(transaction, acme, "review")
        requests.answer(transaction, [first.id], NOW - timedelta(seconds=88))
        requests.answer(transaction, [second.id], NOW - timedelta(seconds=80))
    page = as_role("monitor").get("/metrics").text
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    assert found["coachsync_pull_lag_seconds", "acme", "deal"] == 240
    assert found["coachsync_rows_pulled_24h", "acme", "deal"] == 90
    assert found["coachsync_api_calls_24h", "acme"] == 21
    assert found["coachsync_api_share",] == 0.1
    assert found["coachsync_runs_24h", "acme", "done", "often"] == 2
    assert found["coachsync_runs_24h", "acme", "often", "stopped"] == 1
    assert found["coachsync_attempts_in_vain", "acme", "nightly"] == 2
    assert found["coachsync_requests_waiting", "review"] == 1
    assert found["coachsync_oldest_request_seconds",] == 90
    assert found["coachsync_request_seconds", "0.5", "flow"] == 2
