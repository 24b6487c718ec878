"""A service with hooks over real HTTP, and what senders send to it, good and bad."""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from standardwebhooks import Webhook

from app.config import Settings
from app.store import connections, hooks, requests
from app.store.connections import Vault
from app.store.hooks import Hook, Kind
from app.store.requests import Request
from app.store.session import Store
from app.web import create_app
from app.web.room import Room

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ORGANIZATION, SHORT_ORGANIZATION = "00D5Y000001MPM7UAO", "00D5Y000001MPM7"
DEAL, OTHER_DEAL = "0065Y00001Suvw6QAB", "0065Y00001Suvw7QAB"


@dataclass(slots=True)
class Service:
    """The pages of one store with one connection, `amber`, and whom they woke."""

    store: Store
    home: Path
    client: httpx.Client
    port: int
    now: datetime = NOW
    woken: list[tuple[str, str]] = field(default_factory=list)

    def hook(self, kind: Kind, **values: Any) -> tuple[Hook, str]:
        """A new hook of the connection, and its secret."""
        secret = hooks.new_secret(kind)
        if kind == "outbound_message":
            values = {"organization_id": ORGANIZATION} | values
        with self.store.begin() as transaction:
            org = connections.find(transaction, "amber")
            assert org
            made = hooks.create(transaction, org.id, kind, hooks.kept(self.vault, kind, secret), NOW, **values)
        return made, secret

    @property
    def vault(self) -> Vault:
        return Vault(self.home, None)

    def kept(self) -> list[Request]:
        """Everything that was asked for."""
        with self.store.read() as transaction:
            org = connections.find(transaction, "amber")
            assert org
            return requests.waiting(transaction, org.id, "review")

    def told(self) -> list[tuple[str, str]]:
        """Deal and event of everything that was asked for."""
        return [(one.arguments["deal_id"], one.arguments["event"]) for one in self.kept()]

    def soap(self, address: str, body: str | bytes, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else body.encode()
        return self.client.post(address, content=content, headers={"Content-Type": "text/xml; charset=utf-8"} | headers)

    def json(self, address: str, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(address, content=content, headers={"Content-Type": "application/json"} | headers)

    def signed(
        self, hook: Hook, secret: str, body: Any, *, message: str = "msg_1", at: datetime | None = None
    ) -> httpx.Response:
        text, moment = json.dumps(body), at or datetime.now(UTC)  # the library's clock is the real one
        headers = {
            "webhook-id": message,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(secret).sign(message, moment, text),
        }
        return self.json(f"/hooks/signed/{hook.door}", text.encode(), **headers)


@contextmanager
def serving(store: Store, home: Path) -> Iterator[Service]:
    """The service on loopback, with a connection called `amber`."""
    with store.begin() as transaction:
        connections.save(transaction, Vault(home, None), "amber", "salesforce", {"key_field": "Key__c"}, {}, NOW)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        service = Service(store, home, client, port)
        room = Room(
            store=store,
            settings=Settings(home=home),
            clock=lambda: service.now,
            wake=lambda job, name: service.woken.append((job, name)),
        )
        server = uvicorn.Server(uvicorn.Config(create_app(room), log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield service
        server.should_exit = True
        thread.join()
    listener.close()


def outbound(hook: Hook, secret: str) -> str:
    """The address of a hook for Outbound Messages."""
    return f"/hooks/salesforce/{hook.door}/{secret}"


def notification(number: int, kind: str = "Opportunity", **fields: str) -> str:
    """One of an Outbound Message; by default about DEAL."""
    fields = fields or {"Id": DEAL}
    said = "".join(f"<sf:{name}>{value}</sf:{name}>" for name, value in fields.items())
    return (
        f'<Notification><Id>04l5Y00002{number:05}QA4</Id><sObject xsi:type="sf:{kind}" '
        f'xmlns:sf="urn:sobject.enterprise.soap.sforce.com">{said}</sObject></Notification>'
    )


def message(notifications: Sequence[str], organization: str = ORGANIZATION, before: str = "") -> str:
    """An Outbound Message as Salesforce sends it."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
        f'<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>{organization}</OrganizationId>'
        f'<ActionId>04k5Y0000008Q1hQAE</ActionId><SessionId xsi:nil="true"/>{"".join(notifications)}'
        "</notifications></soapenv:Body></soapenv:Envelope>"
    )
