"""What must hold in the end, whatever happened on the way: held against the org's and the store's own rows."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Table, select

from app.store.canonical import TABLES
from app.store.ledger import intents, outcomes
from app.store.session import Store
from bench.team import Row, Team
from connectors.records import Kind
from connectors.salesforce.columns import Shaper, of_rows
from connectors.salesforce.sources import SOURCES, STAMPS
from connectors.salesforce.values import Names, same_text
from connectors.sandbox.org import Actor

READ = {
    "User": "UserType = 'Standard'",
    "OpportunityFieldHistory": "Field IN ('NextStep', 'Owner')",
    "ContentDocument": "FileType = 'SNOTE' AND Title LIKE '%[coach:note:%'",
}
"""Which rows of an object are read at all."""
HISTORY = ("deal_change", "field_change")
"""Rows that leave only with their deal, of which they then tell nothing: they are compared for live deals."""


def broken(team: Team, store: Store, connection_id: int) -> Iterator[str]:
    """Every promise that does not hold, as a sentence."""
    for kind in TABLES:
        yield from _differing(team, store, connection_id, kind)
    yield from _not_settled(team, rows_of(store, intents, connection_id))
    known = {row["reference"] for row in rows_of(store, outcomes, connection_id) if row["kind"] == "done"}
    yield from _lost_edits(team, known)


def rows_of(store: Store, table: Table, connection_id: int) -> list[Row]:
    """The rows of one connection."""
    with store.read() as transaction:
        found = transaction.execute(select(table).where(table.c.connection_id == connection_id).order_by(table.c.id))
        return [dict(row._mapping) for row in found]


def _differing(team: Team, store: Store, connection_id: int, kind: Kind) -> Iterator[str]:
    live = {row["Id"] for row in team.deals()}
    there = {r["id"]: r for r in _records(team, kind) if kind not in HISTORY or r["deal_id"] in live}
    rows = [r for r in rows_of(store, TABLES[kind], connection_id) if r["deleted_at"] is None]
    held = {r["id"]: r for r in rows if not r["id"].startswith("seen:")}
    held = {key: r for key, r in held.items() if kind not in HISTORY or r["deal_id"] in live}
    if there.keys() != held.keys():
        yield f"{kind}: not held {sorted(there.keys() - held.keys())}, not there {sorted(held.keys() - there.keys())}"
    for key in sorted(there.keys() & held.keys()):
        for name in there[key].keys() - {"changed_at", "deleted"}:
            if there[key][name] != held[key][name]:
                yield f"{kind} {key}: {name} is {there[key][name]!r}, held as {held[key][name]!r}"


def _records(team: Team, kind: Kind) -> Iterator[Row]:
    """What the org shows, as whoever reads it whole would hold it."""
    names = Names(key_field="Coaching_Key__c" if team.key_field else None, me=team.org.user_id)
    shaper = Shaper(names)
    reader = Actor(user_id=team.org.user_id)
    for source in SOURCES[kind]:
        thing = team.org.find_object(source.object, reader)
        if thing is None:
            continue
        deleted = " AND IsDeleted = 0" if thing.has("IsDeleted") else ""
        rows = team.org.rows(f"SELECT * FROM {source.object} WHERE {READ.get(source.object, '1')}{deleted}")
        paths = ["Id", *source.fields, *(path for path in source.own(names).values() if path)]
        stamp = next(name for name in STAMPS if thing.has(name))
        yield from shaper.records(kind, source, stamp, of_rows(rows, [*paths, stamp]))[0].to_pylist()


def _not_settled(team: Team, owed: list[Row]) -> Iterator[str]:
    tasks, notes = team.our_tasks(), team.our_notes()
    there = Counter(team.reference(row) for row in (*tasks, *notes))
    yield from (f"{reference} is there {n} times" for reference, n in there.items() if n > 1)
    yield from (f"{note['Title']} is linked to no deal" for note in _loose(team, notes, owed))
    for intent in owed:
        what = f"{intent['role']} {intent['reference']}"
        if intent["state"] in ("pending", "in_flight", "retry"):
            yield f"{what} is still {intent['state']}"
        elif intent["state"] == "stored" and not there[intent["reference"]]:
            yield f"{what} is said to be stored and is not there"
    known = {intent["reference"] for intent in owed if intent["state"] == "stored"}
    yield from (f"{reference} is there and not known as stored" for reference in there if reference not in known)


def _loose(team: Team, notes: list[Row], owed: list[Row]) -> Iterator[Row]:
    """Notes on no deal, though theirs is there: one that was deleted while they were under way takes no link."""
    deals = {deal["Id"] for deal in team.deals()}
    live = {intent["reference"] for intent in owed if intent["content"]["deal_id"] in deals}
    loose = (note for note in notes if not (note["WhatId"] or note["IsDeleted"]))
    return (note for note in loose if team.reference(note) in live)


def _lost_edits(team: Team, done: set[str]) -> Iterator[str]:
    """A task that was done and reopened between two pulls looks as if nobody had touched it, so it may be closed."""
    for (name, key, field), value in team.theirs.items():
        row = team.org.record("ContentDocument" if name == "ContentNote" else name, key)
        if value == "Not Started" and team.reference(row) not in done:
            continue
        if field == "Content":
            version = team.org.record("ContentVersion", row["LatestPublishedVersionId"])
            field, row = "VersionData", version
        if row[field] != value and not same_text(row[field], value):
            yield f"{name} {key}: a person set {field} to {value!r}, it is {row[field]!r}"
    for key in team.deleted:
        name = {"00T": "Task", "069": "ContentDocument", "006": "Opportunity"}[key[:3]]
        if not team.org.record(name, key)["IsDeleted"]:
            yield f"{name} {key} was deleted by a person and is back"
