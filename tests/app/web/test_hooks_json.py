"""Hints in JSON, from a flow with its secret or from anybody with a signature, are stored once and acknowledged."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hooking import DEAL, NOW, OTHER_DEAL, Service, serving

from app.store import hooks
from app.store.session import Store
from app.web.hooks.doors import REMEMBERED_SECONDS


@pytest.fixture
def service(store: Store, tmp_path: Path) -> Iterator[Service]:
    with serving(store, tmp_path) as service:
        yield service


def test_a_flow_tells_of_one_deal_or_of_many(service: Service) -> None:
    """What is about other objects is counted and ignored."""
    hook, secret = service.hook("flow")
    address, known = f"/hooks/flow/{hook.door}", {"X-Coachsync-Secret": secret}
    one = service.json(address, {"deal_id": DEAL, "event": "stage_changed"}, **known)
    assert (one.status_code, one.json()) == (202, {"kept": 1, "known": 0, "ignored": 0})
    many = service.json(address, [{"deal_id": OTHER_DEAL}, {"deal_id": "0015Y00001Suvw6QAB"}], **known)
    assert many.json() == {"kept": 1, "known": 0, "ignored": 1}
    assert service.told() == [(DEAL, "stage_changed"), (OTHER_DEAL, "changed")]
    assert service.woken == [("review", "amber")] * 2


def test_a_hint_with_an_id_is_told_once_and_one_without_is_news_each_time(service: Service) -> None:
    """A flow that saves a deal twice in a second means two changes; nobody can tell them from one told twice."""
    hook, secret = service.hook("flow")
    address, known = f"/hooks/flow/{hook.door}", {"X-Coachsync-Secret": secret}
    named = {"deal_id": DEAL, "id": "interview-7"}
    assert service.json(address, [named, {**named, "deal_id": OTHER_DEAL}], **known).json()["kept"] == 2
    assert service.json(address, named, **known).json() == {"kept": 0, "known": 1, "ignored": 0}
    assert service.json(address, [{"deal_id": DEAL}] * 2, **known).json()["kept"] == 2
    assert len(service.kept()) == 4


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"006"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"deal_id": 6}',
        b'{"deal_id": "006", "event": "sunrise"}',
        b'{"deal_id": "006", "evnt": "stage_changed"}',
        b'{"deal_id": "0 or 1=1"}',
        b'{"deal_id": "006\\u0000"}',
        b'{"deal_id": "006", "id": "a b"}',
        b'{"deal_id": "' + b"6" * 65 + b'"}',
        b"[" + b",".join([b'{"deal_id": "006"}'] * 101) + b"]",
        b'[{"deal_id": "006"}, {}]',
    ],
)
def test_what_is_no_hint_is_refused_whole_with_a_sentence(sqlite: Store, tmp_path: Path, body: bytes) -> None:
    """Whoever sends it can mend it; nothing of it is kept."""
    with serving(sqlite, tmp_path) as service:
        hook, secret = service.hook("flow")
        answer = service.json(f"/hooks/flow/{hook.door}", body, **{"X-Coachsync-Secret": secret})
        assert answer.status_code == 400
        assert "deal_id" in answer.json()["detail"]
        assert service.kept() == []


def test_the_sentence_names_the_place_of_the_mistake(sqlite: Store, tmp_path: Path) -> None:
    """Which hint of a list, which word, and what it may say."""
    with serving(sqlite, tmp_path) as service:
        hook, secret = service.hook("flow")
        body = [{"deal_id": DEAL}, {"deal_id": DEAL, "event": "sunrise"}]
        said = service.json(f"/hooks/flow/{hook.door}", body, **{"X-Coachsync-Secret": secret}).json()["detail"]
        assert "1: event: Input should be 'stage_changed'" in said
        assert "sunrise" not in said


def test_a_signed_message_is_stored_once_however_often_it_is_played(service: Service) -> None:
    """Its id is its name: a copy within the window of its signature is known, and nobody is woken for it."""
    hook, secret = service.hook("signed")
    body = [{"deal_id": DEAL, "event": "owner_changed"}, {"deal_id": "9876543210"}]
    assert service.signed(hook, secret, body).json() == {"kept": 2, "known": 0, "ignored": 0}
    assert service.signed(hook, secret, body).json() == {"kept": 0, "known": 2, "ignored": 0}
    assert service.signed(hook, secret, body, message="msg_2").json()["kept"] == 2
    assert service.woken == [("review", "amber")] * 2


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_from_another_time_is_refused(service: Service, minutes: int) -> None:
    """An old message that somebody kept opens nothing."""
    hook, secret = service.hook("signed")
    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    assert service.signed(hook, secret, {"deal_id": DEAL}, at=moment).status_code == 401
    assert service.kept() == []


def test_two_secrets_count_while_one_takes_over_from_the_other(service: Service) -> None:
    """Neither sender nor receiver has to stop for a new secret; when its time is over the former opens nothing."""
    hook, former = service.hook("signed")
    flow, former_told = service.hook("flow")
    secret, secret_told = hooks.new_secret("signed"), hooks.new_secret("flow")
    with service.store.begin() as transaction:
        until = NOW + timedelta(hours=1)
        hooks.rotate(transaction, hook, hooks.kept(service.vault, "signed", secret), NOW, until)
        hooks.rotate(transaction, flow, hooks.kept(service.vault, "flow", secret_told), NOW, until)

    def answers() -> list[int]:
        signed = [service.signed(hook, one, {"deal_id": DEAL}).status_code for one in (former, secret)]
        address, body = f"/hooks/flow/{flow.door}", {"deal_id": DEAL}
        told = [service.json(address, body, **{"X-Coachsync-Secret": one}) for one in (former_told, secret_told)]
        return [*signed, *(one.status_code for one in told)]

    assert answers() == [202, 202, 202, 202]
    service.now = until
    assert answers() == [401, 202, 401, 202]


def test_an_address_or_an_id_that_no_database_takes_is_refused(service: Service) -> None:
    """As a mistake of the sender, not of ours."""
    hook, secret = service.hook("signed")
    for path in ("/hooks/flow/%00", "/hooks/flow/a%20b", f"/hooks/flow/{'a' * 65}", "/hooks/flow/%ff%fe"):
        assert 400 <= service.json(path, {"deal_id": DEAL}).status_code < 500
    assert service.signed(hook, secret, {"deal_id": DEAL}, message="m" * 3000).status_code == 422
    assert service.kept() == []


def test_a_removed_hook_takes_nothing_after_a_moment(service: Service) -> None:
    """And a new secret counts at once, also where somebody came in just now."""
    hook, former = service.hook("signed")
    secret = hooks.new_secret("signed")
    assert service.signed(hook, former, {"deal_id": DEAL}).status_code == 202
    with service.store.begin() as transaction:
        hooks.rotate(transaction, hook, hooks.kept(service.vault, "signed", secret), NOW, NOW)
    assert service.signed(hook, secret, {"deal_id": DEAL}).status_code == 202
    assert service.signed(hook, former, {"deal_id": DEAL}).status_code == 401
    with service.store.begin() as transaction:
        hooks.remove(transaction, hook)
    time.sleep(REMEMBERED_SECONDS)
    assert service.signed(hook, secret, {"deal_id": DEAL}).status_code == 401


def test_what_cannot_be_stored_is_not_taken(service: Service) -> None:
    """The sender is told to come again."""
    hook, secret = service.hook("signed")
    with service.store.begin() as transaction:
        transaction.exec_driver_sql("ALTER TABLE requests RENAME TO away")
    answer = service.signed(hook, secret, {"deal_id": DEAL})
    with service.store.begin() as transaction:
        transaction.exec_driver_sql("ALTER TABLE away RENAME TO requests")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
