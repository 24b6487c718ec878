"""Deleting, undeleting, purging and merging, and the log from which deletions are read."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from connectors.sandbox.errors import Rejected
from connectors.sandbox.org import Actor, Org
from connectors.sandbox.saving import live, lock, writable
from connectors.sandbox.values import instant, minute, moment

NO_BIN = frozenset({"OpportunityContactRole", "ContentDocumentLink", "UserRole", "Holiday"})
"""Deleted directly, their rows are gone at once; the log still tells."""

CHILDREN: dict[str, tuple[tuple[str, str], ...]] = {
    "Account": (("Opportunity", "AccountId"), ("Contact", "AccountId"), ("Task", "WhatId"), ("Event", "WhatId")),
    "Contact": (("OpportunityContactRole", "ContactId"),),
    "Opportunity": (
        ("OpportunityHistory", "OpportunityId"), ("OpportunityFieldHistory", "OpportunityId"),
        ("OpportunityContactRole", "OpportunityId"), ("Task", "WhatId"), ("Event", "WhatId"),
        ("ContentDocumentLink", "LinkedEntityId"),
    ),
    "ContentDocument": (("ContentVersion", "ContentDocumentId"), ("ContentDocumentLink", "ContentDocumentId")),
}  # fmt: skip
MERGED: dict[str, tuple[tuple[str, str], ...]] = {
    "Account": (
        ("Opportunity", "AccountId"), ("Contact", "AccountId"), ("Task", "AccountId"), ("Event", "AccountId"),
        ("Task", "WhatId"), ("Event", "WhatId"), ("Account", "ParentId"), ("ContentDocumentLink", "LinkedEntityId"),
    ),
    "Contact": (
        ("OpportunityContactRole", "ContactId"), ("Task", "WhoId"), ("Event", "WhoId"), ("Contact", "ReportsToId"),
    ),
}  # fmt: skip

LOG_DAYS = timedelta(days=15)


def delete(org: Org, actor: Actor, name: str, key: str) -> str:
    """Into the recycle bin with it and all that hangs on it; returns the id."""
    found = writable(org, actor, name, "delete")
    row = live(org, actor, found, key)
    lock(org, actor, row)
    with org.transaction():
        table = "ContentDocument" if found.name == "ContentNote" else found.name
        if table in NO_BIN:
            _log(org, table, row["Id"], row["Id"])
            org.execute(f"DELETE FROM {table} WHERE Id = ?", (row["Id"],))
        else:
            _bin(org, table, row["Id"], row["Id"], actor.user_id)
    return str(row["Id"])


def _bin(org: Org, table: str, key: str, root: str, user_id: str) -> None:
    _mark(org, table, key, user_id, deleted=True)
    _log(org, table, key, root)
    for child, link in CHILDREN.get(table, ()):
        for row in org.rows(f"SELECT Id FROM {child} WHERE {link} = ? AND IsDeleted = 0", (key,)):
            _bin(org, child, row["Id"], root, user_id)


def _mark(org: Org, table: str, key: str, user_id: str, *, deleted: bool) -> None:
    stamp, found = org.stamp(), org.whole_object(table)
    audit = {"LastModifiedDate": stamp, "LastModifiedById": user_id, "SystemModstamp": stamp}
    known = {name: value for name, value in audit.items() if found.has(name)}
    org.update(table, key, {"IsDeleted": int(deleted), **known})


def _log(org: Org, table: str, key: str, root: str) -> None:
    org.execute("INSERT OR REPLACE INTO _deleted VALUES (?, ?, ?, ?)", (table, key, root, org.stamp()))


def undelete(org: Org, actor: Actor, name: str, key: str) -> None:
    """Back from the bin, together with what went there with it."""
    table = "ContentDocument" if name == "ContentNote" else name
    if not org.record(table, key).get("IsDeleted"):
        raise Rejected("UNDELETE_FAILED", "Entity is not in the recycle bin")
    with org.transaction():
        for row in org.rows("SELECT object, id FROM _deleted WHERE root = ?", (key,)):
            _mark(org, row["object"], row["id"], actor.user_id, deleted=False)
        org.execute("DELETE FROM _deleted WHERE root = ?", (key,))


def purge(org: Org, name: str, key: str) -> None:
    """Gone for good, without a trace but the log's."""
    table = "ContentDocument" if name == "ContentNote" else name
    with org.transaction():
        if not org.row("SELECT 1 FROM _deleted WHERE object = ? AND id = ?", (table, key)):
            _log(org, table, key, key)
        for child, link in CHILDREN.get(table, ()):
            for row in org.rows(f"SELECT Id FROM {child} WHERE {link} = ?", (key,)):
                purge(org, child, row["Id"])
        org.execute(f"DELETE FROM {table} WHERE Id = ?", (key,))


def empty_bin(org: Org) -> None:
    """What has been in the recycle bin for more than 15 days is purged."""
    before = instant(org.now() - LOG_DAYS)
    for row in org.rows("SELECT object, id FROM _deleted WHERE deleted_at < ?", (before,)):
        purge(org, row["object"], row["id"])


def merge(org: Org, actor: Actor, winner: str, losers: Sequence[str]) -> None:
    """The losers of an account or contact merge go to the bin and name the winner; their children move to it."""
    table = {"001": "Account", "003": "Contact"}.get(winner[:3])
    if table is None:
        raise Rejected("INVALID_TYPE_FOR_OPERATION", "only accounts and contacts can be merged")
    with org.transaction():
        for loser in losers:
            for child, link in MERGED[table]:
                _move(org, child, link, loser, winner, actor.user_id)
            org.update(table, loser, {"MasterRecordId": winner})
            _mark(org, table, loser, actor.user_id, deleted=True)
            _log(org, table, loser, loser)


def _move(org: Org, child: str, link: str, loser: str, winner: str, user_id: str) -> None:
    for row in org.rows(f"SELECT Id FROM {child} WHERE {link} = ? AND IsDeleted = 0 AND Id <> ?", (loser, winner)):
        org.update(child, row["Id"], {link: winner})
        _mark(org, child, row["Id"], user_id, deleted=False)


def deleted(org: Org, name: str, start: str, end: str) -> dict[str, Any]:
    """What the log says of this object between two instants, whole minutes, not further back than 15 days."""
    first, last = (minute(_instant(text)) for text in (start, end))
    now = org.now()
    earliest = now - LOG_DAYS
    if last - first < timedelta(minutes=1):
        raise Rejected("INVALID_REPLICATION_DATE", "endDate before startDate or less than one minute after it")
    if first < minute(earliest):
        raise Rejected("INVALID_REPLICATION_DATE", "startDate cannot be more than 15 days ago")
    covered = min(last, minute(now))
    return {
        "deletedRecords": list(_between(org, name, instant(first), instant(last))),
        "earliestDateAvailable": instant(minute(earliest)),
        "latestDateCovered": instant(covered),
    }


def _between(org: Org, name: str, first: str, last: str) -> Iterator[dict[str, str]]:
    sql = "SELECT id, deleted_at FROM _deleted WHERE object = ? AND deleted_at >= ? AND deleted_at < ? ORDER BY 2, 1"
    for row in org.rows(sql, (name, first, last)):
        yield {"id": row["id"], "deletedDate": row["deleted_at"]}


def _instant(text: str) -> Any:
    try:
        return moment(text.replace(" ", "+"))
    except ValueError:
        raise Rejected("INVALID_REPLICATION_DATE", f"invalid date: {text}") from None
