"""Each node of a condition is checked and becomes SQL. What has no row in `_ALLOWED` is refused.

So a function that the parser learns tomorrow is refused too. Mistakes are noted on the `Desk`, and reading goes on
after the comparison they are in, so that one round of corrections is enough.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from sqlglot import exp

from coaching_rules.conditions import units
from coaching_rules.conditions.functions import FUNCTIONS
from coaching_rules.conditions.slips import DAYS, INSTEAD, LANGUAGE
from coaching_rules.conditions.syntax import place, problem
from coaching_rules.errors import Problem, suggestion
from coaching_rules.vocabulary import EARLIEST, LATEST, Unit, Word

LARGEST = 1e15
"""The largest absolute value of a number in a condition or in a fact; what is larger is a slip."""

_SAID = {"boolean": "yes-or-no"}
"""Types that are called otherwise when one speaks."""
_WRONG = "?"
"""The type of what was already noted as wrong: it fits anywhere, so that one mistake is not told twice."""


class Piece(NamedTuple):
    """SQL with its type (a type of the vocabulary, or null) and unit (None: a plain number, or none)."""

    sql: str
    type: str
    unit: Unit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One condition on the desk: its text, the words it may read, and what was noticed so far."""

    text: str
    words: dict[str, Word]
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def note(self, node: exp.Expr, message: str) -> None:
        offset, length = place(node)
        self.problems.append(problem(self.text, offset, message, length))

    def warn(self, node: exp.Expr, message: str) -> None:
        offset, length = place(node)
        self.warnings.append(problem(self.text, offset, message, length))


class _Refused(Exception):
    """Carries the node and the sentence up to the next `truth`, which notes them and goes on."""

    def __init__(self, node: exp.Expr, message: str) -> None:
        super().__init__(message)
        self.node = node


def truth(node: exp.Expr, desk: Desk) -> str:
    """The SQL of a part that is true, false or NULL; what is wrong with it is noted."""
    try:
        piece = render(node, desk)
        if piece.type not in ("boolean", _WRONG):
            raise _Refused(node, f"this is a {piece.type}, not a condition; compare it with something")
    except _Refused as refused:
        desk.note(refused.node, str(refused))
        return "NULL"
    return piece.sql


def render(node: exp.Expr, desk: Desk) -> Piece:
    """The SQL of any part of a condition."""
    allowed = _ALLOWED.get(type(node))
    if allowed is None:
        raise _Refused(node, _not_allowed(node, desk))
    handler, arguments = allowed
    if node.error_messages():
        raise _Refused(node, "something is missing here")
    if any(value and name not in arguments for name, value in node.args.items()):
        raise _Refused(node, f"this cannot be said in a condition; {LANGUAGE}")
    return handler(node, desk)


def alike(nodes: Sequence[exp.Expr], desk: Desk) -> list[Piece]:
    """Operands of one comparison: of one type, texts beside a date read as dates, units that differ warned about."""
    pieces = [_guarded(node, desk) for node in nodes]
    if any(piece.type == "date" for piece in pieces):
        pieces = [_as_date(node, piece) for node, piece in zip(nodes, pieces)]
    return _same_type(nodes, pieces, desk)


def _not_allowed(node: exp.Expr, desk: Desk) -> str:
    if not isinstance(node, exp.Anonymous):
        return f"this cannot be said in a condition; {LANGUAGE}"
    known = [function.name for function in FUNCTIONS]
    instead = INSTEAD.get(node.name.lower())
    hint = f"; {instead}" if instead else suggestion(node.name, known) or f"; there are {', '.join(known)}"
    return f"unknown function `{node.name}`{hint}"


def _word(node: exp.Expr, desk: Desk) -> Piece:
    word = desk.words.get(node.name)
    if word is None:
        desk.note(node, f"unknown word `{node.name}`" + suggestion(node.name, desk.words) + _meant(node, desk))
        return Piece("NULL", _WRONG)
    return Piece(f'"{word.name}"', "number" if word.type == "integer" else word.type, word.unit or None)


def _meant(node: exp.Expr, desk: Desk) -> str:
    """What somebody probably wanted who wrote a name that is no word."""
    if node.name.lower() in INSTEAD:
        return f"; {INSTEAD[node.name.lower()]}"
    beside = node.parent.iter_expressions() if isinstance(node.parent, (exp.EQ, exp.NEQ, exp.In)) else ()
    texts = [part for part in beside if part.name in desk.words and desk.words[part.name].type == "text"]
    return f"; a text is written in quotes: '{node.name}'" if texts else ""


def _literal(node: exp.Expr, desk: Desk) -> Piece:
    if node.args.get("is_string"):
        return Piece("'" + node.name.replace("'", "''") + "'", "text")
    number = float(node.name)
    if not abs(number) <= LARGEST:
        raise _Refused(node, "a number this large is a slip")
    return Piece(_double(number), "number")


def _double(number: float) -> str:
    """A number that DuckDB reads as a DOUBLE at once; without an exponent it would be a DECIMAL that has to be cast."""
    digits = repr(number)
    return digits if "e" in digits else f"{digits}e0"


def _boolean(node: exp.Expr, desk: Desk) -> Piece:
    return Piece("true" if node.this else "false", "boolean")


def _null(node: exp.Expr, desk: Desk) -> Piece:
    if not isinstance(node.parent, (exp.If, exp.Case)):
        raise _Refused(node.parent or node, "comparing with null is never true; use `is null` or `is not null`")
    return Piece("NULL", "null")


def _parentheses(node: exp.Expr, desk: Desk) -> Piece:
    inner = render(node.this, desk)
    return inner._replace(sql=f"({inner.sql})")


def _logic(node: exp.Expr, desk: Desk) -> Piece:
    left, right = (truth(part, desk) for part in (node.this, node.expression))
    return Piece(f"({left} {node.key.upper()} {right})", "boolean")


def _not(node: exp.Expr, desk: Desk) -> Piece:
    return Piece(f"(NOT {truth(node.this, desk)})", "boolean")


def _negative(node: exp.Expr, desk: Desk) -> Piece:
    piece = _number(node.this, desk)
    return piece._replace(sql=f"(- {piece.sql})")


def _arithmetic(node: exp.Expr, desk: Desk) -> Piece:
    left, right = (_number(part, desk) for part in (node.this, node.expression))
    divisor = right.sql
    if isinstance(node, exp.Div):
        if node.expression.find(exp.Div):
            raise _Refused(node.expression, "a division inside a divisor is refused; write a * c / b for a / (b / c)")
        divisor = right.sql if _is_not_zero(node.expression) else f"nullif({right.sql}, {_double(0.0)})"
        unit = units.quotient(left.unit, right.unit)
    elif isinstance(node, exp.Mul):
        unit = units.product(left.unit, right.unit)
    else:
        unit = _one_unit(node, [left, right], desk)
    return Piece(f"({left.sql} {_ARITHMETIC[type(node)]} {divisor})", "number", unit)


def _is_not_zero(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and float(node.name) != 0


def _comparison(node: exp.Expr, desk: Desk) -> Piece:
    if isinstance(node.this, tuple(COMPARISON)):
        raise _Refused(node, "two comparisons in a row; write `5 < amount and amount < 10`")
    left, right = alike([node.this, node.expression], desk)
    op = COMPARISON[type(node)]
    if op not in ("=", "<>"):
        _check_order(node, left)
    return Piece(f"({left.sql} {op} {right.sql})", "boolean")


def _between(node: exp.Expr, desk: Desk) -> Piece:
    value, low, high = alike([node.this, node.args["low"], node.args["high"]], desk)
    _check_order(node, value)
    return Piece(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", "boolean")


def _check_order(node: exp.Expr, piece: Piece) -> None:
    if piece.type in ("text", "boolean"):
        raise _Refused(node, f"{_SAID.get(piece.type, piece.type)} has no order; only = and <> make sense here")


def _in(node: exp.Expr, desk: Desk) -> Piece:
    value, *options = alike([node.this, *node.expressions], desk)
    return Piece(f"({value.sql} IN ({', '.join(option.sql for option in options)}))", "boolean")


def _is_null(node: exp.Expr, desk: Desk) -> Piece:
    if not isinstance(node.expression, exp.Null):
        raise _Refused(node, "only `is null` and `is not null`; a yes-or-no word stands alone: `is_early`")
    return Piece(f"({_guarded(node.this, desk).sql} IS NULL)", "boolean")


def _case(node: exp.Expr, desk: Desk) -> Piece:
    # A case in a case would double the SQL at each level, because each comparison guards its operands.
    if node.find_ancestor(exp.Case):
        raise _Refused(node, "a case inside a case is refused; list the branches one after another")
    branches = node.args["ifs"]
    default = node.args.get("default")
    results = [branch.args["true"] for branch in branches] + ([default] if default else [])
    pieces = _same_type(results, [render(result, desk) for result in results], desk)
    arms = [f"WHEN {truth(arm.this, desk)} THEN {piece.sql}" for arm, piece in zip(branches, pieces)]
    otherwise = f" ELSE {pieces[-1].sql}" if default else ""
    unit = units.common(piece.unit for piece in pieces)
    return Piece(f"CASE {' '.join(arms)}{otherwise} END", _first_type(pieces), unit)


def _function(node: exp.Expr, desk: Desk) -> Piece:
    parts = [node.this, *node.expressions]
    pieces = _same_type(parts, [render(part, desk) for part in parts], desk)
    kind = _first_type(pieces)
    if kind not in ("number", _WRONG) and not isinstance(node, exp.Coalesce):
        raise _Refused(node, f"{node.key} works on numbers, this is a {kind}")
    return Piece(f"{node.key}({', '.join(piece.sql for piece in pieces)})", kind, units.common(p.unit for p in pieces))


def _number(node: exp.Expr, desk: Desk) -> Piece:
    piece = render(node, desk)
    if piece.type not in ("number", _WRONG):
        hint = f"; {DAYS}" if piece.type == "date" else ""
        raise _Refused(node, f"a number is needed here, this is a {_SAID.get(piece.type, piece.type)}{hint}")
    return piece


def _guarded(node: exp.Expr, desk: Desk) -> Piece:
    """An operand of a comparison: what has overflowed becomes NULL, since NaN counts as the largest number."""
    piece = render(node, desk)
    if piece.type != "number" or not node.find(*_ARITHMETIC):
        return piece
    return piece._replace(sql=f"(CASE WHEN isfinite({piece.sql}) THEN {piece.sql} END)")


def _as_date(node: exp.Expr, piece: Piece) -> Piece:
    if not isinstance(node, exp.Literal) or piece.type != "text":
        return piece
    try:
        day = date.fromisoformat(node.name)
    except ValueError:
        raise _Refused(node, f"'{node.name}' is not a date; write it as '2027-03-31'") from None
    if not EARLIEST <= day <= LATEST:
        raise _Refused(node, f"a date before {EARLIEST} or after {LATEST} is a slip")
    return Piece(f"DATE '{day.isoformat()}'", "date")


def _same_type(nodes: Sequence[exp.Expr], pieces: list[Piece], desk: Desk) -> list[Piece]:
    kind = _first_type(pieces)
    for node, piece in zip(nodes, pieces):
        if piece.type not in ("null", _WRONG, kind):
            raise _Refused(node, _apart(kind, piece.type))
    if nodes:
        _one_unit(nodes[0].parent or nodes[0], pieces, desk)
    # one that was computed with, as in `stage_share * 100 > 40`, may be anything
    if any(piece.unit == "share" and not node.find(*_ARITHMETIC) for node, piece in zip(nodes, pieces)):
        _check_shares(nodes, desk)
    return pieces


def _check_shares(nodes: Sequence[exp.Expr], desk: Desk) -> None:
    for node in nodes:
        bare = node.unnest()
        sign, bare = (-1, bare.this) if isinstance(bare, exp.Neg) else (1, bare)
        odd = units.odd_share(sign * float(bare.name)) if isinstance(bare, exp.Literal) and bare.is_number else None
        if odd:
            desk.warn(node, odd)


def _apart(one: str, other: str) -> str:
    first, second = (_SAID.get(kind, kind) for kind in (one, other))
    alone = "; a yes-or-no word stands alone: `is_early`, `not is_early`" if "boolean" in (one, other) else ""
    return f"a {first} and a {second} cannot be put together{alone}"


def _first_type(pieces: Sequence[Piece]) -> str:
    """The type these have in common; that of what is wrong only where nothing else says it."""
    kinds = [piece.type for piece in pieces]
    return next((kind for kind in kinds if kind not in ("null", _WRONG)), _WRONG if _WRONG in kinds else "null")


def _one_unit(node: exp.Expr, pieces: Sequence[Piece], desk: Desk) -> Unit | None:
    pair = units.odd_pair(piece.unit for piece in pieces)
    if pair:
        first, second = (units.SAID[unit] for unit in pair)
        desk.warn(node, f"{first} and {second} are put together; is that meant?")
    return units.common(piece.unit for piece in pieces)


_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
COMPARISON: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}

_Handler = Callable[[exp.Expr, Desk], Piece]
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
    **dict.fromkeys((function.node for function in FUNCTIONS), (_function, _LIST | {"ignore_nulls"})),
    **dict.fromkeys(_ARITHMETIC, (_arithmetic, _BOTH_SIDES)),
    **dict.fromkeys(COMPARISON, (_comparison, _BOTH_SIDES)),
}
