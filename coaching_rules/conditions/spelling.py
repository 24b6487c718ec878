"""Before the parser: of which pieces a condition is made, and which may follow which.

The parser knows all of SQL and says what is wrong in its language; most who write a rule do not speak it. So slips are
found here, and the parser sees only what a condition may be made of.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from coaching_rules.conditions.slips import Piece, out_of_place, stray, unbalanced

_PIECE = re.compile(
    r"""
    (?P<stray>--|/\*|&&|\|\||=>|=<|"[^"]*"?|\{\w*\}?|\d{4}-\d{2}-\d{2})
  | (?P<text>'(?:[^']|'')*')
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>[^\W\d]\w*)
  | (?P<compare><=|>=|<>|!=|==|[=<>*/])
  | (?P<sign>[-+])
  | (?P<open>\()
  | (?P<close>\))
  | (?P<comma>,)
  | \s+
  | (?P<odd>.)
    """,
    re.VERBOSE,
)
_KEYWORDS = {
    **dict.fromkeys(("and", "or"), "compare"),
    **dict.fromkeys(("true", "false", "null"), "text"),
    **{name: name for name in ("not", "is", "in", "between", "case", "when", "then", "else", "end")},
}
_ENDS = frozenset({"text", "number", "name", "close", "end"})
_BEGINS = frozenset({"text", "number", "name", "call", "open", "sign", "not", "case"})
"""What an operand ends with, and what one begins with."""
_GOES_ON = frozenset({"compare", "sign", "is", "in", "between", "nor", "close", "comma", "when", "then", "else", "end"})
"""What may come after an operand; `nor` is the `not` of `not in` and `not between`."""
_FOLLOWS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("start", "open", "comma", "compare", "sign", "not", "is", "between"), _BEGINS),
    **dict.fromkeys(("when", "then", "else"), _BEGINS),
    **dict.fromkeys(_ENDS, _GOES_ON | {"finish"}),
    "call": frozenset({"open"}),
    "in": frozenset({"open"}),
    "nor": frozenset({"in", "between"}),
    "case": frozenset({"when"}),
}
_INSIDE = {"close": "open", "comma": "open", "when": "case", "then": "case", "else": "case", "end": "case"}
"""What has a meaning only inside something that was opened."""


class Slip(NamedTuple):
    """Something that cannot be read, from `start` up to `end` in the text, and what to write instead."""

    start: int
    end: int
    message: str


def slip(text: str) -> Slip | None:
    """The first thing in `text` that no condition is made of, or that stands where it means nothing."""
    pieces = [Piece("start", "", 0), *_pieces(text), Piece("finish", "", len(text))]
    for before, piece in pairwise(pieces):
        if piece.kind in ("stray", "odd"):
            return Slip(piece.start, piece.end, stray(before, piece))
        if piece.kind not in _FOLLOWS[before.kind]:
            # a number is looked at with what sticks to it, and an end with what it breaks off
            first = before if before.kind == "number" or piece.kind == "finish" else piece
            return Slip(first.start, piece.end, out_of_place(before, piece))
    return _unbalanced(pieces)


def names(text: str) -> list[Piece]:
    """What stands in `text` as a word: no keyword, no function."""
    return [piece for piece in _pieces(text) if piece.kind == "name"]


def _pieces(text: str) -> Iterator[Piece]:
    before = "start"
    for found in _PIECE.finditer(text):
        kind = found.lastgroup
        if kind == "name":
            kind = _named(found, before)
        if kind:
            yield Piece(kind, found[0], found.start())
            before = kind


def _named(found: re.Match[str], before: str) -> str:
    kind = _KEYWORDS.get(found[0].lower())
    if kind == "not" and before in _ENDS:
        return "nor"
    return kind or ("call" if found.string[found.end() :].lstrip().startswith("(") else "name")


def _unbalanced(pieces: Sequence[Piece]) -> Slip | None:
    waiting: list[Piece] = []
    for at, piece in enumerate(pieces):
        inside = _INSIDE.get(piece.kind)
        if inside and not (waiting and waiting[-1].kind == inside):
            return Slip(piece.start, piece.end, unbalanced(*pieces[at - 1 : at + 2]))
        if piece.kind in ("open", "case"):
            waiting.append(piece)
        elif piece.kind in ("close", "end"):
            waiting.pop()
    return Slip(waiting[-1].start, waiting[-1].end, "this is opened and not closed") if waiting else None
