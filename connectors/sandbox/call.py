"""One call and its answer, free of any web framework."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import orjson

from connectors.sandbox.errors import Rejected
from connectors.sandbox.org import Actor

JSON = "application/json;charset=UTF-8"


@dataclass(kw_only=True)
class Call:
    """A request as it came in; header names are lower case. `actor` and `session` are set once it is known who asks."""

    method: str
    path: str
    query_string: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = ""
    actor: Actor = field(default_factory=lambda: Actor(user_id=""))
    session: str = ""

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @cached_property
    def form(self) -> dict[str, str]:
        """The body as an HTML form, which is what the OAuth endpoints take."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace")))

    @cached_property
    def json(self) -> Any:
        """The body as JSON; JSON_PARSER_ERROR when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise Rejected("JSON_PARSER_ERROR", f"{error}") from None

    @property
    def record(self) -> dict[str, Any]:
        """The body as one JSON object."""
        if not isinstance(self.json, dict):
            raise Rejected("JSON_PARSER_ERROR", "Cannot deserialize instance of an object from START_ARRAY value")
        return self.json

    @property
    def size(self) -> int:
        """Bytes of address and headers."""
        return len(self.target) + sum(len(name) + len(value) for name, value in self.headers.items())

    @property
    def target(self) -> str:
        """Path and query, as faults and the list of calls see it."""
        return f"{self.path}?{self.query_string}" if self.query_string else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back: for JSON the value itself, for a blob its bytes; None is an empty body."""

    status: int = 200
    value: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        if self.value is None:
            return b""
        return self.value if isinstance(self.value, bytes) else orjson.dumps(self.value)


def refusal(error: Rejected) -> Answer:
    """The array in which Salesforce wraps an error of a data call."""
    return Answer(status=error.status, value=[error.as_error()])
