"""Rows on their way to be measured: the columns that measure reads, as Arrow, as we knew them at an instant."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
from sqlalchemy import Boolean, ColumnElement, Date, Engine, Float, Integer, Select, Table, select, true
from sqlalchemy.engine import URL

from app.store import sqlite_rows
from app.store.canonical import (
    accounts,
    activities,
    currency_rates,
    deal_changes,
    deal_contacts,
    deals,
    field_changes,
    stages,
    users,
)
from app.store.coaching import plan_items
from app.store.events import deal_events
from app.store.ledger import outcomes
from app.store.session import Store, StoreFailed
from app.store.sqlite_rows import INSTANT, Question
from app.store.tables import Instant

READ: dict[Table, str] = {
    users: "id name active manager_id role time_zone country created_at deleted_at",
    stages: "id name sort_order active closed won deleted_at",
    currency_rates: "currency valid_from rate changed_at deleted_at",
    accounts: "id name segment merged_into deleted_at",
    deals: "id name account_id owner_id pipeline stage amount currency close_date closed won forecast_category"
    " deal_type next_step created_at changed_at deleted_at",
    deal_changes: "id deal_id valid_from stage amount close_date forecast_category deleted_at",
    field_changes: "id deal_id field old new valid_from deleted_at",
    deal_contacts: "deal_id contact_id role created_at deleted_at",
    activities: "deal_id account_id owner_id contact_id type starts_at ends_at done two_way created_at deleted_at",
    plan_items: "id grain subject_id manager_id rep_id early area state opened_at closed_at",
    outcomes: "item_id role kind at",
    deal_events: "deal_id event happened_at",
}
ONLY: dict[Table, ColumnElement[bool]] = {deal_events: deal_events.c.by_hint.is_(True)}
"""Of what we noted ourselves, that which no other row says."""


def frames(
    store: Store, connection_id: int, known_at: datetime, deals: Collection[str] | None = None
) -> dict[str, pa.Table]:
    """One Arrow table a name: the rows of this connection that we had learnt by `known_at`, in one snapshot.

    With `deals`, only theirs, and those of the people and accounts they belong to; the stages are always all there.
    Instants are timestamp[us, UTC], dates date32, booleans bool, whatever the database, rows or no rows.
    Raises StoreFailed.
    """
    on_postgresql = store.engine.dialect.name == "postgresql"
    questions = []
    for table, columns in READ.items():
        # SQLite would walk an index and fetch row by row, in twice the time of a pass over the whole table
        whole = deals is None and not on_postgresql
        mine = table.c.connection_id + 0 if whole else table.c.connection_id
        query = select(*(table.c[name] for name in columns.split())).where(mine == connection_id)
        query = query.where(table.c.observed_at <= known_at) if "observed_at" in table.c else query
        query = query.where(ONLY.get(table, true()))
        query = query if deals is None else query.where(_is_of(table, connection_id, deals))
        questions.append((table.name, _text(store.engine, query), _schema(query)))
    if on_postgresql:
        return dict(_from_postgresql(store, questions))
    return dict(sqlite_rows.read(store, questions, few=deals is not None))


def _is_of(table: Table, connection_id: int, ids: Collection[str]) -> ColumnElement[bool]:
    """Whether a row is of these deals, or of somebody or something they belong to."""
    asked = (deals.c.connection_id == connection_id, deals.c.id.in_(ids))
    if table is deals:
        return deals.c.id.in_(ids)
    if table is users:
        return users.c.id.in_(select(deals.c.owner_id).where(*asked))
    if table is accounts:
        return accounts.c.id.in_(_and_survivors(select(deals.c.account_id).where(*asked), connection_id))
    threads = plan_items.c.connection_id == connection_id, plan_items.c.thread.in_([f"deal:{i}" for i in ids])
    if table in (plan_items, outcomes):
        column = plan_items.c.id if table is plan_items else outcomes.c.item_id
        return column.in_(select(plan_items.c.id).where(*threads))
    return table.c.deal_id.in_(ids) if "deal_id" in table.c else true()


def _and_survivors(account_ids: Select[Any], connection_id: int) -> Select[Any]:
    """These accounts and those they were merged into."""
    mine = accounts.c.connection_id == connection_id
    account = select(accounts.c.id, accounts.c.merged_into).where(mine)
    trail = account.where(accounts.c.id.in_(account_ids)).cte(recursive=True)
    merged = account.join(trail, trail.c.merged_into == accounts.c.id)
    return select(trail.union(merged).c.id)


def _text(engine: Engine, query: Select[Any]) -> str:
    return str(query.compile(engine, compile_kwargs={"literal_binds": True}))


def _schema(query: Select[Any]) -> pa.Schema:
    return pa.schema([(column.name, _arrow(column)) for column in query.selected_columns])


def _arrow(column: ColumnElement[Any]) -> pa.DataType:
    kinds = {Boolean: pa.bool_(), Integer: pa.int64(), Float: pa.float64(), Date: pa.date32(), Instant: INSTANT}
    return kinds.get(type(column.type), pa.string())


def _from_postgresql(store: Store, questions: list[Question]) -> Iterator[tuple[str, pa.Table]]:
    try:
        with adbc.connect(_libpq(store.engine.url)) as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for name, query, schema in questions:
                cursor.execute(query)
                yield name, cursor.fetch_arrow_table().cast(schema)
    except adbc.Error as error:
        raise StoreFailed(
            "The database cannot be read; check COACHSYNC_DATABASE_URL and that it is running."
        ) from error


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
