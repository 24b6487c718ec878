"""The room people and other systems come into: they read and ask; nothing is computed here."""

from importlib.metadata import version

from fastapi import FastAPI

from app.web import api, hooks, pages, problem
from app.web.bounds import Bounded
from app.web.room import Room


def create_app(room: Room) -> FastAPI:
    """Everything the service answers over HTTP."""
    app = FastAPI(title="coachsync", version=version("coachsync"), docs_url=None, redoc_url=None)
    app.state.room = room
    problem.install(app)
    app.add_middleware(Bounded)
    app.include_router(pages.routes(room))
    app.include_router(hooks.routes(room))
    app.include_router(api.routes())
    return app
