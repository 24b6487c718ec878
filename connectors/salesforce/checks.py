"""What must be true in an org before the loop can run there, each with what to do when it is not."""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.errors import GateError, Refused
from connectors.records import KINDS, Check, Kind
from connectors.salesforce.client import CallFailed, Client
from connectors.salesforce.sources import SOURCES, VITAL, Source
from connectors.salesforce.values import Names

FEWEST_CALLS = 1000
OLDEST_VERSION = 41.0  # versions up to 40 leave in Summer '28


def check(client: Client, settings: Mapping[str, Any]) -> list[Check]:
    """Everything looked at, in the order in which a person would mend it. Stops early when nobody can sign in."""
    try:
        client.sign_in()
        me = client.user_id
        client.call("GET", "limits")
    except CallFailed as refused:
        if refused.status not in (403,):
            return [
                Check(name="sign-in", ok=False, detail=str(refused), remedy="Look at --login-url and --api-version.")
            ]
    except GateError as error:
        return [
            Check(name="sign-in", ok=False, detail=str(error), remedy="Mend this, then run `coachsync check` again.")
        ]
    names = Names(key_field=settings.get("key_field"), segment_field=settings.get("segment_field", "Industry"), me=me)
    found = {name: client.fields(name) for name in _objects()}
    return [
        Check(name="sign-in", ok=True, detail=f"signed in as user {me}"),
        _version(client),
        *(one for kind in KINDS for source in SOURCES[kind] for one in _readable(kind, source, names, found)),
        *_formulas(names, found),
        *_writable(names, found),
        *_visible(client),
        _budget(client),
    ]


def _objects() -> tuple[str, ...]:
    read = dict.fromkeys(source.object for kind in KINDS for source in SOURCES[kind])
    return (*read, "ContentNote", "ContentDocumentLink")


def _version(client: Client) -> Check:
    old = float(client.version) < OLDEST_VERSION
    return Check(
        name="api version",
        ok=not old,
        detail=f"v{client.version}",
        remedy="Connect again with --api-version 62.0; this one is being retired." if old else None,
        fatal=False,
    )


def _readable(kind: Kind, source: Source, names: Names, found: Mapping[str, Any]) -> Iterator[Check]:
    if source.object == "Task" and kind == "task":
        return
    fields = found[source.object]
    if source.daily and fields is None:
        return
    lacking = [f for f in source.fields if "." not in f and f not in (fields or ()) and f not in _OPTIONAL]
    if source.object == "Account" and fields is not None and names.segment_field not in fields:
        lacking.append(names.segment_field)
    needed = set(lacking) & set(source.required)
    if fields is None:
        yield Check(
            name=f"read {source.object}",
            ok=False,
            detail="not visible to the integration user",
            remedy=f"Grant it read on {source.object}.",
            fatal=kind in VITAL,
        )
    else:
        yield Check(
            name=f"read {source.object}",
            ok=not lacking,
            detail=f"hidden: {', '.join(sorted(lacking))}" if lacking else f"{len(source.fields)} fields",
            remedy="Grant read on these fields; rules that need them say 'not enough data' until then."
            if lacking
            else None,
            fatal=bool(needed) and kind in VITAL,
        )


def _formulas(names: Names, found: Mapping[str, Any]) -> Iterator[Check]:
    """A formula changes without a stamp, so nobody would tell us; ours ask for none, an org's segment may be one."""
    asked = {(s.object, field) for kind in KINDS for s in SOURCES[kind] for field in s.fields}
    asked.add(("Account", names.segment_field))
    silent = sorted(f"{o}.{f}" for o, f in asked if (found[o] or {}).get(f, {}).get("calculated"))
    if silent:
        yield Check(
            name="formulas",
            ok=False,
            detail=f"calculated: {', '.join(silent)}",
            remedy="Choose a stored field (--segment-field); a formula is read again only when its record changes.",
            fatal=False,
        )


_OPTIONAL = frozenset({"CurrencyIsoCode", "RecordTypeId", "ApiName", "Country", "Title"})
"""Not in every org or version; nothing is lost where they are not."""


def _writable(names: Names, found: Mapping[str, Any]) -> Iterator[Check]:
    task = found["Task"] or {}
    locked = [f for f in ("Subject", "Description", "OwnerId", "ActivityDate", "Status") if not _createable(task, f)]
    yield Check(
        name="write Task",
        ok=not locked,
        detail="create and edit" if not locked else f"cannot be written: {', '.join(locked)}",
        remedy="Grant create and edit on Task and these fields." if locked else None,
    )
    yield _key(names, task)
    note = found["ContentNote"] or {}
    yield Check(
        name="write ContentNote",
        ok=_createable(note, "Content"),
        detail="create and edit" if note else "not available",
        remedy=None
        if _createable(note, "Content")
        else "Turn on Enhanced Notes; until then no coaching note is written.",
        fatal=False,
    )


def _createable(fields: Mapping[str, Any], name: str) -> bool:
    return bool(name in fields and fields[name].get("createable"))


def _key(names: Names, task: Mapping[str, Any]) -> Check:
    if names.key_field is None:
        return Check(
            name="key field",
            ok=False,
            detail="none: tasks are recognised by a mark in their subject",
            remedy="Add a Text(255) field Coaching_Key__c on Activity, External ID and Unique, and connect again.",
            fatal=False,
        )
    field = task.get(names.key_field)
    good = bool(field and field["externalId"] and field["unique"] and field["createable"])
    return Check(
        name="key field",
        ok=good,
        detail=names.key_field if field else f"{names.key_field} is not visible",
        remedy=None if good else f"Make {names.key_field} on Activity an External ID and Unique, visible and editable.",
    )


def _visible(client: Client) -> Iterator[Check]:
    try:
        answer = client.query("SELECT COUNT() FROM Opportunity", deleted_too=False)
    except Refused:
        return
    count = int(answer.get("totalSize") or 0)
    yield Check(
        name="deals",
        ok=count > 0,
        detail=f"{count} visible",
        remedy=None if count else "Grant 'View All' on Opportunity; the user sees none.",
        fatal=False,
    )


def _budget(client: Client) -> Check:
    usage = client.usage
    if usage.limit is None:
        return Check(
            name="api limit",
            ok=False,
            detail="the org's answers do not tell it",
            remedy="Let Sforce-Limit-Info headers through the proxy; until then the budget cannot be kept.",
            fatal=False,
        )
    free = usage.limit - (usage.used or 0)
    return Check(
        name="api limit",
        ok=free >= FEWEST_CALLS,
        detail=f"{free} of {usage.limit} calls free",
        remedy=None if free >= FEWEST_CALLS else "Other integrations have nearly spent the org's limit.",
        fatal=False,
    )
