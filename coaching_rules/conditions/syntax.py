"""From a stranger's text to a syntax tree, within limits; and from a node back to its place in the text."""

from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from coaching_rules.errors import ConditionErrors, Problem

LONGEST = 2_000
DEEPEST = 60
"""Limits of a condition: its characters, and how deep its syntax tree is nested."""

_TOO_DEEP = "nested too deeply to be read by anyone; split it into two rules"


def tree_of(text: str) -> exp.Expr:
    """The syntax tree of one expression. Raises ConditionErrors when the text is too much, or not one expression."""
    _check_characters(text)
    tree = _parsed(text)
    if any(level > DEEPEST for level in _levels(tree)):
        raise ConditionErrors([problem(text, 0, _TOO_DEEP)])
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


def _parsed(text: str) -> exp.Expr:
    try:
        trees = sqlglot.parse(text, read="duckdb")
    except ParseError as error:
        raise ConditionErrors([_syntax_problem(text, error)]) from None
    except TokenError:
        raise ConditionErrors([problem(text, 0, "a quote or a comment is opened and not closed")]) from None
    except RecursionError:
        raise ConditionErrors([problem(text, 0, _TOO_DEEP)]) from None
    if len(trees) != 1 or trees[0] is None:
        raise ConditionErrors([problem(text, 0, "a rule has exactly one condition")])
    return trees[0]


def _syntax_problem(text: str, error: ParseError) -> Problem:
    first = error.errors[0]
    near = str(first.get("highlight") or "")
    lines = text.splitlines(keepends=True) or [""]
    before = sum(len(line) for line in lines[: int(first.get("line") or 1) - 1])
    offset = before + int(first.get("col") or 0) - len(near)  # the parser's column is that of the token's end
    said = f"cannot be read near `{near}`" if near else "cannot be read"
    return problem(text, min(max(offset, 0), len(text)), said, len(near))


def _levels(tree: exp.Expr) -> Iterator[int]:
    waiting = [(tree, 1)]
    while waiting:
        node, level = waiting.pop()
        yield level
        waiting.extend((child, level + 1) for child in node.iter_expressions())
