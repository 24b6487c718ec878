"""Values become words a person reads: sentences with their braces filled in, and evidence as one line each."""

import math
import re
from collections.abc import Mapping
from decimal import Decimal

from coaching_rules.model import Evidence, Value
from coaching_rules.vocabulary import WORDS, Unit

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
UNKNOWN = "unknown"

_SPOKEN = re.compile(f"{PLACEHOLDER.pattern}( days)?")
_UNITS: dict[str, Unit] = {name: word.unit for words in WORDS.values() for name, word in words.items()}
_OPS = {
    ">=": "at least",
    ">": "more than",
    "<=": "at most",
    "<": "less than",
    "=": "exactly",
    "<>": "anything but",
    "in": "one of",
    "not in": "none of",
}


def render(text: str, values: Mapping[str, Value]) -> str:
    """`text` with each `{word}` replaced by its value, in one pass: braces inside a value stay as they are.

    A number says what it rests on, learnt or turned from another currency: "13 days (default 14; your 9 won deals
    suggest 11)", "4,000 (JPY 640,000 at the rate of 2026-02-01)".
    """
    return _SPOKEN.sub(lambda match: _said(match[1], match[2] or "", values), text)


def human(word: str, value: object) -> str:
    """A value of `word` as a person would say it: 14, 60,000, 25%, yes; "unknown" for NULL."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float, Decimal)):
        return _number(value, _UNITS.get(word, ""))
    return " ".join(str(value).split())


def basis(word: str, values: Mapping[str, Value]) -> str:
    """What a number rests on; nothing for most words."""
    return str(values.get(f"{word}_basis") or "")


def evidence_line(evidence: Evidence) -> str:
    """One comparison that held, with its threshold and where that came from."""
    said = f"{evidence.word.replace('_', ' ')}: {human(evidence.word, evidence.value)}"
    if evidence.op not in _OPS:
        return said
    threshold = human(evidence.word, evidence.threshold)
    return f"{said} ({_OPS[evidence.op]} {threshold}; {evidence.threshold_source})"


def _said(word: str, unit: str, values: Mapping[str, Value]) -> str:
    said, rests_on = human(word, values.get(word)) + unit, basis(word, values)
    return f"{said} ({rests_on})" if rests_on else said


def _number(value: int | float | Decimal, unit: Unit) -> str:
    try:
        number = float(value)
    except OverflowError:
        return str(value)
    if not math.isfinite(number):
        return UNKNOWN
    if unit == "share":
        return f"{number * 100:.0f}%"
    rounded = round(number, 1 if unit != "money" and abs(number) < 10 else 0)
    return f"{rounded:,.0f}" if rounded == int(rounded) else f"{rounded:,.1f}"
