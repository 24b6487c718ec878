"""A few deals measured alone are what they are among all, held against the same benchmarks."""

from collections.abc import Collection
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.config import Coaching
from app.stages.measure import Benchmarks, Observed, measure_deals, observe
from app.store import benchmarks, canonical

STAGES = ("Qualify", "Propose", "Agree", "Won", "Lost")
DEALS = [f"D{n}" for n in range(14)]


def a_mixed_org(org: Any) -> None:
    """Deals of every stage, with and without a past, contacts, next steps; some accounts were merged into others."""
    lots = Random(7)
    org.stages(*STAGES)
    for n in range(4):
        org.user(f"R{n}", manager_id="R0" if n else None, created_at=org.ago(500))
    for n in range(6):
        merged = {"merged_into": f"A{n + 1}", "deleted_at": org.ago(5), "gone": "deleted"} if n in (1, 2) else {}
        org.account(f"A{n}", segment=["Freight", "Retail", None][n % 3], **merged)
    for deal in DEALS:
        a_deal(org, deal, lots)
    org.item(1, subject_id="D1", thread="deal:D1", manager_id="R0", area="opportunity")
    org.outcome(1, 3)
    org.item(2, subject_id="D2", thread="deal:D2", manager_id="R0", area="account")


def a_deal(org: Any, deal: str, lots: Random) -> None:
    stages = [lots.choice(STAGES) for _ in range(lots.randint(1, 4))]
    closed = stages[-1] in ("Won", "Lost")
    org.deal(deal, owner_id=f"R{lots.randint(0, 3)}", account_id=f"A{lots.randint(0, 5)}", stage=stages[-1],
             pipeline=lots.choice([None, "New", "Renewal"]),
             amount=float(lots.randint(1, 90)), close_date=org.ago(lots.randint(-40, 20)).date(), closed=closed,
             won=stages[-1] == "Won", next_step=lots.choice([None, "Meet", "help: with the price"]),
             created_at=org.ago(lots.randint(61, 200)))  # fmt: skip
    for n, stage in enumerate(stages):
        org.snapshot(
            60 - n * 9, deal, stage=stage, amount=float(lots.randint(1, 90)), close_date=org.ago(n * -30).date()
        )
    if lots.random() < 0.5:
        org.field(lots.randint(1, 50), "next_step", None, "Meet", deal_id=deal)
        org.contact(f"C{deal}", lots.choice([None, "Economic Buyer"]), deal_id=deal)
    for _ in range(lots.randint(0, 5)):
        kind = lots.choice(["call", "meeting", "email"])
        org.activity(lots.randint(-5, 40), kind, deal_id=deal, contact_id=f"C{deal}", two_way=lots.random() < 0.5)


def observed(org: Any) -> Observed:
    return observe(org.store, 1, [], Coaching(), as_of=org.now, known_at=org.now)


def alone(org: Any, deals: Collection[str], learnt: Benchmarks) -> Observed:
    with org.store.begin() as transaction:
        benchmarks.keep(transaction, 1, learnt, org.now)
    return measure_deals(org.store, 1, deals, as_of=org.now, known_at=org.now)


def told(seen: Observed, deals: Collection[str]) -> list[Any]:
    """What it says of these deals: their facts, and what happened to them."""
    mine = pa.array(sorted(deals), pa.string())
    tables = (seen.facts.tables["deal"], seen.events.sort_by("event"))
    return [table.filter(pc.is_in(table["deal_id"], mine)).sort_by("deal_id") for table in tables]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deals=st.sets(st.sampled_from([*DEALS, "unknown"])))
def test_deals_alone_are_what_they_are_among_all(org: Any, deals: set[str]) -> None:
    """Every word of each of them, whichever others are asked about with it."""
    if org.made == 1:
        a_mixed_org(org)
        org.seen = observed(org)
    seen = org.seen
    few = alone(org, deals, seen.benchmarks)
    assert list(few.facts.tables) == ["deal"]
    assert told(few, DEALS) == told(seen, deals)


def test_benchmarks_come_back_from_the_store_as_they_were(org_anywhere: Any) -> None:
    """On both databases, and a later morning's take the place of an earlier one's."""
    org = org_anywhere
    a_mixed_org(org)
    seen = observed(org)
    with org.store.begin() as transaction:
        assert benchmarks.read(transaction, 1) == {}
        for tables in ({name: table.slice(0, 0) for name, table in seen.benchmarks.items()}, seen.benchmarks):
            benchmarks.keep(transaction, 1, tables, org.now)
    with org.store.read() as transaction:
        kept = benchmarks.read(transaction, 1)
    assert kept == seen.benchmarks
    assert told(alone(org, DEALS, kept), DEALS) == told(seen, DEALS)


@pytest.mark.parametrize("stage", ["Qualify", "Propose", "Agree"])
def test_a_deal_that_came_to_a_stage_alone_has_its_benchmarks(org: Any, stage: str) -> None:
    """No deal of its segment stood there this morning; what won deals did there is known all the same."""
    org.stages(*STAGES)
    org.account("A", segment="Freight")
    org.deal("D", account_id="A")
    org.deal("W", account_id="A", stage="Won", closed=True, won=True)
    for n, name in enumerate(STAGES[:4]):
        org.snapshot(60 - n * 9, "W", stage=name)
    learnt = observed(org).benchmarks
    org.snapshot(0.001, "D", stage=stage)
    (row,) = alone(org, ["D"], learnt).facts.tables["deal"].to_pylist()
    assert (row["stage"], row["won_median_days_in_stage_n"]) == (stage, 1)


def test_a_segment_that_is_new_since_the_morning_is_held_against_the_org(org: Any) -> None:
    """What won deals did is known; only what they did in this segment is not."""
    org.stages(*STAGES)
    org.account("A", segment="Freight")
    org.account("B", segment="Retail")
    org.deal("D", account_id="A")
    org.deal("W", account_id="A", stage="Won", closed=True, won=True)
    for n, name in enumerate(STAGES[:4]):
        org.snapshot(60 - n * 9, "W", stage=name)
    learnt = observed(org).benchmarks
    with org.store.begin() as transaction:
        transaction.execute(canonical.deals.update().where(canonical.deals.c.id == "D").values(account_id="B"))
    (row,) = alone(org, ["D"], learnt).facts.tables["deal"].to_pylist()
    assert (row["segment"], row["won_median_days_in_stage_n"]) == ("Retail", 1)
    assert row["won_median_days_in_stage_basis"] == "default 14; your 1 won deal suggests 9"


def test_what_other_queries_measured_is_not_kept(org: Any) -> None:
    """After an update the first morning measures anew, since tables may have other columns."""
    a_mixed_org(org)
    with org.store.begin() as transaction:
        benchmarks.keep(transaction, 1, observed(org).benchmarks, org.now)
        former = benchmarks.benchmarks.update().values(name=benchmarks.benchmarks.c.name + "0")
        transaction.execute(former)
        assert not benchmarks.are_kept(transaction, 1)
        assert benchmarks.read(transaction, 1) == {}
