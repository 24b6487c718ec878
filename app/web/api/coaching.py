"""Whether coaching happens, for leaders: sums over at least five people, or nothing."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.store import listing
from app.web.door import AtOrg, AtRoom, open_to

routes = APIRouter(tags=["coaching"])

FEWEST_PEOPLE = 5
Since = Annotated[date, Query(description="The first Monday.", examples=["2026-11-02"])]


class Planned(BaseModel):
    """What was planned, for how many reps."""

    reps: int
    conversations: int
    early: int = Field(description="Those of them about early-stage deals.")
    minutes: int


class Ended(BaseModel):
    """What managers did with it, over how many of them; what is missing in the sum is still open."""

    managers: int
    done: int
    contested: int
    deleted: int
    ignored: int
    cleared: int
    refused: int


class CoachingWeek(BaseModel):
    """A week of the whole connection. What would be about fewer than five people is null."""

    week: date
    planned: Planned | None
    ended: Ended | None


class CoachingWeeks(BaseModel):
    """Weeks, the newest first."""

    items: list[CoachingWeek]


@routes.get(
    "/connections/{connection}/coaching", operation_id="getCoaching", summary="Coaching by week", **open_to("leader")
)
def get_coaching(room: AtRoom, org: AtOrg, since: Since) -> CoachingWeeks:
    """How much was planned and how it ended. Nobody is named, and no number is about fewer than five people."""
    with room.store.read() as transaction:
        rows = listing.weeks_of(transaction, org.id, since)
    return CoachingWeeks(items=[_week(row) for row in rows])


def _week(row: Mapping[str, Any]) -> CoachingWeek:
    enough_reps, enough_managers = row["reps"] >= FEWEST_PEOPLE, row["managers"] >= FEWEST_PEOPLE
    return CoachingWeek(
        week=row["week"],
        planned=Planned.model_validate(row) if enough_reps else None,
        ended=Ended.model_validate(row) if enough_reps and enough_managers else None,
    )
