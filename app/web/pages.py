"""What machines that watch and people in a hurry ask: is it up, and how does each connection stand?"""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.config import read_coaching
from app.errors import Stop
from app.store import connections, schema
from app.store.overview import overview
from app.web.door import open_to
from app.web.room import Room


def routes(room: Room) -> APIRouter:
    """/healthz and /status."""
    pages = APIRouter(tags=["watch"])

    @pages.get("/healthz", operation_id="getHealth", summary="Is it up?")
    def healthz() -> JSONResponse:
        """Whether the database answers and is at this program's migration."""
        try:
            schema.ready(room.store)
        except Stop as stop:
            return JSONResponse({"ok": False, "reason": str(stop)}, status_code=503)
        return JSONResponse({"ok": True})

    @pages.get("/status", operation_id="getStatus", summary="All connections", **open_to("ops", "monitor"))
    def status() -> dict[str, Any]:
        """What `coachsync status --json` says."""
        share = read_coaching(room.settings.home).api_share
        with room.store.read() as transaction:
            orgs = connections.every(transaction)
        return {"connections": [overview(room.store, org, share, room.clock()) for org in orgs]}

    return pages
