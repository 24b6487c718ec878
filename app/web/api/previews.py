"""Rules tried on today before anybody is told."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.store import rulesets
from app.web.api.requests import Asked, Key, ask
from app.web.door import AtOrg, AtRoom, Caller, open_to

routes = APIRouter(tags=["rules"])

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
RuleText = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]


class NewPreview(BaseModel):
    """What to try: a version that was pushed, rules that come along, or without either the live rules."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(default=None, ge=1, le=2**31 - 1)
    files: dict[RuleId, RuleText] | None = Field(
        default=None, min_length=1, max_length=200, description="YAML by rule id; these rules alone are tried."
    )


@routes.post(
    "/connections/{connection}/previews",
    operation_id="startPreview",
    summary="Try rules",
    status_code=202,
    **open_to("ops", refuses=(409,)),
)
def start_preview(room: AtRoom, org: AtOrg, caller: Caller, key: Key, new: NewPreview, response: Response) -> Asked:
    """Ask what rules would flag now and what of it would fit; the answer is that of `rules preview --json`."""
    if new.version is not None and new.files is not None:
        raise HTTPException(422, "Name a version or send files, not both.")
    if new.version is not None:
        with room.store.read() as transaction:
            if not rulesets.texts(transaction, new.version):
                raise HTTPException(422, f"There is no version {new.version}.")
    return ask(room, org, caller, key, "preview", new.model_dump(exclude_none=True), response)
