"""Who may come in: whoever knows a secret of the door, past the proxy that has seen his certificate.

An address that nobody has costs the same work as a wrong secret, and gets the same answer.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import get_args

import structlog
from fastapi import HTTPException
from standardwebhooks import Webhook, WebhookVerificationError

from app.store import hooks
from app.store.connections import Vault
from app.store.hooks import Hook, Kind
from app.store.session import Store

log = structlog.get_logger(__name__)

Knows = Callable[[str], bool]
"""Whether the caller knows a secret, given as it is kept."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The addresses of all hooks."""

    store: Store
    vault: Vault
    nobodys: Mapping[Kind, str] = field(init=False)
    """Secrets that nobody knows, for the addresses that nobody has."""

    def __post_init__(self) -> None:
        kinds: tuple[Kind, ...] = get_args(Kind)
        nobodys = {kind: hooks.kept(self.vault, kind, hooks.new_secret(kind)) for kind in kinds}
        object.__setattr__(self, "nobodys", nobodys)

    def admit(self, kind: Kind, door: str, knows: Knows, headers: Mapping[str, str], at: datetime) -> Hook:
        """The hook of this address, if its caller may come in; raises what refuse() says."""
        with self.store.read() as transaction:
            hook = hooks.at_door(transaction, kind, door)
        known = [knows(secret) for secret in (hook.accepted(at) if hook else [self.nobodys[kind]])]
        if hook is None or not any(known) or not _vouched(hook, headers):
            raise refuse(kind, hook)
        return hook

    def signer(self, body: bytes, headers: Mapping[str, str]) -> Knows:
        """Whether a secret signed this body, not more than five minutes ago (the library's clock and limit)."""

        def knows(secret: str) -> bool:
            try:
                Webhook(hooks.readable(self.vault, secret)).verify(body, dict(headers), json_parse=False)
            except (WebhookVerificationError, ValueError):
                return False
            return True

        return knows


def told(secret: str) -> Knows:
    """Whether a secret is the one that was told."""
    given = hooks.hashed(secret)
    return lambda kept: hmac.compare_digest(given, kept)


def refuse(kind: Kind, hook: Hook | None) -> HTTPException:
    """The one answer to whoever may not come in; only the log says which door he tried."""
    log.info("hook_refused", kind=kind, connection=hook.connection if hook else None)
    return HTTPException(401, "Refused.")


def _vouched(hook: Hook, headers: Mapping[str, str]) -> bool:
    if hook.certificate_header is None:
        return True
    given = headers.get(hook.certificate_header, "")
    return hmac.compare_digest(given.encode(), (hook.certificate_value or "").encode())
