"""What leaders see: sums over at least five people, or nothing."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import httpx
from sqlalchemy import insert

from app.store.coaching import plan_items, plans
from app.store.session import Store

WEEKS = (date(2026, 11, 2), date(2026, 11, 9))
AT = datetime(2026, 11, 2, 7, tzinfo=UTC)


def hold(store: Store, acme: int, week: date, manager: str, rep: str, state: str) -> None:
    with store.begin() as transaction:
        plan = {"connection_id": acme, "manager_id": manager, "week": week, "budget_minutes": 30, "made_at": AT}
        statement = insert(plans).values(plan | {"left_out": []}).returning(plans.c.id)
        item = {
            "connection_id": acme, "plan_id": transaction.execute(statement).scalar_one(), "revision": 1,
            "thread": f"{week} {rep}", "grain": "rep", "subject_id": rep, "manager_id": manager, "rep_id": rep,
            "early": False, "minutes": 10, "meeting": "", "place": "phone", "due": week, "prep_due": week, "score": 1.0,
            "position": 1, "why_here": "", "reasons": [], "state": state, "opened_at": AT,
        }  # fmt: skip
        transaction.execute(insert(plan_items).values(item))


def test_no_number_is_about_fewer_than_five_people(
    as_role: Callable[..., httpx.Client], fresh: Store, acme: int
) -> None:
    """What managers did is shown for five managers, what was planned for five reps; the week itself is no secret."""
    for n in range(5):
        hold(fresh, acme, WEEKS[0], f"M{n}", f"R{n}", "done" if n else "ignored")
    for n in range(4):
        hold(fresh, acme, WEEKS[1], f"M{n}", f"R{n}", "done")
    answer = as_role("leader").get("/api/v1/connections/acme/coaching", params={"since": "2026-11-01"})
    fewer, enough = answer.json()["items"]
    assert fewer == {"week": "2026-11-09", "planned": None, "ended": None}
    assert enough["planned"] == {"reps": 5, "conversations": 5, "early": 0, "minutes": 50}
    assert (enough["ended"]["managers"], enough["ended"]["done"], enough["ended"]["ignored"]) == (5, 4, 1)
    assert "R1" not in answer.text
