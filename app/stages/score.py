"""Score: is coaching happening? Plans and their outcomes in, scorecards out."""

from datetime import datetime, timedelta

from app.store import scorecards
from app.store.scorecards import Scorecard
from app.store.session import Store

LATE_WEEKS = 5
"""How long an answer to an old plan may still change its week."""


def score(store: Store, connection_id: int, *, as_of: datetime) -> list[Scorecard]:
    """Count the weeks that answers may have changed since, and keep and return their scorecards."""
    since = (as_of - timedelta(weeks=LATE_WEEKS)).date()
    with store.begin() as transaction:
        cards = scorecards.count(transaction, connection_id, since)
        scorecards.keep(transaction, connection_id, cards, as_of)
    return cards
