"""What leaders see: sums over at least five people, or nothing."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import httpx

from app.store import scorecards
from app.store.scorecards import Scorecard
from app.store.session import Store

AT = datetime(2026, 11, 20, 7, tzinfo=UTC)
BIG, MIDDLE, SMALL = (date(2026, 11, day) for day in (2, 9, 16))


def card(week: date, manager: str, reps: int) -> Scorecard:
    return Scorecard(
        manager_id=manager, week=week, reps=reps, coached_reps=1, budget_minutes=30, planned=3, held=2, held_minutes=20,
        held_on_deals=2, held_early=1, prepared=1, contested=0, ignored=1,
    )  # fmt: skip


def test_no_number_is_about_fewer_than_five_people(
    as_role: Callable[..., httpx.Client], fresh: Store, acme: int
) -> None:
    """What managers did is shown for five managers, what reps got for five reps; that there was a week is no secret."""
    cards = [card(BIG, f"M{n}", 2) for n in range(5)]
    cards += [card(MIDDLE, f"M{n}", 3) for n in range(2)] + [card(SMALL, "M0", 4)]
    with fresh.begin() as transaction:
        scorecards.keep(transaction, acme, cards, AT)
    answer = as_role("leader").get("/api/v1/connections/acme/coaching", params={"since": "2026-11-01"})
    small, middle, big = answer.json()["items"]
    assert small == {"week": "2026-11-16", "coached": None, "managed": None}
    assert (middle["coached"]["reps"], middle["coached"]["held"], middle["managed"]) == (6, 4, None)
    assert big["managed"] == {"managers": 5, "budget_minutes": 150, "contested": 0, "ignored": 5}
    assert "M0" not in answer.text
