"""Where other systems tell of events: stored first, then acknowledged; what really happened is read afresh later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Header, HTTPException, Path, Request, Response

from app.store.connections import Vault
from app.store.hooks import Hook, Kind
from app.store.session import StoreFailed
from app.web.hooks import hints, outbound
from app.web.hooks.body import bounded
from app.web.hooks.doors import Doors, Knows, refuse, told
from app.web.hooks.hints import JOB, Happened, Hint
from app.web.hooks.ids import is_deal, same
from app.web.hooks.keeping import Keeper
from app.web.hooks.quiet import forget_address, keep_quiet
from app.web.room import Room

log = structlog.get_logger(__name__)

Xml = Annotated[bytes, Depends(bounded("text/xml"))]
Json = Annotated[bytes, Depends(bounded("application/json"))]
Secret = Annotated[str, Header(alias="X-Coachsync-Secret")]
MessageId = Annotated[str, Header(alias="webhook-id", max_length=200)]
Door = Annotated[str, Path(pattern="^[A-Za-z0-9]{1,64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of a message: hints that are new, hints that were known, and what was about no deal."""

    kept: int
    known: int
    ignored: int


def routes(room: Room) -> APIRouter:
    """/hooks/salesforce, /hooks/flow and /hooks/signed."""
    keep_quiet()
    key = room.settings.secret_key
    doors = Doors(room.store, Vault(room.settings.home, key.get_secret_value() if key else None))
    keeper = Keeper(room.store)
    pages = APIRouter(prefix="/hooks", include_in_schema=False, dependencies=[Depends(forget_address)])

    def keep(hook: Hook, said: int, about_deals: Sequence[Hint]) -> Counts:
        wishes = [hint.wish(hook.kind) for hint in about_deals]
        new = keeper.keep(hook.connection_id, wishes, room.clock())
        if new:
            room.wake(JOB, hook.connection)
        counts = Counts(kept=new, known=len(wishes) - new, ignored=said - len(wishes))
        log.info("hook_kept", connection=hook.connection, kind=hook.kind, new=new, said=said)
        return counts

    @pages.post("/salesforce/{door}/{secret}")
    def salesforce(request: Request, door: Door, secret: str, body: Xml, event: Happened = "changed") -> Response:
        """Outbound Messages of Salesforce."""
        try:
            hook = doors.admit("outbound_message", door, told(secret), request.headers, room.clock())
            message = outbound.read(body)
            if not same(message.organization_id, hook.organization_id or ""):
                raise refuse("outbound_message", hook)
            about_deals = list(outbound.hints(message, event, hook.settings.get("key_field")))
            keep(hook, len(message.notifications), about_deals)
            stored = True
        except StoreFailed as error:
            log.warning("hook_not_kept", kind="outbound_message", reason=str(error))
            stored = False
        return Response(outbound.answer(stored), media_type="text/xml")

    def written(kind: Kind, door: str, knows: Knows, request: Request, read: Callable[[], list[Hint]]) -> Counts:
        try:
            hook = doors.admit(kind, door, knows, request.headers, room.clock())
            said = read()
            about_deals = [hint for hint in said if kind == "signed" or is_deal(hint.deal_id)]
            return keep(hook, len(said), about_deals)
        except StoreFailed as error:
            log.warning("hook_not_kept", kind=kind, reason=str(error))
            raise HTTPException(503, "It cannot be stored now; send it again later.", {"Retry-After": "60"}) from error

    @pages.post("/flow/{door}", status_code=202)
    def flow(request: Request, door: Door, body: Json, secret: Secret = "") -> Counts:
        """HTTP callouts of Salesforce flows."""
        return written("flow", door, told(secret), request, lambda: hints.read(body))

    @pages.post("/signed/{door}", status_code=202)
    def signed(request: Request, door: Door, body: Json, message: MessageId = "") -> Counts:
        """Everything else, by the Standard Webhooks scheme; whoever could be admitted has given an id."""
        knows = doors.signer(body, request.headers)
        return written("signed", door, knows, request, lambda: hints.read(body, message))

    return pages
