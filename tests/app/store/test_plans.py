"""What planning reads of the past: what can still matter, however long there has been coaching."""

from datetime import timedelta
from typing import Any

from app.store import coaching, plans


def test_only_conversations_that_can_still_matter_are_read(org_anywhere: Any) -> None:
    """Those that wait, those of this week, and those on a subject with an open finding; with their answers."""
    org, old = org_anywhere, {"state": "done", "closed_at": org_anywhere.ago(90)}
    said = {"rule_id": "quiet", "kind": "coaching", "evidence": [], "facts": {}}
    org.add(coaching.findings, subject_id="D", state="open", **said)
    org.add(coaching.findings, subject_id="X", state="cleared", **said)
    org.add(coaching.plans, id=1, manager_id="M", week=org.ago(95).date())
    org.add(coaching.plans, id=2, manager_id="M", week=org.ago(4).date())
    stories: dict[str, dict[str, Any]] = {
        "of a subject with a finding": {"subject_id": "D", **old},
        "forgotten": {"subject_id": "X", **old},
        "waiting": {"subject_id": "X", "state": "ignored"},
        "held lately": {"subject_id": "X", "state": "done", "closed_at": org.now - timedelta(days=2)},
        "asked this week": {"subject_id": "X", "plan_id": 2, **old},
    }
    for number, (story, values) in enumerate(stories.items(), 2):
        org.item(number, thread=story, **values)
        org.outcome(number, 2)
    with org.store.read() as transaction:
        read = plans.items(transaction, 1, at_hand=org.now)
        answered = {answer.item_id for answer in plans.answers(transaction, 1, at_hand=org.now)}
        assert len(plans.items(transaction, 1)) == len(plans.answers(transaction, 1)) == 5
    assert [item.thread for item in read] == [story for story in stories if story != "forgotten"]
    assert answered == {item.id for item in read}
