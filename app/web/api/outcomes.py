"""What became of conversations."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.store import listing
from app.store.listing import Sight
from app.web.api.paging import Page, Sliced, page
from app.web.door import AtOrg, AtRoom, Seeing, open_to

routes = APIRouter(tags=["outcomes"])


class Outcome(BaseModel):
    """What somebody did with a task of ours, or over the API."""

    id: int
    item_id: int
    role: str = Field(description="Whose answer it is: `manager_task` the manager's, `prep_task` the rep's.")
    kind: str = Field(description="done, snoozed, contested, deleted, reassigned, ignored or cleared.")
    at: datetime
    by: str | None = Field(description="Id in the CRM of who did it; null where nobody did anything.")
    detail: str | None = Field(description="What was written; the manager's words are for the manager.")
    due: date | None = Field(description="The day it was moved to.")
    observed_at: datetime


@routes.get(
    "/connections/{connection}/outcomes", operation_id="listOutcomes", summary="Outcomes", **open_to("manager", "rep")
)
def list_outcomes(room: AtRoom, org: AtOrg, sight: Seeing, part: Sliced) -> Page[Outcome]:
    """What became of a manager's conversations, or of those about a rep; the newest first."""
    with room.store.read() as transaction:
        return page(partial(listing.outcomes_of, transaction, org.id, sight), part, partial(_shown, sight))


def _shown(sight: Sight, row: Mapping[str, Any]) -> Outcome:
    private = sight.rep_id and row["role"] == "manager_task"
    return Outcome.model_validate({**row, "detail": None if private else row["detail"]})
