"""What machines that watch and people in a hurry ask: is it up, is it ready, how does each connection stand?"""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from app.config import read_coaching
from app.errors import Stop
from app.store import connections, requests, schema
from app.store.overview import overview
from app.web.door import open_to
from app.web.metrics import MEDIA_TYPE, metrics
from app.web.room import Room


class Health(BaseModel):
    """Whether the database answers and is at this program's migration."""

    ok: bool
    reason: str | None = Field(default=None, description="What to do, where it is not.")


class Readiness(Health):
    """The same, and how long the queue is."""

    oldest_request_seconds: float | None = Field(default=None, description="How long the longest request has waited.")


NOT_NOW: dict[int | str, dict[str, Any]] = {503: {"model": Health, "description": "Not now; the reason says why."}}


def routes(room: Room) -> APIRouter:
    """/healthz and /readyz for everybody; /status and /metrics name connections, so they ask for a token."""
    pages = APIRouter(tags=["watch"])

    @pages.get(
        "/healthz", operation_id="getHealth", summary="Is it up?", responses=NOT_NOW, response_model_exclude_none=True
    )
    def healthz(response: Response) -> Health:
        """Whether the database answers and is at this program's migration."""
        health = _health(room)
        response.status_code = 200 if health.ok else 503
        return health

    @pages.get("/readyz", operation_id="getReadiness", summary="Is it ready?", responses=NOT_NOW)
    def readyz(response: Response) -> Readiness:
        """The same, and how long the queue is. A long one is no refusal: a hook is better stored than turned away."""
        health = _health(room)
        response.status_code = 200 if health.ok else 503
        waits = _longest_wait(room) if health.ok else None
        return Readiness(ok=health.ok, reason=health.reason, oldest_request_seconds=waits)

    @pages.get("/status", operation_id="getStatus", summary="All connections", **open_to("ops", "monitor"))
    def status() -> dict[str, Any]:
        """What `coachsync status --json` says."""
        share = read_coaching(room.settings.home).api_share
        with room.store.read() as transaction:
            orgs = connections.every(transaction)
        return {"connections": [overview(room.store, org, share, room.clock()) for org in orgs]}

    @pages.get(
        "/metrics",
        operation_id="getMetrics",
        summary="Numbers for Prometheus",
        response_class=PlainTextResponse,
        **open_to("ops", "monitor"),
    )
    def numbers() -> PlainTextResponse:
        """Pulls, lag, API calls, writes, runs and requests, counted when asked."""
        return PlainTextResponse(metrics(room), media_type=MEDIA_TYPE)

    return pages


def _health(room: Room) -> Health:
    try:
        schema.ready(room.store)
    except Stop as stop:
        return Health(ok=False, reason=str(stop))
    return Health(ok=True)


def _longest_wait(room: Room) -> float:
    with room.store.read() as transaction:
        since = requests.oldest(transaction)
    return (room.clock() - since).total_seconds() if since else 0.0
