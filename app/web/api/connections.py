"""The orgs we sync with, and how each stands."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.config import read_coaching
from app.store import connections, runs
from app.store.connections import Org
from app.store.overview import overview
from app.store.session import Transaction
from app.web.api.runs import Run
from app.web.door import AtOrg, AtRoom, open_to

routes = APIRouter(tags=["connections"])


class Connection(BaseModel):
    """An org, and what its last run came to."""

    name: str = Field(examples=["acme"])
    crm: str = Field(examples=["salesforce"])
    paused: str | None = Field(description="What a person has to do before it is used again.")
    last_run: Run | None
    read_at: dict[str, datetime] = Field(description="When each kind of record was last read.")


class Connections(BaseModel):
    """Every connection, by name."""

    items: list[Connection]


class Refused(BaseModel):
    """A write the CRM would not take, and why."""

    reference: str
    role: str
    state: str
    subject: str
    reason: str
    attempts: int


class ConnectionHealth(Connection):
    """All that is known of a connection at a glance."""

    records: dict[str, Any] = Field(description="How many records of each kind are held.")
    coverage: dict[str, Any] = Field(description="How that compared with the CRM, and when.")
    api_calls_24h: int = Field(description="Calls of the CRM's API in the last 24 hours.")
    api_share: float = Field(description="The share of the org's calls that may be used.")
    findings_open: dict[str, int] = Field(description="Open findings by rule.")
    writes: dict[str, int] = Field(description="Writes owed to the CRM, by state.")
    not_taken: list[Refused]
    outcomes: dict[str, int] = Field(description="How the managers' conversations ended.")


@routes.get("/connections", operation_id="listConnections", summary="All connections", **open_to("ops", "monitor"))
def list_connections(room: AtRoom) -> Connections:
    """Every connection with its last run."""
    with room.store.read() as transaction:
        return Connections(items=[_connection(transaction, org) for org in connections.every(transaction)])


@routes.get(
    "/connections/{connection}",
    operation_id="getConnection",
    summary="The health of a connection",
    **open_to("ops", "monitor"),
)
def get_connection(room: AtRoom, org: AtOrg) -> ConnectionHealth:
    """What is held, what is open, what the CRM refused."""
    share = read_coaching(room.settings.home).api_share
    return ConnectionHealth.model_validate(overview(room.store, org, share, room.clock()))


def _connection(transaction: Transaction, org: Org) -> Connection:
    last = runs.last(transaction, org.id)
    return Connection(
        name=org.name,
        crm=org.crm,
        paused=org.paused,
        last_run=Run.model_validate(last) if last else None,
        read_at=runs.read_at(transaction, org.id),
    )
