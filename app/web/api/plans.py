"""A manager's week: what is worth its minutes, and what did not get any."""

from datetime import date, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from app.store import listing
from app.web.api.items import Item, shown
from app.web.api.paging import Page, Sliced, page
from app.web.door import AtOrg, AtRoom, Seeing, open_to

routes = APIRouter(tags=["plans"])

Monday = Annotated[date, InPath(description="The Monday on which the week begins.", examples=["2026-11-16"])]


class Week(BaseModel):
    """A manager's week and its minutes."""

    week: date = Field(description="Its Monday.")
    manager_id: str
    budget_minutes: int
    made_at: datetime


class LeftOut(BaseModel):
    """A conversation that got no minutes, and why."""

    grain: str
    subject_id: str
    name: str
    rep_id: str
    rules: list[str]
    minutes: int
    early: bool
    score: float | None
    position: int | None = Field(description="Its rank, where it could be ranked.")
    why_not: str


class Plan(Week):
    """What one manager should coach in one week."""

    items: list[Item]
    left_out: list[LeftOut]


@routes.get("/connections/{connection}/plans", operation_id="listPlans", summary="Planned weeks", **open_to("manager"))
def list_plans(room: AtRoom, org: AtOrg, sight: Seeing, part: Sliced) -> Page[Week]:
    """The weeks that were planned for the manager, the newest first."""
    with room.store.read() as transaction:
        return page(partial(listing.plans_of, transaction, org.id, sight.manager_id or ""), part, Week.model_validate)


@routes.get(
    "/connections/{connection}/plans/{week}", operation_id="getPlan", summary="The plan of a week", **open_to("manager")
)
def get_plan(room: AtRoom, org: AtOrg, sight: Seeing, week: Monday) -> Plan:
    """The manager's conversations of a week in their order, and what was left out, with the reason."""
    with room.store.read() as transaction:
        found = listing.plan(transaction, org.id, sight.manager_id or "", week)
    if found is None:
        raise HTTPException(404, "There is no plan of a week that begins on this day.")
    return Plan.model_validate(found | {"items": [shown(sight, row) for row in found["items"]]})
