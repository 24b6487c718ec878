"""Several calls in one: references between them, all or nothing if wished."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import orjson

from connectors.sandbox.call import Answer, Call
from connectors.sandbox.errors import Rejected
from connectors.sandbox.org import Org

MOST_PARTS, MOST_HEAVY = 25, 5

_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)\.([^}]+)\}")
_HEAVY = re.compile(r"/(query|queryAll|composite/sobjects)\b")

Part = dict[str, Any]


class _Undo(Exception):
    """Leaves the transaction of a composite of which a part failed."""


class _Halted(Exception):
    """A part refers to one that failed or is not there."""


def run(org: Org, call: Call, perform: Callable[[Call], Answer]) -> dict[str, Any]:
    """Perform the parts one after the other; the answer is 200 whatever becomes of them."""
    parts = _parts(call)
    results: dict[str, Answer] = {}
    try:
        with org.transaction():
            for part in parts:
                results[part["referenceId"]] = _one(call, part, results, perform)
            if call.record.get("allOrNone") and any(result.status >= 400 for result in results.values()):
                raise _Undo
    except _Undo:
        results = {name: result if result.status >= 400 else _halted() for name, result in results.items()}
    return {"compositeResponse": [_shaped(part["referenceId"], results[part["referenceId"]]) for part in parts]}


def _parts(call: Call) -> list[Part]:
    parts = call.record.get("compositeRequest")
    if not isinstance(parts, list):
        raise Rejected("JSON_PARSER_ERROR", "compositeRequest: an array is expected")
    if len(parts) > MOST_PARTS or sum(bool(_HEAVY.search(str(part.get("url")))) for part in parts) > MOST_HEAVY:
        message = f"Cannot have more than {MOST_PARTS} subrequests, {MOST_HEAVY} of them queries or collections"
        raise Rejected("LIMIT_EXCEEDED", message)
    names = [str(part.get("referenceId")) for part in parts]
    if len(set(names)) < len(names) or not all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names):
        raise Rejected("INVALID_INPUT", "Each subrequest needs a referenceId of its own, of letters, digits and _")
    return parts


def _one(call: Call, part: Part, results: dict[str, Answer], perform: Callable[[Call], Answer]) -> Answer:
    try:
        url = urlsplit(_filled(str(part.get("url")), results))
        body = _filled(orjson.dumps(part.get("body")).decode(), results)
    except _Halted:
        return _halted()
    return perform(
        Call(
            method=str(part.get("method", "GET")).upper(),
            path=url.path,
            query_string=url.query,
            headers={name.lower(): str(value) for name, value in (part.get("httpHeaders") or {}).items()},
            body=body.encode(),
            base_url=call.base_url,
            actor=call.actor,
            session=call.session,
        )
    )


def _filled(text: str, results: dict[str, Answer]) -> str:
    """The text with every `@{name.field}` replaced by what that part answered."""

    def value(found: re.Match[str]) -> str:
        answered = results.get(found[1])
        if answered is None or answered.status >= 400:
            raise _Halted
        return _reached(answered.value, found[2])

    return _REFERENCE.sub(value, text)


def _reached(value: Any, path: str) -> str:
    for step in re.findall(r"[^.\[\]]+", path):
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, TypeError, ValueError):
            raise _Halted from None
    return orjson.dumps(str(value)).decode()[1:-1]


def _halted() -> Answer:
    message = "The transaction was rolled back since another operation in the same transaction failed."
    return Answer(status=400, value=[{"errorCode": "PROCESSING_HALTED", "message": message}])


def _shaped(name: str, answer: Answer) -> Part:
    created = isinstance(answer.value, dict) and answer.status == 201
    headers = {"Location": f"/{answer.value['id']}"} if created else {}
    return {"body": answer.value, "httpHeaders": headers, "httpStatusCode": answer.status, "referenceId": name}
