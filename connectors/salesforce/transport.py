"""The session that every call goes through: it waits for nothing for ever, trusts whom it was told to, mends text."""

import os
import re
import ssl
from dataclasses import dataclass
from typing import Any

import requests
import structlog

from connectors.errors import Reconnect
from connectors.salesforce.auth import host

log = structlog.get_logger(__name__)

NULS = {
    # the JSON escape, not the words of somebody who wrote about it: those stand behind an escaped backslash
    "json": (rb"\u0000", re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")),
    "csv": (b"\x00", re.compile(rb"()\x00")),
}
"""By format: what every NUL in it contains, and what it is together with what to keep of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How patiently we speak: seconds to connect and to read, tries of a harmless call, first wait between them."""

    version: str = "62.0"
    ca_file: str | None = None
    connect_seconds: float = 10.0
    read_seconds: float = 120.0
    tries: int = 5
    first_wait: float = 0.5


class Http(requests.Session):
    """A session that never waits for ever and trusts the authority we were told to trust."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._timeout = (wire.connect_seconds, wire.read_seconds)
        self.auth = _as_it_is  # without it a .netrc file of the machine would overwrite our session in every call
        # requests lets REQUESTS_CA_BUNDLE override a session's own setting, so the choice is made per request
        self._trust: str | bool = wire.ca_file or next(
            (os.environ[name] for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE") if os.environ.get(name)), True
        )

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        kwargs.setdefault("timeout", self._timeout)
        kwargs.setdefault("verify", self._trust)
        if isinstance(self._trust, str) and not os.path.exists(self._trust):
            raise Reconnect(f"There is no file {self._trust} with certificates; check --ca-file.")
        try:
            return super().request(method, url, **kwargs)
        except requests.exceptions.SSLError as error:
            if distrusted := _distrust(error, host(url)):
                raise distrusted from error
            raise  # a balancer that restarts ends handshakes too, and that passes


def _distrust(error: BaseException, server: str) -> Reconnect | None:
    """What a person has to do about this error of TLS, if anything."""
    causes: list[BaseException | None] = [error]
    while cause := causes[-1]:
        causes.append(cause.__cause__ or cause.__context__)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Reconnect(
            f"The certificate of {server} is not trusted; pass --ca-file with the authority that signed it."
        )
    if any(isinstance(cause, ssl.SSLError) and cause.library == "X509" for cause in causes):
        return Reconnect("What --ca-file names holds no certificates; give it the PEM file of the authority.")
    return None


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def mend_text(response: requests.Response) -> None:
    """Salesforce's text is UTF-8 whatever a proxy declares, and no database keeps the NULs of old imports."""
    told = response.headers.get("Content-Type", "")
    sign, nul = next((found for name, found in NULS.items() if name in told), (b"", None))
    if nul is None:
        return
    response.encoding = "utf-8-sig"
    if sign in response.content:
        response._content, stripped = nul.subn(rb"\1", response.content)
        log.warning("nul_stripped", count=stripped)
