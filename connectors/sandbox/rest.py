"""The data API: which address does what. Composite calls come back in here for each of their parts."""

import re
from collections.abc import Callable
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

from connectors.sandbox import batches, bulk, composite, describe, queries, saving
from connectors.sandbox.call import Answer, Call, refusal
from connectors.sandbox.deleting import delete, deleted
from connectors.sandbox.errors import Rejected, not_found
from connectors.sandbox.org import Org
from connectors.sandbox.schema import Object

OLDEST, NEWEST = 50, 68
SEASONS = ("Winter", "Spring", "Summer")

Handler = Callable[[Org, Call, str, tuple[str, ...]], Answer]

_VERSIONED = re.compile(r"/services/data/v(\d+)\.0(/.*)?$")


def versions() -> Answer:
    """The list of versions, for which nobody needs to sign in."""
    listed = []
    for number in range(OLDEST, NEWEST + 1):
        years, season = divmod(number - OLDEST, 3)
        label = f"{SEASONS[season]} '{21 + years}"
        listed.append({"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"})
    return Answer(value=listed)


def answer(org: Org, call: Call) -> Answer:
    """The answer to a data call of somebody who is signed in; errors become answers."""
    try:
        with org.transaction():
            return _dispatch(org, call)
    except Rejected as error:
        return refusal(error)


def _dispatch(org: Org, call: Call) -> Answer:
    parts = _VERSIONED.match(call.path)
    if parts is None or int(parts[1]) > NEWEST:
        raise not_found()
    if int(parts[1]) < OLDEST:
        raise Rejected("GONE", "The requested API version is no longer available", 410)
    version, path = f"v{parts[1]}.0", (parts[2] or "").rstrip("/")
    allowed = []
    for method, pattern, handler in ROUTES:
        found = pattern.fullmatch(path)
        if found and method == call.method:
            return handler(org, call, version, tuple(unquote(group) for group in found.groups()))
        allowed += [method] * bool(found)
    if allowed:
        message = f"HTTP Method '{call.method}' not allowed. Allowed are {','.join(sorted(set(allowed)))}"
        raise Rejected("METHOD_NOT_ALLOWED", message, 405)
    raise not_found()


def _object(org: Org, call: Call, name: str) -> Object:
    found = org.find_object(name, call.actor)
    if found is None:
        raise not_found()
    return found


# ------------------------------------------------------------------- about the org


def _resources(_org: Org, _call: Call, version: str, _parts: tuple[str, ...]) -> Answer:
    base = f"/services/data/{version}"
    names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs")
    return Answer(value={name: f"{base}/{name}" for name in names} | {"identity": "/services/oauth2/userinfo"})


def _limits(org: Org, _call: Call, _version: str, _parts: tuple[str, ...]) -> Answer:
    most, jobs = org.settings.daily_limit, org.settings.bulk_job_limit
    return Answer(
        value={
            "DailyApiRequests": {"Max": most, "Remaining": max(0, most - org.calls_today)},
            "DailyBulkV2QueryJobs": {"Max": jobs, "Remaining": max(0, jobs - org.jobs.made_today(org.now()))},
            "ContentPublicationLimit": {"Max": 200_000, "Remaining": 200_000},
            "DataStorageMB": {"Max": 5120, "Remaining": 5000},
        }
    )


def _global_describe(org: Org, call: Call, version: str, _parts: tuple[str, ...]) -> Answer:
    listed = [describe.summary(found, version) for found in org.all_objects(call.actor)]
    return Answer(value={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})


def _describe(org: Org, call: Call, version: str, parts: tuple[str, ...]) -> Answer:
    changed = format_datetime(org.schema_changed, usegmt=True)
    since = call.headers.get("if-modified-since")
    if since and parsedate_to_datetime(since) >= org.schema_changed:
        return Answer(status=304, headers={"Last-Modified": changed})
    found = _object(org, call, parts[0])
    return Answer(value=describe.whole(org, found, version), headers={"Last-Modified": changed})


def _about(org: Org, call: Call, version: str, parts: tuple[str, ...]) -> Answer:
    found = _object(org, call, parts[0])
    return Answer(value={"objectDescribe": describe.summary(found, version), "recentItems": []})


# ----------------------------------------------------------------------- queries


def _asker(call: Call, version: str) -> queries.Asker:
    return queries.Asker(actor=call.actor, session=call.session, version=version)


def _query(org: Org, call: Call, version: str, _parts: tuple[str, ...]) -> Answer:
    return _run(org, call, version, everything=False)


def _query_all(org: Org, call: Call, version: str, _parts: tuple[str, ...]) -> Answer:
    return _run(org, call, version, everything=True)


def _run(org: Org, call: Call, version: str, *, everything: bool) -> Answer:
    text = call.query.get("q")
    if not text:
        raise Rejected("MALFORMED_QUERY", "A query string has to be specified")
    wish = re.search(r"batchSize=(\d+)", call.headers.get("sforce-query-options", ""))
    batch = min(2000, max(200, int(wish[1]))) if wish else 2000
    return Answer(value=queries.run(org, _asker(call, version), text, everything=everything, batch=batch))


def _more(org: Org, call: Call, version: str, parts: tuple[str, ...]) -> Answer:
    return Answer(value=queries.more(org, _asker(call, version), parts[0]))


def _deleted(org: Org, call: Call, _version: str, parts: tuple[str, ...]) -> Answer:
    found = _object(org, call, parts[0])
    if "replicate" not in found.allows:
        raise Rejected("INVALID_TYPE_FOR_OPERATION", f"entity {found.name} is not replicateable")
    return Answer(value=deleted(org, found.name, call.query.get("start", ""), call.query.get("end", "")))


# ----------------------------------------------------------------------- records


def _create(org: Org, call: Call, _version: str, parts: tuple[str, ...]) -> Answer:
    key = saving.create(org, call.actor, _object(org, call, parts[0]).name, call.record)
    return Answer(status=201, value={"id": key, "success": True, "errors": []})


def _read(org: Org, call: Call, version: str, parts: tuple[str, ...]) -> Answer:
    found = _object(org, call, parts[0])
    row = saving.live(org, call.actor, found, parts[1])
    return Answer(value=record(found, row, version, call.query.get("fields")))


def record(found: Object, row: dict[str, Any], version: str, fields: str | None) -> dict[str, Any]:
    """A record as a read gives it, whole or only the fields named (comma-separated)."""
    names = [name.strip() for name in fields.split(",")] if fields else list(found.fields)
    unknown = [name for name in names if found.field(name) is None]
    if unknown:
        raise Rejected("INVALID_FIELD", f"No such column '{unknown[0]}' on sobject of type {found.name}")
    values = describe.converted(found, row)
    base = queries.attributes(found.name, row["Id"], version)
    for field in found.fields.values():
        if field.type == "base64" and values.get(field.name) is not None:
            values[field.name] = f"{base['url']}/{field.name}"
    chosen = [found.lower[name.lower()].name for name in names]
    return {"attributes": base, **{name: values[name] for name in chosen}, "Id": row["Id"]}


def _update(org: Org, call: Call, _version: str, parts: tuple[str, ...]) -> Answer:
    saving.update(org, call.actor, _object(org, call, parts[0]).name, parts[1], call.record)
    return Answer(status=204)


def _delete(org: Org, call: Call, _version: str, parts: tuple[str, ...]) -> Answer:
    delete(org, call.actor, _object(org, call, parts[0]).name, parts[1])
    return Answer(status=204)


def _third(org: Org, call: Call, version: str, parts: tuple[str, ...]) -> Answer:
    """`/X/{field}/{value}` finds by a field; `/X/{id}/{field}` is the body of a base64 field."""
    found = _object(org, call, parts[0])
    field = found.field(parts[2])
    if field is not None and field.type == "base64" and found.field(parts[1]) is None:
        row = saving.live(org, call.actor, found, parts[1])
        blob = str(row[field.name] or "").encode()
        return Answer(value=blob, headers={"Content-Type": "application/octet-stream"})
    return _read_by(org, call, version, parts)


def _read_by(org: Org, call: Call, version: str, parts: tuple[str, ...]) -> Answer:
    found = _object(org, call, parts[0])
    matches = saving.found_by(org, call.actor, found, parts[1], parts[2])
    if not matches:
        raise not_found()
    if len(matches) > 1:
        return _several(found, matches, version)
    row = saving.live(org, call.actor, found, matches[0])
    return Answer(value=record(found, row, version, call.query.get("fields")))


def _several(found: Object, matches: list[str], version: str) -> Answer:
    return Answer(status=300, value=[queries.attributes(found.name, key, version)["url"] for key in matches])


def _upsert(org: Org, call: Call, version: str, parts: tuple[str, ...]) -> Answer:
    found = _object(org, call, parts[0])
    matches = saving.found_by(org, call.actor, found, parts[1], parts[2])
    if len(matches) > 1:
        return _several(found, matches, version)
    only = call.query.get("updateOnly", "").lower() == "true"
    key, created = saving.upsert(org, call.actor, found.name, (parts[1], parts[2]), call.record, insert=not only)
    return Answer(status=201 if created else 200, value={"id": key, "success": True, "errors": [], "created": created})


def _composite(org: Org, call: Call, version: str, _parts: tuple[str, ...]) -> Answer:
    return Answer(value=composite.run(org, call, lambda part: answer(org, part)))


def _route(method: str, path: str, handler: Handler) -> tuple[str, re.Pattern[str], Handler]:
    return method, re.compile(re.sub(r"\{\w+\}", "([^/]+)", path)), handler


ROUTES: tuple[tuple[str, re.Pattern[str], Handler], ...] = (
    _route("GET", "", _resources),
    _route("GET", "/limits", _limits),
    _route("GET", "/query", _query),
    _route("GET", "/queryAll", _query_all),
    _route("GET", "/query/{locator}", _more),
    _route("GET", "/queryAll/{locator}", _more),
    _route("POST", "/jobs/query", bulk.create),
    _route("GET", "/jobs/query", bulk.listing),
    _route("GET", "/jobs/query/{id}", bulk.info),
    _route("PATCH", "/jobs/query/{id}", bulk.abort),
    _route("DELETE", "/jobs/query/{id}", bulk.remove),
    _route("GET", "/jobs/query/{id}/results", bulk.results),
    _route("GET", "/jobs/query/{id}/resultPages", bulk.result_pages),
    _route("GET", "/sobjects", _global_describe),
    _route("GET", "/sobjects/{object}/describe", _describe),
    _route("GET", "/sobjects/{object}/deleted", _deleted),
    _route("POST", "/composite", _composite),
    _route("POST", "/composite/sobjects", batches.create),
    _route("PATCH", "/composite/sobjects", batches.update),
    _route("DELETE", "/composite/sobjects", batches.remove),
    _route("POST", "/composite/sobjects/{object}", batches.retrieve),
    _route("PATCH", "/composite/sobjects/{object}/{field}", batches.upsert),
    _route("GET", "/sobjects/{object}", _about),
    _route("POST", "/sobjects/{object}", _create),
    _route("GET", "/sobjects/{object}/{id}", _read),
    _route("PATCH", "/sobjects/{object}/{id}", _update),
    _route("DELETE", "/sobjects/{object}/{id}", _delete),
    _route("GET", "/sobjects/{object}/{field}/{value}", _third),
    _route("PATCH", "/sobjects/{object}/{field}/{value}", _upsert),
)
