"""What an answer must hold to be one, so that JSON of another shape is trouble that passes and no crash."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from connectors.errors import RetryLater
from connectors.salesforce.values import instant


class Garbled(RetryLater):
    """Something answered, and not what was asked for; a proxy or a maintenance page may be in between."""


Shape = Callable[[Any], bool]


def _with(**parts: Shape) -> Shape:
    """An object that has at least these, each of its own shape."""
    return lambda value: isinstance(value, Mapping) and all(n in value and fits(value[n]) for n, fits in parts.items())


def _rows(of: Shape) -> Shape:
    return lambda value: isinstance(value, list) and all(map(of, value))


def _anything(value: Any) -> bool:
    return True


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _instant(value: Any) -> bool:
    with suppress(ValueError):
        return bool(instant(value))
    return False


SHAPES: tuple[tuple[str, Shape], ...] = (
    (r"^query(All)?/", _with(records=_rows(_with()))),
    (r"^sobjects/\w+/describe$", _with(fields=_rows(_with(name=_text)))),
    (
        r"^sobjects/\w+/deleted/$",
        _with(deletedRecords=_rows(_with(id=_text, deletedDate=_instant)), latestDateCovered=_instant),
    ),
    (r"^composite$", _with(compositeResponse=_rows(_with(httpStatusCode=_anything, body=_anything)))),
    # nothing is never asked for, and to find nothing would mean that all of it was deleted
    (r"^composite/sobjects\b", lambda value: isinstance(value, list) and bool(value)),
    (r"^jobs/query$", _with(id=_text)),
    (r"^jobs/query/\w+$", _with(state=_text)),
)
"""By address, as the documentation has them; of others we read nothing."""


def shaped(path: str, answer: Any) -> Any:
    """The answer of this address; raises Garbled where it has another shape."""
    if any(re.search(pattern, path) and not fits(answer) for pattern, fits in SHAPES):
        raise Garbled(f"What answered {path} was not Salesforce as we know it; is a proxy in between?")
    return answer


def rows_in(answer: Any) -> Any:
    """An answer to a query, as a part of another one; raises Garbled."""
    return shaped("query/", answer)
