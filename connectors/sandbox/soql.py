"""SOQL taken apart: text in, a Query of names, literals and positions out. Nothing here knows a table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, UnexpectedToken, VisitError

from connectors.sandbox.errors import Rejected

MAX_LENGTH = 100_000
MAX_OFFSET = 2000
MAX_LITERAL = 4000

LiteralKind = Literal["text", "instant", "day", "number", "boolean", "null", "days"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """`Account.Owner.Name`, and where in the text it stands (0-based)."""

    names: tuple[str, ...]
    position: int

    @property
    def text(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A literal; for days `value` is the first and the last day, counted from today, as in `-7,0`."""

    kind: LiteralKind
    value: str | float | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """`path operator value`; operator is one of = != < <= > >= like."""

    path: Path
    operator: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Among:
    """`path [not] in (…)`, of literals or of the rows of another query."""

    path: Path
    values: "tuple[Value, ...] | Query"
    negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Not this."""

    condition: "Condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """All (`and`) or any (`or`) of these."""

    word: Literal["and", "or"]
    conditions: "tuple[Condition, ...]"


Condition = Compare | Among | Not | Joined


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One item of SELECT; `function` is None for a plain field, `path` is None for COUNT()."""

    path: Path | None
    function: str | None = None
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorting:
    """One item of ORDER BY."""

    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One SOQL statement."""

    text: str
    columns: tuple[Column, ...]
    object_name: str
    object_position: int
    alias: str | None
    where: Condition | None = None
    group: tuple[Path, ...] = ()
    order: tuple[Sorting, ...] = ()
    limit: int | None = None
    offset: int = 0

    @property
    def counts_rows(self) -> bool:
        """`SELECT COUNT()`, which answers with a size and no records."""
        return len(self.columns) == 1 and self.columns[0].function == "count" and self.columns[0].path is None

    @property
    def aggregates(self) -> bool:
        return bool(self.group) or any(column.function for column in self.columns)


def complaint(text: str, position: int, message: str) -> str:
    """An error as Salesforce words it: a window of the query, a caret, the place, and what is wrong."""
    row = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    window = text[max(0, position - 50) : position + 50].replace("\n", " ")
    caret = " " * (min(position, 50))
    return f"\n{window}\n{caret}^\nERROR at Row:{row}:Column:{column}\n{message}"


def parse(text: str) -> Query:
    """The query, or MALFORMED_QUERY with the place where it stopped making sense."""
    if len(text) > MAX_LENGTH:
        raise Rejected("MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_LENGTH} characters.")
    try:
        tree = _PARSER.parse(text)
        query: Query = _Reader(text).transform(tree)
    except UnexpectedInput as error:
        raise Rejected("MALFORMED_QUERY", _unexpected(text, error)) from None
    except VisitError as error:
        if isinstance(error.orig_exc, Rejected):
            raise error.orig_exc from None
        raise
    return query


def _unexpected(text: str, error: UnexpectedInput) -> str:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return "unexpected token: '<EOF>'"
    position = error.pos_in_stream or 0
    found = re.match(r"\w+|.", text[position:], re.DOTALL)
    return complaint(text, position, f"unexpected token: '{found.group() if found else '<EOF>'}'")


_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "N": "\n", "r": "\r", "R": "\r", "t": "\t", "T": "\t", "b": "\b", "B": "\b", "f": "\f", "F": "\f"}


def _unescaped(raw: str) -> str:
    """The text of a string literal; `\\_` and `\\%` stay as they are, LIKE reads them."""

    def one(found: re.Match[str]) -> str:
        escape = found.group(1)
        if len(escape) == 5:
            return chr(int(escape[1:], 16))
        if escape in "\\'\"":
            return "\\\\" if escape == "\\" else escape
        if escape in "_%":
            return found.group()
        if escape in _PLAIN:
            return _PLAIN[escape]
        raise Rejected("MALFORMED_QUERY", f"Invalid string literal '{raw}'. Illegal character sequence '\\{escape}'")

    return _ESCAPE.sub(one, raw)


def plain(literal: str) -> str:
    """A string literal's value where LIKE's escapes mean nothing."""
    return re.sub(r"\\(.)", r"\1", literal)


@v_args(inline=True)
class _Reader(Transformer[Token, Query]):
    """Turns the parse tree into a Query; method names are those of the grammar's rules."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text

    def start(self, _select: Token, columns: tuple[Column, ...], _from: Token, name: Token, alias: Token | None,
              *clauses: tuple[str, object]) -> Query:  # fmt: skip
        return Query(
            text=self.source,
            columns=columns,
            object_name=str(name),
            object_position=name.start_pos or 0,
            alias=str(alias) if alias else None,
            **dict(clauses),  # type: ignore[arg-type]
        )

    def select_list(self, *items: Column) -> tuple[Column, ...]:
        return items

    def column(self, path: Path) -> Column:
        return Column(path=path)

    def count_all(self, _count: Token) -> Column:
        return Column(path=None, function="count")

    def aggregate(self, function: Token, path: Path, alias: Token | None) -> Column:
        return Column(path=path, function=function.lower(), alias=str(alias) if alias else None)

    def path(self, *names: Token) -> Path:
        return Path(names=tuple(map(str, names)), position=names[0].start_pos or 0)

    # clauses

    def where(self, _where: Token, condition: Condition) -> tuple[str, object]:
        return "where", condition

    def group(self, _group: Token, _by: Token, *paths: Path) -> tuple[str, object]:
        return "group", paths

    def order(self, _order: Token, _by: Token, *sortings: Sorting) -> tuple[str, object]:
        return "order", sortings

    def limit(self, _limit: Token, number: Token) -> tuple[str, object]:
        return "limit", self._whole(number)

    def offset(self, _offset: Token, number: Token) -> tuple[str, object]:
        if self._whole(number) > MAX_OFFSET:
            message = f"Maximum SOQL offset allowed is {MAX_OFFSET}"
            raise Rejected("NUMBER_OUTSIDE_VALID_RANGE", complaint(self.source, number.start_pos or 0, message))
        return "offset", self._whole(number)

    def _whole(self, number: Token) -> int:
        if int(number) < 0:
            message = f"unexpected token: '{number}'"
            raise Rejected("MALFORMED_QUERY", complaint(self.source, number.start_pos or 0, message))
        return int(number)

    def sorting(self, path: Path, direction: Token | None, _nulls: Token | None, place: Token | None) -> Sorting:
        return Sorting(
            path=path,
            descending=bool(direction) and str(direction).lower() == "desc",
            nulls_last=bool(place) and str(place).lower() == "last",
        )

    # conditions

    def either(self, *parts: Condition | Token) -> Condition:
        return _joined("or", parts)

    def both(self, *parts: Condition | Token) -> Condition:
        return _joined("and", parts)

    def negated(self, _not: Token, condition: Condition) -> Condition:
        return Not(condition=condition)

    def compare(self, path: Path, operator: Token, value: Value) -> Condition:
        return Compare(path=path, operator="!=" if operator == "<>" else str(operator), value=value)

    def like(self, path: Path, _like: Token, value: Value) -> Condition:
        return Compare(path=path, operator="like", value=value)

    def among(self, path: Path, _in: Token, *values: Value) -> Condition:
        return Among(path=path, values=values, negated=False)

    def not_among(self, path: Path, _not: Token, _in: Token, *values: Value) -> Condition:
        return Among(path=path, values=values, negated=True)

    def among_rows(self, path: Path, _in: Token, query: Query) -> Condition:
        return Among(path=path, values=query, negated=False)

    def not_among_rows(self, path: Path, _not: Token, _in: Token, query: Query) -> Condition:
        return Among(path=path, values=query, negated=True)

    # literals

    def text(self, token: Token) -> Value:
        if len(token) > MAX_LITERAL + 2:
            raise Rejected("MALFORMED_QUERY", f"String literals cannot be longer than {MAX_LITERAL} characters.")
        return Value(kind="text", value=_unescaped(str(token)[1:-1]))

    def instant(self, token: Token) -> Value:
        return Value(kind="instant", value=str(token))

    def day(self, token: Token) -> Value:
        return Value(kind="day", value=str(token))

    def number(self, token: Token) -> Value:
        return Value(kind="number", value=float(token) if "." in token else int(token))

    def true(self, _token: Token) -> Value:
        return Value(kind="boolean", value=True)

    def false(self, _token: Token) -> Value:
        return Value(kind="boolean", value=False)

    def null(self, _token: Token) -> Value:
        return Value(kind="null", value=None)

    def days(self, word: Token, number: Token) -> Value:
        return Value(kind="days", value=f"-{number},0" if word.lower().startswith("last") else f"1,{number}")

    def dayword(self, word: Token) -> Value:
        return Value(kind="days", value={"yesterday": "-1,-1", "today": "0,0", "tomorrow": "1,1"}[word.lower()])


def _joined(word: Literal["and", "or"], parts: Sequence[Condition | Token]) -> Condition:
    return Joined(word=word, conditions=tuple(part for part in parts if not isinstance(part, Token)))


_PARSER = Lark(
    files("connectors.sandbox").joinpath("soql.lark").read_text("utf-8"),
    parser="lalr",
    propagate_positions=False,
    maybe_placeholders=True,
)
