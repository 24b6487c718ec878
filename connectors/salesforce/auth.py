"""Signing in: one owner of the token, three grants, no login loops.

Source: Salesforce help on the OAuth 2.0 JWT bearer, client credentials and refresh token flows.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
import structlog

from connectors.errors import GateError, Reconnect, RetryLater

log = structlog.get_logger(__name__)

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS = 150  # Salesforce refuses more than 180; the rest is for clocks that disagree

REMEDIES = {
    "user hasn't approved this consumer": "Pre-authorise the integration user for the External Client App "
    "(policy 'Admin approved users are pre-authorized', then assign its permission set).",
    "user is not admin approved": "Assign the External Client App's permission set to the integration user.",
    "client identifier invalid": "Check --client-id: it is the app's consumer key.",
    "invalid client credentials": "Check the client secret: it may have been rotated.",
    "no client credentials user enabled": "Set a Run As user in the External Client App's client credentials policy.",
    "request not supported on this domain": "Use your My Domain as --login-url (https://NAME.my.salesforce.com).",
    "expired access/refresh token": "Connect again: the refresh token was revoked or used twice.",
    "invalid assertion": "Check that the private key belongs to the certificate uploaded to the app, and this "
    "machine's clock.",
    "expired authorization code": "Set this machine's clock: Salesforce takes what it signs for too old or too new.",
    "audience is invalid": "Use https://login.salesforce.com, https://test.salesforce.com or your My Domain "
    "as --login-url.",
    "inactive": "Activate the integration user, or connect with another one.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """How this connection signs in. `secrets` tells private_key, client_secret or refresh_token as they are now.

    It is asked at each sign-in: another process may have been given another refresh token since.
    """

    login_url: str
    client_id: str
    username: str | None
    secrets: Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in session; every address is built from `instance_url`, which can move."""

    access_token: str
    instance_url: str
    user_id: str | None
    org_id: str | None


class _Ungranted(Reconnect):
    """`invalid_grant`, which Salesforce also says of a good one now and then."""


class Tokens:
    """The only place that asks for tokens. `save` is called with a rotated refresh token before it is used.

    A grant that was refused is asked for once more after `pause` seconds, and not a third time: who is locked out is
    not to be hammered.
    """

    def __init__(
        self, grant: Grant, http: requests.Session, save: Callable[[Mapping[str, str]], None], pause: float
    ) -> None:
        self._grant, self._http, self._save, self._pause = grant, http, save, pause
        self._lock = threading.Lock()
        self._session: Session | None = None

    def session(self) -> Session:
        """The session in use, signing in if there is none."""
        with self._lock:
            if self._session is None:
                self._session = self._sign_in()
            return self._session

    def renew(self, stale: Session) -> Session:
        """A session other than `stale`; of many threads that saw it fail, one signs in."""
        with self._lock:
            if self._session is None or self._session == stale:
                self._session = self._sign_in()
            return self._session

    def _sign_in(self) -> Session:
        try:
            return self._granted()
        except _Ungranted as refused:
            log.info("grant_refused_once", reason=str(refused))
            time.sleep(self._pause)
            return self._granted()

    def _granted(self) -> Session:
        url = f"{self._grant.login_url.rstrip('/')}/services/oauth2/token"
        secrets = self._grant.secrets()
        try:
            answer = self._http.request("POST", url, data=self._form(secrets))
        except requests.RequestException as error:
            raise RetryLater(f"{host(url)} cannot be reached; check --login-url and the network.") from error
        body = _object(answer)
        if answer.status_code != 200 or "access_token" not in body:
            raise _refusal(host(url), answer.status_code, body)
        self._keep_rotated(secrets, body)
        org_id, user_id = _identity(str(body.get("id", "")))
        instance = str(body.get("instance_url") or self._grant.login_url).rstrip("/")
        return Session(access_token=str(body["access_token"]), instance_url=instance, user_id=user_id, org_id=org_id)

    def _form(self, secrets: Mapping[str, str]) -> dict[str, str]:
        if "private_key" in secrets:
            return {"grant_type": JWT_GRANT, "assertion": self._assertion(secrets["private_key"])}
        form = {"client_id": self._grant.client_id}
        if "client_secret" in secrets:
            form["client_secret"] = secrets["client_secret"]
        if "refresh_token" in secrets:
            return form | {"grant_type": "refresh_token", "refresh_token": secrets["refresh_token"]}
        return form | {"grant_type": "client_credentials"}

    def _assertion(self, private_key: str) -> str:
        claims = {
            "iss": self._grant.client_id,
            "sub": self._grant.username,
            "aud": self._grant.login_url.rstrip("/"),
            "exp": int(time.time()) + ASSERTION_SECONDS,
        }
        try:
            return jwt.encode(claims, private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise Reconnect("The private key cannot be read; it must be an unencrypted RSA key in PEM form.") from error

    def _keep_rotated(self, secrets: Mapping[str, str], body: Mapping[str, Any]) -> None:
        rotated = body.get("refresh_token")
        if rotated and rotated != secrets.get("refresh_token"):
            self._save({**secrets, "refresh_token": str(rotated)})


def host(url: str) -> str:
    """The host of an address, for messages."""
    return urlsplit(url).netloc or url


def _object(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _refusal(server: str, status: int, body: Mapping[str, Any]) -> GateError:
    """Only what says why in the words of OAuth (RFC 6749, 5.2) was told by who can refuse; all else passes."""
    code = body.get("error")
    if status >= 500 or status in (420, 429):
        return RetryLater(f"{server} answered {status} to the sign-in; it is tried again.")
    if status not in (400, 401) or not isinstance(code, str):
        return RetryLater(
            f"What answered at {server} is not a Salesforce sign-in address (it answered {status}); check --login-url, "
            "and whether a proxy or a maintenance page is in between."
        )
    said = str(body.get("error_description") or code)
    remedy = next((text for sign, text in REMEDIES.items() if sign in said.lower()), None)
    sentence = f"{server} refused the sign-in: {said}. {remedy or 'Ask an administrator to look at the login history.'}"
    return _Ungranted(sentence) if code == "invalid_grant" else Reconnect(sentence)


def _identity(url: str) -> tuple[str | None, str | None]:
    parts = urlsplit(url).path.strip("/").split("/")
    return (parts[1], parts[2]) if len(parts) == 3 and parts[0] == "id" else (None, None)
