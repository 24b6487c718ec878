"""Looking back says what the judge says, however many rules there are."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from coaching_rules.cases import table
from coaching_rules.engine import AT_ONCE, Facts, evaluate, sealed
from coaching_rules.loader import starter
from coaching_rules.verdicts import verdicts


def test_many_rules_come_out_as_each_would_alone() -> None:
    """More than one statement judges at once, of subjects whose order is not that of their ids."""
    first = starter().get("close_date_overdue")
    rules = [replace(first, id=f"rule_{n}", when=f"overdue_days >= {n}") for n in range(2 * AT_ONCE + 3)]
    facts = table("deal", [{"deal_id": f"d{n * 7 % 50}", "overdue_days": n if n % 9 else None} for n in range(50)])
    judged = evaluate(rules, Facts(as_of=datetime(2027, 1, 1, tzinfo=UTC), tables={"deal": facts}))
    with closing(sealed()) as connection:
        connection.register("deal_facts", facts)
        found = verdicts(rules, connection, "deal", beside=["overdue_days"])
    assert found.column_names == ["subject_id", "overdue_days", *(rule.id for rule in rules)]
    held = {(rule.id, row["subject_id"]) for row in found.to_pylist() for rule in rules if row[rule.id]}
    assert held == {(finding.rule_id, finding.subject_id) for finding in judged.findings}
    for rule in rules:
        days = zip(found["overdue_days"].to_pylist(), found[rule.id].to_pylist())
        assert all(said == (None if late is None else late >= int(rule.id[5:])) for late, said in days)
        assert judged.tallies[rule.id].not_enough_data == found[rule.id].null_count
