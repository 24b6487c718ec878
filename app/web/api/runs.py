"""Runs of a connection: those there were, and one more."""

from datetime import datetime
from functools import partial
from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field

from app.store import listing
from app.web.api.paging import Id, Page, Sliced, page
from app.web.api.requests import Asked, Key, ask
from app.web.door import AtOrg, AtRoom, Caller, open_to

routes = APIRouter(tags=["runs"])


class Run(BaseModel):
    """One run of one rhythm."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    rhythm: str = Field(examples=["morning"])
    as_of: datetime = Field(description="The instant of which its facts are.")
    started_at: datetime
    finished_at: datetime | None = Field(description="Null while it is at work, and for ever when it was killed.")
    counts: dict[str, Any] = Field(description="What it did, in numbers.")
    error: str | None = Field(description="Why it stopped, and what to do.")


class NewRun(BaseModel):
    """A run to start."""

    model_config = ConfigDict(extra="forbid")

    rhythm: Literal["often", "morning"] = Field(description="`often` pulls and pushes; `morning` plans as well.")


@routes.get("/connections/{connection}/runs", operation_id="listRuns", summary="Runs", **open_to("ops", "monitor"))
def list_runs(room: AtRoom, org: AtOrg, part: Sliced) -> Page[Run]:
    """What was run, the newest first."""
    with room.store.read() as transaction:
        return page(partial(listing.runs_of, transaction, org.id), part, Run.model_validate)


@routes.get(
    "/connections/{connection}/runs/{run_id}", operation_id="getRun", summary="A run", **open_to("ops", "monitor")
)
def get_run(room: AtRoom, org: AtOrg, run_id: Id) -> Run:
    """One run."""
    with room.store.read() as transaction:
        found = listing.run(transaction, org.id, run_id)
    if found is None:
        raise HTTPException(404, "There is no such run.")
    return Run.model_validate(found)


@routes.post(
    "/connections/{connection}/runs",
    operation_id="startRun",
    summary="Start a run",
    status_code=202,
    **open_to("ops", refuses=(409,)),
)
def start_run(room: AtRoom, org: AtOrg, caller: Caller, key: Key, new: NewRun, response: Response) -> Asked:
    """Ask for a run now instead of at its time. It is kept, and done as soon as nothing else is at work there."""
    return ask(room, org, caller, key, new.rhythm, {}, response)
