"""The wire: every call to one org goes through `Client.call`, which knows retries, sessions, and the API budget.

simple-salesforce is the caller. What it leaves open is covered here: timeouts, retries only where a repeat is harmless,
one owner of the token, one new sign-in per call, error codes read from the body, limits read from the headers.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import requests
import stamina
import structlog
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from connectors.base import Usage
from connectors.errors import GateError, OverBudget, Reconnect, Refused, RetryLater
from connectors.salesforce.answers import Garbled, rows_in, shaped
from connectors.salesforce.auth import Grant, Session, Tokens, host
from connectors.salesforce.transport import Http, Wire, mend_text
from connectors.salesforce.values import Row

log = structlog.get_logger(__name__)

T = TypeVar("T")
Method = Literal["GET", "POST", "PATCH", "DELETE"]
TRANSIENT_STATUS = frozenset({406, 420, 429, 500, 502, 503, 504})
TRANSIENT_CODES = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT", "UNKNOWN_EXCEPTION"})
QUERIES_A_CALL = 5  # as many as a composite may hold
FAST_CLOCK = timedelta(minutes=5)
"""How far the org's clock may be before ours without being taken for wrong; the overlap of two passes makes it good."""
DEAD_SESSIONS = ("not valid for use with the REST API", "not attached to Agent")
"""401 answers that a new sign-in cannot mend; signing in again would only repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Our share of the org's rolling 24 h of calls, and how many of them earlier processes already spent."""

    share: float = 0.10
    spent_before: int = 0


class CallFailed(Refused):
    """The org refused a call; `code` is its errorCode, `status` the HTTP status."""

    def __init__(self, message: str, code: str, status: int) -> None:
        super().__init__(message)
        self.code, self.status = code, status


class _LocatorDied(RetryLater):
    """The rest of an answer cannot be had any more."""


class Client:
    """One org, one requests session. Not shared between threads that write."""

    def __init__(
        self,
        grant: Grant,
        *,
        wire: Wire,
        budget: Budget,
        save: Callable[[Mapping[str, str]], None],
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._wire, self._budget, self._clock = wire, budget, clock
        self._http = Http(wire)
        self._http.hooks["response"].append(self._listen)
        self._tokens = Tokens(grant, self._http, save, pause=4 * wire.first_wait)
        self._callers: tuple[Session, Salesforce] | None = None
        self._used: int | None = None
        self._limit: int | None = None
        self.calls = 0
        self.server_time: datetime | None = None

    def sign_in(self) -> None:
        """Sign in at once or say why not, for a person who waits."""
        self._tokens.session()

    @property
    def user_id(self) -> str | None:
        """Id of the integration user, so that what it wrote can be told from what people wrote."""
        return self._signed_in().user_id

    @property
    def version(self) -> str:
        """The API version every address carries."""
        return self._wire.version

    @property
    def usage(self) -> Usage:
        """The org's counter as last heard, and how many calls this client made."""
        return Usage(used=self._used, limit=self._limit, calls=self.calls)

    def query(self, soql: str, *, deleted_too: bool = True) -> dict[str, Any]:
        """One page of a query. `deleted_too` also shows the recycle bin and archived activities."""
        answer: dict[str, Any] = self.call("GET", "queryAll/" if deleted_too else "query/", params={"q": soql})
        return answer

    def rows(self, soql: str, *, deleted_too: bool = True) -> list[Row]:
        """All rows of a short query, whichever way Salesforce cuts its answer into pages."""
        again = partial(self.query, soql, deleted_too=deleted_too)
        return self._to_the_end(again(), again)

    def rows_of_each(self, soqls: Sequence[str]) -> Iterator[list[Row]]:
        """All rows of each of these short queries, the recycle bin too, for a call every five queries."""
        address = f"/services/data/v{self._wire.version}/queryAll/?q="
        for start in range(0, len(soqls), QUERIES_A_CALL):
            asked = soqls[start : start + QUERIES_A_CALL]
            parts = [{"method": "GET", "url": address + quote(s), "referenceId": f"q{n}"} for n, s in enumerate(asked)]
            answers = self.call("POST", "composite", body={"compositeRequest": parts}, harmless=True)
            for soql, answer in zip(asked, answers["compositeResponse"]):
                if answer["httpStatusCode"] != 200:
                    raise RetryLater(f"Salesforce answered with {error_of(answer['body'])[0]}; it is tried again.")
                yield self._to_the_end(rows_in(answer["body"]), partial(self.query, soql))

    def _to_the_end(self, answer: Mapping[str, Any], again: Callable[[], Mapping[str, Any]]) -> list[Row]:
        """A locator dies with the session that opened it; the query is then asked `again` from its beginning, once."""
        try:
            return self._all_of(answer)
        except _LocatorDied as died:
            log.info("asked_again", reason=str(died))
            return self._all_of(again())

    def _all_of(self, answer: Mapping[str, Any]) -> list[Row]:
        rows: list[Row] = list(answer["records"])
        while not answer.get("done", True):
            if "nextRecordsUrl" not in answer:
                raise Garbled("Salesforce said that there is more, and not where.")
            answer = self._further(str(answer["nextRecordsUrl"]).rsplit("/", 1)[-1])
            rows += answer["records"]
        return rows

    def _further(self, locator: str) -> Mapping[str, Any]:
        try:
            page: Mapping[str, Any] = self.call("GET", f"query/{locator}")
        except (Reconnect, CallFailed) as refused:
            if isinstance(refused, CallFailed) and refused.code != "INVALID_QUERY_LOCATOR":
                raise
            raise _LocatorDied("Salesforce's answer ended before its end; it is asked again later.") from refused
        return page

    def fields(self, name: str) -> dict[str, dict[str, Any]] | None:
        """The fields of an object that this user can see, by name; None when the object itself is hidden."""
        try:
            answer = self.call("GET", f"sobjects/{name}/describe")
        except CallFailed as refused:
            if refused.status in (403, 404):
                return None
            raise
        return {entry["name"]: entry for entry in answer["fields"]}

    def call(
        self,
        method: Method,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        body: Any = None,
        harmless: bool | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON answer. `harmless` calls (reads, by default GET) are repeated when the answer is lost.

        Raises RetryLater where a later try may do, Reconnect where a person must act, OverBudget, or CallFailed.
        """
        patient = method == "GET" if harmless is None else harmless
        call = _Call(method=method, path=path, params=params, body=body, headers=headers or {})
        return shaped(path, self._patiently(call, patient))

    def csv(self, path: str, params: dict[str, Any]) -> tuple[Mapping[str, str], bytes]:
        """The headers and the body of a CSV answer, repeated like any other read."""
        call = _Call(method="GET", path=path, params=params, body=None, headers={"Accept": "text/csv"})
        response: requests.Response = self._patiently(call, True)
        return response.headers, response.content

    def _signed_in(self) -> Session:
        """The session in use. To sign in is harmless, also before a write."""
        return self._repeated(self._tokens.session, self._wire.tries)

    def _patiently(self, call: "_Call", harmless: bool) -> Any:
        self._signed_in()
        return self._repeated(partial(self._once, call), self._wire.tries if harmless else 1)

    def _repeated(self, act: Callable[[], T], tries: int) -> T:
        for attempt in stamina.retry_context(
            on=RetryLater,
            attempts=tries,
            timeout=None,
            wait_initial=self._wire.first_wait,
            wait_max=30.0,
            wait_jitter=self._wire.first_wait,
        ):
            with attempt:
                return act()
        raise AssertionError("stamina ends by returning or raising")

    def _once(self, call: "_Call") -> Any:
        self._mind_the_budget()
        session = self._tokens.session()
        try:
            return self._speak(self._caller(session), call)
        except SalesforceError as error:
            if error.status != 401:
                raise _named(error) from error
            if any(sign in _text(error) for sign in DEAD_SESSIONS):
                raise Reconnect("This session may not use the REST API; give the user API access.") from error
            renewed = self._tokens.renew(session)
        try:
            return self._speak(self._caller(renewed), call)
        except SalesforceError as error:
            if error.status == 401:
                raise Reconnect("Salesforce refuses sessions it has just given; connect again.") from error
            raise _named(error) from error

    def _speak(self, caller: Salesforce, call: "_Call") -> Any:
        self.calls += 1
        extra = {"X-PrettyPrint": "0", "Sforce-Call-Options": "client=coachsync", **call.headers}
        try:
            response: requests.Response = caller._call_salesforce(
                call.method, caller.base_url + call.path, params=call.params, json=call.body, headers=extra
            )
            return _as_csv(response) if "Accept" in extra else response.json()
        except requests.exceptions.JSONDecodeError as error:
            raise Garbled(
                "Salesforce's answer was not JSON; a proxy or a maintenance page may be in between."
            ) from error
        except requests.RequestException as error:
            raise RetryLater(f"{host(caller.base_url)} did not answer ({type(error).__name__}).") from error

    def _caller(self, session: Session) -> Salesforce:
        if self._callers is None or self._callers[0] != session:
            caller = Salesforce(
                session_id=session.access_token,
                instance_url=session.instance_url,
                session=self._http,
                version=self._wire.version,
                object_pairs_hook=None,
            )
            # simple-salesforce forces https and keeps only the host; the org says where it lives
            caller.base_url = f"{session.instance_url}/services/data/v{self._wire.version}/"
            self._callers = (session, caller)
        return self._callers[1]

    def _listen(self, response: requests.Response, *args: Any, **kwargs: Any) -> None:
        mend_text(response)
        with suppress(ValueError):  # a proxy's nonsense is as good as no date
            self.server_time = self._credible(parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC))
        usage = Salesforce.parse_api_usage(response.headers.get("Sforce-Limit-Info", "")).get("api-usage")
        if usage is not None:
            self._used, self._limit = usage.used, usage.total

    def _credible(self, told: datetime) -> datetime:
        """A mark that a server with a fast clock sets too far would hide what changes before it; one too early costs
        rows that are read again.
        """
        return min(told, self._clock() + FAST_CLOCK) if self._clock else told

    def spent_share(self) -> float:
        """How much of our share of the API limit is spent, 0 to 1 and beyond; 0 while the limit is unknown."""
        if not self._limit:
            return 0.0
        return (self._budget.spent_before + self.calls) / max(self._limit * self._budget.share, 1.0)

    def _mind_the_budget(self) -> None:
        if self.spent_share() >= 1.0:
            raise OverBudget(
                f"coachsync has used its share of the org's API calls ({self._budget.share:.0%} of {self._limit} in "
                "24 hours); work goes on when calls become free again, or raise api_share in coaching.toml."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One request; one that names what it accepts wants text instead of JSON."""

    method: Method
    path: str
    params: dict[str, Any] | None
    body: Any
    headers: Mapping[str, str]


def _as_csv(response: requests.Response) -> requests.Response:
    if "csv" not in response.headers.get("Content-Type", ""):
        raise Garbled("Salesforce's answer was not CSV; a proxy or a maintenance page may be in between.")
    return response


def _text(error: SalesforceError) -> str:
    content = error.content
    return content.decode(errors="replace") if isinstance(content, bytes) else json.dumps(content, default=str)


def error_of(content: Any) -> tuple[str, str]:
    """The errorCode and message of an error body in any of its documented shapes."""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, dict):
        return "", ""
    code = first.get("errorCode") or first.get("statusCode") or first.get("error") or ""
    return str(code), str(first.get("message") or first.get("error_description") or "")


def _named(error: SalesforceError) -> GateError:
    code, message = error_of(error.content)
    if code == "REQUEST_LIMIT_EXCEEDED" and "Concurrent" not in message:
        return OverBudget("The org's API limit for 24 hours is spent; work goes on when calls become free again.")
    if error.status in TRANSIENT_STATUS or code in TRANSIENT_CODES or code == "REQUEST_LIMIT_EXCEEDED":
        return RetryLater(f"Salesforce answered {error.status} {code}".strip() + "; it is tried again.")
    if not code:
        return RetryLater(f"Something other than Salesforce answered {error.status}; is a proxy in between?")
    return CallFailed(_remedied(code, message), code, error.status)


def _remedied(code: str, message: str) -> str:
    remedy = {
        "API_DISABLED_FOR_ORG": "Give the integration user the 'API Enabled' permission.",
        "UNSUPPORTED_API_VERSION": "Connect again with a newer --api-version.",
        "INSUFFICIENT_ACCESS": "Give the integration user access to this object.",
        "INVALID_TYPE": "Give the integration user access to this object.",
        "INVALID_FIELD": "Give the integration user access to this field; `coachsync check` lists what is hidden.",
    }.get(code, "")
    return f"Salesforce refused: {code}: {' '.join(message.split())[:200]} {remedy}".strip()
