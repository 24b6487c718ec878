"""A manager's and a rep's own side of the API: the week, its conversations, and answering them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import served
from small_org import MARK, MONA, NAME, QUIET, RITA, ROSA, Company, open_company

from app.config import Settings
from app.gate import named
from app.store import tokens
from app.store.ledger import outcomes
from app.store.session import Store
from app.web import create_app
from app.web.room import Room

API = f"/api/v1/connections/{NAME}"
People = Callable[[str, str | None], httpx.Client]


@pytest.fixture
def company(sqlite: Store, tmp_path: Path) -> Iterator[Company]:
    """After its first morning: every rep has one conversation about a quiet deal."""
    found = open_company(sqlite, tmp_path)
    found.morning()
    yield found
    found.close()


@pytest.fixture
def people(company: Company) -> Iterator[People]:
    """Somebody of a role, with a token of their own."""
    room = Room(store=company.store, settings=Settings(home=company.home), clock=lambda: company.now)
    org, opened = named(company.store, NAME), []
    with served(create_app(room)) as url:

        def client(role: Any, user: str | None = None) -> httpx.Client:
            with company.store.begin() as transaction:
                bound = org.id if user else None
                token = tokens.create(transaction, role, role, company.now, connection_id=bound, user_id=user)
            opened.append(httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False))
            return opened[-1]

        yield client
        for one in opened:
            one.close()


def item_of(client: httpx.Client, deal: str) -> dict[str, Any]:
    (found,) = (item for item in client.get(f"{API}/items").json()["items"] if item["subject_id"] == deal)
    return dict(found)


def answer(client: httpx.Client, item: int, deed: str, key: str = "k", **said: Any) -> httpx.Response:
    return client.post(f"{API}/items/{item}/{deed}", json=said, headers={"Idempotency-Key": key})


def test_everybody_sees_their_own(company: Company, people: People) -> None:
    """A manager those of the team, a rep what is about the rep, and nobody the people of another manager."""
    mona, mark, rita, ops = people("manager", MONA), people("manager", MARK), people("rep", RITA), people("ops", None)
    seen = {name: {i["rep_id"] for i in client.get(f"{API}/items").json()["items"]}
            for name, client in (("mona", mona), ("mark", mark), ("rita", rita))}  # fmt: skip
    assert RITA in seen["mona"]
    assert not seen["mona"] & seen["mark"]
    assert seen["rita"] == {RITA}
    mine = item_of(mona, QUIET[0])
    assert mark.get(f"{API}/items/{mine['id']}").status_code == 404
    assert answer(mark, mine["id"], "done").status_code == 404
    found = {name: {f["rep_id"] for f in client.get(f"{API}/findings", params={"state": "open"}).json()["items"]}
             for name, client in (("mona", mona), ("rita", rita), ("ops", ops))}  # fmt: skip
    assert found["rita"] == {RITA}
    assert ROSA not in found["mona"]
    assert {RITA, ROSA} <= found["ops"]
    (week,) = mona.get(f"{API}/plans").json()["items"]
    plan = mona.get(f"{API}/plans/{week['week']}").json()
    assert [i["subject_id"] for i in plan["items"]] == [QUIET[0], QUIET[1]]
    assert mona.get(f"{API}/plans/2026-11-17").status_code == 404


def test_a_rep_reads_the_evidence_and_not_the_managers_notes(company: Company, people: People) -> None:
    """The same evidence and what to prepare; not what the manager means to ask, nor what the manager wrote."""
    mona, rita = people("manager", MONA), people("rep", RITA)
    theirs, ours = item_of(mona, QUIET[0]), item_of(rita, QUIET[0])
    assert theirs["reasons"][0]["ask"]
    assert ours["reasons"][0]["ask"] == []
    assert ours["reasons"][0]["evidence"] == theirs["reasons"][0]["evidence"] != []
    assert (ours["position"], ours["why_here"]) == (None, None)
    answer(mona, theirs["id"], "done", agreed="Rita seems tired")
    (told,), (known,) = (client.get(f"{API}/outcomes").json()["items"] for client in (mona, rita))
    assert told["detail"] == "Rita seems tired"
    assert (known["kind"], known["detail"]) == ("done", None)


def test_what_is_done_here_closes_both_tasks_there(company: Company, people: People) -> None:
    """Once, however often it is sent; a finished conversation is not finished again."""
    mona = people("manager", MONA)
    item = item_of(mona, QUIET[0])
    company.later(hours=1)
    first = answer(mona, item["id"], "done", agreed="Dana sends the site plan")
    assert (first.status_code, first.json()["state"]) == (200, "done")
    assert answer(mona, item["id"], "done", agreed="Dana sends the site plan").json() == first.json()
    assert answer(mona, item["id"], "done", agreed="Something else").status_code == 409
    assert answer(mona, item["id"], "contest", key="l", reason="No").status_code == 409
    for _ in range(3):
        company.later(hours=1)
        company.often()
    assert company.task()["IsClosed"]
    assert company.task(role="prep")["IsClosed"]
    kinds = [(o["role"], o["kind"], o["by"], o["detail"]) for o in company.rows(outcomes)]
    assert kinds == [("manager_task", "done", MONA, "Dana sends the site plan")]


def test_a_rep_may_contest(company: Company, people: People) -> None:
    """It leaves both lists, and stays silent while it holds; done is for the manager to say."""
    rita = people("rep", RITA)
    item = item_of(rita, QUIET[0])
    assert answer(rita, item["id"], "done").status_code == 403
    assert answer(rita, item["id"], "contest", reason="The customer asked us to wait").json()["state"] == "contested"
    for _ in range(3):
        company.later(days=1)
        company.morning()
    assert company.task()["IsClosed"]
    assert [i["state"] for i in people("manager", MONA).get(f"{API}/items").json()["items"]
            if i["subject_id"] == QUIET[0]] == ["contested"]  # fmt: skip


def test_a_snoozed_conversation_moves_in_the_crm(company: Company, people: People) -> None:
    """The manager's task takes the day, once; it comes home as nobody's deed. Not while a run is at work."""
    mona = people("manager", MONA)
    item = item_of(mona, QUIET[0])
    until = (company.now + timedelta(days=17)).date().isoformat()
    assert answer(mona, item["id"], "snooze", until="2020-01-01").status_code == 422
    with company.store.lock(NAME):
        busy = answer(mona, item["id"], "snooze", until=until)
    assert (busy.status_code, busy.headers["retry-after"]) == (409, "5")
    assert answer(mona, item["id"], "snooze", until=until).json()["snoozed_until"] == until
    for _ in range(3):
        company.later(hours=1)
        company.often()
    assert str(company.task()["ActivityDate"]) == until
    assert [o["kind"] for o in company.rows(outcomes)] == ["snoozed"]
