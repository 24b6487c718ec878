"""What is usual in this org: amounts, won deals, capture; rows in, words out."""

from datetime import date
from typing import Any

import pytest

from app.config import Stated, Typical
from app.stages.measure import measure
from coaching_rules.sentences import render


def words(org: Any, *names: str, deal: str = "D") -> list[Any]:
    found = org.deals()[deal]
    return [found[name] for name in names]


def many(org: Any, amounts: list[float | None], account: str | None = None, **values: Any) -> None:
    for at, amount in enumerate(amounts):
        org.deal(f"{account} {at}", account_id=account, amount=amount, **values)


def test_a_segment_of_ten_has_its_own_median(org: Any) -> None:
    """Ten deals of the year make a segment's median; the whole org stands in for fewer."""
    org.account("A", segment="Freight")
    org.account("B", segment="Fruit")
    many(org, [float(n) for n in range(1, 11)], "A")
    many(org, [100.0] * 9, "B")
    org.deal("Bare")
    assert words(org, "segment_median_amount", "segment_p75_amount", deal="A 0") == [5.5, 7.75]
    assert words(org, "segment_median_amount", deal="B 0") == [10.0]
    assert words(org, "segment_median_amount", deal="Bare") == [10.0]


def test_old_blank_and_foreign_amounts_do_not_count(org: Any) -> None:
    """Deals of more than a year ago, without amount, or in another currency are no yardstick."""
    org.deal(amount=None, currency="EUR")
    many(org, [None, 0.0, 50.0], "A", currency="EUR")
    many(org, [7.0], "B", currency="EUR", created_at=org.ago(366))
    many(org, [9000.0], "C", currency="JPY")
    assert words(org, "segment_median_amount", "segment_p75_amount") == [50.0, 50.0]
    org.deal("Lone", currency="USD")
    assert words(org, "segment_median_amount", deal="Lone") == [None]


def test_with_rates_all_money_is_the_orgs_own(org_anywhere: Any) -> None:
    """By the latest rate that has begun; a currency without one is unknown, and says why."""
    org = org_anywhere
    org.deal("E", amount=110.0, currency="EUR")
    org.deal("U", amount=300.0, currency="USD")
    org.deal("J", amount=9000.0, currency="JPY")
    org.snapshot(20, "E", amount=220.0, stage="Qualify")
    org.snapshot(10, "E", amount=110.0, stage="Qualify")
    org.rate("EUR", 2.0, date(2026, 1, 1))
    org.rate("EUR", 1.1, date(2026, 5, 1))
    org.rate("EUR", 9.0, date(2026, 6, 1))
    org.rate("EUR", 5.0)
    org.rate("USD", 1.0, changed_at=org.ago(60))
    org.rate("JPY", 0.0)
    org.rate("JPY", 160.0, deleted_at=org.ago(1))
    facts = measure(org.store, 1, as_of=org.now).tables["deal"].to_pylist()
    deals = {deal["deal_id"]: deal for deal in facts}
    money = ("amount", "amount_before", "segment_median_amount")
    assert [deals["E"][name] for name in money] == pytest.approx([100.0, 200.0, 200.0])
    assert [deals[name]["rate_date"] for name in "EUJ"] == [date(2026, 5, 1), org.ago(60).date(), None]
    assert (deals["J"]["amount"], deals["J"]["amount_gap"]) == (None, "There is no rate for JPY.")
    assert deals["E"]["amount_gap"] is None
    assert [deals[name]["amount_basis"] for name in "EUJ"] == ["EUR 110 at the rate of 2026-05-01", None, None]
    assert render("{amount}", deals["E"]) == "100 (EUR 110 at the rate of 2026-05-01)"


def won(org: Any, id: str, days_in_stage: float, account: str | None = None, won_days_ago: float = 30) -> None:
    """A deal that was in Qualify for so many days, then won."""
    begun, ended = won_days_ago + days_in_stage, org.ago(won_days_ago)
    closed = {"stage": "Won", "closed": True, "won": True, "changed_at": ended}
    org.deal(id, account_id=account, created_at=org.ago(begun), **closed)
    org.snapshot(begun, id, stage="Qualify")
    org.snapshot(won_days_ago, id, stage="Won")


def test_the_org_may_say_what_is_typical_elsewhere(org: Any) -> None:
    """Its own number takes the place of ours, and the sentence names it."""
    org.stages("Qualify", "Won")
    org.deal()
    won(org, "W", 10)
    stated = Stated(typical=Typical(days_in_stage=32))
    (deal,) = (
        row for row in measure(org.store, 1, as_of=org.now, stated=stated).tables["deal"].to_pylist() if row["is_open"]
    )
    assert deal["won_median_days_in_stage"] == 30
    assert deal["won_median_days_in_stage_basis"] == "default 32; your 1 won deal suggests 10"


STAY = ("won_median_days_in_stage", "won_median_days_in_stage_n", "won_median_days_in_stage_basis")
BENCHMARKS = ("days_in_stage", "touch_gap_days", "contacts", "meetings", "cycle_days")


def test_without_won_deals_the_defaults_stand(org_anywhere: Any) -> None:
    """From no deals at all, and they say so."""
    org = org_anywhere
    org.stages("Qualify", "Agree", "Won")
    org.deal()
    found = [words(org, *(f"won_median_{name}{part}" for part in ("", "_n", "_basis"))) for name in BENCHMARKS]
    assert [value for value, _, _ in found] == [14.0, 7.0, 2.0, 2.0, 90.0]
    assert {(n, basis) for _, n, basis in found} == {(0, "default; no won deals to learn from yet")}


def test_won_deals_pull_the_default_towards_them(org: Any) -> None:
    """Three won deals with a median of 4 days weigh three, the default ten."""
    org.stages("Qualify", "Agree", "Won")
    org.deal()
    for id, days in (("X", 2), ("Y", 4), ("Z", 30)):
        won(org, id, days)
    won(org, "Long ago", 99, won_days_ago=731)
    said = "default 14; your 3 won deals suggest 4"
    assert words(org, *STAY) == [pytest.approx((3 * 4 + 10 * 14) / 13), 3, said]


def test_a_segment_is_pulled_towards_its_org(org: Any) -> None:
    """The prior of a segment is the org's estimate; n is its own, or the org's where it has no won deals."""
    org.stages("Qualify", "Agree", "Won")
    org.account("A", segment="Freight")
    org.account("B", segment="Fruit")
    org.deal("D", account_id="A")
    org.deal("E", account_id="B")
    won(org, "X", 2, "A")
    won(org, "Y", 6)
    everywhere, said = (2 * 4 + 10 * 14) / 12, "default 14; your 2 won deals suggest 4"
    own = f"{said}, the 1 of this segment 2"
    assert words(org, *STAY) == [pytest.approx((1 * 2 + 10 * everywhere) / 11), 1, own]
    assert words(org, *STAY, deal="E") == [pytest.approx(everywhere), 2, said]


def test_segments_of_one_deal_do_not_say_how_alike_they_are(org: Any) -> None:
    """Then the org's estimate weighs ten deals against the segment's one."""
    org.stages("Qualify", "Agree", "Won")
    for number, days in enumerate((2, 4, 6, 8, 10)):
        org.account(f"A{number}", segment=f"Segment {number}")
        won(org, f"W{number}", days, f"A{number}")
    org.deal("D", account_id="A0")
    everywhere = (5 * 6 + 10 * 14) / 15
    assert words(org, *STAY[:2]) == [pytest.approx((1 * 2 + 10 * everywhere) / 11), 1]


@pytest.mark.parametrize(("stays", "nearer"), [((2, 4, 8, 16, 32), True), ((8, 8, 8, 8, 8), False)])
def test_segments_that_differ_are_believed_sooner(org: Any, stays: tuple[int, ...], nearer: bool) -> None:
    """Where five segments are apart and agree in themselves, their own deals count for more than one in ten."""
    org.stages("Qualify", "Agree", "Won")
    for number, stay in enumerate(stays):
        org.account(f"A{number}", segment=f"Segment {number}")
        for nth, factor in enumerate((0.9, 1.1)):
            won(org, f"W{number}{nth}", stay * factor, f"A{number}")
    org.deal("D", account_id="A0")
    org.deal("Bare")
    value, n = words(org, *STAY[:2])
    everywhere = words(org, *STAY[:1], deal="Bare")[0]
    fixed = (2 * stays[0] + 10 * everywhere) / 12
    assert n == 2
    assert (value < fixed) is nearer
    assert min(stays) < value < everywhere


def test_segments_that_are_the_same_are_not_told_apart_by_rounding(org: Any) -> None:
    """Five segments of deals that all took ten days are as alike as can be: each is what the whole org is."""
    org.stages("Qualify", "Agree", "Won")
    for number, deals in enumerate((2, 3, 2, 3, 4)):
        org.account(f"A{number}", segment=f"Segment {number}")
        for nth in range(deals):
            won(org, f"W{number}{nth}", 10, f"A{number}")
    org.deal("D", account_id="A0")
    everywhere = (14 * 10 + 10 * 14) / 24
    assert words(org, *STAY[:1]) == [pytest.approx((2 * 10 + 200 * everywhere) / 202)]


def test_ten_closed_deals_are_enough_to_learn_from(org_anywhere: Any) -> None:
    """Six won and four lost: every benchmark has a value, its sample size, and what it rests on."""
    org = org_anywhere
    org.stages("Qualify", "Agree", "Won", "Lost")
    org.account("A", segment="Freight")
    org.deal(account_id="A")
    for number in range(6):
        won(org, f"W{number}", 8.5 + number, "A")
        for days in (37, 34):
            org.activity(days, "meeting", deal_id=f"W{number}", ends_at=org.ago(days), contact_id=f"C{number}{days}")
    for number in range(4):
        org.deal(f"L{number}", account_id="A", stage="Lost", closed=True)
        org.snapshot(50, f"L{number}", stage="Qualify")
        org.snapshot(10, f"L{number}", stage="Lost")
    found = {name: words(org, *(f"won_median_{name}{part}" for part in ("", "_n", "_basis"))) for name in BENCHMARKS}
    assert {n for _, n, _ in found.values()} == {6}
    assert found["contacts"][2] == "default 2; your 6 won deals suggest 2"
    assert found["cycle_days"][2] == "default 90; your 6 won deals suggest 11"
    assert 10.5 < found["days_in_stage"][0] < 14


def test_a_deal_won_before_it_was_created_has_no_cycle(org: Any) -> None:
    """Imported deals carry such dates; they stop nothing and teach nothing."""
    org.stages("Qualify", "Agree", "Won")
    org.account("A", segment="Freight")
    org.deal()
    org.deal("X", account_id="A", stage="Won", closed=True, won=True, created_at=org.ago(5), changed_at=org.ago(30))
    org.snapshot(40, "X", stage="Qualify")
    org.snapshot(30, "X", stage="Won")
    assert words(org, "won_median_cycle_days_n", "won_median_days_in_stage_n") == [0, 1]


def test_visits_to_one_stage_add_up(org: Any) -> None:
    """A deal that came back to a stage stayed there for both visits together."""
    org.stages("Qualify", "Agree", "Won")
    org.deal()
    won(org, "X", 10)
    org.snapshot(36, "X", stage="Agree")
    org.snapshot(33, "X", stage="Qualify")
    assert words(org, *STAY)[1:] == [1, "default 14; your 1 won deal suggests 7"]


def test_touch_gaps_are_those_within_the_stage(org: Any) -> None:
    """Days between activities done while the won deal was in the stage; one activity makes no gap."""
    org.stages("Qualify", "Agree", "Won")
    org.deal()
    won(org, "X", 20)
    won(org, "Y", 20)
    for days in (60, 49, 47, 43, 35, 10):
        org.activity(days, deal_id="X")
    org.activity(40, deal_id="Y")
    gap = words(org, "won_median_touch_gap_days", "won_median_touch_gap_days_n")
    assert gap == [pytest.approx((1 * 4 + 10 * 7) / 11), 1]


def test_contacts_and_meetings_are_those_until_the_stage_ended(org: Any) -> None:
    """Roles and activities, each person once; a won deal with nobody known says nothing about contacts."""
    org.stages("Qualify", "Agree", "Won")
    org.deal()
    won(org, "X", 20)
    won(org, "Nobody known", 20)
    org.contact("A", deal_id="X", created_at=org.ago(45))
    org.contact("Late", deal_id="X", created_at=org.ago(20))
    for days, contact in ((40, "A"), (35, "B"), (33, "C"), (29, "D")):
        org.activity(days, "meeting", deal_id="X", ends_at=org.ago(days), contact_id=contact)
    names = [f"won_median_{name}_basis" for name in ("contacts", "meetings")]
    assert words(org, *names) == ["default 2; your 1 won deal suggests 3"] * 2


def test_capture_needs_three_deals(org: Any) -> None:
    """The share of the owner's open deals older than 14 days that somebody touched in 60 days."""
    org.user("R")
    for id in ("D", "E"):
        org.deal(id, owner_id="R")
    org.deal("Young", owner_id="R", created_at=org.ago(14))
    org.deal("Closed", owner_id="R", stage="Won", closed=True)
    org.activity(59)
    org.activity(61, deal_id="E")
    assert words(org, "capture_coverage") == [None]
    org.deal("F", owner_id="R")
    assert words(org, "capture_coverage") == [pytest.approx(1 / 3)]


@pytest.mark.parametrize(
    ("segment", "created", "new"), [("Freight", 50, True), ("Freight", 150, False), ("Fruit", 150, True)]
)
def test_new_to_the_segment(org: Any, segment: str, created: float, new: bool) -> None:
    """Unless the owner had an earlier deal there."""
    org.user("R")
    org.account("A", segment="Freight")
    org.account("B", segment=segment)
    org.deal("D", owner_id="R", account_id="A")
    org.deal("E", owner_id="R", account_id="B", created_at=org.ago(created))
    org.deal("Bare", owner_id="R")
    assert words(org, "owner_new_to_segment") == [new]
    assert words(org, "owner_new_to_segment", deal="Bare") == [None]
