"""Where a deal stands as of an instant: rows in, words out."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.config import Stated
from app.stages.measure import measure
from app.store import canonical

STAGES = ("Prospect", "Qualify", "Propose", "Agree", "Close", "Won", "Lost")


def test_the_history_says_where_it_stood(org: Any) -> None:
    """Stage, amount, close date and forecast are those of the last snapshot by then."""
    org.stages(*STAGES)
    org.deal(stage="Won", closed=True, won=True, amount=9.0, changed_at=org.ago(10))
    org.snapshot(90, stage="Prospect", amount=1.0, close_date=date(2026, 6, 30), forecast_category="Pipeline")
    org.snapshot(60, stage="Qualify", amount=5.0, close_date=date(2026, 7, 31), forecast_category="Commit")
    org.snapshot(10, stage="Won", amount=9.0)
    deal = org.deals(as_of=org.ago(50))["D"]
    assert (deal["stage"], deal["amount"], deal["close_date"]) == ("Qualify", 5.0, date(2026, 7, 31))
    assert (deal["is_open"], deal["is_commit"], deal["days_in_stage"], deal["age_days"]) == (True, True, 10, 50)
    assert (org.deals()["D"]["stage"], org.deals()["D"]["is_open"]) == ("Won", False)


def test_without_history_the_row_speaks(org: Any) -> None:
    """A deal of which the CRM kept no history stands as its row says, and what only a history tells is NULL."""
    org.stages(*STAGES)
    org.deal(stage="Qualify", amount=5.0)
    deal = org.deals()["D"]
    assert (deal["stage"], deal["amount"]) == ("Qualify", 5.0)
    told = ("days_in_stage", "stages_moved_back", "stages_skipped", "close_date_pushes", "amount_change_share")
    assert [deal[name] for name in told] == [None] * 5


@pytest.mark.parametrize(("row_changed", "stage", "days_in_stage"), [(5, "Agree", 5), (30, "Qualify", 20)])
def test_the_newer_of_row_and_history_is_right(org: Any, row_changed: int, stage: str, days_in_stage: int) -> None:
    """Where the history missed a move the deal's own row counts, and the other way round."""
    org.stages(*STAGES)
    org.deal(stage="Agree", changed_at=org.ago(row_changed))
    org.snapshot(90, stage="Prospect")
    org.snapshot(20, stage="Qualify")
    assert (org.deals()["D"]["stage"], org.deals()["D"]["days_in_stage"]) == (stage, days_in_stage)


def test_an_edit_that_moves_nothing_does_not_restart_the_stage(org: Any) -> None:
    """Days in stage run on while other fields change."""
    org.deal(stage="Qualify", changed_at=org.ago(1))
    org.snapshot(40, stage="Qualify", amount=1.0)
    org.snapshot(20, stage="Qualify", amount=2.0)
    assert org.deals()["D"]["days_in_stage"] == 40


@pytest.mark.parametrize(
    ("stage", "position", "share", "early"),
    [
        ("Prospect", 1, 0.2, True),
        ("Qualify", 2, 0.4, True),
        ("Propose", 3, 0.6, False),
        ("Close", 5, 1.0, False),
        ("Old", 2, 0.4, True),
        ("Ancient", 1, 0.2, True),
        ("Won", None, None, None),
        ("Unheard of", None, None, None),
    ],
)
def test_stages_stand_in_order(org: Any, stage: str, position: Any, share: Any, early: Any) -> None:
    """Active open stages count from 1, an inactive one stands with the one before it, a closed one nowhere."""
    org.stages(*STAGES)
    org.add_stage("Old", 15)
    org.add_stage("Ancient", -5)
    org.deal(stage=stage, closed=stage == "Won")
    deal = org.deals()["D"]
    assert (deal["stage_position"], deal["stage_share"], deal["is_early"]) == (position, share, early)


def test_the_first_of_two_stages_is_early(org: Any) -> None:
    """In a short pipeline the first stage is early, whatever its share."""
    org.stages("Qualify", "Agree", "Won")
    org.deal()
    assert (org.deals()["D"]["stage_share"], org.deals()["D"]["is_early"]) == (0.5, True)


def early(org: Any, *early_stages: str) -> dict[str, Any]:
    """Whether the deal called as its stage is early."""
    facts = measure(org.store, 1, as_of=org.now, stated=Stated(early_stages)).tables["deal"].to_pylist()
    return {deal["deal_id"]: deal["is_early"] for deal in facts}


def test_the_org_may_say_which_stages_are_early(org_anywhere: Any) -> None:
    """In place of the first 40 %, also for a stage that is no longer active; a name that no stage has says nothing."""
    org = org_anywhere
    org.stages(*STAGES)
    org.add_stage("Old", 45)
    for stage in ("Prospect", "Propose", "Old", "Won", "Unheard of"):
        org.deal(stage, stage=stage, closed=stage == "Won")
    mapped = {"Prospect": False, "Propose": True, "Old": True, "Won": None, "Unheard of": None}
    assert early(org, "propose ", "Old", "Won", "Misspelt") == mapped
    assert early(org, "Misspelt") == early(org) == mapped | {"Prospect": True, "Propose": False, "Old": False}


def test_stages_without_an_order_have_no_place(org: Any) -> None:
    """Two side by side share one; where all share one, only the org can say which are early."""
    for stage, order in (("A", 1), ("B", 2), ("C", 2), ("D", 3)):
        org.add(canonical.stages, name=stage, sort_order=order, active=True)
        org.deal(stage, stage=stage)
    assert {name: (deal["stage_position"], deal["is_early"]) for name, deal in org.deals().items()} == {
        "A": (1, True), "B": (2, False), "C": (2, False), "D": (3, False),
    }  # fmt: skip
    with org.store.begin() as transaction:
        transaction.execute(canonical.stages.update().values(sort_order=0))
    assert {(deal["stage_position"], deal["is_early"]) for deal in org.deals().values()} == {(None, None)}
    assert early(org, "A", "C") == {"A": True, "B": False, "C": True, "D": False}


def test_each_pipeline_has_the_stages_that_its_deals_have_been_in(org_anywhere: Any) -> None:
    """One list holds the stages of renewals and of new business; each has its own first 40 %, known by then."""
    org = org_anywhere
    org.stages("Remind", "Renew", "Prospect", "Offer", "Agree", "Won")
    for stage, days in (("Remind", 20), ("Renew", 10)):
        org.snapshot(days, "R", stage=stage)
    for stage, days in (("Prospect", 30), ("Offer", 20), ("Agree", 5), ("Offer", 4)):
        org.snapshot(days, "N", stage=stage)
    org.deal("R", pipeline="Renewal", stage="Renew", changed_at=org.ago(10))
    org.deal("N", pipeline="New", stage="Offer", changed_at=org.ago(4))
    org.deal("P", pipeline="New", stage="Prospect")
    org.deal("F", stage="Prospect")

    def told(days: float) -> dict[str, tuple[Any, ...]]:
        names = ("pipeline", "stage_position", "stage_share", "is_early")
        return {deal: tuple(row[name] for name in names) for deal, row in org.deals(as_of=org.ago(days)).items()}

    assert told(0) == {
        "R": ("Renewal", 2, 1.0, False), "N": ("New", 2, 2 / 3, False), "P": ("New", 1, 1 / 3, True),
        "F": (None, 3, 0.6, False),
    }  # fmt: skip
    assert (told(15)["R"], told(15)["N"]) == (("Renewal", 1, 1.0, True), ("New", 2, 1.0, False))
    assert early(org, "Remind") == {"R": False, "N": False, "P": True, "F": False}


def test_owner_and_next_step_are_those_of_then(org: Any) -> None:
    """Later changes are undone, each with what stood before it."""
    org.user("R")
    org.user("S")
    org.deal(owner_id="S", next_step="Sign")
    org.field(50, "next_step", None, "Call")
    org.field(20, "next_step", "Call", "Meet")
    org.field(10, "next_step", "Meet", "Sign")
    org.field(15, "owner_id", "R", "S")
    then, now = org.deals(as_of=org.ago(30))["D"], org.deals()["D"]
    assert (then["next_step"], then["next_step_age_days"], then["owner_id"]) == ("Call", 20, "R")
    assert (now["next_step"], now["next_step_age_days"], now["owner_id"]) == ("Sign", 10, "S")
    assert org.deals(as_of=org.ago(60))["D"]["next_step"] is None


def test_what_we_saw_late_does_not_contradict_the_crm(org: Any) -> None:
    """Our own note of a change says nothing where the CRM's history already said it."""
    org.deal(next_step="Sign")
    org.field(20, "next_step", "Call", "Meet")
    org.field(10, "next_step", "Meet", "Sign")
    org.field(5, "next_step", "Call", "Sign", id="seen:D:next_step")
    assert org.deals(as_of=org.ago(7))["D"]["next_step"] == "Sign"
    assert org.deals()["D"]["next_step_age_days"] == 10


def test_a_next_step_nobody_tracked_has_no_age(org: Any) -> None:
    """Without a change of it the age of the next step is unknown; a blank one is none."""
    org.deal("D", next_step="Call")
    org.deal("E", next_step="  ")
    assert (org.deals()["D"]["next_step"], org.deals()["D"]["next_step_age_days"]) == ("Call", None)
    assert org.deals()["E"]["next_step"] is None


@pytest.mark.parametrize(("days", "days_to_close", "overdue"), [(3, 3, 0), (0, 0, 0), (-4, -4, 4)])
def test_close_date_counts_whole_days(org: Any, days: int, days_to_close: int, overdue: int) -> None:
    """Days to the close date, and past it."""
    org.deal(close_date=org.now.date() + timedelta(days=days))
    assert (org.deals()["D"]["days_to_close"], org.deals()["D"]["overdue_days"]) == (days_to_close, overdue)


def test_no_close_date_is_not_overdue(org: Any) -> None:
    """A deal without close date has no days to it."""
    org.deal()
    assert (org.deals()["D"]["days_to_close"], org.deals()["D"]["overdue_days"]) == (None, None)


def test_days_are_whole_and_past(org: Any) -> None:
    """47 hours are one day."""
    org.deal(created_at=org.ago(47 / 24))
    assert org.deals()["D"]["age_days"] == 1


@pytest.mark.parametrize(
    ("category", "is_commit"), [("Commit", True), ("Forecast", True), ("Best Case", False), (None, None)]
)
def test_commit_goes_by_two_names(org: Any, category: str | None, is_commit: bool | None) -> None:
    """Salesforce calls commit Forecast inside; without category nothing is known."""
    org.deal(forecast_category=category)
    assert org.deals()["D"]["is_commit"] is is_commit


def test_a_deleted_deal_is_gone_from_then_on(org: Any) -> None:
    """It shows until it was deleted; one made later does not show before."""
    org.deal("D", deleted_at=org.ago(5), gone="deleted")
    org.deal("E", created_at=org.ago(3))
    assert (list(org.deals()), list(org.deals(as_of=org.ago(6)))) == (["E"], ["D"])


def test_an_owner_we_cannot_see_is_nobody(org: Any) -> None:
    """A deal of a user we were never shown has no owner, and nobody to coach."""
    org.deal(owner_id="Ghost")
    deal = org.deals()["D"]
    assert (deal["owner_id"], deal["owner_name"], deal["owner_active"], deal["manager_id"]) == (None, None, None, None)


def test_merged_customers_are_followed(org: Any) -> None:
    """A deal of an account that was merged twice belongs to the survivor."""
    org.account("A", merged_into="B", deleted_at=org.ago(20), gone="deleted")
    org.account("B", merged_into="C", deleted_at=org.ago(10), gone="deleted", segment="Old")
    org.account("C", segment="Freight")
    org.deal(account_id="A")
    now, then = org.deals()["D"], org.deals(as_of=org.ago(15))["D"]
    assert (now["account_name"], now["segment"]) == ("C", "Freight")
    assert (then["account_name"], then["segment"]) == ("B", "Old")


def test_a_circle_of_merges_ends(org: Any) -> None:
    """Accounts merged into each other leave the deal without customer; so does a deleted one."""
    org.account("A", merged_into="B", deleted_at=org.ago(20), gone="deleted")
    org.account("B", merged_into="A", deleted_at=org.ago(20), gone="deleted")
    org.account("C", deleted_at=org.ago(20), gone="deleted")
    org.deal("D", account_id="A")
    org.deal("E", account_id="C")
    assert [deal["account_name"] for deal in org.deals().values()] == [None, None]


@pytest.mark.parametrize(("said", "asks"), [("Help: who signs?", True), ("Call for help", False), (" ", False)])
def test_a_next_step_can_ask_for_help(org: Any, said: str, asks: bool | None) -> None:
    """It begins with `help:`; where nobody writes any, nothing is known."""
    org.deal(next_step=said)
    org.deal("Other")
    assert org.deals()["Other"]["help_requested"] is (False if said.strip() else None)
    org.deal("Third", next_step="Call")
    assert org.deals()["D"]["help_requested"] is asks
