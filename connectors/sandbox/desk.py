"""The front desk: every call comes past here, is let in or not, counted, and answered."""

import contextlib
from collections import Counter
from datetime import timedelta
from email.utils import format_datetime

from connectors.sandbox import bulk_results, control, rest, sign_in
from connectors.sandbox.call import Answer, Call, refusal
from connectors.sandbox.errors import Rejected, SignInRejected, not_found
from connectors.sandbox.org import Actor, Org

MOST_BYTES = 16_384
"""Of address and headers together; longer ones never reach a Salesforce."""


class Desk:
    """Answers calls to one org and remembers which there were."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.calls: Counter[tuple[str, str, int]] = Counter()

    def answer(self, call: Call) -> Answer:
        """What the org says to this call."""
        with self.org.lock:
            self.org.catch_up()
            bulk_results.advance(self.org)
            if call.path.startswith("/sandbox/"):
                return control.answer(self.org, self.calls, call)
            found = self._answer(call)
            self.note(call, found.status)
            return found

    def put_off(self, call: Call, seconds: float) -> None:
        """Let the call in now and do what it asks for later, when nobody listens any more."""
        self.note(call, 0)
        with self.org.lock, contextlib.suppress(Rejected):
            self._let_in(call)
            self.org.put_off(lambda: self._unheard(call), seconds=seconds)

    def _unheard(self, call: Call) -> None:
        with self.org.lock, contextlib.suppress(Rejected):
            rest.answer(self.org, call)

    def note(self, call: Call, status: int) -> None:
        """Remember a call; status 0 is one that was dropped unread."""
        self.calls[(call.method, call.path, status)] += 1

    def _answer(self, call: Call) -> Answer:
        date = {"Date": format_datetime(self.org.now(), usegmt=True)}
        if call.size > MOST_BYTES:
            return Answer(status=414, value=b"<h1>URI Too Long</h1>", headers={**date, "Content-Type": "text/html"})
        try:
            found = self._open_to_all(call) or self._signed_in(call)
        except SignInRejected as error:
            found = Answer(status=error.status, value={"error": error.error, "error_description": error.description})
        except Rejected as error:
            found = refusal(error)
        return Answer(status=found.status, value=found.value, headers={**date, **found.headers})

    def _open_to_all(self, call: Call) -> Answer | None:
        path = call.path.rstrip("/")
        if path == "/services/data":
            return rest.versions()
        if path == "/services/oauth2/token":
            given = call.form or call.query
            return Answer(value=sign_in.sign_in(self.org, given, call.headers.get("authorization", ""), call.base_url))
        if path == "/services/oauth2/revoke":
            sign_in.revoke(self.org, (call.form or call.query).get("token", ""))
            return Answer()
        return None

    def _signed_in(self, call: Call) -> Answer:
        self._let_in(call)
        if call.path == "/services/oauth2/userinfo" or call.path.startswith(f"/id/{self.org.id}/"):
            return Answer(value=sign_in.identity(self.org, call.actor.user_id, call.base_url))
        if not call.path.startswith("/services/data/"):
            raise not_found()
        if self.org.settings.concurrent_refusals > 0:
            self.org.settings.concurrent_refusals -= 1
            message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
            raise Rejected("REQUEST_LIMIT_EXCEEDED", message, 403)
        if not self.org.spend_call():
            raise Rejected("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)
        found = rest.answer(self.org, call)
        usage = f"api-usage={self.org.calls_today}/{self.org.settings.daily_limit}"
        return Answer(status=found.status, value=found.value, headers={"Sforce-Limit-Info": usage, **found.headers})

    def _let_in(self, call: Call) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        idle = timedelta(seconds=self.org.settings.session_seconds)
        user = self.org.sessions.user_of(token, self.org.now(), idle) if scheme.lower() in ("bearer", "oauth") else None
        if user is None or not self.org.record("User", user).get("IsActive"):
            raise Rejected("INVALID_SESSION_ID", "Session expired or invalid", 401)
        call.actor, call.session = Actor(user_id=user), token
