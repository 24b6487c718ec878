"""The room people and other systems come into: they read and ask; nothing is computed here."""

from fastapi import FastAPI

from app.web import hooks, pages
from app.web.room import Room


def create_app(room: Room) -> FastAPI:
    """Everything the service answers over HTTP."""
    app = FastAPI(title="coachsync", docs_url=None, redoc_url=None)
    app.include_router(pages.routes(room))
    app.include_router(hooks.routes(room))
    return app
