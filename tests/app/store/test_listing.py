"""What the API reads is read in pages, and only by those whom it is about, on either database."""

from typing import Any

from app.store import coaching, listing
from app.store.listing import Sight, Slice

ALL = Slice(most=50)
MONA, RITA = Sight(manager_id="MONA"), Sight(rep_id="RITA")


def furnish(org: Any) -> None:
    """Mona with Rita and Remy, Mark with Rosa; each rep has a deal with a finding and a conversation."""
    org.add(coaching.rule_versions, rule_id="quiet", version="1", content={"title": "A deal is quiet"})
    for manager, reps in (("MONA", ("RITA", "REMY")), ("MARK", ("ROSA",))):
        org.user(manager)
        for rep in reps:
            org.user(rep, manager_id=manager)
            org.deal(f"{rep} deal", owner_id=rep)
            said = {"rule_id": "quiet", "rule_version": "1", "kind": "coaching", "state": "open", "evidence": []}
            org.add(coaching.findings, subject_id=f"{rep} deal", grain="deal", **said)
            org.add(coaching.findings, subject_id=rep, grain="rep", **said)
    org.add(coaching.findings, subject_id="MONA", grain="manager", rule_id="mix", state="open", evidence=[])
    left = [{"name": "Zinc Yard", "why_not": "It does not fit."}]
    org.add(coaching.plans, id=1, manager_id="MONA", week=org.now.date(), left_out=left)
    for number, rep, position in ((1, "RITA", 2), (2, "REMY", 1)):
        values = {"manager_id": "MONA", "rep_id": rep, "subject_id": f"{rep} deal", "position": position}
        org.add(coaching.plan_items, id=number, plan_id=1, grain="deal", thread=rep, state="open", **values)
        org.outcome(number, 2)


def test_everybody_sees_what_is_theirs(org_anywhere: Any) -> None:
    """Findings by who owns the deal today; of people only what is about oneself or one's team."""
    furnish(org_anywhere)
    with org_anywhere.store.read() as transaction:

        def subjects(sight: Sight) -> set[str]:
            found = listing.findings_of(transaction, 1, sight, ALL, state="open", rule_id=None)
            return {row["subject_id"] for row in found}

        assert subjects(MONA) == {"RITA", "RITA deal", "REMY", "REMY deal", "MONA"}
        assert subjects(RITA) == {"RITA", "RITA deal"}
        assert subjects(Sight()) == {"RITA deal", "REMY deal", "ROSA deal"}
        newest = listing.findings_of(transaction, 1, RITA, Slice(most=1), state=None, rule_id="quiet")[0]
        assert (newest["title"], newest["rep_id"], newest["name"]) == ("A deal is quiet", "RITA", "RITA")
        older = listing.findings_of(transaction, 1, RITA, Slice(before=newest["id"], most=1), state=None, rule_id=None)
        assert [row["subject_id"] for row in older] == ["RITA deal"]
        assert listing.finding(transaction, 1, Sight(rep_id="ROSA"), newest["id"]) is None


def test_a_plan_has_its_conversations_in_their_order_and_what_was_left_out(org_anywhere: Any) -> None:
    """And a rep sees only one's own of them."""
    furnish(org_anywhere)
    with org_anywhere.store.read() as transaction:
        plan = listing.plan(transaction, 1, "MONA", org_anywhere.now.date())
        assert plan is not None
        assert [item["rep_id"] for item in plan["items"]] == ["REMY", "RITA"]
        assert plan["left_out"][0]["why_not"]
        assert [row["id"] for row in listing.items_of(transaction, 1, RITA, ALL, state="open")] == [1]
        assert [row["item_id"] for row in listing.outcomes_of(transaction, 1, RITA, ALL)] == [1]
        assert len(listing.outcomes_of(transaction, 1, MONA, ALL)) == 2
        assert listing.plans_of(transaction, 1, "MARK", ALL) == []
