"""What of a condition can be shown to a person: the comparisons that held, each with its threshold."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from coaching_rules.conditions.check import COMPARISON, Desk, alike, render

_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MIRRORED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One part of a condition that can be evidence: `word op threshold`, where all of `holds` (SQL) are true.

    That is the comparison itself, and each branch of an `or` that it belongs to. `threshold` is SQL too, and None for
    "unknown"; `threshold_words` are the words it is made from.
    """

    word: str
    op: str
    holds: tuple[str, ...]
    threshold: str | None
    threshold_words: tuple[str, ...] = ()


def clauses(node: exp.Expr, negated: bool, desk: Desk) -> Iterator[Clause]:
    """The comparisons under and/or/not, each turned so that it says what held, also under a `not`."""
    if isinstance(node, (exp.Paren, exp.Not)):
        yield from clauses(node.this, negated ^ isinstance(node, exp.Not), desk)
    elif isinstance(node, (exp.And, exp.Or)):
        either = isinstance(node, exp.Or) ^ negated
        for side in (node.this, node.expression):
            yield from _branch(side, negated, desk) if either else clauses(side, negated, desk)
    elif isinstance(node, exp.Between) and isinstance(node.this, exp.Column):
        yield _against(node.this, "<" if negated else ">=", node.args["low"], desk)
        yield _against(node.this, ">" if negated else "<=", node.args["high"], desk)
    elif type(node) in COMPARISON and isinstance(node.this, exp.Column):
        op = COMPARISON[type(node)]
        yield _against(node.this, _OPPOSITE[op] if negated else op, node.expression, desk)
    elif type(node) in COMPARISON and isinstance(node.expression, exp.Column):
        op = _MIRRORED[COMPARISON[type(node)]]
        yield _against(node.expression, _OPPOSITE[op] if negated else op, node.this, desk)
    else:
        yield from _plain(node, negated, desk)


def _branch(node: exp.Expr, negated: bool, desk: Desk) -> Iterator[Clause]:
    """What lies under one side of an `or`: a comparison there is no evidence where the rest of its side is not true."""
    side = _said(node, negated, desk)
    for clause in clauses(node, negated, desk):
        yield replace(clause, holds=(*clause.holds, side))


def _said(node: exp.Expr, negated: bool, desk: Desk) -> str:
    sql = render(node, desk).sql
    return f"(NOT {sql})" if negated else sql


def _plain(node: exp.Expr, negated: bool, desk: Desk) -> Iterator[Clause]:
    """What has no threshold to compute: a flag, a list, `is null`, or a sum of several words."""
    holds = (_said(node, negated, desk),)
    if isinstance(node, exp.Column):
        yield Clause(word=node.name, op="is", holds=holds, threshold="false" if negated else "true")
    elif isinstance(node, exp.Is) and isinstance(node.this, exp.Column):
        if not negated:  # that something is known is no evidence
            yield Clause(word=node.this.name, op="is", holds=holds, threshold=None)
    elif isinstance(node, exp.In) and isinstance(node.this, exp.Column):
        listed = ", ".join(map(_option, node.expressions)).replace("'", "''")
        yield Clause(word=node.this.name, op="not in" if negated else "in", holds=holds, threshold=f"'{listed}'")
    else:
        for name in dict.fromkeys(column.name for column in node.find_all(exp.Column)):
            yield Clause(word=name, op="", holds=holds, threshold=None)


def _option(node: exp.Expr) -> str:
    """A text without its quotes; a number with its sign."""
    return node.name if isinstance(node, exp.Literal) else node.sql()


def _against(column: exp.Expr, op: str, threshold: exp.Expr, desk: Desk) -> Clause:
    left, right = alike([column, threshold], desk)
    # A word that only chooses between numbers of a case is not where the number came from.
    choosing = {id(part) for arm in threshold.find_all(exp.If) for part in arm.this.find_all(exp.Column)}
    names = [part.name for part in threshold.find_all(exp.Column) if id(part) not in choosing]
    return Clause(
        word=column.name,
        op=op,
        holds=(f"({left.sql} {op} {right.sql})",),
        threshold=right.sql,
        threshold_words=tuple(dict.fromkeys(names)),
    )
