"""Every secret that is stored so that it can be read again, wherever it is, and how all of them get another key."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, select, true, update

from app.store.connections import Vault
from app.store.hooks import hooks
from app.store.ledger import connections

SIGNED = hooks.c.kind == "signed"
"""The others keep a hash of their secret, which no key opens."""
SEALED = (
    (connections.c.secrets, true()),
    (hooks.c.secret, SIGNED),
    (hooks.c.former, SIGNED & hooks.c.former.is_not(None)),
)


def rekey(transaction: Connection, vault: Vault) -> int:
    """Encrypt all of them with the vault's first key, and return how many; StoreFailed when one cannot be opened."""
    return sum(_rekey(transaction, vault, column, where) for column, where in SEALED)


def _rekey(transaction: Connection, vault: Vault, column: Column[Any], where: ColumnElement[bool]) -> int:
    table = column.table
    rows = transaction.execute(select(table.c.id, column).where(where).with_for_update()).all()
    for id, text in rows:
        transaction.execute(update(table).where(table.c.id == id).values({column.name: vault.close_anew(text)}))
    return len(rows)
