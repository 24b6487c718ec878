"""Signing in: three grants, who is trusted, and the sentence for everything that can be wrong with it."""

import contextlib
import json
import socket
import struct
import threading

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.errors import Reconnect, RetryLater
from connectors.sandbox import control
from connectors.sandbox.org import Org
from connectors.sandbox.server import start


def app(place, **secret):
    return {"client_secret": place.running.client_secret, **secret}


def test_three_grants_sign_in(place):
    """Failure 23: a private key, a client secret, a refresh token with its secret."""
    place.deal()
    refresh = app(place, refresh_token=place.running.refresh_token)
    for secrets in ({"private_key": place.running.private_key_pem}, app(place), refresh):
        assert len(list(place.connector(secrets).pull("deal", None))) == 1
    assert place.saved == []


def test_a_rotated_refresh_token_is_kept_before_it_is_used(place):
    """Failure 21: whoever dies between the answer and the next call still holds the living token."""
    place.org.settings.rotate_refresh_tokens = True
    heard, order = place.listen(), []

    def save(secrets):
        order.append(len(heard))
        place.saved.append(dict(secrets))

    secrets = app(place, refresh_token=place.running.refresh_token)
    connector = place.connector(secrets, save=save)
    list(connector.pull("stage", None))
    assert order == [1]
    control.configure(place.org, expire_sessions=True)
    list(connector.pull("stage", None))
    assert len(place.saved) == 2
    assert set(place.saved[0]) == set(secrets)
    assert len({secrets["refresh_token"], *(kept["refresh_token"] for kept in place.saved)}) == 3
    assert list(place.connector(place.saved[-1]).pull("stage", None))


def test_a_token_that_cannot_be_kept_is_not_used(place):
    """The error of the one who should have kept it comes out, and no call was made with the session."""
    place.org.settings.rotate_refresh_tokens = True
    heard = place.listen()

    def save(_secrets):
        raise OSError("the disk is full")

    secrets = app(place, refresh_token=place.running.refresh_token)
    with pytest.raises(OSError, match="disk is full"):
        list(place.connector(secrets, save=save).pull("stage", None))
    assert len(heard) == 1


def test_a_spent_or_revoked_refresh_token_asks_for_a_person(place):
    """Asked once more and not a third time, and a sentence that says what happened."""
    place.org.settings.rotate_refresh_tokens = True
    secrets = app(place, refresh_token=place.running.refresh_token)
    list(place.connector(secrets).pull("stage", None))
    heard = place.listen()
    with pytest.raises(Reconnect, match="Connect again: the refresh token was revoked or used twice"):
        list(place.connector(secrets).pull("stage", None))
    assert place.tokens(heard) == 2
    with pytest.raises(Reconnect, match="Connect again"):
        list(place.connector(place.saved[-1]).pull("stage", None))  # somebody else holds a copy: all are dead


def other_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def refused(place, secrets=None, **settings):
    heard = place.listen()
    with pytest.raises(Reconnect) as raised:
        list(place.connector(secrets, **settings).pull("stage", None))
    assert place.tokens(heard) <= 2
    assert "BEGIN" not in str(raised.value)
    assert place.running.client_secret not in str(raised.value)
    return str(raised.value)


def test_what_is_wrong_with_a_sign_in_is_said(place):
    """Key, app, user, secret, Run As user: each with its own remedy, and never the secret itself."""
    assert "private key belongs to the certificate" in refused(place, {"private_key": other_key()})
    assert "must be an unencrypted RSA key" in refused(place, {"private_key": "no key"})
    assert "--client-id" in refused(place, client_id="3MVG9nobody")
    own_key = {"private_key": place.running.private_key_pem}
    assert "Pre-authorise" in refused(place, own_key, username="nobody@lantern.example")
    assert "client secret" in refused(place, {"client_secret": "wrong"})
    place.org.settings.execution_user = False
    assert "Run As" in refused(place, app(place))
    control.configure(place.org, user_active={place.me: False})
    assert "Activate the integration user" in refused(place, own_key)


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("audience is invalid", "--login-url"),
        ("expired authorization code", "clock"),
        ("request not supported on this domain", "My Domain"),
        ("user is not admin approved to access this app", "permission set"),
        ("something new", "administrator"),
    ],
)
def test_refusals_as_salesforce_words_them(place, said, remedy):
    """Those that the sandbox has no reason to give."""
    answer = f'{{"error": "invalid_grant", "error_description": "{said}"}}'
    place.trouble("answer", path="/oauth2/token", status=400, answer=answer)
    sentence = refused(place)
    assert said in sentence
    assert remedy in sentence


WRONG_GRANT = '{"error": "invalid_grant", "error_description": "authentication failure"}'
PASSING = [
    {"effect": "html_200"},
    {"effect": "malformed_json"},
    {"effect": "drop_before"},
    {"effect": "answer", "status": 200, "answer": ""},
    {"effect": "answer", "status": 200, "answer": "[]"},
    *({"effect": "answer", "status": status, "answer": "<html>"} for status in (302, 400, 403, 404, 420, 429, 503)),
    {"effect": "answer", "status": 403, "answer": '{"error": "blocked by the gateway"}'},
    {"effect": "answer", "status": 503, "answer": WRONG_GRANT},
]


@pytest.mark.parametrize("order", PASSING, ids=lambda order: f"{order['effect']}-{order.get('status', '')}")
def test_a_sign_in_that_may_do_later(place, order):
    """Failure 22: whatever is no refusal in the words of OAuth passes, and the first sign-in is tried again as well."""
    place.deal()
    met = place.trouble(path="/oauth2/token", **order)
    with pytest.raises(RetryLater, match=r"--login-url|tried again"):
        place.pages("deal")
    assert met.met == 2
    place.org.faults.clear()
    place.trouble(path="/oauth2/token", times=1, **order)
    assert len(place.pages("deal")) == 1
    place.trouble(path="/oauth2/token", times=1, **order)
    assert place.push(place.task())[0].created


def test_a_grant_that_is_refused_once_is_asked_for_again(place):
    """Failure 22: a good grant is refused now and then; one that is refused twice is for a person."""
    place.deal()
    refusal = {"status": 400, "answer": WRONG_GRANT}
    met = place.trouble("answer", path="/oauth2/token", times=1, **refusal)
    assert len(place.pages("deal")) == met.met == 1
    met = place.trouble("answer", path="/oauth2/token", **refusal)
    with pytest.raises(Reconnect, match="authentication failure"):
        place.pages("deal")
    assert met.met == 2


class Blip:
    """Listens beside the org and ends every connection when the client has said hello."""

    def __init__(self, how):
        self.how, self.met, self.listener = how, 0, socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.met += 1
                connection.recv(4096)
                if self.how == "plain 503":
                    connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
                if self.how == "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()


@pytest.mark.parametrize("how", ["closed", "reset", "plain 503"])
def test_a_handshake_that_ends_is_no_certificate_to_mend(place, how):
    """Failure 22: a balancer that restarts looks like this for a moment, where one signs in and in any call after."""
    blip = Blip(how)
    with blip.listener:
        with pytest.raises(RetryLater, match="cannot be reached"):
            place.pages("deal", login_url=blip.url)
        assert blip.met == 2
        here = {"access_token": "00D!x", "instance_url": blip.url, "id": f"{blip.url}/id/{place.org.id}/{place.me}"}
        place.trouble("answer", path="/oauth2/token", status=200, answer=json.dumps(here))
        with pytest.raises(RetryLater, match="did not answer"):
            place.pages("deal")
        assert blip.met == 4


def test_an_address_that_is_no_salesforce_is_named(place):
    """A page with status 200 where a token was expected."""
    place.trouble("html_200", path="/oauth2/token")
    with pytest.raises(RetryLater, match="is not a Salesforce sign-in address"):
        place.pages("deal")


def test_the_authority_comes_from_the_setting_or_the_environment(place, monkeypatch, tmp_path):
    """--ca-file first, then REQUESTS_CA_BUNDLE, then SSL_CERT_FILE, else what the machine trusts."""
    right = place.running.ca_file
    with start(org=Org()) as stranger:
        wrong = stranger.ca_file
        for given, environment, works in [
            (right, {}, True),
            (None, {"REQUESTS_CA_BUNDLE": right}, True),
            (None, {"SSL_CERT_FILE": right}, True),
            (None, {"REQUESTS_CA_BUNDLE": right, "SSL_CERT_FILE": wrong}, True),
            (right, {"REQUESTS_CA_BUNDLE": wrong, "SSL_CERT_FILE": wrong}, True),
            (wrong, {"REQUESTS_CA_BUNDLE": right}, False),
            (None, {"REQUESTS_CA_BUNDLE": wrong}, False),
            (None, {}, False),
        ]:
            with monkeypatch.context() as patch:
                for name, value in environment.items():
                    patch.setenv(name, value)
                if works:
                    assert place.connector(ca_file=given).check()[0].ok
                else:
                    with pytest.raises(Reconnect, match="--ca-file"):
                        list(place.connector(ca_file=given).pull("stage", None))


def test_a_ca_file_that_is_not_there_or_no_certificate_is_named(place, tmp_path):
    """A wrong path is the caller's slip, not a crash."""
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("absent.pem", "empty.pem"):
        with pytest.raises(Reconnect, match="--ca-file"):
            list(place.connector(ca_file=str(tmp_path / name)).pull("stage", None))


def test_a_netrc_file_does_not_sign_in_for_us(place, monkeypatch, tmp_path):
    """Passwords that a person keeps for other programs would replace our session on every call."""
    (tmp_path / "netrc").write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    place.deal()
    assert len(place.pull("deal")[0]) == 1


def test_plain_http_works_on_the_loopback(plain):
    """For a sandbox without certificates; the address in the token is used as it is."""
    plain.deal()
    assert plain.running.url.startswith("http://")
    assert len(plain.pull("deal", login_url=plain.running.url + "/")[0]) == 1
