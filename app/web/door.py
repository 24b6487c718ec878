"""Who may come in: a token is recognised, its role held against the route, and its connection against the path.

A route says with `open_to` who may use it; the OpenAPI document repeats it as `x-roles`.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.store import connections, tokens
from app.store.connections import Org
from app.store.listing import Sight
from app.store.session import StoreFailed
from app.store.tokens import Role, Token
from app.web.problem import problems
from app.web.room import Room

SIGN_IN = {"WWW-Authenticate": "Bearer"}
bearer = HTTPBearer(auto_error=False, scheme_name="token", description="A token made with `coachsync token create`.")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def room_of(request: Request) -> Room:
    """What create_app was given."""
    room: Room = request.app.state.room
    return room


AtRoom = Annotated[Room, Depends(room_of)]


def caller_of(room: AtRoom, given: Bearer) -> Token:
    """Whose token came with the request; 401 for none, an unknown or a revoked one."""
    with room.store.read() as transaction:
        token = tokens.recognise(transaction, given.credentials) if given else None
    if token is None:
        raise HTTPException(401, "Send a token that counts: `Authorization: Bearer coach_…`.", SIGN_IN)
    if tokens.is_worth_noting(token, room.clock()):
        # what is not noted now is noted with the next request; it is no reason to turn anybody away
        with suppress(StoreFailed), room.store.begin() as transaction:
            tokens.note_use(transaction, token, room.clock())
    return token


Caller = Annotated[Token, Depends(caller_of)]


def open_to(*roles: Role, refuses: tuple[int, ...] = (), also: Mapping[int | str, Any] = {}) -> dict[str, Any]:
    """What a route says of who may use it, 403 for everybody else; and which refusals, and what else, it answers."""

    def check(caller: Caller) -> None:
        if caller.role not in roles:
            raise HTTPException(403, f"This is open to tokens of role {', '.join(roles)}; yours is {caller.role}.")

    responses = problems(400, 401, 403, 404, 413, 422, 503, *refuses) | dict(also)
    return {"dependencies": [Depends(check)], "openapi_extra": {"x-roles": list(roles)}, "responses": responses}


ConnectionName = Annotated[
    str, Path(description="Name of the connection.", max_length=200, pattern=r"^[^\x00]+$", examples=["acme"])
]


def org_of(room: AtRoom, caller: Caller, connection: ConnectionName) -> Org:
    """The connection a path names. One that is not the caller's is answered like one that is not there."""
    if caller.connection in (None, connection):
        with room.store.read() as transaction:
            found = connections.find(transaction, connection)
        if found:
            return found
    raise HTTPException(404, "There is no such connection.")


AtOrg = Annotated[Org, Depends(org_of)]


def sight_of(caller: Caller) -> Sight:
    """Whose things the caller may see."""
    return Sight(
        manager_id=caller.user_id if caller.role == "manager" else None,
        rep_id=caller.user_id if caller.role == "rep" else None,
    )


Seeing = Annotated[Sight, Depends(sight_of)]
