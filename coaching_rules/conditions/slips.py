"""What to write instead: the slips that people make in a condition, each with a sentence of ours."""

import unicodedata
from typing import NamedTuple

from coaching_rules.conditions.functions import FUNCTIONS

LANGUAGE = (
    "use words, numbers, 'text', comparisons, and/or/not, between 10 and 50, in (…), is null, + - * /, "
    "case when … then … else … end, " + ", ".join(function.name for function in FUNCTIONS)
)
_COMMENT = (
    "a condition holds no comment, since it could hide what comes after it; "
    "put it above `when`, on a line of the file that begins with #"
)
_STRAY = {
    **dict.fromkeys(("--", "/*"), _COMMENT),
    **{
        sign: f"write `{said}`" for sign, said in (("&&", "and"), ("||", "or"), ("&", "and"), ("|", "or"), ("!", "not"))
    },
    **{sign: f"write `{said}`" for sign, said in (("=>", ">="), ("=<", "<="), ("≥", ">="), ("≤", "<="), ("≠", "<>"))},
    **dict.fromkeys("“”„‘’`´", "write the straight quote '"),
    "'": "a quote is opened here and not closed; a ' inside a text is written ''",
    "%": "a share is written 0.3 for 30 %",
}
_CASE = "case when is_early then 14 else 7 end"
_TEXTS = "texts are compared whole, with `=` or `in ('a', 'b')`"
DAYS = "days are counted already, as in `days_to_close`"
INSTEAD = {
    **dict.fromkeys(("like", "ilike", "contains", "similar", "glob", "starts", "matches"), _TEXTS),
    **dict.fromkeys(("if", "iif"), f"there is no `if`; write `{_CASE}`"),
    "isnull": "write `is null`",
    "notnull": "write `is not null`",
    "max": "the largest of several is `greatest`",
    "min": "the smallest of several is `least`",
    **dict.fromkeys(("ifnull", "nvl"), "the first that is known is `coalesce`"),
    **dict.fromkeys(("date", "timestamp"), "a day is written in quotes alone: '2027-03-31'"),
    **dict.fromkeys(("today", "now", "current_date", "datediff"), DAYS),
}
"""What people call by names that there are not."""
_THOUSANDS = {"k": 3, "tsd": 3, "m": 6, "mio": 6, "mn": 6, "million": 6}


class Piece(NamedTuple):
    """A piece of a condition, where it starts, and its kind: what it may stand beside depends on that."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


def stray(before: Piece, piece: Piece) -> str:
    """What to say of a sign that no condition is made of."""
    if piece.text.startswith('"'):
        inner = piece.text.strip('"').replace("'", "''")
        return f"text goes in single quotes: '{inner}'; a word needs none"
    if piece.text.startswith("{"):
        return f"a word stands without braces here: {piece.text.strip('{}') or 'amount'}"
    if piece.text[0].isdigit():
        return f"a day is written in quotes: '{piece.text}'"
    if piece.text == "%" and before.kind == "number":
        return f"a share is written {float(before.text) / 100:g} for {before.text} %"
    if unicodedata.category(piece.text[0]) == "Sc":
        return "an amount is written without its currency"
    return _STRAY.get(piece.text, f"`{piece.text}` means nothing in a condition; {LANGUAGE}")


def out_of_place(before: Piece, piece: Piece) -> str:
    """What to say of a piece that does not go with the one before it."""
    if before.kind == "in":
        listed = piece.text if piece.kind in ("text", "number") else "'a', 'b'"
        return f"after `in` comes a list in brackets: in ({listed})"
    if before.kind == "case":
        return f"after `case` comes `when`: {_CASE}"
    if before.kind == "nor":
        return "after `not` comes `in` or `between` here; that something is known is `is not null`"
    for name in (before.text.lower(), piece.text.lower()):
        if name in INSTEAD:
            return INSTEAD[name]
    if before.kind == "number" and piece.kind in ("name", "number", "call"):
        return _number(before, piece)
    if before.kind == "text" and piece.kind == "name" and before.end == piece.start:
        return f"a ' inside a text is written '': {before.text[:-1]}''{piece.text}…"
    return _beside(before, piece)


def unbalanced(before: Piece, piece: Piece, after: Piece) -> str:
    """What to say of a comma, a bracket or a part of `case` that has nothing around it."""
    if piece.kind == "comma" and before.kind == after.kind == "number":
        return f"a number has no comma; write {before.text}{after.text}, or {before.text}.{after.text} with a point"
    if piece.kind == "comma":
        return "`,` stands only in the brackets of `in` and of a function"
    if piece.kind == "close":
        return "this bracket closes nothing"
    return f"`{piece.text}` belongs to {_CASE}"


def _number(before: Piece, piece: Piece) -> str:
    zeros = _THOUSANDS.get(piece.text.lower())
    if zeros:
        return f"write the number out: {float(before.text) * 10**zeros:.0f}"
    if piece.kind == "name" and before.end < piece.start:
        return f"a number has no unit here; write {before.text} alone, or `and` after it"
    joined = f"{before.text}{piece.text}".replace("_", "")
    if joined.isdecimal():
        return f"write a number in one piece: {joined}"
    return "this is no number; digits, and a point for fractions, and a day in quotes: '2027-03-31'"


def _beside(before: Piece, piece: Piece) -> str:
    if before.kind == "start":
        return f"something is missing before `{piece.text}`" if piece.text else "there is no condition here"
    if piece.kind == "finish":
        return f"something is missing after `{before.text}`"
    if piece.kind in ("text", "number", "name", "call", "open", "not", "case") and before.kind not in _AWAITS:
        return (
            f"`{before.text}` and `{piece.text}` stand side by side; "
            "write `and`, `or` or a comparison between them, and quotes around a text"
        )
    return f"something is missing between `{before.text}` and `{piece.text}`"


_AWAITS = frozenset({"open", "comma", "compare", "sign", "not", "is", "between", "when", "then", "else"})
