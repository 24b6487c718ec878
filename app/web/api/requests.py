"""What was asked for between the rhythms: kept first, done when its turn comes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field

from app.store import listing, requests
from app.store.connections import Org
from app.store.requests import Wish
from app.store.tokens import Token
from app.web.api.paging import Id
from app.web.door import AtOrg, AtRoom, open_to
from app.web.room import Room

routes = APIRouter(tags=["requests"])

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        description="Your own name for this; sent again with the same key, the same is answered.",
        pattern=r"^[\x21-\x7e]{1,128}$",
        examples=["7f9d4a52-morning"],
    ),
]


class Asked(BaseModel):
    """Something that was asked for between the rhythms."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    job: str = Field(examples=["often"])
    asked_at: datetime
    answered_at: datetime | None = Field(description="Null while it waits.")
    run_id: int | None = Field(description="The run that did it, where it was one.")
    answer: Any = Field(description="What came of it.")
    error: str | None = Field(description="Why it could not be done.")


@routes.get(
    "/connections/{connection}/requests/{request_id}",
    operation_id="getRequest",
    summary="What became of what was asked",
    **open_to("ops"),
)
def get_request(room: AtRoom, org: AtOrg, request_id: Id) -> Asked:
    """Look again until `answered_at` is there."""
    with room.store.read() as transaction:
        found = listing.request(transaction, org.id, request_id)
    if found is None:
        raise HTTPException(404, "There is no such request.")
    return Asked.model_validate(found)


def ask(
    room: Room, org: Org, caller: Token, key: str, job: str, arguments: Mapping[str, Any], response: Response
) -> Asked:
    """Keep a request, once for each key of a token, wake who does it, and say where its answer will be."""
    own_key = f"{caller.id}:{key}"
    with room.store.begin() as transaction:
        wish = Wish(source="api", key=own_key, job=job, arguments=arguments)
        requests.ask(transaction, org.id, [wish], room.clock())
        kept = requests.find(transaction, org.id, "api", own_key)
    assert kept is not None
    if (kept.job, kept.arguments) != (job, arguments):
        raise HTTPException(409, "This Idempotency-Key was used for something else; take another one.")
    room.wake(job, org.name)
    response.headers["Location"] = f"/api/v1/connections/{quote(org.name, safe='')}/requests/{kept.id}"
    return Asked.model_validate(kept)
