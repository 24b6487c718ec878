"""Who may come in: whoever knows a secret of the door, past the proxy that has seen his certificate.

An address that nobody has costs the same work as a wrong secret, and gets the same answer.
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic
from typing import get_args

import structlog
from fastapi import HTTPException
from standardwebhooks import Webhook, WebhookVerificationError

from app.store import hooks
from app.store.connections import Vault
from app.store.hooks import Hook, Kind
from app.store.session import Store

log = structlog.get_logger(__name__)

REMEMBERED_SECONDS = 1
"""Looking a hook up for each message costs as much as storing it."""

Knows = Callable[[str], bool]
"""Whether the caller knows a secret, given as it is kept."""


class Doors:
    """The addresses of all hooks. Who was let in is remembered for a moment; so long a removed hook still works."""

    def __init__(self, store: Store, vault: Vault) -> None:
        kinds: tuple[Kind, ...] = get_args(Kind)
        self._store, self._vault = store, vault
        self._nobodys = {kind: hooks.kept(vault, kind, hooks.new_secret(kind)) for kind in kinds}
        self._remembered: dict[tuple[Kind, str], tuple[float, Hook]] = {}

    def admit(self, kind: Kind, door: str, knows: Knows, headers: Mapping[str, str], at: datetime) -> Hook:
        """The hook of this address, if its caller may come in; raises what refuse() says."""

        def let_in(hook: Hook | None) -> Hook | None:
            known = [knows(secret) for secret in (hook.accepted(at) if hook else [self._nobodys[kind]])]
            return hook if hook and any(known) and _vouched(hook, headers) else None

        since, remembered = self._remembered.get((kind, door), (0.0, None))
        admitted = let_in(remembered if monotonic() - since < REMEMBERED_SECONDS else None)
        if admitted is None:
            with self._store.read() as transaction:
                found = hooks.at_door(transaction, kind, door)
            admitted = let_in(found)
            if admitted is None:
                raise refuse(kind, found)
            self._remembered[kind, door] = monotonic(), admitted
        return admitted

    def signer(self, body: bytes, headers: Mapping[str, str]) -> Knows:
        """Whether a secret signed this body, not more than five minutes ago (the library's clock and limit)."""

        def knows(secret: str) -> bool:
            try:
                Webhook(hooks.readable(self._vault, secret)).verify(body, dict(headers), json_parse=False)
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
