"""Conversations, one a plan item: what they are about, and how people answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.store import answers, listing
from app.store.connections import Org
from app.store.listing import Sight
from app.store.outcomes import Outcome
from app.store.session import Transaction
from app.store.tokens import Token
from app.web.api.findings import Evidence
from app.web.api.paging import Id, Page, Sliced, page
from app.web.api.requests import Key
from app.web.door import AtOrg, AtRoom, Caller, Seeing, open_to, sight_of
from app.web.room import Room

routes = APIRouter(tags=["items"])

STILL_ANSWERED = ("open", "ignored")
LONGEST_SNOOZE = timedelta(days=366)
State = Annotated[
    Literal["open", "done", "contested", "deleted", "ignored", "cleared", "refused"] | None,
    Query(description="Only those in this state."),
]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]+$")]


class Reason(BaseModel):
    """A finding, as a reason for a conversation."""

    finding_id: int
    rule: str
    version: str
    title: str
    why: str
    ask: list[str] = Field(description="What the manager may ask; empty for the rep, who gets `prepare`.")
    prepare: list[str]
    evidence: list[Evidence]


class Item(BaseModel):
    """One conversation that a manager and a rep should have."""

    id: int
    week: date = Field(description="The Monday of the plan it came with.")
    grain: str = Field(description="What it is about: `deal` or `rep`.")
    subject_id: str
    name: str | None
    manager_id: str
    rep_id: str
    state: str
    early: bool = Field(description="It is about an early-stage deal.")
    minutes: int
    meeting: str = Field(description="The meeting it belongs to; empty where it is due by a day.")
    place: str
    area: str | None
    due: date
    prep_due: date
    snoozed_until: date | None
    position: int | None = Field(description="Its rank in the manager's week; null for the rep.")
    why_here: str | None = Field(description="Why it has that rank; null for the rep.")
    reasons: list[Reason]
    opened_at: datetime
    closed_at: datetime | None


class Done(BaseModel):
    """The conversation was held."""

    model_config = ConfigDict(extra="forbid")

    agreed: Words | None = Field(default=None, description="What was agreed; the next conversation opens with it.")


class Snoozed(BaseModel):
    """The conversation will be held later."""

    model_config = ConfigDict(extra="forbid")

    until: date = Field(description="The new day, after today and within a year.")
    reason: Words | None = None


class Contested(BaseModel):
    """What the conversation rests on is wrong."""

    model_config = ConfigDict(extra="forbid")

    reason: Words


@routes.get(
    "/connections/{connection}/items", operation_id="listItems", summary="Conversations", **open_to("manager", "rep")
)
def list_items(room: AtRoom, org: AtOrg, sight: Seeing, part: Sliced, state: State = None) -> Page[Item]:
    """A manager's conversations, or those about a rep and the rep's deals; the newest first."""
    with room.store.read() as transaction:
        return page(partial(listing.items_of, transaction, org.id, sight, state=state), part, partial(shown, sight))


@routes.get(
    "/connections/{connection}/items/{item_id}",
    operation_id="getItem",
    summary="A conversation",
    **open_to("manager", "rep"),
)
def get_item(room: AtRoom, org: AtOrg, sight: Seeing, item_id: Id) -> Item:
    """One conversation."""
    with room.store.read() as transaction:
        return _seen(transaction, org, sight, item_id)


@routes.post(
    "/connections/{connection}/items/{item_id}/done",
    operation_id="markDone",
    summary="It was held",
    **open_to("manager", refuses=(409,)),
)
def mark_done(room: AtRoom, org: AtOrg, caller: Caller, key: Key, item_id: Id, said: Done) -> Item:
    """End a conversation as done; its tasks in the CRM are closed with the next push."""
    return _answer(room, org, caller, key, item_id, "done", said.agreed)


@routes.post(
    "/connections/{connection}/items/{item_id}/snooze",
    operation_id="snooze",
    summary="Hold it later",
    **open_to("manager", refuses=(409,)),
)
def snooze(room: AtRoom, org: AtOrg, caller: Caller, key: Key, item_id: Id, said: Snoozed) -> Item:
    """Move a conversation to another day; the manager's task in the CRM moves with the next push."""
    today = room.clock().date()
    if not today < said.until <= today + LONGEST_SNOOZE:
        raise HTTPException(422, "`until` is a day after today and within a year.")
    return _answer(room, org, caller, key, item_id, "snoozed", said.reason, said.until)


@routes.post(
    "/connections/{connection}/items/{item_id}/contest",
    operation_id="contest",
    summary="It is wrong",
    **open_to("manager", "rep", refuses=(409,)),
)
def contest(room: AtRoom, org: AtOrg, caller: Caller, key: Key, item_id: Id, said: Contested) -> Item:
    """End a conversation because it rests on something wrong; it stays silent until that cleared and came back."""
    return _answer(room, org, caller, key, item_id, "contested", said.reason)


def shown(sight: Sight, row: Mapping[str, Any]) -> Item:
    """A row as the asker may see it: what the manager asks and how the week is ranked is the manager's."""
    if not sight.rep_id:
        return Item.model_validate(row)
    reasons = [reason | {"ask": []} for reason in row["reasons"]]
    return Item.model_validate({**row, "reasons": reasons, "position": None, "why_here": None})


def _seen(transaction: Transaction, org: Org, sight: Sight, item_id: int) -> Item:
    found = listing.item(transaction, org.id, sight, item_id)
    if found is None:
        raise HTTPException(404, "There is no such conversation.")
    return shown(sight, found)


def _answer(
    room: Room, org: Org, caller: Token, key: str, item_id: int, kind: str, detail: str | None, due: date | None = None
) -> Item:
    """Keep an answer once for each key, and see to it that the CRM learns of it soon."""
    sight = sight_of(caller)
    role = "prep_task" if sight.rep_id else "manager_task"
    said = Outcome(
        item_id=item_id, reference=f"api:{caller.id}:{key}", role=role, kind=kind, at=room.clock(), by=caller.user_id,
        detail=detail, due=due,
    )  # fmt: skip
    with room.store.lock(org.name), room.store.begin() as transaction:
        item = _seen(transaction, org, sight, item_id)
        if not _is_repeated(transaction, org, said):
            if item.state not in STILL_ANSWERED:
                raise HTTPException(409, f"This conversation is over: it is {item.state}.")
            answers.give(transaction, org.id, said)
            item = _seen(transaction, org, sight, item_id)
    room.wake("often", org.name)
    return item


def _is_repeated(transaction: Transaction, org: Org, said: Outcome) -> bool:
    before = answers.given(transaction, org.id, said.reference)
    if before is None:
        return False
    if replace(before, at=said.at) != said:
        raise HTTPException(409, "This Idempotency-Key was used for something else; take another one.")
    return True
