"""How the org coaches: coaching.toml as JSON."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Response

from app.config import FILE_NAME, Coaching, read_coaching
from app.web import coaching_toml
from app.web.door import AtRoom, open_to
from coaching_rules.indicators.loading import starter_indicators

routes = APIRouter(tags=["settings"])

TAGGED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": "Send it back as If-Match.", "schema": {"type": "string"}}}}
}
IfMatch = Annotated[
    str | None, Header(description="The ETag of what you read, so that nobody's change is lost. Required.")
]


@routes.get(
    "/settings",
    operation_id="getSettings",
    summary="The settings",
    response_model_exclude_unset=True,
    **open_to("ops", also=TAGGED),
)
def get_settings(room: AtRoom, response: Response) -> Coaching:
    """What is set; everything else is as by default, which the schema tells."""
    home = room.settings.home
    response.headers["ETag"] = coaching_toml.etag(home)
    return read_coaching(home)


@routes.put(
    "/settings",
    operation_id="putSettings",
    summary="Change the settings",
    response_model_exclude_unset=True,
    **open_to("ops", refuses=(409, 412, 428), also=TAGGED),
)
def put_settings(room: AtRoom, new: Coaching, response: Response, if_match: IfMatch = None) -> Coaching:
    """Replace what is set, from the next run on. Comments in the file stay."""
    home = room.settings.home
    if if_match is None:
        raise HTTPException(428, "Send the ETag of what you read as If-Match.")
    unknown = sorted(new.goals.keys() - _indicators(home))
    if unknown:
        raise HTTPException(422, f"goals.{unknown[0]}: there is no such indicator.")
    with room.store.lock(FILE_NAME):
        if if_match != coaching_toml.etag(home):
            raise HTTPException(412, "Somebody changed the settings since you read them; read them again.")
        coaching_toml.keep(home, new)
        response.headers["ETag"] = coaching_toml.etag(home)
    return new


def _indicators(home: Path) -> set[str]:
    own = home / "indicators"
    return {indicator.id for indicator in starter_indicators(own if own.is_dir() else None)}
