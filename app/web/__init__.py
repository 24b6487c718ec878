"""The room people look into: pages read, they never compute."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from app.config import Settings, read_coaching
from app.errors import Stop
from app.store import connections, schema
from app.store.overview import overview
from app.store.session import Store


def create_app(store: Store, settings: Settings, clock: Callable[[], datetime]) -> FastAPI:
    """The service's pages over one store: /healthz for machines that watch, /status for people."""
    app = FastAPI(title="coachsync", docs_url=None, redoc_url=None)

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        """Whether the database answers and is at this program's migration."""
        try:
            schema.ready(store)
        except Stop as stop:
            return JSONResponse({"ok": False, "reason": str(stop)}, status_code=503)
        return JSONResponse({"ok": True})

    @app.get("/status")
    def status() -> dict[str, Any]:
        """What `coachsync status --json` says."""
        share = read_coaching(settings.home).api_share
        with store.read() as transaction:
            orgs = connections.every(transaction)
        return {"connections": [overview(store, org, share, clock()) for org in orgs]}

    return app
