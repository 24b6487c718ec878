"""What is asked for is kept once, found until it is answered, and answered together with what was done."""

from datetime import UTC, datetime, timedelta

from app.store import requests
from app.store.requests import Wish
from app.store.session import Store

ORG = 1
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def wish(key: str, job: str = "review", source: str = "flow") -> Wish:
    return Wish(source=source, key=key, job=job, arguments={"deal_id": "006A"})


def ask(store: Store, *wishes: Wish, at: datetime = NOW) -> int:
    with store.begin() as transaction:
        return requests.ask(transaction, ORG, wishes, at)


def test_asking_twice_is_asking_once(store: Store, org_anywhere: object) -> None:
    """Also within one message; the same key from another source is something else."""
    assert ask(store, wish("a"), wish("a"), wish("b")) == 2
    assert ask(store, wish("b"), wish("b", source="signed")) == 1
    assert ask(store) == 0


def test_what_is_answered_waits_no_longer(store: Store, org_anywhere: object) -> None:
    """The oldest first; an answer is found by the asker's own key."""
    ask(store, wish("a"))
    ask(store, wish("b"), wish("c", job="often"), at=NOW + timedelta(seconds=5))
    with store.begin() as transaction:
        first, second = requests.waiting(transaction, ORG, "review")
        assert (first.key, second.key) == ("a", "b")
        assert requests.asked(transaction) == {(ORG, "review"), (ORG, "often")}
        assert requests.oldest(transaction) == NOW
        requests.answer(transaction, [first.id], NOW, answer={"items": 1})
    with store.read() as transaction:
        assert [one.key for one in requests.waiting(transaction, ORG, "review")] == ["b"]
        assert requests.oldest(transaction) == NOW + timedelta(seconds=5)
        found = requests.find(transaction, ORG, "flow", "a")
        assert found is not None
        assert found.answer == {"items": 1}
        assert requests.find(transaction, ORG, "flow", "z") is None
