"""Who may ask what over HTTP: tokens, kept as hashes.

A token is 256 random bits, so nobody finds it by trying, and a plain SHA-256 keeps it as well as a slow hash would.
Slow ones are for passwords, which people choose; here one would only make every request slow.
"""

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Column, ColumnElement, Connection, ForeignKey, Integer, Table, Text, insert, select, update

from app.store.ledger import connections
from app.store.tables import Instant, Key, metadata

Role = Literal["ops", "monitor", "leader", "manager", "rep"]
PREFIX = "coach_"
"""Lets a scanner of published code recognise a token."""
NOTED_EVERY = timedelta(hours=1)
"""How exactly it is known when a token was last used; noting every use would make every reader a writer."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),  # whose it is, in the words of who made it
    Column("role", Text, nullable=False),  # ops | monitor | leader | manager | rep
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), index=True),
    Column("user_id", Key),  # the manager or rep in the CRM
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token without its secret. `connection` is None where it is for the whole installation (ops, monitor)."""

    id: int
    name: str
    role: Role
    connection: str | None
    user_id: str | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def create(
    connection: Connection, name: str, role: Role, at: datetime, *, connection_id: int | None, user_id: str | None
) -> str:
    """Make a token and return it; it is shown this once and cannot be read again."""
    token = PREFIX + secrets.token_urlsafe(32)
    values = {"name": name, "role": role, "connection_id": connection_id, "user_id": user_id, "created_at": at}
    connection.execute(insert(tokens).values(hash=_hash(token), **values))
    return token


def recognise(connection: Connection, token: str) -> Token | None:
    """Whose token this is; None for one that is unknown or revoked."""
    return next(_tokens(connection, tokens.c.hash == _hash(token), tokens.c.revoked_at.is_(None)), None)


def is_worth_noting(token: Token, at: datetime) -> bool:
    """Whether its last known use is so long ago that this one should be kept."""
    return token.last_used_at is None or token.last_used_at <= at - NOTED_EVERY


def note_use(connection: Connection, token: Token, at: datetime) -> None:
    """Keep that it was used."""
    connection.execute(update(tokens).where(tokens.c.id == token.id).values(last_used_at=at))


def every(connection: Connection) -> list[Token]:
    """All tokens, also revoked ones, the oldest first."""
    return list(_tokens(connection))


def revoke(connection: Connection, token_id: int, at: datetime) -> bool:
    """End a token; False where there is none of this number that still counts."""
    table = tokens.c
    done = connection.execute(
        update(tokens).where(table.id == token_id, table.revoked_at.is_(None)).values(revoked_at=at)
    )
    return bool(done.rowcount)


def _tokens(connection: Connection, *where: ColumnElement[bool]) -> Iterator[Token]:
    own = [tokens.c[name] for name in Token.__dataclass_fields__ if name != "connection"]
    query = select(*own, connections.c.name.label("connection")).outerjoin(
        connections, connections.c.id == tokens.c.connection_id
    )
    return (Token(**row._mapping) for row in connection.execute(query.where(*where).order_by(tokens.c.id)))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
