"""Salesforce's Outbound Messages are stored before they are acknowledged, each once, and only from their own org."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hooking import DEAL, OTHER_DEAL, SHORT_ORGANIZATION, Service, message, notification, outbound, serving

from app.store.session import Store


@pytest.fixture
def service(store: Store, tmp_path: Path) -> Iterator[Service]:
    with serving(store, tmp_path) as service:
        yield service


def test_a_message_is_stored_then_acknowledged_and_the_review_woken(service: Service) -> None:
    """Each notification once, however often it is sent."""
    address = outbound(*service.hook("outbound_message"))
    body = message([notification(1), notification(2, Id=OTHER_DEAL)])
    for _ in range(2):
        answer = service.soap(address, body)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/xml")
        assert "<Ack>true</Ack>" in answer.text
    assert service.told() == [(DEAL, "changed"), (OTHER_DEAL, "changed")]
    assert service.woken == [("review", "amber")]


def test_the_address_says_what_the_message_means(service: Service) -> None:
    """A message whose criteria are a field or a task type that asks for help says so."""
    address = outbound(*service.hook("outbound_message"))
    service.soap(f"{address}?event=help_requested", message([notification(1, "Task", Id="00T5Y", WhatId=DEAL)]))
    assert service.told() == [(DEAL, "help_requested")]


def test_what_is_no_deal_or_our_own_task_is_acknowledged_and_ignored(service: Service) -> None:
    """One of a hundred that means nothing to us must not hold up the others."""
    address = outbound(*service.hook("outbound_message"))
    mixed = [
        notification(1, "Lead", Id="00Q5Y00001Suvw6QAB"),
        notification(2, "Task", Id="00T5Y00001Suvw6QAB", WhatId=DEAL, Key__c="coach:task:1"),
        notification(3, "Task", Id="00T5Y00001Suvw6QAB", WhatId="0015Y00001Suvw6QAB"),
        notification(4, Id="006 or 1=1"),
        notification(5, Name="no id at all"),
        notification(6, Id=OTHER_DEAL),
        "<Notification><Id>04l5Y0000200007QA4</Id></Notification>",
        notification(8).replace("04l5Y00002", "not an id "),
    ]
    assert "<Ack>true</Ack>" in service.soap(address, message(mixed)).text
    assert service.told() == [(OTHER_DEAL, "changed")]


def test_an_org_is_known_by_its_long_and_its_short_id(service: Service) -> None:
    """Another org, even one whose id differs only in case, is refused."""
    address = outbound(*service.hook("outbound_message"))
    assert service.soap(address, message([notification(1)], SHORT_ORGANIZATION)).status_code == 200
    for other in (SHORT_ORGANIZATION.lower(), "00D5Y000001MPM8UAO", "", "00D"):
        assert service.soap(address, message([notification(2)], other)).status_code == 401
    assert len(service.kept()) == 1


def test_a_hundred_notifications_are_one_message_and_more_are_none(service: Service) -> None:
    """Salesforce sends a hundred at most; whoever sends more is somebody else."""
    address = outbound(*service.hook("outbound_message"))
    assert "<Ack>true</Ack>" in service.soap(address, message([notification(n) for n in range(100)])).text
    assert service.soap(address, message([notification(n) for n in range(101)])).status_code == 400
    assert service.soap(address, message([])).status_code == 400
    assert len(service.kept()) == 100


def test_many_at_once_are_each_stored_once(service: Service) -> None:
    """Those that share a commit are each told the truth, and one that comes twice at one time is one."""
    hook, secret = service.hook("outbound_message")
    bodies = [message([notification(n), notification(n + 1)]) for n in range(0, 60, 2)] * 2
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda body: service.soap(outbound(hook, secret), body), bodies))
    assert all("<Ack>true</Ack>" in answer.text for answer in answers)
    assert len({one.key for one in service.kept()}) == len(service.kept()) == 60


def test_what_cannot_be_stored_is_not_acknowledged(service: Service) -> None:
    """Salesforce keeps it and comes again."""
    address = outbound(*service.hook("outbound_message"))
    with service.store.begin() as transaction:
        transaction.exec_driver_sql("ALTER TABLE requests RENAME TO away")
    answer = service.soap(address, message([notification(1)]))
    with service.store.begin() as transaction:
        transaction.exec_driver_sql("ALTER TABLE away RENAME TO requests")
    assert (answer.status_code, "<Ack>false</Ack>" in answer.text) == (200, True)
    assert "<Ack>true</Ack>" in service.soap(address, message([notification(1)])).text
    assert len(service.kept()) == 1
