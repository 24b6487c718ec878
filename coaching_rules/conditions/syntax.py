"""From a stranger's text to a syntax tree, within limits; and from a node back to its place in the text."""

from collections.abc import Iterator
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.duckdb import DuckDBParser

from coaching_rules.conditions.functions import FUNCTIONS
from coaching_rules.conditions.slips import LANGUAGE
from coaching_rules.conditions.spelling import names, slip
from coaching_rules.errors import ConditionErrors, Problem

LONGEST = 2_000
DEEPEST = 60
"""Limits of a condition: its characters, and how deep its syntax tree is nested."""


class _Parser(DuckDBParser):
    """Knows no function but ours: what else is called stays a name, also where SQL has a grammar of its own for it."""

    FUNCTIONS: ClassVar = {f.name.upper(): DuckDBParser.FUNCTIONS[f.name.upper()] for f in FUNCTIONS}
    FUNCTION_PARSERS: ClassVar = {}
    NO_PAREN_FUNCTIONS: ClassVar = {}
    NO_PAREN_FUNCTION_PARSERS: ClassVar = {"CASE": DuckDBParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}


class _Language(DuckDB):
    Parser = _Parser


_TOO_DEEP = "nested too deeply to be read by anyone; split it into two rules"


def tree_of(text: str) -> exp.Expr:
    """The syntax tree of one expression. Raises ConditionErrors when the text is too much, or not one expression."""
    _check_characters(text)
    found = slip(text)
    if found:
        raise ConditionErrors([problem(text, found.start, found.message, found.end - found.start)])
    tree = _parsed(text)
    if any(level > DEEPEST for level in _levels(tree)):
        raise ConditionErrors([problem(text, 0, _TOO_DEEP)])
    _check_names(text, tree)
    return tree


def problem(text: str, offset: int, message: str, length: int = 1) -> Problem:
    """What is wrong with the `length` characters of `text` at `offset`."""
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return Problem(message=message, offset=offset, line=line, column=column, length=max(length, 1))


def place(node: exp.Expr) -> tuple[int, int]:
    """Where a node stands, and its length: of a function its name; else from names and literals, which know theirs."""
    known = [part.meta for part in ([node] if "start" in node.meta else node.walk()) if "start" in part.meta]
    start = min((int(meta["start"]) for meta in known), default=0)
    return start, max((int(meta["end"]) + 1 for meta in known), default=start + 1) - start


def _check_characters(text: str) -> None:
    if len(text) > LONGEST:
        raise ConditionErrors([problem(text, 0, f"longer than {LONGEST} characters; split it into two rules")])
    for offset, character in enumerate(text):
        # An invisible character can make a condition read differently from what it says.
        if not (character.isprintable() or character in "\n\t"):
            raise ConditionErrors([problem(text, offset, f"invisible character U+{ord(character):04X}; remove it")])


def _check_names(text: str, tree: exp.Expr) -> None:
    """Nothing that was written is passed over: the parser leaves out a stray `as`, which it takes for a half alias."""
    read = {place(column)[0] for column in tree.find_all(exp.Column)}
    lost = [name for name in names(text) if name.start not in read]
    if lost:
        said = "`{}` is no word of ours; a text is written in quotes: '{}'"
        raise ConditionErrors([problem(text, n.start, said.format(n.text, n.text), len(n.text)) for n in lost])


def _parsed(text: str) -> exp.Expr:
    try:
        return sqlglot.parse_one(text, dialect=_Language, into=exp.Condition)
    except (ParseError, TokenError) as error:
        raise ConditionErrors([_syntax_problem(text, error)]) from None
    except RecursionError:
        raise ConditionErrors([problem(text, 0, _TOO_DEEP)]) from None


def _syntax_problem(text: str, error: ParseError | TokenError) -> Problem:
    first = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    near = str(first.get("highlight") or "")
    lines = text.splitlines(keepends=True) or [""]
    before = sum(len(line) for line in lines[: int(first.get("line") or 1) - 1])
    offset = before + int(first.get("col") or 0) - len(near)  # the parser's column is that of the token's end
    said = f"cannot be read near `{near}`; {LANGUAGE}" if near else f"cannot be read; {LANGUAGE}"
    return problem(text, min(max(offset, 0), len(text)), said, len(near))


def _levels(tree: exp.Expr) -> Iterator[int]:
    waiting = [(tree, 1)]
    while waiting:
        node, level = waiting.pop()
        yield level
        waiting.extend((child, level + 1) for child in node.iter_expressions())
