"""The functions a condition may call: what they take, what they give, and how they treat the unknown."""

from dataclasses import dataclass

from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Function:
    """`takes` and `gives` are said in types of the vocabulary; `meaning` says what becomes of NULL."""

    name: str
    node: type[exp.Expr]
    takes: str
    gives: str
    meaning: str


FUNCTIONS: tuple[Function, ...] = (
    Function("abs", exp.Abs, "a number", "number", "The number without its sign; NULL for NULL."),
    Function("least", exp.Least, "numbers of one unit", "number", "The smallest that is known, or NULL."),
    Function("greatest", exp.Greatest, "numbers of one unit", "number", "The largest that is known, or NULL."),
    Function("coalesce", exp.Coalesce, "values of one type", "that type", "The first that is known, or NULL."),
)
