"""The sandbox's own doors, which no Salesforce has: the clock, trouble on order, and people at work in the UI."""

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from connectors.sandbox import deleting, saving
from connectors.sandbox.call import Answer, Call
from connectors.sandbox.errors import Rejected
from connectors.sandbox.faults import Fault
from connectors.sandbox.org import Actor, Org
from connectors.sandbox.values import instant, moment, record_id

Body = Mapping[str, Any]


def answer(org: Org, calls: Counter[tuple[str, str, int]], call: Call) -> Answer:
    """The answer to a call under /sandbox/; a wrong one says what was wrong."""
    name = call.path.removeprefix("/sandbox/").rstrip("/")
    try:
        if name == "calls":
            return _calls(calls, call.method)
        if name == "faults" and call.method == "DELETE":
            org.faults.clear()
            return Answer(value={"ok": True})
        return Answer(value={"ok": True, **DOORS[name](org, call.record)})
    except Rejected as error:
        return Answer(status=error.status, value={"ok": False, **error.as_error()})
    except (KeyError, TypeError, ValueError) as error:
        return Answer(status=400, value={"ok": False, "message": f"{type(error).__name__}: {error}"})


def _calls(calls: Counter[tuple[str, str, int]], method: str) -> Answer:
    if method == "DELETE":
        calls.clear()
    listed = [{"method": m, "path": p, "status": s, "count": n} for (m, p, s), n in calls.items()]
    return Answer(value={"ok": True, "calls": listed})


def edit(org: Org, *, user: str, object_name: str, key: str, fields: Body) -> None:
    """A person changes a record on the screen: the rules of the house hold, and the record says who it was.

    The text of a note is given plain in `Content`.
    """
    if object_name == "ContentNote" and "Content" in fields:
        fields = {**fields, "Content": base64.b64encode(str(fields["Content"]).encode()).decode()}
    with org.transaction():
        saving.update(org, Actor(user_id=user, sees_all=True), object_name, key, fields)


def create(org: Org, *, user: str, object_name: str, fields: Body) -> str:
    """A person makes a record on the screen; returns its id."""
    if object_name == "ContentNote" and "Content" in fields:
        fields = {**fields, "Content": base64.b64encode(str(fields["Content"]).encode()).decode()}
    with org.transaction():
        return saving.create(org, Actor(user_id=user, sees_all=True), object_name, fields)


def delete(org: Org, *, user: str, object_name: str, key: str) -> None:
    """A person deletes a record."""
    deleting.delete(org, Actor(user_id=user, sees_all=True), object_name, key)


def undelete(org: Org, *, user: str, object_name: str, key: str) -> None:
    """A person takes a record out of the recycle bin."""
    deleting.undelete(org, Actor(user_id=user, sees_all=True), object_name, record_id(key))


def hard_delete(org: Org, *, object_name: str, key: str) -> None:
    """The record is gone for good."""
    deleting.purge(org, object_name, record_id(key))


def merge(org: Org, *, user: str, winner: str, losers: Iterable[str]) -> None:
    """A person merges accounts or contacts."""
    actor = Actor(user_id=user, sees_all=True)
    deleting.merge(org, actor, record_id(winner), [record_id(loser) for loser in losers])


def archive(org: Org, ids: Iterable[str]) -> None:
    """The night job archives these tasks and events; it leaves no stamp."""
    with org.transaction():
        for key in map(record_id, ids):
            table = {"00T": "Task", "00U": "Event"}[key[:3]]
            org.execute(f"UPDATE {table} SET IsArchived = 1 WHERE Id = ?", (key,))


def hide(org: Org, *, fields: Mapping[str, Iterable[str]] | None = None, objects: Iterable[str] = ()) -> None:
    """An administrator takes these fields and objects from the integration user (and gives back all others)."""
    org.hidden_fields = {name: frozenset(hidden) for name, hidden in (fields or {}).items()}
    org.hidden_objects = frozenset(objects)
    org.schema_changed = org.now().replace(microsecond=0)


def blind(org: Org, ids: Iterable[str]) -> None:
    """The integration user loses sight of these records (and sees all others again)."""
    org.blind = frozenset(map(record_id, ids))


def lag(org: Org, ids: Iterable[str], *, seconds: float) -> None:
    """These rows are committed late: with the stamps they have, no query finds them for so long by the org's clock."""
    org.lag(map(record_id, ids), seconds)


def skew(org: Org, *, seconds: float) -> None:
    """The server that takes the following writes has a clock this far ahead (behind, if below 0) of the others."""
    org.skew = timedelta(seconds=seconds)


def restamp(org: Org, *, object_name: str, stamp: str, ids: Iterable[str] | None = None) -> int:
    """Give these rows, or all, the same stamp of change, as a mass update does; returns how many there were."""
    found = org.whole_object(object_name)
    if found.stamp is None or object_name == "ContentNote":
        raise ValueError(f"Rows of {object_name} have no stamp of their own.")
    sql, params = f"UPDATE {found.name} SET {found.stamp} = ?", [instant(moment(stamp))]
    if ids is not None:
        sql += " WHERE Id IN (SELECT value FROM json_each(?))"
        params.append(json.dumps([record_id(key) for key in ids]))
    with org.transaction():
        return org.execute(sql, params).rowcount


def remove_field(org: Org, *, object_name: str, field: str) -> None:
    """An administrator deletes a field: no describe, query or record knows it any more, for nobody."""
    found = org.whole_object(object_name).fields[field]
    before = org.removed_fields.get(object_name, frozenset())
    org.removed_fields[object_name] = before | {found.name}
    org.schema_changed = org.now().replace(microsecond=0)


def configure(org: Org, **settings: Any) -> None:
    """Change settings by name (see Settings); also `user_active` (by user id), `expire_sessions`, `validation_rule`.

    `grant_revoked` ends all sessions, too.
    """
    with org.transaction():
        for key, active in (settings.pop("user_active", None) or {}).items():
            stamp = org.stamp()
            org.update("User", record_id(key), {"IsActive": int(active), "SystemModstamp": stamp})
    if settings.pop("expire_sessions", False) or settings.get("grant_revoked"):
        org.sessions.end_all()
    rule = settings.pop("validation_rule", None)
    if rule is not None:
        org.settings.validation_rules = [rule] if rule else []
    if "locked_ids" in settings:
        settings["locked_ids"] = frozenset(map(record_id, settings["locked_ids"]))
    for name, value in settings.items():
        if name not in type(org.settings).__dataclass_fields__:
            raise ValueError(f"There is no setting {name}.")
        setattr(org.settings, name, value)


def _clock(org: Org, body: Body) -> Body:
    org.set_clock(moment(body["now"]) if body.get("now") else None)
    return {"now": org.now().isoformat()}


def _faults(org: Org, body: Body) -> Body:
    org.faults.order(*(Fault(**fault) for fault in body["faults"]))
    return {}


def _quiet(act: Callable[[Org, Body], object]) -> Callable[[Org, Body], Body]:
    def door(org: Org, body: Body) -> Body:
        act(org, body)
        return {}

    return door


def _of(body: Body) -> dict[str, Any]:
    return {"object_name": body["object"], "key": body["id"]}


DOORS: dict[str, Callable[[Org, Body], Body]] = {
    "clock": _clock,
    "faults": _faults,
    "edit": _quiet(lambda org, body: edit(org, user=body["user"], fields=body["fields"], **_of(body))),
    "create": lambda org, body: {
        "id": create(org, user=body["user"], object_name=body["object"], fields=body["fields"])
    },
    "delete": _quiet(lambda org, body: delete(org, user=body["user"], **_of(body))),
    "undelete": _quiet(lambda org, body: undelete(org, user=body.get("user") or org.user_id, **_of(body))),
    "hard_delete": _quiet(lambda org, body: hard_delete(org, **_of(body))),
    "empty_bin": _quiet(lambda org, _body: deleting.empty_bin(org)),
    "merge": _quiet(
        lambda org, body: merge(org, user=body.get("user") or org.user_id, winner=body["winner"], losers=body["losers"])
    ),
    "archive": _quiet(lambda org, body: archive(org, body["ids"])),
    "hide": _quiet(lambda org, body: hide(org, fields=body.get("fields"), objects=body.get("objects") or ())),
    "blind": _quiet(lambda org, body: blind(org, body["ids"])),
    "lag": _quiet(lambda org, body: lag(org, body["ids"], seconds=body["seconds"])),
    "skew": _quiet(lambda org, body: skew(org, seconds=body["seconds"])),
    "restamp": lambda org, body: {
        "rows": restamp(org, object_name=body["object"], stamp=body["stamp"], ids=body.get("ids"))
    },
    "remove_field": _quiet(lambda org, body: remove_field(org, object_name=body["object"], field=body["field"])),
    "config": _quiet(lambda org, body: configure(org, **body)),
}
