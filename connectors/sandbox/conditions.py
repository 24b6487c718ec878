"""WHERE made into SQLite: SOQL knows only true and false, so whatever turns NULL counts as false, also under NOT."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from connectors.sandbox.errors import Rejected
from connectors.sandbox.ids import to18
from connectors.sandbox.schema import NUMBER_TYPES, Field
from connectors.sandbox.scope import Scope
from connectors.sandbox.soql import Among, Compare, Condition, Joined, Not, Path, Query, Value, complaint, plain
from connectors.sandbox.values import instant, moment

_EQUALITY = {"=": "IS", "!=": "IS NOT"}


@dataclass(slots=True, kw_only=True)
class Filter:
    """Turns conditions into SQL text and appends their literals to `params` in the order of the marks."""

    scope: Scope
    today: date
    rows_of: Callable[[Query, Field], tuple[str, tuple[object, ...]]]
    params: list[object]

    def sql(self, condition: Condition) -> str:
        """The condition as SQL."""
        after = _keyset(condition)
        if after is not None:
            return self._after(after)
        if isinstance(condition, Joined):
            return "(" + f" {condition.word.upper()} ".join(self.sql(part) for part in condition.conditions) + ")"
        if isinstance(condition, Not):
            return f"NOT ifnull({self.sql(condition.condition)}, 0)"
        if isinstance(condition, Among):
            return self._among(condition)
        return self._compare(condition)

    def floors(self, condition: Condition) -> list[str]:
        """`column >= ?` that the condition implies but hides inside OR, where SQLite would not use its index."""
        if not isinstance(condition, Joined):
            return []
        found = []
        for name, value in _floors(condition).items():
            field = self.scope.table.field(name)
            if field is not None and field.type == "datetime":
                found.append(f"t.{field.name} >= ?")
                self.params.append(value)
        return found

    @staticmethod
    def pins(condition: Condition | None, names: frozenset[str]) -> bool:
        """Whether one of these fields (lower case) is held to given values whatever else is asked."""
        if isinstance(condition, Joined):
            held = [Filter.pins(part, names) for part in condition.conditions]
            return any(held) if condition.word == "and" else all(held)
        if isinstance(condition, Compare):
            return condition.operator == "=" and condition.path.text.lower() in names
        if isinstance(condition, Among):
            return not condition.negated and condition.path.text.lower() in names
        return False

    def _after(self, pair: tuple[Compare, Compare]) -> str:
        """`a > x OR (a = x AND b > y)` as one comparison of pairs, which SQLite can seek even among equal stamps."""
        sides = [self._column(part.path) for part in pair]
        for part, (found, _) in zip(pair, sides):
            self.params.append(self._literal(part.path, found, part.value))
        return f"({sides[0][1]}, {sides[1][1]}) > (?, ?)"

    def _compare(self, compare: Compare) -> str:
        found, column = self._column(compare.path)
        if compare.operator == "like":
            return self._like(compare, found, column)
        if compare.value.kind == "days":
            return self._days(compare, found, column)
        value = self._literal(compare.path, found, compare.value)
        if value is None and compare.operator not in _EQUALITY:
            raise self._error("INVALID_QUERY_FILTER_OPERATOR", compare.path, "invalid operator with null")
        if found.type == "boolean" and compare.operator not in _EQUALITY:
            raise self._error("INVALID_QUERY_FILTER_OPERATOR", compare.path, "invalid operator on boolean field")
        self.params.append(value)
        return f"{column} {_EQUALITY.get(compare.operator, compare.operator)} ?"

    def _among(self, among: Among) -> str:
        found, column = self._column(among.path)
        if isinstance(among.values, Query):
            sql, params = self.rows_of(among.values, found)
            self.params.extend(params)
            inside = f"{column} IN ({sql})"
        else:
            values = [self._literal(among.path, found, value) for value in among.values]
            self.params.extend(value for value in values if value is not None)
            inside = f"{column} IN ({', '.join('?' for value in values if value is not None)})"
            inside = f"({inside} OR {column} IS NULL)" if None in values else inside
        return f"NOT ifnull({inside}, 0)" if among.negated else inside

    def _like(self, compare: Compare, found: Field, column: str) -> str:
        if found.type in NUMBER_TYPES | {"boolean", "date", "datetime", "id", "reference"}:
            message = f"invalid operator on {found.type} field"
            raise self._error("INVALID_QUERY_FILTER_OPERATOR", compare.path, message)
        if compare.value.kind != "text":
            raise self._wrong_kind(compare.path, "string")
        self.params.append(compare.value.value)
        return f"{column} LIKE ? ESCAPE '\\'"

    def _days(self, compare: Compare, found: Field, column: str) -> str:
        if found.type not in ("date", "datetime"):
            raise self._wrong_kind(compare.path, found.type)
        first, last = (self.today + timedelta(days=int(n)) for n in str(compare.value.value).split(","))
        begins, ends = (_edge(found, day) for day in (first, last + timedelta(days=1)))
        if compare.operator in _EQUALITY:
            self.params.extend((begins, ends))
            inside = f"({column} >= ? AND {column} < ?)"
            return inside if compare.operator == "=" else f"NOT ifnull({inside}, 0)"
        operator, edge = {"<": ("<", begins), ">=": (">=", begins), "<=": ("<", ends), ">": (">=", ends)}[
            compare.operator
        ]
        self.params.append(edge)
        return f"{column} {operator} ?"

    def _column(self, path: Path) -> tuple[Field, str]:
        found = self.scope.resolve(path)
        if not found.field.filterable:
            raise self._error("INVALID_FIELD", path, f"field '{path.text}' can not be filtered in a query call")
        return found.field, found.sql

    def _literal(self, path: Path, field: Field, value: Value) -> object:
        """The literal as the tables hold such values; an error when it is of another type than the field."""
        if value.kind == "null":
            return None
        wanted, kind = _WANTED.get(field.type, ("text", "string"))
        if value.kind != wanted:
            raise self._wrong_kind(path, kind)
        if field.type in ("id", "reference"):
            return self._id(path, plain(str(value.value)))
        if wanted in ("instant", "day"):
            return self._time(path, str(value.value), wanted)
        if wanted == "text":
            return plain(str(value.value)) or None
        return value.value

    def _id(self, path: Path, text: str) -> str | None:
        try:
            return to18(text) if text else None
        except ValueError:
            raise self._error("INVALID_QUERY_FILTER_OPERATOR", path, f"invalid ID field: {text}") from None

    def _time(self, path: Path, text: str, kind: str) -> str:
        try:
            return instant(moment(text)) if kind == "instant" else date.fromisoformat(text).isoformat()
        except ValueError:
            raise self._error("MALFORMED_QUERY", path, f"Invalid date: {text}") from None

    def _wrong_kind(self, path: Path, kind: str) -> Rejected:
        quotes = "should be" if kind == "string" else "should not be"
        message = (
            f"value of filter criterion for field '{path.text}' must be of type {kind} and {quotes} enclosed in quotes"
        )
        return self._error("INVALID_FIELD", path, message)

    def _error(self, code: str, path: Path, message: str) -> Rejected:
        return Rejected(code, complaint(self.scope.query.text, path.position, message))


_WANTED = {
    "datetime": ("instant", "dateTime"),
    "date": ("day", "date"),
    "boolean": ("boolean", "boolean"),
    **dict.fromkeys(NUMBER_TYPES, ("number", "double")),
}


def _edge(field: Field, day: date) -> str:
    return day.isoformat() if field.type == "date" else instant(datetime.combine(day, time(), UTC))


def _keyset(condition: Condition) -> tuple[Compare, Compare] | None:
    """The two comparisons `a > x` and `b > y` of a keyset position over an instant and an id, if it is one."""
    if not (isinstance(condition, Joined) and condition.word == "or" and len(condition.conditions) == 2):
        return None
    later, tie = sorted(condition.conditions, key=lambda part: isinstance(part, Joined))
    if not (isinstance(later, Compare) and isinstance(tie, Joined) and tie.word == "and" and len(tie.conditions) == 2):
        return None
    same, beyond = sorted(tie.conditions, key=lambda part: isinstance(part, Compare) and part.operator != "=")
    if not (isinstance(same, Compare) and isinstance(beyond, Compare)):
        return None
    signs = (later.operator, same.operator, beyond.operator)
    alike = later.path.names == same.path.names and later.value == same.value
    kinds = (later.value.kind, beyond.value.kind, beyond.path.text.lower())
    return (later, beyond) if alike and signs == (">", "=", ">") and kinds == ("instant", "text", "id") else None


def _floors(condition: Condition) -> dict[str, str]:
    """Lower bounds of instants that hold for every row the condition lets through, by field name."""
    if _keyset(condition):
        return {}
    if isinstance(condition, Compare) and condition.value.kind == "instant" and condition.operator in ("=", ">", ">="):
        return {condition.path.text: instant(moment(str(condition.value.value)))}
    if not isinstance(condition, Joined):
        return {}
    parts = [_floors(part) for part in condition.conditions]
    if condition.word == "and":
        return {name: max(part[name] for part in parts if name in part) for part in parts for name in part}
    shared = set.intersection(*(set(part) for part in parts))
    return {name: min(part[name] for part in parts) for name in shared}
