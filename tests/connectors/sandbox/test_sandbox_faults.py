"""Ordered trouble, as a client on the network meets it."""

import time
from datetime import timedelta

import pytest
import requests

from connectors.sandbox.org import Org
from connectors.sandbox.server import start
from connectors.sandbox.values import moment


@pytest.fixture(scope="module")
def running():
    with start(org=Org(), tls=False) as found:
        yield found


@pytest.fixture
def client(running):
    org = running.org
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {org.sessions.open(org.id, org.user_id, org.now())}"
        yield session
    org.faults.clear()


def order(running, client, **fault):
    answer = client.post(f"{running.url}/sandbox/faults", json={"faults": [fault]})
    assert answer.json() == {"ok": True}


def limits(running, client, **options):
    return client.get(f"{running.url}/services/data/v66.0/limits", **options)


def test_an_answer_can_be_replaced(running, client):
    """Status, body and headers as ordered, as often as ordered."""
    order(running, client, effect="answer", path="/limits", status=503, answer="<html>down</html>", times=2,
          headers={"Retry-After": "7"})  # fmt: skip
    found = limits(running, client)
    assert (found.status_code, found.text, found.headers["Retry-After"]) == (503, "<html>down</html>", "7")
    assert [limits(running, client).status_code for _ in range(2)] == [503, 200]


def test_a_connection_dropped_before_did_nothing(running, client):
    """The client sees no answer and the org has no new row."""
    order(running, client, effect="drop_before", method="POST", path="/sobjects/Account")
    before = running.org.count("Account")
    with pytest.raises(requests.ConnectionError):
        client.post(f"{running.url}/services/data/v66.0/sobjects/Account", json={"Name": "Amber"})
    assert running.org.count("Account") == before


def test_work_can_be_done_after_the_client_has_gone(running, client):
    """As where Salesforce takes longer than the client waits: nothing is there at first, and later it is."""
    order(running, client, effect="late", method="POST", path="/sobjects/Account", seconds=480, times=1)
    running.org.set_clock(running.org.now())
    before = running.org.count("Account")
    with pytest.raises(requests.ConnectionError):
        client.post(f"{running.url}/services/data/v66.0/sobjects/Account", json={"Name": "Late"})
    asked = running.org.now()
    counts = []
    for minutes in (7, 60):
        running.org.set_clock(asked + timedelta(minutes=minutes))
        counts.append(running.org.count("Account") - before)
    assert counts == [0, 1]
    made = moment(running.org.row("SELECT CreatedDate FROM Account WHERE Name = 'Late'")["CreatedDate"])
    assert abs(made - asked - timedelta(minutes=8)) < timedelta(seconds=1)
    running.org.set_clock(None)


def test_a_connection_dropped_after_did_the_work(running, client):
    """The lost answer: the row is there all the same."""
    order(running, client, effect="drop_after", method="POST", body='"Name":\\s*"Lost"')
    before = running.org.count("Account")
    with pytest.raises(requests.ConnectionError):
        client.post(f"{running.url}/services/data/v66.0/sobjects/Account", json={"Name": "Lost"})
    assert running.org.count("Account") == before + 1
    assert limits(running, client).status_code == 200


def test_an_answer_can_be_cut_garbled_or_slow(running, client):
    """Half a body, half a JSON, a page with status 200, a late answer, a missing header."""
    order(running, client, effect="cut_body", path="/limits", times=1)
    with pytest.raises(requests.RequestException):
        limits(running, client)
    order(running, client, effect="malformed_json", path="/limits", times=1)
    with pytest.raises(requests.JSONDecodeError):
        limits(running, client).json()
    order(running, client, effect="html_200", path="/limits", times=1)
    page = limits(running, client)
    assert (page.status_code, page.headers["Content-Type"][:9]) == (200, "text/html")
    order(running, client, effect="slow", path="/limits", times=1, seconds=0.2)
    began = time.monotonic()
    assert limits(running, client).ok
    assert time.monotonic() - began >= 0.2
    order(running, client, effect="slow", path="/limits", times=1, seconds=5)
    with pytest.raises(requests.Timeout):
        limits(running, client, timeout=0.1)
    order(running, client, effect="strip_limit_header", path="/limits", times=1)
    assert "Sforce-Limit-Info" not in limits(running, client).headers


def test_a_session_can_end_in_the_middle(running, client):
    """401 once and for ever: the token is dead."""
    order(running, client, effect="expire_session", path="/limits", nth=2)
    assert [limits(running, client).status_code for _ in range(3)] == [200, 401, 401]


def test_faults_meet_the_nth_every_nth_or_some(running, client):
    """Counting is by matching calls; chance is seeded."""
    order(running, client, effect="answer", status=500, path="/limits", every=2)
    assert [limits(running, client).status_code for _ in range(4)] == [200, 500, 200, 500]
    client.delete(f"{running.url}/sandbox/faults")
    seen = []
    for _ in range(2):
        order(running, client, effect="answer", status=500, path="/limits", probability=0.5, seed=4)
        seen.append([limits(running, client).status_code for _ in range(12)])
        client.delete(f"{running.url}/sandbox/faults")
    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 500}


def test_answers_are_zipped_when_asked_for(running, client):
    """A long answer travels as gzip only to those who accept it."""
    url = f"{running.url}/services/data/v66.0/sobjects"
    assert client.get(url).headers["Content-Encoding"] == "gzip"
    plain = client.get(url, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.json() == client.get(url).json()


def test_connections_can_end_within_the_handshake():
    """As many as were ordered; the client is told no reason, and least of all that a certificate is wrong."""
    with start(org=Org()) as running:
        running.org.settings.handshake_refusals = 2
        for _ in range(2):
            with pytest.raises(requests.exceptions.SSLError) as raised:
                requests.get(running.url, verify=running.ca_file, timeout=5)
            assert "certificate" not in str(raised.value).lower()
        assert requests.get(f"{running.url}/services/data", verify=running.ca_file, timeout=5).status_code == 200
