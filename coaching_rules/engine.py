"""The only judge: holds facts, as of one instant, against rules, and says what it found and what it could not tell.

At deal grain only open deals are judged. Whether anybody can act on a finding is not asked here.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from coaching_rules import conditions
from coaching_rules.conditions import Clause, Condition
from coaching_rules.errors import FactsError
from coaching_rules.model import Evidence, Finding, Rule, Value
from coaching_rules.sentences import PLACEHOLDER, basis, human
from coaching_rules.vocabulary import SUBJECT, WORDS, Grain, Type, Word

Connection = duckdb.DuckDBPyConnection
_Judged = tuple[Rule, Condition]
AT_ONCE = 20
"""Rules judged in one statement: one more costs the square of their number, one statement more a look at all facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was known at `as_of` (aware, UTC): one Arrow table per grain, its columns exactly the grain's words.

    Raises FactsError when a column is missing, unknown or of another type, or a subject is NULL or there twice.
    """

    as_of: datetime
    tables: Mapping[Grain, pa.Table]

    def __post_init__(self) -> None:
        if self.as_of.utcoffset() != timedelta(0):
            raise FactsError("as_of must be an aware datetime in UTC")
        wrong = [fault for grain, table in self.tables.items() for fault in _faults(grain, table)]
        if wrong:
            raise FactsError("; ".join(wrong))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of the `evaluated` subjects: `matched`, `not_enough_data` (the condition is NULL), and the rest."""

    evaluated: int
    matched: int
    not_enough_data: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Findings as of an instant, and one tally per rule id."""

    as_of: datetime
    findings: tuple[Finding, ...]
    tallies: Mapping[str, Tally]


def evaluate(rules: Sequence[Rule], facts: Facts, *, carried: Sequence[str] = ()) -> Judgement:
    """Judge every subject of `facts` by every one of `rules`, whatever its status.

    `carried` are words whose values every finding brings along, besides those it names.
    Raises ConditionErrors for a rule that would not have loaded, FactsError for a grain without a table.
    """
    findings: list[Finding] = []
    tallies: dict[str, Tally] = {}
    with closing(sealed()) as connection:
        for grain in WORDS:
            judged = [(rule, conditions.parse(rule.when, grain)) for rule in rules if rule.grain == grain]
            for start in range(0, len(judged), AT_ONCE):
                some = judged[start : start + AT_ONCE]
                _lay_out(connection, grain, facts, some, carried)
                tallies |= _count(connection, some)
                for at, (rule, condition) in enumerate(some):
                    if tallies[rule.id].matched:
                        findings.extend(_find(connection, rule, condition, at, carried))
    return Judgement(as_of=facts.as_of, findings=tuple(findings), tallies=tallies)


def _faults(grain: Grain, table: pa.Table) -> Iterator[str]:
    words = WORDS[grain]
    for name in words.keys() - set(table.column_names):
        yield f"{grain}: column {name} is missing"
    for name in table.column_names:
        if name not in words or table.column_names.count(name) > 1:
            yield f"{grain}: column {name} is " + ("there twice" if name in words else "not in the vocabulary")
        elif not _fits(words[name].type, table.schema.field(name).type):
            yield f"{grain}: column {name} is {table.schema.field(name).type}, not {words[name].type}"
    subject = SUBJECT[grain]
    if table.column_names.count(subject) == 1:
        ids = table.column(subject)
        if ids.null_count or pc.count_distinct(ids).as_py() != len(ids):
            yield f"{grain}: {subject} is NULL or there twice"


def _fits(type_: Type, arrow: pa.DataType) -> bool:
    kinds = pa.types
    if type_ == "boolean":
        return bool(kinds.is_boolean(arrow))
    if type_ == "integer":
        return bool(kinds.is_integer(arrow))
    if type_ == "number":
        return bool(kinds.is_floating(arrow) or kinds.is_integer(arrow) or kinds.is_decimal(arrow))
    if type_ == "date":
        return bool(kinds.is_date(arrow))
    return bool(kinds.is_string(arrow) or kinds.is_large_string(arrow) or kinds.is_string_view(arrow))


def sealed(threads: int | None = None) -> Connection:
    """A DuckDB of its own, from which no condition reaches a file or a setting; by default a thread a processor."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_external_access = false")
    if threads:
        connection.execute(f"SET threads = {threads}")
    connection.execute("SET lock_configuration = true")
    return connection


def _lay_out(
    connection: Connection, grain: Grain, facts: Facts, judged: Sequence[_Judged], carried: Sequence[str]
) -> None:
    """A table `judged` of the words these rules need and, for each rule, its verdict: true, false or NULL."""
    if grain not in facts.tables:
        raise FactsError(f"there are rules about a {grain}, and no table of {grain} facts")
    named = {name for rule, condition in judged for name in _named(rule, condition, carried)} | {SUBJECT[grain]}
    columns = ", ".join(conditions.column(word) for word in WORDS[grain].values() if word.name in named)
    verdicts = ", ".join(f"{condition.sql} AS verdict_{at}" for at, (_, condition) in enumerate(judged))
    only = "WHERE is_open" if grain == "deal" else ""
    connection.register("arrived", facts.tables[grain])
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE judged AS SELECT *, {verdicts} FROM (SELECT {columns} FROM arrived {only})"
    )
    connection.unregister("arrived")


def _count(connection: Connection, judged: Sequence[_Judged]) -> dict[str, Tally]:
    sums = ", ".join(f"count(*) FILTER (WHERE verdict_{at}), count(verdict_{at})" for at in range(len(judged)))
    evaluated, *counts = connection.execute(f"SELECT count(*), {sums} FROM judged").fetchall()[0]
    return {
        rule.id: Tally(evaluated=evaluated, matched=matched, not_enough_data=evaluated - known)
        for (rule, _), matched, known in zip(judged, counts[::2], counts[1::2])
    }


def _find(
    connection: Connection, rule: Rule, condition: Condition, at: int, carried: Sequence[str]
) -> Iterator[Finding]:
    names = _named(rule, condition, carried)
    subject = SUBJECT[rule.grain]
    columns = [_cell(WORDS[rule.grain][name]) for name in names]
    asked = list(
        dict.fromkeys(sql for clause in condition.clauses for sql in (*clause.holds, clause.threshold or "NULL"))
    )
    selected = ", ".join([f'"{subject}"', *columns, *asked])
    query = f'SELECT {selected} FROM judged WHERE verdict_{at} ORDER BY "{subject}"'
    version = rule.version
    for row in connection.execute(query).fetchall():
        values = dict(zip(names, row[1:]))
        yield Finding(
            rule_id=rule.id,
            rule_version=version,
            grain=rule.grain,
            subject_id=row[0],
            evidence=tuple(_evidence(condition.clauses, dict(zip(asked, row[1 + len(names) :])), values)),
            values=values,
        )


def _named(rule: Rule, condition: Condition, carried: Sequence[str]) -> list[str]:
    """The words whose values a finding has: those of the condition, of the texts, what is behind them, and carried."""
    said = [name for text in rule.texts for name in PLACEHOLDER.findall(text)]
    named = dict.fromkeys(name for name in (*condition.words, *said, *carried) if name in WORDS[rule.grain])
    behind = [f"{name}_basis" for name in named]
    return list(named | dict.fromkeys(name for name in behind if name in WORDS[rule.grain]))


def _cell(word: Word) -> str:
    return f'CAST("{word.name}" AS BIGINT)' if word.type == "integer" else f'"{word.name}"'


def _evidence(
    clauses: tuple[Clause, ...], cells: Mapping[str, Value], values: Mapping[str, Value]
) -> Iterator[Evidence]:
    for clause in clauses:
        if all(cells[sql] for sql in clause.holds):
            yield Evidence(
                word=clause.word,
                value=values[clause.word],
                op=clause.op,
                threshold=cells[clause.threshold or "NULL"],
                threshold_source=_source(clause, values),
            )


def _source(clause: Clause, values: Mapping[str, Value]) -> str:
    if not clause.threshold_words:
        return "the rule" if clause.op else ""
    known = [name for name in clause.threshold_words if values[name] is not None]
    if not known:
        return "the rule" if clause.op else ""
    said = "; ".join(_learnt(name, values) for name in known if basis(name, values))
    named = ", ".join(name.replace("_", " ") for name in known)
    if clause.threshold == f'"{known[0]}"':
        return basis(known[0], values) or named
    return f"the rule, from {said or named}"


def _learnt(name: str, values: Mapping[str, Value]) -> str:
    return f"{human(name, values[name])}: {basis(name, values)}"
