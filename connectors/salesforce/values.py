"""How Salesforce writes instants, days and literals, and what an org calls the things that orgs call differently."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What an org calls the things that orgs call differently."""

    key_field: str | None = "Coaching_Key__c"
    segment_field: str = "Industry"
    me: str | None = None


def instant(value: Any) -> datetime:
    """Salesforce writes `2013-05-07T22:07:19.000+0000`, without a colon in the offset; always UTC."""
    return datetime.fromisoformat(str(value)).astimezone(UTC)


def long_id(text: str) -> str | None:
    """The 18 characters of an id given with 15 or 18; None for what is no id.

    The last three say which of the others are capitals, five characters to a digit of base 32.
    """
    stem = text[:15]
    if not re.fullmatch("[0-9A-Za-z]{15}", stem):
        return None
    capitals = (sum(c.isupper() << n for n, c in enumerate(stem[start : start + 5])) for start in (0, 5, 10))
    whole = stem + "".join(DIGITS[digit] for digit in capitals)
    return whole if text in (stem, whole) else None


def literal(value: str) -> str:
    """A SOQL string literal; only the documented escapes exist, any other backslash is an error."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r") + "'"


def moment(value: datetime) -> str:
    """A SOQL datetime literal, always Z so that no plus sign needs encoding in an address."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def same_text(left: Any, right: Any) -> bool:
    """Equal up to what Salesforce itself changes: line ends and space at the edges."""
    return _plain(left) == _plain(right)


def _plain(value: Any) -> str:
    return str("" if value is None else value).replace("\r\n", "\n").strip()
