"""What a token is good for, for whoever holds it."""

from datetime import datetime
from typing import get_args

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.store.tokens import Role
from app.web.door import Caller, open_to

routes = APIRouter(tags=["me"])


class Me(BaseModel):
    """The token that was sent."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    role: Role
    connection: str | None
    user_id: str | None
    created_at: datetime


@routes.get("/me", operation_id="getMe", summary="What this token is", **open_to(*get_args(Role)))
def me(caller: Caller) -> Me:
    """Role, connection and person of the token that was sent."""
    return Me.model_validate(caller)
