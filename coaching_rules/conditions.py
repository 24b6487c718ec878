"""The one gate for conditions: a stranger's text becomes DuckDB SQL, or a list of what is wrong with it.

Every node type that may appear has a row in `_ALLOWED`; what has no row is refused, so a function that the parser
learns tomorrow is refused too. Words are read from a table in which every number is a finite DOUBLE or NULL (see
`engine`). NULL behaves as in SQL, except that `least` and `greatest` skip it, and so does `coalesce`.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from coaching_rules.errors import ConditionErrors, Problem
from coaching_rules.vocabulary import WORDS, Grain, Word

LONGEST = 2_000
DEEPEST = 60
LARGEST = 1e15
"""Limits of a condition: characters, nesting of its syntax tree, absolute value of a number in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One part of a condition that can be evidence: `word op threshold`, true where `holds` (SQL) is.

    `threshold` is SQL too, and None for "unknown"; `threshold_words` are the words it is made from.
    """

    word: str
    op: str
    holds: str
    threshold: str | None
    threshold_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition that has passed the gate: its SQL, the words it reads, and what it can give as evidence."""

    sql: str
    words: tuple[str, ...]
    clauses: tuple[Clause, ...]


class _Piece(NamedTuple):
    sql: str
    type: str


class _Refused(Exception):
    """Carries the node and the sentence up to `parse`, which knows the text and so the place."""

    def __init__(self, node: exp.Expr, message: str) -> None:
        super().__init__(message)
        self.node = node


@lru_cache(maxsize=4096)
def parse(text: str, grain: Grain) -> Condition:
    """The condition in `text` over the words of `grain`. Raises ConditionErrors, with every unknown word at once."""
    _check_characters(text)
    tree = _tree(text)
    unknown = [_problem(text, _offset(node), message) for node, message in _unknown_words(tree, WORDS[grain])]
    if unknown:
        raise ConditionErrors(unknown)
    try:
        piece = _render(tree, WORDS[grain])
        if piece.type != "boolean":
            raise _Refused(tree, f"this is a {piece.type}, not a condition; compare it with something")
        clauses = tuple(_clauses(tree, False, WORDS[grain]))
    except _Refused as refused:
        raise ConditionErrors([_problem(text, _offset(refused.node), str(refused))]) from None
    words = tuple(dict.fromkeys(column.name for column in sorted(tree.find_all(exp.Column), key=_offset)))
    if not words:
        raise ConditionErrors([_problem(text, 0, "this reads no word, so it says nothing about anyone")])
    return Condition(sql=piece.sql, words=words, clauses=clauses)


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, if any is near."""
    near = difflib.get_close_matches(name.lower(), list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _check_characters(text: str) -> None:
    if len(text) > LONGEST:
        raise ConditionErrors([_problem(text, 0, f"longer than {LONGEST} characters; split it into two rules")])
    for offset, character in enumerate(text):
        # An invisible character can make a condition read differently from what it says.
        if not (character.isprintable() or character in "\n\t"):
            raise ConditionErrors([_problem(text, offset, f"invisible character U+{ord(character):04X}; remove it")])


def _tree(text: str) -> exp.Expr:
    try:
        trees = sqlglot.parse(text, read="duckdb")
    except ParseError as error:
        raise ConditionErrors([_syntax_problem(text, error)]) from None
    except TokenError:
        raise ConditionErrors([_problem(text, 0, "a quote or a comment is opened and not closed")]) from None
    except RecursionError:
        raise ConditionErrors([_problem(text, 0, _TOO_DEEP)]) from None
    if len(trees) != 1 or trees[0] is None:
        raise ConditionErrors([_problem(text, 0, "a rule has exactly one condition")])
    tree = trees[0]
    if any(level > DEEPEST for _, level in _levels(tree)):
        raise ConditionErrors([_problem(text, 0, _TOO_DEEP)])
    return tree


_TOO_DEEP = "nested too deeply to be read by anyone; split it into two rules"


def _levels(tree: exp.Expr) -> Iterator[tuple[exp.Expr, int]]:
    waiting = [(tree, 1)]
    while waiting:
        node, level = waiting.pop()
        yield node, level
        waiting.extend((child, level + 1) for child in node.iter_expressions())


def _problem(text: str, offset: int, message: str) -> Problem:
    line = text.count("\n", 0, offset) + 1
    return Problem(message=message, offset=offset, line=line, column=offset - text.rfind("\n", 0, offset))


def _syntax_problem(text: str, error: ParseError) -> Problem:
    first = error.errors[0]
    near = str(first.get("highlight") or "")
    lines = text.splitlines(keepends=True) or [""]
    before = sum(len(line) for line in lines[: int(first.get("line") or 1) - 1])
    offset = before + int(first.get("col") or 0) - len(near)  # the parser's column is that of the token's end
    return _problem(text, min(max(offset, 0), len(text)), f"cannot be read near `{near}`" if near else "cannot be read")


def _offset(node: exp.Expr) -> int:
    """Only names, literals and functions know their place; anything else takes the earliest place inside it."""
    return min((int(part.meta["start"]) for part in node.walk() if "start" in part.meta), default=0)


def _unknown_words(tree: exp.Expr, words: dict[str, Word]) -> Iterator[tuple[exp.Expr, str]]:
    for column in tree.find_all(exp.Column):
        name = column.name
        if column.this.args.get("quoted"):
            yield column, f"text goes in single quotes: '{name}'; a word needs none"
        elif not column.table and name not in words:
            yield column, f"unknown word `{name}`" + suggestion(name, words)


def _render(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    allowed = _ALLOWED.get(type(node))
    if allowed is None:
        raise _Refused(node, f"{node.key.upper()} is not allowed in a condition; {_LANGUAGE}")
    handler, arguments = allowed
    for name, value in node.args.items():
        if value and name not in arguments:
            raise _Refused(node, f"{node.key.upper()} with {name} is not allowed in a condition; {_LANGUAGE}")
    return handler(node, words)


_LANGUAGE = (
    "use words, numbers, 'text', comparisons, and/or/not, between, in (…), is null, + - * /, case, "
    "coalesce, abs, least and greatest"
)


def _word(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    word = words[node.name]
    return _Piece(f'"{word.name}"', "number" if word.type == "integer" else word.type)


def _literal(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    if node.args.get("is_string"):
        return _Piece("'" + node.name.replace("'", "''") + "'", "text")
    try:
        number = float(node.name)
    except ValueError:
        raise _Refused(node, f"`{node.name}` is not a number") from None
    if not abs(number) <= LARGEST:
        raise _Refused(node, "a number this large is a slip")
    return _Piece(f"CAST({number!r} AS DOUBLE)", "number")


def _boolean(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    return _Piece("true" if node.this else "false", "boolean")


def _null(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    if not isinstance(node.parent, (exp.If, exp.Case)):
        raise _Refused(node, "comparing with null is never true; use `is null` or `is not null`")
    return _Piece("NULL", "null")


def _parentheses(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    inner = _render(node.this, words)
    return _Piece(f"({inner.sql})", inner.type)


def _logic(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    left, right = (_expect("boolean", part, words) for part in (node.this, node.expression))
    return _Piece(f"({left} {node.key.upper()} {right})", "boolean")


def _not(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    return _Piece(f"(NOT {_expect('boolean', node.this, words)})", "boolean")


def _negative(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    return _Piece(f"(- {_expect('number', node.this, words)})", "number")


def _arithmetic(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    left, right = (_expect("number", part, words) for part in (node.this, node.expression))
    if isinstance(node, exp.Div):
        if node.expression.find(exp.Div):
            raise _Refused(node.expression, "a division inside a divisor is refused; write a * c / b for a / (b / c)")
        right = f"nullif({right}, CAST(0 AS DOUBLE))"
    return _Piece(f"({left} {_ARITHMETIC[type(node)]} {right})", "number")


def _comparison(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    left, right = _alike([node.this, node.expression], words)
    op = _COMPARISON[type(node)]
    if op not in ("=", "<>") and left.type in ("text", "boolean"):
        raise _Refused(node, f"{left.type} has no order; only = and <> make sense here")
    return _Piece(f"({left.sql} {op} {right.sql})", "boolean")


def _between(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    value, low, high = _alike([node.this, node.args["low"], node.args["high"]], words)
    if value.type in ("text", "boolean"):
        raise _Refused(node, f"{value.type} has no order; only = and <> make sense here")
    return _Piece(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", "boolean")


def _in(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    value, *options = _alike([node.this, *node.expressions], words)
    if not options:
        raise _Refused(node, "`in` needs a list: in ('a', 'b')")
    return _Piece(f"({value.sql} IN ({', '.join(option.sql for option in options)}))", "boolean")


def _is_null(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    if not isinstance(node.expression, exp.Null):
        raise _Refused(node, "only `is null` and `is not null`; a yes-or-no word stands alone: `is_early`")
    return _Piece(f"({_guarded(node.this, words).sql} IS NULL)", "boolean")


def _case(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    # A case in a case would double the SQL at each level, because each comparison guards its operands.
    if node.find_ancestor(exp.Case):
        raise _Refused(node, "a case inside a case is refused; list the branches one after another")
    branches = node.args["ifs"]
    default = node.args.get("default")
    results = [branch.args["true"] for branch in branches] + ([default] if default else [])
    pieces = _same_type(results, [_render(result, words) for result in results])
    arms = [f"WHEN {_expect('boolean', arm.this, words)} THEN {piece.sql}" for arm, piece in zip(branches, pieces)]
    otherwise = f" ELSE {pieces[-1].sql}" if default else ""
    return _Piece(f"CASE {' '.join(arms)}{otherwise} END", _first_type(pieces))


def _function(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    parts = [node.this, *node.expressions]
    pieces = _same_type(parts, [_render(part, words) for part in parts])
    if pieces[0].type != "number" and not isinstance(node, exp.Coalesce):
        raise _Refused(node, f"{node.key} works on numbers, this is a {pieces[0].type}")
    return _Piece(f"{node.key}({', '.join(piece.sql for piece in pieces)})", pieces[0].type)


def _expect(kind: str, node: exp.Expr, words: dict[str, Word]) -> str:
    piece = _render(node, words)
    if piece.type != kind:
        raise _Refused(node, f"a {kind} is needed here, this is a {piece.type}")
    return piece.sql


def _guarded(node: exp.Expr, words: dict[str, Word]) -> _Piece:
    """An operand of a comparison: what has overflowed becomes NULL, since NaN counts as the largest number."""
    piece = _render(node, words)
    if piece.type != "number" or isinstance(node, (exp.Column, exp.Literal)):
        return piece
    return _Piece(f"(CASE WHEN isfinite({piece.sql}) THEN {piece.sql} END)", "number")


def _alike(nodes: list[exp.Expr], words: dict[str, Word]) -> list[_Piece]:
    pieces = [_guarded(node, words) for node in nodes]
    if any(piece.type == "date" for piece in pieces):
        pieces = [_as_date(node, piece) for node, piece in zip(nodes, pieces)]
    return _same_type(nodes, pieces)


def _as_date(node: exp.Expr, piece: _Piece) -> _Piece:
    if not isinstance(node, exp.Literal) or piece.type != "text":
        return piece
    try:
        return _Piece(f"DATE '{date.fromisoformat(node.name).isoformat()}'", "date")
    except ValueError:
        raise _Refused(node, f"'{node.name}' is not a date; write it as '2027-03-31'") from None


def _same_type(nodes: list[exp.Expr], pieces: list[_Piece]) -> list[_Piece]:
    kind = _first_type(pieces)
    for node, piece in zip(nodes, pieces):
        if piece.type not in ("null", kind):
            raise _Refused(node, f"a {kind} and a {piece.type} cannot be put together")
    return pieces


def _first_type(pieces: list[_Piece]) -> str:
    return next((piece.type for piece in pieces if piece.type != "null"), "null")


_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_COMPARISON: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MIRRORED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}

_Handler = Callable[[exp.Expr, dict[str, Word]], _Piece]
_BOTH_SIDES = frozenset({"this", "expression"})
_LIST = frozenset({"this", "expressions"})

_ALLOWED: dict[type[exp.Expr], tuple[_Handler, frozenset[str]]] = {
    exp.Column: (_word, frozenset({"this"})),
    exp.Literal: (_literal, frozenset({"this", "is_string"})),
    exp.Boolean: (_boolean, frozenset({"this"})),
    exp.Null: (_null, frozenset()),
    exp.Paren: (_parentheses, frozenset({"this"})),
    exp.And: (_logic, _BOTH_SIDES),
    exp.Or: (_logic, _BOTH_SIDES),
    exp.Not: (_not, frozenset({"this"})),
    exp.Neg: (_negative, frozenset({"this"})),
    exp.Between: (_between, frozenset({"this", "low", "high"})),
    exp.In: (_in, _LIST),
    exp.Is: (_is_null, _BOTH_SIDES),
    exp.Case: (_case, frozenset({"ifs", "default"})),
    exp.Coalesce: (_function, _LIST),
    exp.Abs: (_function, frozenset({"this"})),
    exp.Least: (_function, _LIST | {"ignore_nulls"}),
    exp.Greatest: (_function, _LIST | {"ignore_nulls"}),
    **dict.fromkeys(_ARITHMETIC, (_arithmetic, _BOTH_SIDES)),
    **dict.fromkeys(_COMPARISON, (_comparison, _BOTH_SIDES)),
}


def _clauses(node: exp.Expr, negated: bool, words: dict[str, Word]) -> Iterator[Clause]:
    """The comparisons under and/or/not, each turned so that it says what held, also under a `not`."""
    if isinstance(node, (exp.Paren, exp.Not)):
        yield from _clauses(node.this, negated ^ isinstance(node, exp.Not), words)
    elif isinstance(node, (exp.And, exp.Or)):
        yield from _clauses(node.this, negated, words)
        yield from _clauses(node.expression, negated, words)
    elif isinstance(node, exp.Between) and isinstance(node.this, exp.Column):
        yield _against(node.this, "<" if negated else ">=", node.args["low"], words)
        yield _against(node.this, ">" if negated else "<=", node.args["high"], words)
    elif type(node) in _COMPARISON and isinstance(node.this, exp.Column):
        op = _COMPARISON[type(node)]
        yield _against(node.this, _OPPOSITE[op] if negated else op, node.expression, words)
    elif type(node) in _COMPARISON and isinstance(node.expression, exp.Column):
        op = _MIRRORED[_COMPARISON[type(node)]]
        yield _against(node.expression, _OPPOSITE[op] if negated else op, node.this, words)
    else:
        yield from _plain_clauses(node, negated, words)


def _plain_clauses(node: exp.Expr, negated: bool, words: dict[str, Word]) -> Iterator[Clause]:
    """What has no threshold to compute: a flag, a list, `is null`, or a sum of several words."""
    sql = _render(node, words).sql
    holds = f"(NOT {sql})" if negated else sql
    if isinstance(node, exp.Column):
        yield Clause(word=node.name, op="is", holds=holds, threshold="false" if negated else "true")
    elif isinstance(node, exp.Is) and isinstance(node.this, exp.Column):
        if not negated:  # that something is known is no evidence
            yield Clause(word=node.this.name, op="is", holds=holds, threshold=None)
    elif isinstance(node, exp.In) and isinstance(node.this, exp.Column):
        listed = ", ".join(option.name or option.sql() for option in node.expressions).replace("'", "''")
        yield Clause(word=node.this.name, op="not in" if negated else "in", holds=holds, threshold=f"'{listed}'")
    else:
        for name in dict.fromkeys(column.name for column in node.find_all(exp.Column)):
            yield Clause(word=name, op="", holds=holds, threshold=None)


def _against(column: exp.Expr, op: str, threshold: exp.Expr, words: dict[str, Word]) -> Clause:
    left, right = _alike([column, threshold], words)
    # A word that only chooses between numbers of a case is not where the number came from.
    choosing = {id(part) for arm in threshold.find_all(exp.If) for part in arm.this.find_all(exp.Column)}
    names = [part.name for part in threshold.find_all(exp.Column) if id(part) not in choosing]
    return Clause(
        word=column.name,
        op=op,
        holds=f"({left.sql} {op} {right.sql})",
        threshold=right.sql,
        threshold_words=tuple(dict.fromkeys(names)),
    )
