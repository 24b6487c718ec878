"""The doors at which other systems tell of events: whose each is, and what somebody must know to come in.

A secret that is only compared is kept as a hash; one that signs has to be readable, so it is encrypted.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, Connection, ForeignKey, Integer, Table, Text, UniqueConstraint, delete, insert, select
from sqlalchemy import update as change

from app.store.connections import Vault
from app.store.ledger import connections
from app.store.tables import Instant, metadata

Kind = Literal["outbound_message", "flow", "signed"]
"""Salesforce's SOAP messages; JSON with a secret header; JSON signed by the Standard Webhooks scheme."""

hooks = Table(
    "hooks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("door", Text, nullable=False, unique=True),  # the part of the address that is no secret
    Column("secret", Text, nullable=False),
    Column("former", Text),  # the secret before, valid for a while
    Column("former_until", Instant),
    Column("organization_id", Text),
    Column("certificate_header", Text),  # in which the proxy says whose client certificate it has checked
    Column("certificate_value", Text),
    Column("created_at", Instant, nullable=False),
    Column("rotated_at", Instant),
    UniqueConstraint("connection_id", "kind"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A door of a connection, with that connection's name and settings."""

    id: int
    connection_id: int
    connection: str
    settings: Mapping[str, Any]
    kind: Kind
    door: str
    secret: str
    former: str | None = None
    former_until: datetime | None = None
    organization_id: str | None = None
    certificate_header: str | None = None
    certificate_value: str | None = None
    created_at: datetime
    rotated_at: datetime | None = None

    def accepted(self, at: datetime) -> list[str]:
        """The secrets that count at this instant, as they are kept."""
        former = self.former if self.former_until and at < self.former_until else None
        return [self.secret, former] if former else [self.secret]


def new_secret(kind: Kind) -> str:
    """32 bytes that nobody can guess, written as this kind of sender takes them."""
    if kind == "signed":
        return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    return secrets.token_urlsafe(32)


def kept(vault: Vault, kind: Kind, secret: str) -> str:
    """A secret as it is stored."""
    return vault.close_in({"secret": secret}) if kind == "signed" else hashed(secret)


def hashed(secret: str) -> str:
    """What is stored of a secret that is only compared; it is random and long, so one round of hashing hides it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def readable(vault: Vault, secret: str) -> str:
    """A signing secret again; raises StoreFailed when the key is another one."""
    return vault.open_up(secret)["secret"]


def create(
    connection: Connection,
    connection_id: int,
    kind: Kind,
    secret: str,
    at: datetime,
    *,
    organization_id: str | None = None,
    certificate: tuple[str, str] | None = None,
) -> Hook:
    """Open a door with this secret (as it is kept); `certificate` is a header of the proxy and what it must say."""
    header, value = certificate or (None, None)
    row = {
        "connection_id": connection_id,
        "kind": kind,
        "door": secrets.token_hex(8),
        "secret": secret,
        "organization_id": organization_id,
        "certificate_header": header,
        "certificate_value": value,
        "created_at": at,
    }
    connection.execute(insert(hooks).values(row))
    return _one(connection, hooks.c.door == row["door"])


def rotate(connection: Connection, hook: Hook, secret: str, at: datetime, former_until: datetime) -> None:
    """Put a new secret (as it is kept) in force, and let the present one count until then."""
    values = {"secret": secret, "former": hook.secret, "former_until": former_until, "rotated_at": at}
    connection.execute(change(hooks).where(hooks.c.id == hook.id).values(values))


def remove(connection: Connection, hook: Hook) -> None:
    """Close a door for good."""
    connection.execute(delete(hooks).where(hooks.c.id == hook.id))


def at_door(connection: Connection, kind: Kind, door: str) -> Hook | None:
    """The hook of this address."""
    return _any(connection, hooks.c.door == door, hooks.c.kind == kind)


def of(connection: Connection, connection_id: int, kind: Kind) -> Hook | None:
    """The hook of this kind that a connection has."""
    return _any(connection, hooks.c.connection_id == connection_id, hooks.c.kind == kind)


def every(connection: Connection) -> list[Hook]:
    """All hooks, by connection and kind."""
    rows = connection.execute(_JOINED.order_by(connections.c.name, hooks.c.kind))
    return [Hook(**row._mapping) for row in rows]


_JOINED = select(hooks, connections.c.name.label("connection"), connections.c.settings).join(connections)


def _any(connection: Connection, *where: Any) -> Hook | None:
    row = connection.execute(_JOINED.where(*where)).one_or_none()
    return Hook(**row._mapping) if row else None


def _one(connection: Connection, *where: Any) -> Hook:
    return Hook(**connection.execute(_JOINED.where(*where)).one()._mapping)
