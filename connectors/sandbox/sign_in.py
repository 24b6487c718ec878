"""Signing in: the three OAuth grants, and the sessions they open."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.sandbox.errors import Rejected, SignInRejected
from connectors.sandbox.org import Org

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
LEEWAY = timedelta(minutes=3)
REVOKED = {
    JWT_BEARER: "user hasn't approved this consumer",
    "refresh_token": "expired access/refresh token",
    "client_credentials": "no client credentials user enabled",
}
"""How each grant is told that an administrator took it back."""

SCOPE = "api refresh_token"


def register(org: Org) -> dict[str, str]:
    """The one app that may connect: its id, secret, key pair and first refresh token. Made once, kept with the org."""
    known = {row["name"]: str(row["value"]) for row in org.rows("SELECT * FROM _secret")}
    return known if "client_id" in known else _kept(org, _made())


def enroll(org: Org) -> None:
    """Let this org know the same app as every other org enrolled by this process: a key pair takes longest to make."""
    _kept(org, _everybodys())


@cache
def _everybodys() -> dict[str, str]:
    return _made()


def _made() -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "client_id": "3MVG9" + secrets.token_hex(20),
        "client_secret": secrets.token_hex(32),
        "private_key_pem": private.decode(),
        "public_key_pem": public.decode(),
        "refresh_token": _refresh_token(),
    }


def _kept(org: Org, app: dict[str, str]) -> dict[str, str]:
    for name, value in app.items():
        remember(org, name, value)
    return app


def remember(org: Org, name: str, value: str) -> None:
    """Keep a secret with the org."""
    with org.transaction():
        org.execute("INSERT OR REPLACE INTO _secret VALUES (?, ?)", (name, value))


def _refresh_token() -> str:
    return "5Aep861" + secrets.token_urlsafe(48)


def sign_in(org: Org, form: Mapping[str, str], authorization: str, base_url: str) -> dict[str, str]:
    """The token endpoint: a form in, the documented fields of its grant out, or SignInRejected."""
    app = register(org)
    grant = form.get("grant_type", "")
    if org.settings.grant_revoked:
        raise SignInRejected("invalid_grant", REVOKED.get(grant, "invalid grant"))
    if grant == JWT_BEARER:
        return _answer(org, _jwt_user(org, app, form.get("assertion", ""), base_url), base_url)
    if grant == "client_credentials":
        _check_client(app, form, authorization)
        if not org.settings.execution_user:
            raise SignInRejected("invalid_grant", "no client credentials user enabled")
        return _signed(org, _answer(org, _active(org, org.user_id), base_url), app)
    if grant == "refresh_token":
        _check_client(app, form, authorization)
        return _refreshed(org, app, form.get("refresh_token", ""), base_url)
    raise SignInRejected("unsupported_grant_type", "grant type not supported")


def _jwt_user(org: Org, app: Mapping[str, str], assertion: str, base_url: str) -> str:
    try:
        claimed = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise SignInRejected("invalid_grant", "invalid assertion") from None
    if claimed.get("iss") != app["client_id"]:
        raise SignInRejected("invalid_client_id", "client identifier invalid")
    try:
        options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
        claims = jwt.decode(assertion, app["public_key_pem"], algorithms=["RS256"], options=options)
    except jwt.PyJWTError:
        raise SignInRejected("invalid_grant", "invalid assertion") from None
    if claims.get("aud") not in (*LOGIN_HOSTS, base_url):
        raise SignInRejected("invalid_grant", "audience is invalid")
    _check_expiry(org, claims.get("exp"))
    user = org.row("SELECT Id FROM User WHERE Username = ?", (str(claims.get("sub")),))
    if not user:
        raise SignInRejected("invalid_grant", "user hasn't approved this consumer")
    return _active(org, user["Id"])


def _check_expiry(org: Org, expiry: object) -> None:
    """Within three minutes by our clock; while that is frozen, real time counts too, clients cannot know."""
    try:
        moment = datetime.fromtimestamp(int(str(expiry)), UTC)
    except (ValueError, OverflowError, OSError):
        raise SignInRejected("invalid_grant", "invalid assertion") from None
    clocks = [org.now(), datetime.now(UTC)] if org.frozen else [org.now()]  # noqa: TID251
    if any(-LEEWAY / 6 < moment - clock <= LEEWAY + LEEWAY / 6 for clock in clocks):
        return
    raise SignInRejected("invalid_grant", "expired authorization code")


def _active(org: Org, user_id: str) -> str:
    if not org.record("User", user_id).get("IsActive"):
        raise SignInRejected("invalid_grant", "user is inactive")
    return user_id


def _check_client(app: Mapping[str, str], form: Mapping[str, str], authorization: str) -> None:
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    if authorization.lower().startswith("basic "):
        try:
            client, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            client = ""
    if client != app["client_id"]:
        raise SignInRejected("invalid_client_id", "client identifier invalid")
    if not secrets.compare_digest(secret.encode(), app["client_secret"].encode()):
        raise SignInRejected("invalid_client", "invalid client credentials")


def _refreshed(org: Org, app: Mapping[str, str], token: str, base_url: str) -> dict[str, str]:
    if not token or token != app.get("refresh_token"):
        if token and token in app.get("spent_refresh_tokens", "").split():
            # A spent token used again means that somebody else holds it: nothing signed in with it may live on.
            remember(org, "refresh_token", "")
            org.sessions.end_all()
        raise SignInRejected("invalid_grant", "expired access/refresh token")
    if not org.settings.rotate_refresh_tokens:
        return _signed(org, _answer(org, _active(org, org.user_id), base_url), app)
    user, fresh = _active(org, org.user_id), _refresh_token()
    org.sessions.end_all()
    remember(org, "spent_refresh_tokens", f"{app.get('spent_refresh_tokens', '')} {token}".strip())
    remember(org, "refresh_token", fresh)
    return _signed(org, _answer(org, user, base_url), app) | {"refresh_token": fresh}


def _answer(org: Org, user_id: str, base_url: str) -> dict[str, str]:
    return {
        "access_token": org.sessions.open(org.id, user_id, org.now()),
        "scope": SCOPE,
        "instance_url": base_url,
        "id": f"{base_url}/id/{org.id}/{user_id}",
        "token_type": "Bearer",
    }


def _signed(org: Org, answer: dict[str, str], app: Mapping[str, str]) -> dict[str, str]:
    issued = str(int(org.now().timestamp() * 1000))
    digest = hashlib.sha256(f"{app['client_secret']}{answer['id']}{issued}".encode()).digest()
    return answer | {"signature": base64.b64encode(digest).decode(), "issued_at": issued}


def revoke(org: Org, token: str) -> None:
    """End a session, or all that a refresh token stands for."""
    if token and token == register(org).get("refresh_token"):
        remember(org, "refresh_token", "")
        org.sessions.end_all()
    elif not org.sessions.end(token):
        raise SignInRejected("unsupported_token_type", "this token is not supported")


def identity(org: Org, user_id: str, base_url: str) -> dict[str, object]:
    """What the identity addresses tell about the person who signed in."""
    user = org.record("User", user_id)
    if not user:
        raise Rejected("NOT_FOUND", "The requested resource does not exist", 404)
    return {
        "id": f"{base_url}/id/{org.id}/{user_id}", "user_id": user_id, "organization_id": org.id,
        "sub": f"{base_url}/id/{org.id}/{user_id}", "username": user["Username"], "display_name": user["Name"],
        "preferred_username": user["Username"], "name": user["Name"], "active": bool(user["IsActive"]),
        "user_type": "STANDARD", "urls": {"rest": f"{base_url}/services/data/v{{version}}/"},
    }  # fmt: skip
