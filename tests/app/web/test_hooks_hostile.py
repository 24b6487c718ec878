"""What strangers may try at a hook: nothing is stored, nothing is learnt, and the service goes on."""

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hooking import DEAL, Service, message, notification, outbound, serving
from hypothesis import given
from hypothesis import strategies as st

from app.store.session import Store
from app.web.hooks import hints
from app.web.hooks import outbound as soap
from app.web.hooks.hints import Unreadable

FIFTY_MEGABYTES = 50_000_000
BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
ELSEWHERE = '<!DOCTYPE b SYSTEM "http://127.0.0.1:9/b.dtd">'


@pytest.fixture
def service(sqlite: Store, tmp_path: Path) -> Iterator[Service]:
    with serving(sqlite, tmp_path) as service:
        yield service


def test_an_unknown_address_and_a_wrong_secret_get_the_same_answer(service: Service) -> None:
    """Nobody learns which addresses there are; the door of one kind is no door of another."""
    hook, secret = service.hook("outbound_message")
    flow, _ = service.hook("flow")
    signed, signing = service.hook("signed")
    body = message([notification(1)])
    answers = [
        service.soap("/hooks/salesforce/nobody/nothing", body),
        service.soap(outbound(hook, "wrong"), body),
        service.soap(outbound(flow, secret), body),
        service.json("/hooks/flow/nobody", {"deal_id": DEAL}),
        service.json(f"/hooks/flow/{flow.door}", {"deal_id": DEAL}),
        service.json(f"/hooks/flow/{flow.door}", {"deal_id": DEAL}, **{"X-Coachsync-Secret": "wrong"}),
        service.json("/hooks/signed/nobody", {"deal_id": DEAL}),
        service.json(f"/hooks/signed/{signed.door}", {"deal_id": DEAL}),
        service.signed(flow, signing, {"deal_id": DEAL}),
        service.signed(signed, "whsec_d3Jvbmc=", {"deal_id": DEAL}),
    ]
    assert {(one.status_code, one.json()["detail"]) for one in answers} == {(401, "Refused.")}
    assert len({one.text for one in answers}) == 1
    assert len({tuple(key for key in one.headers) for one in answers}) == 1
    assert service.kept() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,not base64!"},
        {"webhook-signature": "no comma"},
        {"webhook-signature": "v2,AAAA v1a,AAAA"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-id": ""},
        {"webhook-id": "another"},
    ],
)
def test_a_signature_that_does_not_hold_is_refused(service: Service, headers: dict[str, str]) -> None:
    """Also where it only looks like one."""
    hook, secret = service.hook("signed")
    good = service.signed(hook, secret, {"deal_id": DEAL}).request
    again = service.client.post(good.url, content=good.content, headers={**good.headers, **headers})
    assert again.status_code == 401


def test_one_changed_letter_breaks_a_signature(service: Service) -> None:
    """What was signed is the body as it was sent."""
    hook, secret = service.hook("signed")
    good = service.signed(hook, secret, {"deal_id": DEAL}).request
    changed = good.content.replace(b"006", b"007")
    assert service.client.post(good.url, content=changed, headers=good.headers).status_code == 401
    assert len(service.kept()) == 1


def test_only_the_proxy_that_saw_the_certificate_is_let_in(service: Service) -> None:
    """With a header set at creation, the secret alone opens nothing."""
    hook, secret = service.hook("outbound_message", certificate=("X-Client-Cert", "CN=proxy"))
    address, body = outbound(hook, secret), message([notification(1)])
    assert service.soap(address, body).status_code == 401
    assert service.soap(address, body, **{"X-Client-Cert": "CN=other"}).status_code == 401
    assert service.soap(address, body, **{"X-Client-Cert": "CN=proxy"}).status_code == 200


@pytest.mark.parametrize(
    "kind", ["application/xml", "application/json", "text/xml; charset=utf-16", "multipart/form-data", ""]
)
def test_another_content_type_is_not_read(service: Service, kind: str) -> None:
    """Nothing guesses what a body is."""
    address = outbound(*service.hook("outbound_message"))
    assert service.soap(address, message([notification(1)]), **{"Content-Type": kind}).status_code == 415


def test_a_compressed_body_is_not_read(service: Service) -> None:
    """A few bytes could become many."""
    address = outbound(*service.hook("outbound_message"))
    assert service.soap(address, b"\x1f\x8b", **{"Content-Encoding": "gzip"}).status_code == 415


@pytest.mark.parametrize("before", [BOMB, OUTSIDE, ELSEWHERE, "<!DOCTYPE b>"])
def test_xml_with_a_document_type_is_refused(service: Service, before: str) -> None:
    """Entities neither unfold nor reach for files or the network."""
    address = outbound(*service.hook("outbound_message"))
    body = message([notification(1, Id="&b;", StageName="&a;")], before=before)
    assert service.soap(address, body).status_code == 400
    assert service.kept() == []


def test_what_is_no_message_is_refused(service: Service) -> None:
    """Truncated, too deep, not UTF-8, another document: a sentence, and not a trace of ours."""
    address = outbound(*service.hook("outbound_message"))
    whole = message([notification(1)])
    for body in (
        whole[: len(whole) // 2],
        "<a>" * 20_000,
        "<a>" * 20_000 + "</a>" * 20_000,
        b"\xff" + whole.encode(),
        "<html/>",
        whole.replace("2005/09/outbound", "2005/09/inbound"),
        b"",
    ):
        answer = service.soap(address, body)
        assert answer.status_code == 400, body[:80]
        assert answer.json()["detail"].endswith(".")
    assert "<Ack>true</Ack>" in service.soap(address, whole).text


@pytest.mark.parametrize("told", [f"Content-Length: {FIFTY_MEGABYTES}", "Transfer-Encoding: chunked"])
def test_fifty_megabytes_are_cut_off_early(service: Service, told: str) -> None:
    """Whether or not the sender says how much is to come."""
    address = outbound(*service.hook("outbound_message"))
    piece, sent = b"x" * 100_000, 0
    frame = piece if told.startswith("Content") else b"%x\r\n%b\r\n" % (len(piece), piece)
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(f"POST {address} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n{told}\r\n\r\n".encode())
        try:
            while sent < FIFTY_MEGABYTES:
                connection.sendall(frame)
                sent += len(piece)
        except OSError:  # it hung up
            pass
    assert sent < FIFTY_MEGABYTES / 2
    assert service.kept() == []


def test_a_body_that_is_cut_off_is_nothing(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """The sender went away in the middle; the service says nothing and serves the next."""
    address = outbound(*service.hook("outbound_message"))
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(
            f"POST {address} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 900\r\n\r\n<a".encode()
        )
    assert service.soap(address, message([notification(1)])).status_code == 200
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_no_log_holds_what_authorises(
    service: Service, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the server's log at its loudest nor ours, whether it went well or not."""
    for name in ("uvicorn.error", "uvicorn.access"):
        caplog.set_level(logging.DEBUG, name)
    hook, secret = service.hook("outbound_message")
    flow, flow_secret = service.hook("flow")
    signed, signing = service.hook("signed")
    address = outbound(hook, secret)
    service.soap(address, message([notification(1)]))
    service.soap(address, b"")
    service.soap(address, b"", **{"Content-Type": "text/plain"})
    service.client.get(address)
    service.client.get(f"{address}/more")
    service.json(f"/hooks/flow/{flow.door}", {"deal_id": DEAL}, **{"X-Coachsync-Secret": flow_secret})
    service.signed(signed, signing, {"deal_id": DEAL})
    said = caplog.text + "".join(capsys.readouterr())
    assert "POST /hooks/" in said
    for one in (secret, flow_secret, signing, signing.removeprefix("whsec_")):
        assert one not in said


def test_no_secret_stands_readable_in_the_database(service: Service) -> None:
    """What is compared is hashed, what signs is encrypted."""
    made = [service.hook(kind) for kind in ("outbound_message", "flow", "signed")]
    with service.store.read() as transaction:
        rows = str(transaction.exec_driver_sql("SELECT * FROM hooks").all())
    assert len(rows) > 300
    assert not [secret for _, secret in made if secret in rows or secret.removeprefix("whsec_") in rows]


TAGS = st.sampled_from(["a", "s:Envelope", "s:Body", "o:notifications", "o:Notification", "o:Id", "o:sObject", "x:Id"])
XML = st.recursive(
    st.text(max_size=20),
    lambda inner: st.builds(
        lambda tag, pieces: f'<{tag} i:type="x:Opportunity">{"".join(pieces)}</{tag}>',
        TAGS,
        st.lists(inner, max_size=4),
    ),
    max_leaves=30,
)
NAMES = (
    'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:o="http://soap.sforce.com/2005/09/outbound" '
    'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:sobject.enterprise.soap.sforce.com"'
)


def read_or_refused(body: bytes) -> None:
    try:
        for hint in soap.hints(soap.read(body), "changed", "Key__c"):
            assert hint.deal_id.startswith("006")
    except Unreadable:
        pass


@given(st.binary() | XML.map(lambda text: text.encode()))
def test_no_bytes_make_the_xml_reader_fail(body: bytes) -> None:
    """It reads or refuses; nothing else."""
    read_or_refused(body)


@given(st.lists(XML, max_size=4))
def test_no_envelope_makes_the_xml_reader_fail(pieces: list[str]) -> None:
    """Also within the right envelope."""
    inside = "".join(pieces)
    read_or_refused(
        f"<s:Envelope {NAMES}><s:Body><o:notifications>{inside}</o:notifications></s:Body></s:Envelope>".encode()
    )


@given(st.data())
def test_no_change_to_a_message_makes_the_xml_reader_fail(data: st.DataObject) -> None:
    """A good one with a piece replaced, which is what a broken sender sends."""
    whole = message([notification(1), notification(2)]).encode()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 40)))
    read_or_refused(whole[:start] + data.draw(st.binary(max_size=40)) + whole[end:])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["deal_id", "event", "id", "x"]) | st.text(), inner)
    ),
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_make_the_json_reader_fail(body: bytes) -> None:
    """What it reads can be stored on either database."""
    try:
        for hint in hints.read(body):
            assert "\0" not in hint.wish("flow").key
    except Unreadable:
        pass
