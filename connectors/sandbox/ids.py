"""Record ids that look and sort like Salesforce's, so that clients which check or case-fold them are not fooled."""

from collections.abc import Callable
from itertools import count

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
INSTANCE = "5g0"
"""Stands where a real id names the server it was made on."""

_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_UPPER_BITS = str.maketrans({c: "1" if c.isascii() and c.isupper() else "0" for c in DIGITS})
_PAIRS = [a + b for a in DIGITS for b in DIGITS]
_PAIR = len(_PAIRS)


def make_id(prefix: str, n: int) -> str:
    """The 18-character id of the n-th record (0 up to 62^8) of the object with this 3-character key prefix.

    Ids of one prefix sort, by code point, in the order of `n`.
    """
    rest, last = divmod(n, _PAIR)
    rest, third = divmod(rest, _PAIR)
    first, second = divmod(rest, _PAIR)
    return to18(f"{prefix}{INSTANCE}0{_PAIRS[first]}{_PAIRS[second]}{_PAIRS[third]}{_PAIRS[last]}")


def to18(id15: str) -> str:
    """The 15-character, case-sensitive id with its three checksum characters; an 18-character id is checked anew.

    Each checksum character encodes which of five characters are upper case, lowest bit first (Salesforce's published
    algorithm). Raises ValueError when the length is neither 15 nor 18 or a character is not a letter or digit.
    """
    if len(id15) not in (15, 18) or not (id15.isascii() and id15.isalnum()):
        raise ValueError(f"{id15!r} is no record id: 15 or 18 letters and digits are expected.")
    bits = id15[14::-1].translate(_UPPER_BITS)
    return f"{id15[:15]}{_CHECKSUM[int(bits[10:], 2)]}{_CHECKSUM[int(bits[5:10], 2)]}{_CHECKSUM[int(bits[:5], 2)]}"


def numbered(prefix: str) -> Callable[[], str]:
    """A maker of ids: each call gives the next one of this prefix, from 1."""
    numbers = count(1)
    return lambda: make_id(prefix, next(numbers))
