"""An org with a frozen clock and a way to call it without a network."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest

from connectors.sandbox.call import Answer, Call
from connectors.sandbox.desk import Desk
from connectors.sandbox.org import Org

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Caller:
    """Somebody signed in as the integration user."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.desk = Desk(org)
        self.token = org.sessions.open(org.id, org.user_id, org.now())

    def call(self, method: str, path: str, body: Any = None, *, headers: Any = None, **query: str) -> Answer:
        """A data call; `path` goes below /services/data/v66.0 unless it begins with /services or /sandbox."""
        whole = path if path.startswith(("/services", "/sandbox", "/id")) else f"/services/data/v66.0{path}"
        return self.desk.answer(
            Call(
                method=method,
                path=quote(whole, safe="/%"),
                query_string=urlencode(query),
                headers={"authorization": f"Bearer {self.token}", **(headers or {})},
                body=b"" if body is None else orjson.dumps(body),
                base_url="https://127.0.0.1:1",
            )
        )

    def query(self, soql: str, *, all_rows: bool = False) -> list[dict[str, Any]]:
        """The records of a query that must succeed."""
        found = self.call("GET", "/queryAll" if all_rows else "/query", q=soql)
        assert found.status == 200, found.value
        records: list[dict[str, Any]] = found.value["records"]
        return records

    def create(self, name: str, **fields: Any) -> str:
        """The id of a new record that must be taken."""
        found = self.call("POST", f"/sobjects/{name}", fields)
        assert found.status == 201, found.value
        return str(found.value["id"])

    def change(self, name: str, key: str, **fields: Any) -> None:
        """A change that must be taken."""
        found = self.call("PATCH", f"/sobjects/{name}/{key}", fields)
        assert found.status == 204, found.value

    def deal(self, **fields: Any) -> str:
        """A new opportunity."""
        return self.create(
            "Opportunity",
            **{"Name": "Lantern rollout", "StageName": "Prospecting", "CloseDate": "2026-06-30", **fields},
        )

    def wait(self, **span: float) -> None:
        """Let the clock of the org move on, and sign in again."""
        self.org.set_clock(self.org.now() + timedelta(**span))
        self.token = self.org.sessions.open(self.org.id, self.org.user_id, self.org.now())

    def code(self, found: Answer) -> tuple[int, str]:
        """Status and error code of a refused call."""
        return found.status, found.value[0]["errorCode"]


@pytest.fixture
def org() -> Iterator[Org]:
    made = Org(now=NOW)
    yield made
    made.close()


@pytest.fixture
def caller(org: Org) -> Caller:
    return Caller(org)
