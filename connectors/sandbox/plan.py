"""A parsed SOQL query made into SQLite SQL: names resolved against the schema, every literal a parameter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from connectors.sandbox.conditions import Filter
from connectors.sandbox.errors import Rejected
from connectors.sandbox.schema import Field, Object
from connectors.sandbox.scope import Resolved, Scope
from connectors.sandbox.soql import Column, Query, complaint

LINK_FILTERS = frozenset({"id", "contentdocumentid", "linkedentityid"})
ARCHIVED = frozenset({"Task", "Event"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One column of the result: the names under which it is nested, and the type of its field."""

    names: tuple[str, ...]
    sql: str
    type: str

    @property
    def boolean(self) -> bool:
        return self.type == "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A parent record in the result; `object_name` is None when its id says what it is."""

    names: tuple[str, ...]
    id_sql: str
    object_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run and how to read it. Every statement begins with the record's id (a constant for aggregates)."""

    object_name: str
    outputs: tuple[Output, ...]
    parents: tuple[Parent, ...]
    source: str
    condition: str
    ending: str
    params: tuple[object, ...]
    aggregates: bool
    counts_rows: bool

    @property
    def _columns(self) -> str:
        first = "NULL" if self.aggregates else "t.Id"
        return ", ".join([first, *(o.sql for o in self.outputs), *(p.id_sql for p in self.parents)])

    @property
    def rows_sql(self) -> str:
        """All rows, whole."""
        return f"SELECT {self._columns} {self.source} WHERE {self.condition} {self.ending}"

    @property
    def ids_sql(self) -> str:
        """The ids of all rows, in order."""
        return f"SELECT t.Id {self.source} WHERE {self.condition} {self.ending}"

    @property
    def count_sql(self) -> str:
        return f"SELECT count(*) FROM (SELECT 1 {self.source} WHERE {self.condition} {self.ending})"

    @property
    def page_sql(self) -> str:
        """The rows, whole, of the ids given as one JSON array, in no order."""
        return f"SELECT {self._columns} {self.source} WHERE t.Id IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the asker may see: which objects and fields, deleted and archived rows or not, and which rows never."""

    find: Callable[[str], Object | None]
    everything: bool
    today: date
    blind_ids: str = "[]"
    """JSON array of ids."""


@dataclass(slots=True)
class _Builder:
    scope: Scope
    outputs: list[Output] = field(default_factory=list)
    parents: dict[tuple[str, ...], Parent] = field(default_factory=dict)


def plan(query: Query, sight: Sight) -> Plan:
    """How to answer this query, or the error that Salesforce would give."""
    scope = Scope(query=query, table=_table(query, sight), alias="t", find=sight.find)
    _check_links(query, scope.table)
    builder = _Builder(scope)
    for number, column in enumerate(query.columns):
        _select(builder, column, number)
    condition, params = _condition(query, scope, sight)
    ending = " ".join(filter(None, (_group(scope), _order(scope), _limit(query))))
    return Plan(
        object_name=scope.table.name,
        outputs=tuple(builder.outputs),
        parents=tuple(builder.parents.values()),
        source=scope.source,
        condition=condition,
        ending=ending,
        params=tuple(params),
        aggregates=query.aggregates,
        counts_rows=query.counts_rows,
    )


def _table(query: Query, sight: Sight) -> Object:
    found = sight.find(query.object_name)
    if found is None or "query" not in found.allows:
        message = (
            f"sObject type '{query.object_name}' is not supported. If you are attempting to use a custom object, be"
            " sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the"
            " appropriate names."
        )
        raise Rejected("INVALID_TYPE", complaint(query.text, query.object_position, message))
    return found


def _check_links(query: Query, table: Object) -> None:
    if table.name != "ContentDocumentLink" or Filter.pins(query.where, LINK_FILTERS):
        return
    raise Rejected(
        "MALFORMED_QUERY",
        "Implementation restriction: ContentDocumentLink requires a filter by a single Id on ContentDocumentId or"
        " LinkedEntityId using the equals operator or multiple Id's using the IN operator.",
    )


def _select(builder: _Builder, column: Column, number: int) -> None:
    scope = builder.scope
    if column.path is None:
        return
    found = scope.resolve(column.path)
    if column.function:
        builder.outputs.append(_aggregate(scope, column, found, number))
        return
    if scope.query.aggregates:
        _check_grouped(scope, found, column)
        builder.outputs.append(Output(names=found.names[-1:], sql=found.sql, type=found.field.type))
        return
    if any(o.names == found.names for o in builder.outputs):
        message = f"duplicate field selected: {column.path.text}"
        raise Rejected("INVALID_FIELD", complaint(scope.query.text, column.path.position, message))
    builder.outputs.append(Output(names=found.names, sql=found.sql, type=found.field.type))
    for step in found.steps:
        parent = Parent(names=step.names, id_sql=step.id_sql, object_name=step.object_name)
        builder.parents.setdefault(step.names, parent)


def _aggregate(scope: Scope, column: Column, found: Resolved, number: int) -> Output:
    assert column.path is not None
    assert column.function is not None
    function = column.function
    counting = function in ("count", "count_distinct")
    numeric = found.field.type in ("int", "double", "currency", "percent")
    if not found.field.aggregatable or (function in ("sum", "avg") and not numeric):
        message = f"field {found.field.name} does not support aggregate operator {function.upper()}"
        raise Rejected("MALFORMED_QUERY", complaint(scope.query.text, column.path.position, message))
    inner = f"DISTINCT {found.sql}" if function == "count_distinct" else found.sql
    sql = f"{'count' if counting else function}({inner})"
    before = sum(1 for c in scope.query.columns[:number] if c.function and not c.alias)
    return Output(names=(column.alias or f"expr{before}",), sql=sql, type="aggregate")


def _check_grouped(scope: Scope, found: Resolved, column: Column) -> None:
    assert column.path is not None
    if found.sql not in {scope.resolve(path).sql for path in scope.query.group}:
        message = f"Field must be grouped or aggregated: {column.path.text}"
        raise Rejected("MALFORMED_QUERY", complaint(scope.query.text, column.path.position, message))


def _condition(query: Query, scope: Scope, sight: Sight) -> tuple[str, list[object]]:
    parts: list[str] = []
    params: list[object] = []
    filters = Filter(
        scope=scope, today=sight.today, rows_of=lambda inner, wanted: _rows_of(inner, wanted, sight), params=params
    )
    if query.where is not None:
        parts.append(filters.sql(query.where))
        parts.extend(filters.floors(query.where))
    if not sight.everything:
        parts.append("t.IsDeleted = 0" if scope.table.has("IsDeleted") else "")
        parts.append("t.IsArchived = 0" if scope.table.name in ARCHIVED else "")
    if sight.blind_ids != "[]":
        parts.append("t.Id NOT IN (SELECT value FROM json_each(?))")
        params.append(sight.blind_ids)
    return " AND ".join(filter(None, parts)) or "1", params


def _rows_of(query: Query, wanted: Field, sight: Sight) -> tuple[str, tuple[object, ...]]:
    """The SQL of a query inside IN (…), which gives one column of ids."""
    inner = plan(query, sight)
    kinds = [wanted.type, *(output.type for output in inner.outputs)]
    if inner.aggregates or len(kinds) != 2 or not all(kind in ("id", "reference") for kind in kinds):
        raise Rejected("MALFORMED_QUERY", "The inner select of a semi-join must select one field that holds ids.")
    sql = inner.outputs[0].sql
    return f"SELECT {sql} {inner.source} WHERE {inner.condition} AND {sql} IS NOT NULL {inner.ending}", inner.params


def _group(scope: Scope) -> str:
    columns = []
    for path in scope.query.group:
        found = scope.resolve(path)
        if not found.field.groupable:
            message = f"field '{path.text}' can not be grouped in a query call"
            raise Rejected("MALFORMED_QUERY", complaint(scope.query.text, path.position, message))
        columns.append(found.sql)
    return f"GROUP BY {', '.join(columns)}" if columns else ""


def _order(scope: Scope) -> str:
    columns = []
    for sorting in scope.query.order:
        found = scope.resolve(sorting.path)
        if not found.field.sortable:
            message = f"field '{sorting.path.text}' can not be sorted in a query call"
            raise Rejected("MALFORMED_QUERY", complaint(scope.query.text, sorting.path.position, message))
        # SQLite puts nulls first going up and last going down; naming the default would only cost it the index.
        place = {(True, False): " NULLS FIRST", (False, True): " NULLS LAST"}
        columns.append(
            found.sql + " DESC" * sorting.descending + place.get((sorting.descending, sorting.nulls_last), "")
        )
    return f"ORDER BY {', '.join(columns)}" if columns else ""


def _limit(query: Query) -> str:
    if query.limit is None and not query.offset:
        return ""
    return f"LIMIT {-1 if query.limit is None else query.limit} OFFSET {query.offset}"
