"""Answers as columns of text, and those as records: what Salesforce says in its words, what we say is in sql/."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import structlog

from connectors.records import SCHEMAS, Kind, Page
from connectors.salesforce.sources import Source
from connectors.salesforce.values import Names, Row

log = structlog.get_logger(__name__)

UNREADABLE = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException)
"""What DuckDB says of a value; anything else it says is of our own select lists."""


def of_rows(rows: Sequence[Row], paths: Sequence[str]) -> pa.Table:
    """Columns of the rows of a JSON answer, by path (`UserRole.Name`)."""
    return pa.table({path: pa.array([_text(_at(row, path)) for row in rows], pa.string()) for path in paths})


def _at(row: Row, path: str) -> Any:
    parent, _, field = path.rpartition(".")
    within = row.get(parent) if parent else row
    return within.get(field) if isinstance(within, Mapping) else None


def _text(value: Any) -> str | None:
    """As CSV writes it, so that both ways of reading meet here."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None or value == "" else str(value)


def of_csv(content: bytes, paths: Sequence[str]) -> pa.Table:
    """Columns of a CSV page, by the names of its header; an empty value is none. Raises ValueError."""
    return pyarrow.csv.read_csv(
        pa.BufferReader(content),
        read_options=pyarrow.csv.ReadOptions(use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=as_text(paths),
    )


def as_text(paths: Sequence[str]) -> pyarrow.csv.ConvertOptions:
    """How CSV is read: these columns as text, and an empty value is none."""
    return pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(paths, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )


def nothing(kind: Kind) -> Page:
    """A page without records, for what else a page says."""
    return Page(records=SCHEMAS[kind].empty_table(), cursor="")


class Shaper:
    """Makes records of columns, as this org calls things."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._duck = _engine().cursor()
        self._duck.execute("SET VARIABLE me = $me", {"me": names.me})

    def records(self, kind: Kind, source: Source, stamp: str, told: pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
        """The records of these columns, and the ids of those that cannot be understood."""
        skipped: list[str] = []
        shaped = list(self._shaped(source, self._arranged(source, stamp, told), skipped))
        records = pa.concat_tables(shaped) if shaped else SCHEMAS[kind].empty_table()
        return records.cast(SCHEMAS[kind]), tuple(skipped)

    def page(self, kind: Kind, source: Source, stamp: str, told: pa.Table) -> Page:
        """The records of these columns, without a cursor; those that cannot be understood are named in the log."""
        records, skipped = self.records(kind, source, stamp, told)
        for id_ in skipped:
            log.warning("not_understood", object=source.object, id=id_)
        denied = self._denied(source.denied_sql, self._arranged(source, stamp, told)) if source.denied_sql else ()
        return Page(records=records, cursor="", skipped=skipped, denied=denied)

    def _denied(self, sql: str, rows: pa.Table) -> tuple[str, ...]:
        return tuple(id_ for (id_,) in self._duck.register("rows", rows).sql(_sql(sql)).fetchall())

    def fault(self, source: Source, stamp: str, told: pa.Table) -> str | None:
        """The column for which the only row of `told` cannot be understood, and what stands there; None if unknown."""
        (row,) = told.to_pylist()
        try:
            self._duck.register("rows", self._arranged(source, stamp, told)).sql(_sql(source.sql)).fetchall()
        except UNREADABLE as error:
            said = str(error).partition("\n")[0]
            wrong = [f"{name} is '{value}'" for name, value in row.items() if value and _is_quoted(value, said)]
            empty = [f"{name} is empty" for name in (stamp, *source.required, "CreatedDate") if row.get(name) is None]
            return next(iter(wrong or empty), None)
        return None

    def _arranged(self, source: Source, stamp: str, told: pa.Table) -> pa.Table:
        """The columns that the select list knows; those that this user cannot see are empty."""
        wanted = {"Id": "Id", "stamp": stamp} | {name: name for name in source.fields} | source.own(self._names)
        none = pa.nulls(told.num_rows, pa.string())
        return pa.table({
            name: told.column(path) if path in told.column_names else none for name, path in wanted.items()
        })  # fmt: skip

    def _shaped(self, source: Source, rows: pa.Table, skipped: list[str]) -> Iterator[pa.Table]:
        """One unreadable row is an error of the whole query, so the rows are halved until it stands alone."""
        if not rows.num_rows:
            return
        try:
            yield self._duck.register("rows", rows).sql(_sql(source.sql)).to_arrow_table()
        except UNREADABLE:
            if rows.num_rows == 1:
                skipped.append(str(rows.column("Id")[0]))
                return
            half = rows.num_rows // 2
            for part in (rows.slice(0, half), rows.slice(half)):
                yield from self._shaped(source, part, skipped)


def _is_quoted(value: str, said: str) -> bool:
    """Whether DuckDB complains of this value, of which it may have seen the beginning only: a day."""
    return any(f"{mark}{part}{mark}" in said for mark in "'\"" for part in (value, value[:10]))


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for the process, since to make it takes longer than a quiet pull of a kind."""
    # a page is too small for two threads to share, and each would keep memory of its own
    engine = duckdb.connect(":memory:", config={"enable_external_access": "false", "threads": "1"})
    engine.execute(_sql("macros"))
    return engine


@cache
def _sql(name: str) -> str:
    return files("connectors.salesforce").joinpath("sql", f"{name}.sql").read_text("utf-8")
