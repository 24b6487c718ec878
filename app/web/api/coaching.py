"""Whether coaching happens, for leaders: scorecards summed over at least five people, or nothing."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.store import scorecards
from app.store.scorecards import Scorecard
from app.web.door import AtOrg, AtRoom, open_to

routes = APIRouter(tags=["coaching"])

FEWEST_PEOPLE = 5
Since = Annotated[date, Query(description="The first Monday.", examples=["2026-11-02"])]


class Coached(BaseModel):
    """What reps got."""

    reps: int = Field(description="Reps who report to a manager with a plan.")
    coached_reps: int = Field(description="Those of them with a conversation that was held.")
    planned: int = Field(description="Conversations.")
    held: int
    held_minutes: int
    held_on_deals: int
    held_early: int = Field(description="Those of them about early-stage deals.")
    prepared: int = Field(description="Those held that the rep had prepared.")


class Managed(BaseModel):
    """What managers did."""

    managers: int
    budget_minutes: int
    contested: int
    ignored: int


class CoachingWeek(BaseModel):
    """A week of the whole connection. What would be about fewer than five people is null."""

    week: date
    coached: Coached | None
    managed: Managed | None


class CoachingWeeks(BaseModel):
    """Weeks as they were last counted, the newest first."""

    items: list[CoachingWeek]


@routes.get(
    "/connections/{connection}/coaching", operation_id="getCoaching", summary="Coaching by week", **open_to("leader")
)
def get_coaching(room: AtRoom, org: AtOrg, since: Since) -> CoachingWeeks:
    """How much was planned and held. Nobody is named, and no number is about fewer than five people."""
    with room.store.read() as transaction:
        cards = scorecards.kept(transaction, org.id, since)
    weeks = [_week(week, list(own)) for week, own in groupby(cards, lambda card: card.week)]
    return CoachingWeeks(items=weeks[::-1])


def _week(week: date, cards: Sequence[Scorecard]) -> CoachingWeek:
    counted = (Coached.model_fields.keys() | Managed.model_fields.keys()) - {"managers"}
    sums = {name: sum(getattr(card, name) for card in cards) for name in counted}
    return CoachingWeek(
        week=week,
        coached=Coached.model_validate(sums) if sums["reps"] >= FEWEST_PEOPLE else None,
        managed=Managed.model_validate(sums | {"managers": len(cards)}) if len(cards) >= FEWEST_PEOPLE else None,
    )
