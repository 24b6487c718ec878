"""The rules as they were pushed, version by version; the newest is live."""

from datetime import datetime

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from app.store import rulesets
from app.web.api.paging import Id
from app.web.door import AtRoom, open_to

routes = APIRouter(tags=["rules"])


class Version(BaseModel):
    """A pushed rule set."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    pushed_at: datetime
    rules: int = Field(description="How many rules it has.")
    hash: str = Field(description="Changes with any letter of any rule.")
    message: str


class Versions(BaseModel):
    """Every version, the newest first. Where there is none, the rules of the server's own folder are live."""

    items: list[Version]


class VersionFiles(BaseModel):
    """The files of a version."""

    version: int
    files: dict[str, str] = Field(description="YAML by rule id.")


@routes.get(
    "/rules/versions", operation_id="listVersions", summary="Versions", **open_to("ops", "leader", "manager", "rep")
)
def list_versions(room: AtRoom) -> Versions:
    """What was pushed, when and why. Everybody may know by which rules they are coached."""
    with room.store.read() as transaction:
        return Versions(items=[Version.model_validate(one) for one in rulesets.history(transaction)])


@routes.get(
    "/rules/versions/{version}",
    operation_id="getVersion",
    summary="The rules of a version",
    **open_to("ops", "leader", "manager", "rep"),
)
def get_version(room: AtRoom, version: Id) -> VersionFiles:
    """Its files as they were pushed."""
    with room.store.read() as transaction:
        files = rulesets.texts(transaction, version)
    if not files:
        raise HTTPException(404, "There is no such version.")
    return VersionFiles(version=version, files=files)
