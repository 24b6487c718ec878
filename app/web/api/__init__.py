"""The API: everything the service knows and may be asked, as JSON under /api/v1; one file a resource."""

from fastapi import APIRouter

from app.web.api import (
    coaching,
    connections,
    findings,
    items,
    me,
    outcomes,
    plans,
    previews,
    requests,
    rules,
    runs,
    settings,
)

RESOURCES = (
    *(me, connections, runs, requests, plans, items, findings, outcomes),
    *(coaching, rules, previews, settings),
)


def routes() -> APIRouter:
    """All resources."""
    api = APIRouter(prefix="/api/v1")
    for resource in RESOURCES:
        api.include_router(resource.routes)
    return api
