"""Stages, dates and money that move: a story of snapshots in, words out."""

from datetime import date
from typing import Any

import pytest


def tell(org: Any, *stages: str) -> Any:
    """A deal that enters these stages 90, 80, 70 … days ago; its words now."""
    org.stages("Prospect", "Qualify", "Propose", "Agree", "Won", "Lost")
    org.deal(stage=stages[-1], changed_at=org.ago(100 - 10 * len(stages)), closed=stages[-1] in ("Won", "Lost"))
    for at, stage in enumerate(stages):
        org.snapshot(90 - 10 * at, stage=stage)
    return org.deals()["D"]


@pytest.mark.parametrize(
    ("stages", "back", "days_since_back", "skipped", "days_since_skipped"),
    [
        (["Prospect", "Qualify", "Propose"], 0, None, 0, None),
        (["Propose", "Agree"], 0, None, 0, None),
        (["Qualify", "Propose", "Qualify", "Prospect", "Qualify"], 2, 60, 0, None),
        (["Prospect", "Propose", "Agree"], 0, None, 1, 80),
        (["Prospect", "Agree", "Prospect", "Propose"], 1, 70, 2, 60),
        (["Propose", "Lost", "Propose"], 0, None, 0, None),
        (["Propose", "Lost", "Qualify"], 1, 70, 0, None),
        (["Prospect", "Lost", "Agree"], 0, None, 1, 70),
        (["Prospect", "Won"], 0, None, 0, None),
        (["Prospect", "Unheard of", "Qualify"], 0, None, 0, None),
    ],
)
def test_moves_back_and_skips(
    org: Any, stages: list[str], back: int, days_since_back: Any, skipped: int, days_since_skipped: Any
) -> None:
    """Open stages are compared with the last open one; closed and unknown ones in between change nothing."""
    deal = tell(org, *stages)
    assert (deal["stages_moved_back"], deal["days_since_moved_back"]) == (back, days_since_back)
    assert (deal["stages_skipped"], deal["days_since_skipped"]) == (skipped, days_since_skipped)


def test_days_in_stage_count_the_last_visit(org: Any) -> None:
    """Coming back to a stage starts its days again."""
    assert tell(org, "Qualify", "Propose", "Qualify")["days_in_stage"] == 70


@pytest.mark.parametrize(
    ("dates", "pushes", "days_since_push"),
    [
        ([date(2026, 5, 1), date(2026, 5, 31)], 0, None),
        ([date(2026, 5, 31), date(2026, 6, 1)], 1, 80),
        ([date(2026, 5, 31), date(2026, 4, 1), date(2026, 5, 1)], 1, 70),
        ([date(2026, 11, 30), date(2027, 1, 4), date(2027, 2, 4)], 2, 70),
        ([date(2026, 5, 31), None, date(2026, 6, 1)], 1, 70),
        ([None, date(2026, 6, 1)], 0, None),
        ([None, None], None, None),
    ],
)
def test_a_push_crosses_a_month(org: Any, dates: list[date | None], pushes: Any, days_since_push: Any) -> None:
    """Only a close date that moves to a later month is a push; a blank in between hides nothing."""
    org.deal()
    for at, close_date in enumerate(dates):
        org.snapshot(90 - 10 * at, stage="Qualify", close_date=close_date)
    assert (org.deals()["D"]["close_date_pushes"], org.deals()["D"]["days_since_push"]) == (pushes, days_since_push)


@pytest.mark.parametrize(
    ("amounts", "share", "before", "days"),
    [
        ([100.0, 75.0], -0.25, 100.0, 80),
        ([100.0, 75.0, 75.0], -0.25, 100.0, 80),
        ([100.0, 85.0, 72.25], -0.2775, 100.0, 70),
        ([100.0, 50.0, 50.5], -0.495, 100.0, 70),
        ([100.0, 50.0, 50.0, 60.0], 0.2, 50.0, 60),
        ([100.0, None, 50.0], -0.5, 100.0, 70),
        ([100.0, 100.0], None, None, None),
        ([None, 100.0], None, None, None),
        ([0.0, 100.0], None, 0.0, 80),
    ],
)
def test_the_last_change_of_the_amount(
    org: Any, amounts: list[float | None], share: Any, before: Any, days: Any
) -> None:
    """Relative to before, changes of two weeks taken as one; from nothing there is no share."""
    org.deal()
    for at, amount in enumerate(amounts):
        org.snapshot(90 - 10 * at, stage="Qualify", amount=amount)
    deal = org.deals()["D"]
    said = (deal["amount_change_share"], deal["amount_before"], deal["days_since_amount_change"])
    assert said == (pytest.approx(share) if share else share, before, days)


def test_the_row_itself_can_be_the_change(org: Any) -> None:
    """A cut that the history missed shows by the deal's own row."""
    org.deal(amount=40.0, changed_at=org.ago(2))
    org.snapshot(90, stage="Qualify", amount=80.0)
    assert (org.deals()["D"]["amount_change_share"], org.deals()["D"]["days_since_amount_change"]) == (-0.5, 2)
