"""What Salesforce's ids look like: 15 characters, or 18, of which the last three only repeat the case of the others."""

import re

ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
DEAL_PREFIX = "006"


def is_id(text: str) -> bool:
    """Whether this can be the id of a record."""
    return ID.fullmatch(text) is not None


def is_deal(text: str) -> bool:
    """Whether this can be the id of an opportunity."""
    return text.startswith(DEAL_PREFIX) and is_id(text)


def same(one: str, other: str) -> bool:
    """Whether two ids, long or short, name one thing."""
    return is_id(one) and is_id(other) and one[:15] == other[:15]
