"""Collections: up to 200 records in one call, one result each, in the order they came."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from connectors.sandbox import queries, saving
from connectors.sandbox.call import Answer, Call
from connectors.sandbox.deleting import delete
from connectors.sandbox.describe import converted
from connectors.sandbox.errors import Rejected, not_found
from connectors.sandbox.org import Org
from connectors.sandbox.schema import by_prefix
from connectors.sandbox.values import record_id

MOST_WRITTEN, MOST_READ = 200, 2000

Result = dict[str, Any]


class _Undo(Exception):
    """Carries the results out of a transaction that is to be undone."""

    def __init__(self, results: list[Result]) -> None:
        super().__init__()
        self.results = results


def create(org: Org, call: Call, _version: str, _parts: tuple[str, ...]) -> Answer:
    """POST: each record names its type."""

    def one(record: Result) -> Result:
        return _done(saving.create(org, call.actor, _type(record), record))

    return _all(org, _records(call), one, call.record.get("allOrNone"))


def update(org: Org, call: Call, _version: str, _parts: tuple[str, ...]) -> Answer:
    """PATCH: each record names its type and its id."""

    def one(record: Result) -> Result:
        key = record_id(str(record.get("id") or record.get("Id") or ""))
        rest = {name: value for name, value in record.items() if name.lower() != "id"}
        saving.update(org, call.actor, _type(record), key, rest)
        return _done(key)

    return _all(org, _records(call), one, call.record.get("allOrNone"))


def upsert(org: Org, call: Call, _version: str, parts: tuple[str, ...]) -> Answer:
    """PATCH …/{Object}/{Field}: records with the same value in one request are all errors."""
    name, field = parts
    records = _records(call)
    seen = Counter(_folded(record, field) for record in records)

    def one(record: Result) -> Result:
        if _folded(record, field) and seen[_folded(record, field)] > 1:
            raise Rejected(
                "DUPLICATE_VALUE", f"Duplicate external id specified: {_value(record, field)}", 400, (field,)
            )
        if field.lower() != "id" and any(key.lower() == "id" for key in record):
            raise Rejected("INVALID_FIELD", "The Id field should not be specified in the sobject data.", 400, ("Id",))
        key, created = saving.upsert(org, call.actor, name, (field, _value(record, field)), record)
        return _done(key) | {"created": created}

    return _all(org, records, one, call.record.get("allOrNone"))


def remove(org: Org, call: Call, _version: str, _parts: tuple[str, ...]) -> Answer:
    """DELETE ?ids=…"""
    ids = [key for key in call.query.get("ids", "").split(",") if key]
    _check_size(ids, MOST_WRITTEN)

    def one(key: str) -> Result:
        name = by_prefix().get(record_id(key)[:3])
        if name is None:
            raise Rejected("MALFORMED_ID", f"malformed id {key}", fields=("Id",))
        return _done(delete(org, call.actor, name, key))

    return _all(org, ids, one, call.query.get("allOrNone", "").lower() == "true")


def retrieve(org: Org, call: Call, version: str, parts: tuple[str, ...]) -> Answer:
    """POST …/{Object}: the fields of these ids, null where there is nothing to be had."""
    found = org.find_object(parts[0], call.actor)
    if found is None:
        raise not_found()
    ids, names = call.record.get("ids") or [], call.record.get("fields") or []
    _check_size(ids, MOST_READ)
    fields = [found.field(str(name)) for name in names]
    if None in fields:
        raise Rejected("INVALID_FIELD", f"No such column '{names[fields.index(None)]}' on entity '{found.name}'")

    def one(key: str) -> Result | None:
        try:
            row = saving.live(org, call.actor, found, key)
        except Rejected:
            return None
        values = converted(found, row)
        base = {"attributes": queries.attributes(found.name, row["Id"], version)}
        return base | {field.name: values[field.name] for field in fields if field is not None} | {"Id": row["Id"]}

    return Answer(value=[one(str(key)) for key in ids])


def _records(call: Call) -> list[Result]:
    records = call.record.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise Rejected("JSON_PARSER_ERROR", "records: an array of objects is expected")
    _check_size(records, MOST_WRITTEN)
    return records


def _check_size(items: list[Any], most: int) -> None:
    if len(items) > most:
        raise Rejected(
            "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {most} records in this call"
        )


def _type(record: Result) -> str:
    name = (record.get("attributes") or {}).get("type")
    if not name:
        raise Rejected("INVALID_INPUT", "Include an 'attributes' object with a 'type' in each record")
    return str(name)


def _value(record: Result, field: str) -> object:
    return next((value for key, value in record.items() if key.lower() == field.lower()), None)


def _folded(record: Result, field: str) -> str:
    return str(_value(record, field) or "").strip().casefold()


def _done(key: str) -> Result:
    return {"id": key, "success": True, "errors": []}


def _all(org: Org, items: Iterable[Any], one: Callable[[Any], Result], all_or_none: object) -> Answer:
    try:
        with org.transaction():
            results = [_attempt(org, one, item) for item in items]
            if all_or_none and not all(result["success"] for result in results):
                raise _Undo(results)
    except _Undo as undone:
        results = [_rolled_back() if result["success"] else result for result in undone.results]
    return Answer(value=results)


def _attempt(org: Org, one: Callable[[Any], Result], item: object) -> Result:
    try:
        with org.transaction():
            return one(item)
    except Rejected as error:
        return error.as_result()


def _rolled_back() -> Result:
    message = "Record rolled back because not all records were valid and the request was using AllOrNone header"
    return Rejected("ALL_OR_NONE_OPERATION_ROLLED_BACK", message).as_result()
