"""The newest version of each record wins, in whatever order versions come, and leaving is told from not seeing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import delete, insert, select

from app.store import canonical
from app.store.ledger import connections
from app.store.session import Store
from connectors.records import SCHEMAS, Kind

NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)
DEAL = {
    "id": "006A", "name": "Zinc Yard", "owner_id": "005A", "stage": "Qualify", "amount": 10.0, "closed": False,
    "won": False, "next_step": "call", "created_at": NOW - timedelta(days=9),
}  # fmt: skip


@pytest.fixture
def shelf(store: Store) -> Store:
    """A store with one connection."""
    row = {"id": 1, "name": "amber", "crm": "x", "settings": {}, "secrets": "", "created_at": NOW}
    with store.begin() as transaction:
        transaction.execute(insert(connections).values(row))
    return store


def change(hours: float, **fields: Any) -> dict[str, Any]:
    return {**DEAL, **fields, "changed_at": NOW + timedelta(hours=hours), "deleted": False}


def keep(store: Store, *rows: dict[str, Any], kind: Kind = "deal", hours: float = 0) -> int:
    records = pa.Table.from_pylist(list(rows), SCHEMAS[kind])
    with store.begin() as transaction:
        return canonical.store_page(transaction, 1, kind, records, NOW + timedelta(hours=hours))


def held(store: Store, table: Any = canonical.deals) -> list[dict[str, Any]]:
    with store.read() as transaction:
        return [dict(row._mapping) for row in transaction.execute(select(table).order_by(table.c.id))]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_the_newest_version_wins_in_any_order(shelf: Store, order: tuple[int, ...]) -> None:
    """Failure 10: on one page or on many."""
    for hours in order:
        keep(shelf, change(hours, amount=float(hours)))
    keep(shelf, *(change(hours, amount=float(hours)) for hours in order))
    assert [row["amount"] for row in held(shelf)] == [3.0]


def test_a_page_can_be_stored_again(shelf: Store) -> None:
    """A kill after the commit and before the receipt costs nothing."""
    page = (change(1), change(2, next_step="meet"))
    keep(shelf, *page)
    before = held(shelf)
    keep(shelf, *page)
    assert held(shelf) == before


@pytest.mark.parametrize("kind", ["deal", "user"])
def test_a_page_is_held_alike_among_strangers_and_where_nothing_was(shelf: Store, kind: Kind) -> None:
    """Rows of ids that lie where none is held go straight into the table; others are compared first."""
    ada = {"id": "006A", "name": "Ada", "active": True, "changed_at": NOW, "deleted": False}
    one = change(0, close_date=NOW.date(), probability=0.5) if kind == "deal" else ada
    page, stranger = [one, {**one, "id": "006C", "name": 'a "b", c', "deleted": True}], {**one, "id": "006B"}
    table = canonical.TABLES[kind]
    keep(shelf, *page, one, kind=kind, hours=1)
    straight = held(shelf, table)
    with shelf.begin() as transaction:
        transaction.execute(delete(table))
    keep(shelf, stranger, kind=kind)
    keep(shelf, *page, kind=kind, hours=1)
    assert straight == [row for row in held(shelf, table) if row["id"] != "006B"]
    assert [(row["gone"], row["deleted_at"]) for row in straight] == [(None, None), ("deleted", NOW)]


def test_records_come_in_pieces_of_which_some_may_be_empty(shelf: Store) -> None:
    """As when one object of a kind tells nothing and the next one does."""
    empty, one = SCHEMAS["deal"].empty_table(), pa.Table.from_pylist([change(0)], SCHEMAS["deal"])
    with shelf.begin() as transaction:
        canonical.store_page(transaction, 1, "deal", pa.concat_tables([empty, one, empty]), NOW)
    assert [row["name"] for row in held(shelf)] == ["Zinc Yard"]


def test_ids_that_differ_only_in_case_are_two_records(shelf: Store) -> None:
    """A CRM's ids are case-sensitive."""
    keep(shelf, change(0), change(0, id="006a"))
    assert [row["id"] for row in held(shelf)] == ["006A", "006a"]


def test_what_a_deal_said_before_is_noted_where_we_saw_it(shelf: Store) -> None:
    """The CRM may keep no history of its next step and owner."""
    keep(shelf, change(1))
    keep(shelf, change(2, next_step="meet", owner_id="005B"))
    keep(shelf, change(2, next_step="meet", owner_id="005B"))
    found = {(row["field"], row["old"], row["new"]) for row in held(shelf, canonical.field_changes)}
    assert found == {("next_step", "call", "meet"), ("owner_id", "005A", "005B")}


def test_a_deleted_record_stays_known_and_comes_back_when_restored(shelf: Store) -> None:
    """Deleting leaves the row with its time; a newer version takes the mark away."""
    keep(shelf, change(1))
    with shelf.begin() as transaction:
        canonical.mark_gone(transaction, 1, "deal", [DEAL["id"]], NOW + timedelta(hours=2), "deleted")
    (row,) = held(shelf)
    assert (row["gone"], row["deleted_at"]) == ("deleted", NOW + timedelta(hours=2))
    keep(shelf, change(3), hours=3)
    assert [(row["gone"], row["deleted_at"]) for row in held(shelf)] == [(None, None)]


def test_what_is_out_of_sight_is_back_when_it_is_shown(shelf: Store) -> None:
    """The same version that was held before is enough, since losing sight moves no stamp."""
    keep(shelf, change(1))
    with shelf.begin() as transaction:
        assert canonical.mark_gone(transaction, 1, "deal", [DEAL["id"]], NOW + timedelta(hours=2), "unseen") == 1
        assert canonical.counts(transaction, 1)["deal"] == 0
    keep(shelf, change(1))
    with shelf.read() as transaction:
        assert canonical.counts(transaction, 1)["deal"] == 1


def test_a_hundred_records_are_one_page(shelf: Store) -> None:
    """Also where a person has no role and no country."""
    people = [
        {"id": f"005{n:03}", "name": f"P{n}", "active": True, "changed_at": NOW, "deleted": False} for n in range(100)
    ]
    assert keep(shelf, *people, kind="user") == 100
