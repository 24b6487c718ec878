"""What an answer over the API does to the writes that are still owed."""

from typing import Any

from sqlalchemy import select

from app.store import answers, ledger
from app.store.outcomes import Outcome

CONTENT = {"due": "2026-05-20", "body": "Why", "closed": False}


def states(org: Any) -> dict[str, str]:
    with org.store.read() as transaction:
        rows = transaction.execute(select(ledger.intents.c.reference, ledger.intents.c.state))
        return {row.reference: row.state for row in rows}


def owe(org: Any, reference: str, role: str, state: str, **more: Any) -> None:
    values = {"reference": reference, "role": role, "state": state, "attempts": 1, "content": CONTENT}
    org.add(ledger.intents, item_id=1, **values | more)


def give(org: Any, **said: Any) -> None:
    answer = {"item_id": 1, "reference": "api:1:a", "role": "manager_task", "at": org.now, "by": "M"}
    with org.store.begin() as transaction:
        answers.give(transaction, 1, Outcome(**answer | said))


def test_what_was_never_sent_is_not_sent_any_more(org_anywhere: Any) -> None:
    """A task that may be in the CRM stays owed, so that it is closed there; the deal's note is for the next one."""
    org_anywhere.item(1)
    owe(org_anywhere, "untried", "manager_task", "pending", attempts=0)
    owe(org_anywhere, "refused", "prep_task", "refused")
    owe(org_anywhere, "locked", "prep_task", "retry")
    owe(org_anywhere, "unsure", "manager_task", "in_flight", sent_at=org_anywhere.now)
    owe(org_anywhere, "reworded", "manager_task", "pending", sent_at=org_anywhere.now)
    owe(org_anywhere, "there", "prep_task", "refused", crm_id="00TA")
    owe(org_anywhere, "note", "note", "pending", attempts=0)
    give(org_anywhere, kind="done")
    found = {"untried": "withdrawn", "refused": "withdrawn", "locked": "withdrawn", "note": "pending"}
    found |= {"unsure": "in_flight", "reworded": "pending", "there": "refused"}
    assert states(org_anywhere) == found


def test_what_is_snoozed_says_its_new_day(org_anywhere: Any) -> None:
    """The manager's task only: when to prepare is the rep's own."""
    org_anywhere.item(1)
    owe(org_anywhere, "task", "manager_task", "stored")
    owe(org_anywhere, "prep", "prep_task", "stored")
    until = org_anywhere.now.date()
    give(org_anywhere, kind="snoozed", due=until)
    assert states(org_anywhere) == {"task": "pending", "prep": "stored"}
    with org_anywhere.store.read() as transaction:
        known = answers.given(transaction, 1, "api:1:a")
    assert known is not None
    assert (known.kind, known.due) == ("snoozed", until)
