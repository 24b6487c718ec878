"""Facts: their columns are the words of a rule, and nothing that comes later changes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.stages.measure import measure
from app.store import canonical
from coaching_rules.vocabulary import WORDS

ARROW = {
    "boolean": (pa.bool_(),),
    "integer": (pa.int32(), pa.int64()),
    "number": (pa.float64(),),
    "text": (pa.string(),),
    "date": (pa.date32(),),
}


@pytest.mark.parametrize("grain", WORDS)
def test_columns_are_the_words(org: Any, grain: Any) -> None:
    """An empty org has tables too: each word in its order, of its type."""
    schema = measure(org.store, 1, as_of=org.now).tables[grain].schema
    assert schema.names == list(WORDS[grain])
    assert [word.name for word in WORDS[grain].values() if schema.field(word.name).type not in ARROW[word.type]] == []


@pytest.mark.parametrize("grain", WORDS)
def test_what_is_never_null_never_is(org: Any, grain: Any) -> None:
    """A deal, a rep and a manager of whom next to nothing is known have all words that promise to be there."""
    org.user("M")
    org.user("R", manager_id="M")
    org.deal(owner_id="R")
    (row, *_) = measure(org.store, 1, as_of=org.now).tables[grain].to_pylist()
    assert [word.name for word in WORDS[grain].values() if word.null == "never" and row[word.name] is None] == []


def test_both_databases_say_the_same(org_anywhere: Any) -> None:
    """A little of everything comes out alike from SQLite and PostgreSQL."""
    a_lively_org(org_anywhere)
    deal, rep, manager = org_anywhere.deals()["D"], org_anywhere.reps()["R"], org_anywhere.managers()["M"]
    said = {
        name: deal[name] for name in ("stage", "days_in_stage", "amount_before", "contacts", "next_step", "coachings")
    }
    assert said == {"stage": "Propose", "days_in_stage": 20, "amount_before": 100.0, "contacts": 1,
                    "next_step": "Ünïcode 'quoted'", "coachings": 1}  # fmt: skip
    assert deal["close_date"] == (org_anywhere.now + timedelta(days=30)).date()
    assert (rep["open_deals"], rep["coachings_28d"], rep["tenure_days"]) == (1, 1, 300)
    assert (rep["open_commitments"], rep["commitment_late_days"]) == (1, 2)
    assert (manager["reps"], manager["open_deals"], manager["deal_coachings_28d"]) == (1, 1, 1)


def test_another_connection_is_another_org(org: Any) -> None:
    """Rows of one org never show in the facts of another."""
    org.deal()
    assert measure(org.store, 2, as_of=org.now).tables["deal"].num_rows == 0


def test_what_we_had_not_learnt_is_not_there(org: Any) -> None:
    """A replay of what we knew leaves out what came home later."""
    org.deal(observed_at=org.ago(5))
    assert "D" in org.deals(known_at=org.ago(4))
    assert "D" not in org.deals(known_at=org.ago(6))


def test_any_time_zone_is_the_same_instant(org: Any) -> None:
    """An instant said in another zone gives the same facts."""
    org.deal()
    east = datetime.fromisoformat("2026-05-15T21:00:00+09:00")
    assert measure(org.store, 1, as_of=east).tables["deal"] == org_facts(org, east.astimezone(UTC))["deal"]


def org_facts(org: Any, as_of: datetime) -> Any:
    return measure(org.store, 1, as_of=as_of, known_at=org.ago(-1000)).tables


def a_lively_org(org: Any) -> None:
    org.stages("Qualify", "Propose", "Agree", "Won", "Lost")
    org.user("M", created_at=org.ago(900))
    org.user("R", manager_id="M", created_at=org.ago(300))
    org.account("A", segment="Freight")
    org.deal(account_id="A", owner_id="R", pipeline="New", stage="Propose", amount=80.0, changed_at=org.ago(20),
             close_date=(org.now + timedelta(days=30)).date(), next_step="Ünïcode 'quoted'")  # fmt: skip
    org.snapshot(100, stage="Qualify", amount=100.0, close_date=(org.now - timedelta(days=9)).date())
    org.snapshot(20, stage="Propose", amount=80.0, close_date=(org.now + timedelta(days=30)).date())
    org.field(40, "next_step", "Call", "Ünïcode 'quoted'")
    org.contact("C", "Economic Buyer")
    org.activity(9, "call", owner_id="R", contact_id="C", two_way=True)
    org.activity(7, "meeting", owner_id="R")
    org.activity(2, "task", owner_id="R", done=False)
    org.item(1, manager_id="M", area="opportunity")
    org.outcome(1, 3)


LATER = st.floats(min_value=0.001, max_value=400)


@st.composite
def futures(draw: Any) -> list[tuple[str, float, dict[str, Any]]]:
    """Rows that begin after now, each as kind, days from now and what it says."""
    choices = {
        "snapshot": {"stage": draw(st.sampled_from(["Qualify", "Agree", "Won"])), "amount": draw(LATER)},
        "activity": {"type": draw(st.sampled_from(["call", "email", "task"])), "two_way": draw(st.booleans())},
        "user": {"manager_id": "M"},
        "deal": {"owner_id": "R", "account_id": "A", "amount": draw(LATER)},
        "contact": {"role": draw(st.sampled_from(["Economic Buyer", None]))},
        "next_step": {"new": draw(st.sampled_from(["Meet", None]))},
        "outcome": {"kind": "done"},
        "meeting": {"two_way": draw(st.booleans())},
        "deleted": {},
    }
    kinds = draw(st.lists(st.sampled_from(sorted(choices)), min_size=1, max_size=4))
    return [(kind, draw(LATER), choices[kind]) for kind in kinds]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=futures())
def test_what_comes_later_changes_nothing(org: Any, rows: list[tuple[str, float, dict[str, Any]]]) -> None:
    """Facts as of an instant stay, whatever is written down after it."""
    if org.made == 1:
        a_lively_org(org)
    before = org_facts(org, org.now)
    for kind, days, values in rows:
        happen(org, kind, days, values)
    assert org_facts(org, org.now) == before


def happen(org: Any, kind: str, days: float, values: dict[str, Any]) -> None:
    at = org.ago(-days)
    later = {"changed_at": at, "observed_at": at}
    if kind == "snapshot":
        org.snapshot(-days, **values, **later)
    elif kind in ("activity", "meeting"):
        org.activity(-days, **{"type": "meeting", "created_at": at} | values, **later)
    elif kind == "user":
        org.user(f"U{org.made}", created_at=at, **values, **later)
    elif kind == "deal":
        org.deal(f"D{org.made}", created_at=at, **values | later)
    elif kind == "contact":
        org.contact(f"C{org.made}", created_at=at, **values, **later)
    elif kind == "outcome":
        org.outcome(1, -days, **values, reference=f"outcome {org.made}")
    elif kind == "deleted":
        change(org, deleted_at=at, gone="deleted")
    else:
        with org.store.read() as connection:
            old = connection.execute(canonical.deals.select().where(canonical.deals.c.id == "D")).mappings().one()
        at = max(at, old["changed_at"] + timedelta(hours=1))
        org.field(-(at - org.now) / timedelta(days=1), "next_step", old["next_step"], values["new"], changed_at=at)
        change(org, next_step=values["new"], changed_at=at)


def change(org: Any, **values: Any) -> None:
    with org.store.begin() as connection:
        connection.execute(canonical.deals.update().where(canonical.deals.c.id == "D").values(**values))
