"""The three grants, what each answers, and how sessions end."""

import base64
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.sandbox.call import Call
from connectors.sandbox.desk import Desk
from connectors.sandbox.sign_in import JWT_BEARER, enroll, register

BASE = "https://127.0.0.1:1"


@pytest.fixture
def app(org):
    """The org's app."""
    enroll(org)
    return register(org)


def ask(org, form, authorization=""):
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
    call = Call(method="POST", path="/services/oauth2/token", body=body, base_url=BASE)
    call.headers["authorization"] = authorization
    found = Desk(org).answer(call)
    return found.status, found.value


def assertion(org, app, key=None, algorithm="RS256", **claims):
    given = {
        "iss": app["client_id"], "sub": "integration@sandbox.invalid", "aud": "https://login.salesforce.com",
        "exp": int((org.now() + timedelta(minutes=2)).timestamp()),
    }  # fmt: skip
    return jwt.encode({**given, **claims}, key or app["private_key_pem"], algorithm=algorithm)


def by_jwt(org, token):
    return ask(org, {"grant_type": JWT_BEARER, "assertion": token})


def works(org, token):
    call = Call(method="GET", path="/services/data/v66.0/limits", headers={"authorization": f"Bearer {token}"})
    return Desk(org).answer(call).status


def test_a_signed_jwt_opens_a_session(org, app):
    """The answer has the documented fields of this grant and no others."""
    status, value = by_jwt(org, assertion(org, app))
    assert status == 200
    assert set(value) == {"access_token", "scope", "instance_url", "id", "token_type"}
    assert (value["instance_url"], value["token_type"]) == (BASE, "Bearer")
    assert value["id"] == f"{BASE}/id/{org.id}/{org.user_id}"
    assert works(org, value["access_token"]) == 200


def strangers_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def test_a_strangers_signature_is_refused(org, app):
    """Only the registered key counts; an unsigned or a symmetric token least of all."""
    secret = "a secret that is long enough for a signature"
    forged = [
        assertion(org, app, key=strangers_key()),
        assertion(org, app, key=secret, algorithm="HS256"),
        jwt.encode({"iss": app["client_id"]}, None, algorithm="none"),
        "no.token",
    ]
    for token in forged:
        assert by_jwt(org, token) == (400, {"error": "invalid_grant", "error_description": "invalid assertion"})


@pytest.mark.parametrize(
    ("claims", "error", "description"),
    [
        ({"aud": "https://login.example.invalid"}, "invalid_grant", "audience is invalid"),
        ({"iss": "somebody"}, "invalid_client_id", "client identifier invalid"),
        ({"sub": "nobody@sandbox.invalid"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"exp": 1_500_000_000}, "invalid_grant", "expired authorization code"),
        ({"exp": 4_000_000_000}, "invalid_grant", "expired authorization code"),
        ({"exp": "soon"}, "invalid_grant", "invalid assertion"),
    ],
)
def test_every_claim_is_checked(org, app, claims, error, description):
    """A wrong audience, issuer, user or time is refused in an object, as the endpoint does."""
    assert by_jwt(org, assertion(org, app, **claims)) == (400, {"error": error, "error_description": description})


def test_an_inactive_user_cannot_sign_in(org, app):
    """Neither anew nor with a session from before."""
    token = by_jwt(org, assertion(org, app))[1]["access_token"]
    org.update("User", org.user_id, {"IsActive": 0})
    assert by_jwt(org, assertion(org, app))[1] == {"error": "invalid_grant", "error_description": "user is inactive"}
    assert works(org, token) == 401


def test_client_credentials_come_in_the_body_or_in_the_header(org, app):
    """Both ways open a session; without an execution user neither does."""
    form = {"grant_type": "client_credentials"}
    both = f"{app['client_id']}:{app['client_secret']}".encode()
    status, value = ask(org, form, "Basic " + base64.b64encode(both).decode())
    assert status == 200
    assert set(value) == {"access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"}
    form |= {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    assert ask(org, form)[0] == 200
    wrong = ask(org, {**form, "client_secret": "guess"})
    assert wrong == (400, {"error": "invalid_client", "error_description": "invalid client credentials"})
    org.settings.execution_user = False
    assert ask(org, form)[1]["error_description"] == "no client credentials user enabled"


def refresh(org, app, token):
    form = {"client_id": app["client_id"], "client_secret": app["client_secret"], "refresh_token": token}
    return ask(org, {"grant_type": "refresh_token", **form})


def test_a_refresh_token_lasts_unless_it_rotates(org, app):
    """Without rotation it may be used again; a wrong one never."""
    first, second = refresh(org, app, app["refresh_token"]), refresh(org, app, app["refresh_token"])
    assert (first[0], second[0], "refresh_token" in first[1]) == (200, 200, False)
    dead = refresh(org, app, "wrong")
    assert dead == (400, {"error": "invalid_grant", "error_description": "expired access/refresh token"})


def test_rotation_ends_the_session_before_and_reuse_ends_all(org, app):
    """Each exchange kills the previous session; a spent token used again revokes everything."""
    org.settings.rotate_refresh_tokens = True
    first = refresh(org, app, app["refresh_token"])[1]
    second = refresh(org, app, first["refresh_token"])[1]
    assert (works(org, first["access_token"]), works(org, second["access_token"])) == (401, 200)
    assert refresh(org, app, first["refresh_token"])[0] == 400
    assert works(org, second["access_token"]) == 401
    assert refresh(org, app, second["refresh_token"])[0] == 400


def test_a_session_dies_of_idleness(org, app):
    """Two hours without a call, by the sandbox clock; each call starts them anew."""
    token = by_jwt(org, assertion(org, app))[1]["access_token"]
    for _ in range(3):
        org.set_clock(org.now() + timedelta(minutes=100))
        assert works(org, token) == 200
    org.set_clock(org.now() + timedelta(minutes=121))
    call = Call(method="GET", path="/services/data/v66.0/limits", headers={"authorization": f"Bearer {token}"})
    dead = Desk(org).answer(call)
    assert (dead.status, dead.value) == (
        401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
    )  # fmt: skip


def test_revoking_ends_the_session(org, app):
    """A revoked token is dead; an unknown one cannot be revoked."""
    token = by_jwt(org, assertion(org, app))[1]["access_token"]
    revoke = Call(method="POST", path="/services/oauth2/revoke", body=f"token={token}".encode())
    assert Desk(org).answer(revoke).status == 200
    assert works(org, token) == 401
    again = Desk(org).answer(Call(method="POST", path="/services/oauth2/revoke", body=b"token=x"))
    assert (again.status, again.value["error"]) == (400, "unsupported_token_type")


def test_the_identity_addresses_say_who_signed_in(caller):
    """Both the id of the token answer and userinfo name user and org."""
    for path in (f"/id/{caller.org.id}/{caller.org.user_id}", "/services/oauth2/userinfo"):
        who = caller.call("GET", path)
        assert (who.value["user_id"], who.value["organization_id"]) == (caller.org.user_id, caller.org.id)
