"""Which characters of a stranger's text are passed on: what moves the cursor or cannot be encoded never is."""

import unicodedata

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of reading: a text could look like another."""


def unwelcome(text: str) -> str | None:
    """What is wrong with a text that people will read; None when nothing is."""
    found = next((letter for letter in text if letter not in "\n\r\t" and _hidden(letter)), None)
    return f"it holds the character U+{ord(found):04X}, which cannot be shown; remove it" if found else None


def shown(text: str) -> str:
    """A text as a terminal may have it, in one line: each character that cannot be shown is a space."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _hidden(letter: str) -> bool:
    return letter in _TURNING or unicodedata.category(letter) in ("Cc", "Cs")
