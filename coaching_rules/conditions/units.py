"""What a number counts: days, money, a share, a count; and what comes of adding, multiplying and dividing them."""

from collections.abc import Iterable

from coaching_rules.vocabulary import Unit

SAID: dict[Unit, str] = {"days": "days", "money": "money", "share": "a share", "count": "a count"}
_WEIGHT: dict[Unit | None, int] = {None: 0, "share": 1, "count": 2}
"""A plain number, a share and a count change the size of a quantity and not what it is; the rest weighs more."""
_QUANTITY = 3

_LARGE_SHARE = 1.5
"""A share above this may be meant, as of an amount that doubled; more often it was written in percent."""


def odd_share(value: float) -> str | None:
    """What to ask about a number that a share is held against; None when it is a share like any other."""
    if abs(value) <= _LARGE_SHARE:
        return None
    return f"a share is written 0.3 for 30 %, so {value:g} is {value * 100:g} %; is that meant?"


def odd_pair(units: Iterable[Unit | None]) -> tuple[Unit, Unit] | None:
    """The first two units that differ; None when all that are known agree. A plain number (None) fits any unit."""
    known = list(dict.fromkeys(unit for unit in units if unit))
    return (known[0], known[1]) if len(known) > 1 else None


def common(units: Iterable[Unit | None]) -> Unit | None:
    """The unit of what is compared, added or chosen among these."""
    return next((unit for unit in units if unit), None)


def product(left: Unit | None, right: Unit | None) -> Unit | None:
    """Three times a number of days is days, a share of a count a count; days times money has no name."""
    lighter, heavier = sorted((left, right), key=_weight)
    return heavier if _weight(lighter) < _QUANTITY else None


def quotient(left: Unit | None, right: Unit | None) -> Unit | None:
    """Money by a count stays money; days by days is a plain number, and so is what has no name."""
    return left if left != right and _weight(right) < _QUANTITY else None


def _weight(unit: Unit | None) -> int:
    return _WEIGHT.get(unit, _QUANTITY)
