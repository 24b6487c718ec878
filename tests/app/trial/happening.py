"""A small org with a past, and what may happen to it later: what the CRM dates, and what it keeps no date of."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st
from sqlalchemy import Table

from app.store import canonical
from app.store.frames import frames
from app.store.session import open_store
from app.store.tables import metadata
from coaching_rules.backtest.panel import Span

UNTIL = datetime(2026, 5, 15, 12, tzinfo=UTC)
SPAN = Span(since=UNTIL - timedelta(days=56), until=UNTIL, every=28)
STAGES = ("Prospect", "Qualify", "Propose", "Won", "Lost")
DEALS, REPS = 12, 4
Rows = dict[str, list[dict[str, Any]]]
Event = Callable[[Rows, datetime], None]


def ago(days: float) -> datetime:
    return UNTIL - timedelta(days=days)


def small_org(folder: Path) -> Mapping[str, pa.Table]:
    """The frames of a small org with a history of everything that has one."""
    store = open_store(f"sqlite:///{folder}/store.sqlite3")
    metadata.create_all(store.engine)
    empty = frames(store, 1, UNTIL)
    store.close()
    held = {name: [_row(canonical.metadata.tables[name], made) for made in each] for name, each in _past().items()}
    return {name: _table(table.schema, held.get(name, [])) for name, table in empty.items()}


def _past() -> Rows:
    people = [
        {"id": f"R{n}", "name": f"R{n}", "active": True, "manager_id": "M", "created_at": ago(900)} for n in range(REPS)
    ]
    boss = {"id": "M", "name": "M", "active": True, "created_at": ago(900)}
    moves = [
        {"deal_id": f"D{n}", "valid_from": ago(200 - 9 * n - 40 * step), "stage": stage, "amount": 1000.0 * (n + step)}
        for n in range(DEALS)
        for step, stage in enumerate(STAGES[: 1 + n % 3] + (("Lost",) if n % 4 == 1 else ()))
    ]
    return {
        "users": [boss, *people],
        "stages": [
            {"id": name, "name": name, "sort_order": n, "active": True, "closed": n > 2, "won": name == "Won"}
            for n, name in enumerate(STAGES)
        ],
        "accounts": [{"id": "A", "name": "A", "segment": "Retail"}, {"id": "B", "name": "B", "segment": "Media"}],
        "deals": [_deal(n, [move for move in moves if move["deal_id"] == f"D{n}"]) for n in range(DEALS)],
        "deal_changes": [move | {"id": f"C{n}"} for n, move in enumerate(moves)],
        "field_changes": [
            {"id": "F0", "deal_id": "D0", "field": "next_step", "old": None, "new": "Call", "valid_from": ago(90)},
            {"id": "F1", "deal_id": "D2", "field": "owner_id", "old": "R0", "new": "R2", "valid_from": ago(40)},
        ],
        "activities": [
            {"deal_id": f"D{n}", "owner_id": f"R{n % REPS}", "type": "call" if n % 2 else "task",
             "starts_at": ago(30 - n if n else 80), "created_at": ago(90), "done": bool(n % 2), "two_way": True}
            for n in range(DEALS)
        ] + [
            {"deal_id": "D2", "owner_id": "R2", "type": "meeting", "starts_at": ago(60), "ends_at": ago(60),
             "created_at": ago(70), "done": False, "two_way": True},
        ],
        "deal_contacts": [{"deal_id": "D3", "contact_id": "P", "role": "Evaluator", "created_at": ago(80)}],
        "plan_items": [],
        "outcomes": [],
    }  # fmt: skip


def _deal(n: int, moves: list[dict[str, Any]]) -> dict[str, Any]:
    """A deal as its last snapshot says; the history of the sixth has missed its last move."""
    last = moves[-1] if n != 6 else {"stage": "Qualify", "amount": 5e6, "valid_from": ago(35)}
    return {
        "id": f"D{n}", "name": f"D{n}", "account_id": "AB"[n % 2], "owner_id": f"R{n % REPS}", "stage": last["stage"],
        "pipeline": (None, "New", "Renewal")[n % 3],
        "amount": last["amount"], "closed": last["stage"] == "Lost", "won": False, "created_at": moves[0]["valid_from"],
        "changed_at": last["valid_from"], "next_step": "Call" if n == 0 else None,
    }  # fmt: skip


def _row(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    assert values.keys() <= set(table.columns.keys())
    return values


def _table(schema: pa.Schema, held: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in held], schema=schema)


def _edit(held: Rows, at: datetime, n: int, **changes: Any) -> None:
    held["deals"][n] |= changes | {"changed_at": at}


def moved(n: int, stage: str) -> Event:
    def event(held: Rows, at: datetime) -> None:
        change = {"stage": stage, "amount": 7.0, "close_date": at.date(), "forecast_category": "Forecast"}
        held["deal_changes"].append({"id": f"later {n} {at}", "deal_id": f"D{n}", "valid_from": at} | change)
        _edit(held, at, n, closed=stage in ("Won", "Lost"), won=stage == "Won", **change)

    return event


def noted(n: int, field: str, value: str) -> Event:
    def event(held: Rows, at: datetime) -> None:
        row = {"deal_id": f"D{n}", "field": field, "old": held["deals"][n][field], "new": value, "valid_from": at}
        held["field_changes"].append(row | {"id": f"later {field} {n} {at}"})
        _edit(held, at, n, **{field: value})

    return event


def met(n: int, type_: str) -> Event:
    def event(held: Rows, at: datetime) -> None:
        who = {"deal_id": f"D{n}", "owner_id": f"R{n % REPS}", "contact_id": "Q", "type": type_}
        held["activities"].append(
            who | {"starts_at": at, "ends_at": at, "done": True, "two_way": True, "created_at": at}
        )
        held["deal_contacts"].append(
            {"deal_id": f"D{n}", "contact_id": "Q", "role": "Decision Maker", "created_at": at}
        )

    return event


def did(n: int) -> Event:
    return lambda held, at: held["activities"][n].update(starts_at=at, done=True)


def closed_undated(n: int) -> Event:
    """As a task is mapped that was closed nobody noted when: it stands at its day, and is known of from then on."""
    return lambda held, at: held["activities"][n].update(created_at=at, done=True)


def vanished(n: int) -> Event:
    return lambda held, at: _edit(held, at, n, deleted_at=at)


def came(n: int) -> Event:
    def event(held: Rows, at: datetime) -> None:
        deal = _deal(n, [{"deal_id": f"N{n}", "valid_from": at, "stage": "Qualify", "amount": 9e6}])
        held["deals"].append(deal | {"id": f"N{n} {at}"})
        held["deal_changes"].append({"id": f"N{n} {at}", "deal_id": f"N{n} {at}", "valid_from": at, "stage": "Qualify"})

    return event


def left(n: int) -> Event:
    return lambda held, at: held["users"][1 + n % REPS].update(active=False)


def coached(n: int) -> Event:
    def event(held: Rows, at: datetime) -> None:
        item = {
            "id": len(held["plan_items"]),
            "grain": "deal",
            "subject_id": f"D{n}",
            "manager_id": "M",
            "state": "open",
        }
        held["plan_items"].append(item | {"rep_id": f"R{n % REPS}", "early": True, "area": "call", "opened_at": at})
        held["outcomes"].append({"item_id": item["id"], "role": "manager_task", "kind": "done", "at": at})

    return event


deals = st.integers(0, DEALS - 1)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(moved, deals, st.sampled_from(STAGES)),
    st.builds(noted, deals, st.just("owner_id"), st.sampled_from(["R0", "R1", "R2", "R3"])),
    st.builds(noted, deals, st.just("next_step"), st.just("help: what now")),
    st.builds(met, deals, st.sampled_from(["call", "meeting", "email"])),
    st.builds(did, deals),
    st.builds(closed_undated, st.sampled_from(range(0, DEALS, 2))),
    st.builds(vanished, deals),
    st.builds(came, deals),
    st.builds(left, deals),
    st.builds(coached, deals),
)


every_kind: list[tuple[Event, float]] = [
    (event, 1.0 + n)
    for n in range(DEALS)
    for event in (
        noted(n, "owner_id", "R3"), noted(n, "next_step", "help: now"), met(n, "meeting"), did(n), came(n), left(n),
        coached(n), moved(n, "Won" if n % 2 else "Lost"), vanished(n), *([closed_undated(n)] if n % 2 == 0 else []),
    )
]  # fmt: skip


def after(rows: Mapping[str, pa.Table], later: Iterable[tuple[Event, float]]) -> dict[str, pa.Table]:
    """The rows when these events have happened, each so many days after the end."""
    held = {name: table.to_pylist() for name, table in rows.items()}
    for event, days in sorted(later, key=lambda one: one[1]):
        event(held, UNTIL + timedelta(days=days))
    return rows_of(rows, held)


def rows_of(rows: Mapping[str, pa.Table], held: Rows) -> dict[str, pa.Table]:
    """What is held, as these rows are."""
    return {name: _table(table.schema, held[name]) for name, table in rows.items()}
