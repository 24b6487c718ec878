"""A condition of ours in the words of other rule engines: when does it hold? Unknown is not true, as with us.

Others stop at a comparison with nothing, or take nothing for a value; so every comparison asks first whether both sides
are there. What holds, and what surely does not, are two questions, since neither does where something is unknown.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from coaching_rules.conditions.check import COMPARISON
from coaching_rules.conditions.syntax import tree_of

OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
SPELT = {"=": "==", "<>": "!="}
ARITHMETIC = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How an engine spells what they all have."""

    both: str = "&&"
    either: str = "||"
    unknown: str = "{} == null"
    known: str = "{} != null"

    def condition(self, text: str) -> str:
        """The condition, true where ours is true and false elsewhere."""
        return self.truth(tree_of(text), True)

    def truth(self, node: exp.Expr, wanted: bool) -> str:
        """Whether the node is true (or false, as `wanted`) for sure."""
        if isinstance(node, exp.Paren):
            return self.truth(node.this, wanted)
        if isinstance(node, exp.Not):
            return self.truth(node.this, not wanted)
        if isinstance(node, (exp.And, exp.Or)):
            word = self.both if isinstance(node, exp.And) is wanted else self.either
            return f"({self.truth(node.this, wanted)} {word} {self.truth(node.expression, wanted)})"
        if isinstance(node, exp.Between):
            low = exp.GTE(this=node.this, expression=node.args["low"])
            return self.truth(
                exp.And(this=low, expression=exp.LTE(this=node.this, expression=node.args["high"])), wanted
            )
        if isinstance(node, exp.In):
            one, *more = (exp.EQ(this=node.this, expression=option) for option in node.expressions)
            return self.truth(exp.or_(one, *more), wanted)
        if isinstance(node, exp.Is):
            return f"({(self.unknown if wanted else self.known).format(self.value(node.this))})"
        if isinstance(node, exp.Case):
            return self._cases(node, lambda result: self.truth(result, wanted), "false")
        if isinstance(node, exp.Null):
            return "false"
        if type(node) in COMPARISON:
            return self._comparison(node, wanted)
        return f"({self.value(node)} == {str(wanted).lower()})"

    def value(self, node: exp.Expr) -> str:
        """What the node is worth, or null."""
        if isinstance(node, exp.Paren):
            return self.value(node.this)
        if isinstance(node, exp.Null):
            return "null"
        if isinstance(node, exp.Boolean):
            return "true" if node.this else "false"
        if isinstance(node, exp.Literal):
            return f'"{node.name}"' if node.is_string else repr(float(node.name))
        if isinstance(node, exp.Case):
            return self._cases(node, self.value, "null")
        if isinstance(node, exp.Coalesce):
            return self._first([self.value(part) for part in (node.this, *node.expressions)])
        if isinstance(node, exp.Greatest):
            left, right = (self.value(part) for part in (node.this, *node.expressions))
            return f"({left} > {right} ? {left} : {right})"
        if type(node) in ARITHMETIC:
            return f"({self.value(node.this)} {ARITHMETIC[type(node)]} {self.value(node.expression)})"
        if isinstance(node, exp.Neg):
            return f"(-{self.value(node.this)})"
        assert isinstance(node, exp.Column), f"{node.key} has no translation"
        return str(node.name)

    def _comparison(self, node: exp.Expr, wanted: bool) -> str:
        op = COMPARISON[type(node)] if wanted else OPPOSITE[COMPARISON[type(node)]]
        sides = node.this, node.expression
        known = [self.known.format(self.value(part)) for side in sides for part in _unknown(side)]
        left, right = map(self.value, sides)
        return "(" + f" {self.both} ".join([*dict.fromkeys(known), f"{left} {SPELT.get(op, op)} {right}"]) + ")"

    def _cases(self, node: exp.Expr, said: Callable[[exp.Expr], str], otherwise: str) -> str:
        default = node.args.get("default")
        text = said(default) if default else otherwise
        for branch in reversed(node.args["ifs"]):
            text = f"({self.truth(branch.this, True)} ? {said(branch.args['true'])} : {text})"
        return text

    def _first(self, values: list[str]) -> str:
        *some, last = values
        for value in reversed(some):
            last = f"({self.known.format(value)} ? {value} : {last})"
        return last


def _unknown(node: exp.Expr) -> list[exp.Expr]:
    """The parts of a side of a comparison that may be unknown."""
    if isinstance(node, (exp.Paren, exp.Neg)):
        return _unknown(node.this)
    if isinstance(node, exp.Coalesce):
        return [] if isinstance(node.expressions[-1], exp.Literal) else [node]
    if isinstance(node, (exp.Column, exp.Case)):
        return [node]
    if type(node) in ARITHMETIC:
        return _unknown(node.this) + _unknown(node.expression)
    return []


WORDS, SIGNS = Dialect(both="and", either="or"), Dialect()
TYPES = Dialect(unknown="type({}) == null_type", known="type({}) != null_type")
"""For who cannot compare a number with null."""
