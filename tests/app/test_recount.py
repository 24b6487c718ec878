"""Comparing with the CRM, over real HTTP and on both databases: what deltas cannot tell is found, and mended."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
from small_org import ACCOUNT, LIVELY, QUIET, RITA, Company, open_company

from app import pipeline
from app.config import Coaching
from app.errors import Interrupted
from app.stages.recount import Recounted
from app.store.canonical import accounts, activities, deal_contacts, deals
from app.store.ledger import coverage
from app.store.session import Store
from connectors.sandbox import control
from connectors.sandbox.faults import Fault
from connectors.sandbox.ids import make_id

LIST_OF_DEALS = "FROM.Opportunity.WHERE.*ORDER.BY.Id"


@pytest.fixture
def company(store: Store, tmp_path: Path) -> Iterator[Company]:
    found = open_company(store, tmp_path)
    found.often()
    found.later(hours=1)
    yield found
    found.close()


class Ear(Fault):
    """Meets no call and remembers all of them."""

    heard: list[str]

    def meets(self, method: str, path: str, body: str) -> bool:
        """Never; but listens."""
        self.heard.append(unquote_plus(path))
        return False


def listen(company: Company) -> list[str]:
    """The addresses of all calls from now on."""
    ear = Ear(effect="slow")
    ear.heard = []
    company.org.faults.order(ear)
    return ear.heard


def recount(company: Company) -> Recounted:
    """A night's comparison."""
    done = pipeline.nightly(company.loop()).recounted
    assert done
    return done


def mended(company: Company) -> tuple[int, int, int]:
    """How much was missing, stale and gone."""
    done = recount(company)
    return done.missing, done.stale, done.gone


def deal(company: Company, key: str = QUIET[0]) -> dict[str, Any]:
    """A deal as we hold it."""
    (found,) = (row for row in company.rows(deals) if row["id"] == key)
    return found


def new_deal(company: Company, name: str) -> str:
    """A deal a rep makes."""
    fields = {"Name": name, "StageName": "Qualification", "CloseDate": "2026-12-30", "OwnerId": RITA}
    return control.create(company.org, user=RITA, object_name="Opportunity", fields=fields)


def test_a_commit_that_lags_longer_than_the_overlap_is_found(company: Company) -> None:
    """Failure 1: its stamp lies behind what was already read, so that no delta ever shows it; the night does."""
    late = new_deal(company, "Late lantern")
    control.lag(company.org, [late], seconds=7200)
    company.later(hours=1)
    company.often()
    company.later(hours=2)
    company.often()
    assert late not in {row["id"] for row in company.rows(deals)}
    assert recount(company).missing >= 1
    assert deal(company, late)["name"] == "Late lantern"
    assert mended(company) == (0, 0, 0)


def test_a_version_that_no_delta_showed_is_refreshed(company: Company) -> None:
    """Failure 8: a change that was committed late is stale here until it is compared."""
    control.edit(company.org, user=RITA, object_name="Opportunity", key=QUIET[0], fields={"Amount": 77_000})
    control.lag(company.org, [QUIET[0]], seconds=7200)
    company.later(hours=1)
    company.often()
    company.later(hours=2)
    company.often()
    assert deal(company)["amount"] == 40_000
    assert recount(company).stale >= 1
    assert deal(company)["amount"] == 77_000


def test_what_changes_without_a_stamp_is_refreshed(company: Company) -> None:
    """As the name of a role or a formula does: the record says something else, and its date says nothing."""
    with company.org.transaction():
        company.org.execute("UPDATE Account SET Industry = 'Mining' WHERE Id = ?", (ACCOUNT,))
    company.often()
    assert [row["segment"] for row in company.rows(accounts)] == ["Retail"]
    assert mended(company) == (0, 1, 0)
    assert [row["segment"] for row in company.rows(accounts)] == ["Mining"]


def test_a_hard_delete_outside_the_list_is_gone_after_a_second_look(company: Company) -> None:
    """Failure 11: the list of deleted ids no longer reaches back; nothing is called gone before a look by its id."""
    control.hard_delete(company.org, object_name="Opportunity", key=QUIET[0])
    company.later(days=40)
    asked = listen(company)
    done = company.often().recounted
    assert done
    assert done.gone >= 1
    assert deal(company)["gone"] == "unseen"
    assert any("Id IN" in path and QUIET[0] in path for path in asked)


def test_a_record_the_list_left_out_is_not_gone_if_it_is_shown_by_its_id(company: Company) -> None:
    """One page of the list comes back empty; the second look finds every record, and nothing is marked."""
    empty = '{"totalSize": 0, "done": true, "records": []}'
    company.org.faults.order(Fault(effect="answer", path=LIST_OF_DEALS, status=200, answer=empty))
    done = recount(company)
    assert done.gone == 0
    assert all(row["gone"] is None for row in company.rows(deals))
    assert company.status()["coverage"]["deal"]["difference"] == -len(QUIET + LIVELY)


def test_access_that_is_lost_and_regained_leaves_no_trace(company: Company) -> None:
    """Out of sight it is marked; in sight again it is what it was, though its stamp did not move."""
    before = deal(company)
    control.blind(company.org, QUIET)
    assert mended(company) == (0, 0, len(QUIET))
    assert company.status()["coverage"]["deal"]["theirs"] == len(LIVELY)
    control.blind(company.org, [])
    assert mended(company) == (0, len(QUIET), 0)
    assert deal(company) | {"observed_at": None} == before | {"observed_at": None}


def test_an_object_that_is_hidden_says_nothing_of_its_records(company: Company) -> None:
    """The rest is compared; what we hold of the hidden one stays, and the last comparison of it too."""
    role = {"OpportunityId": QUIET[0], "ContactId": make_id("003", 1)}
    company.org.load("Contact", [{"Id": make_id("003", 1), "LastName": "Wren", "AccountId": ACCOUNT}])
    control.create(company.org, user=RITA, object_name="OpportunityContactRole", fields=role)
    company.later(hours=1)
    recount(company)
    known = company.status()["coverage"]["deal_contact"]
    control.hide(company.org, objects=["OpportunityContactRole", "Event"])
    company.later(days=2)
    done = recount(company)
    assert "deal_contact" in done.left_out
    assert {"deal", "user", "account"} <= set(done.compared)
    assert [row["gone"] for row in company.rows(deal_contacts)] == [None]
    assert [row["gone"] for row in company.rows(activities)] == [None] * len(QUIET + LIVELY)
    assert company.status()["coverage"]["deal_contact"] == known


def test_status_says_how_much_of_the_crm_is_here_and_since_when(company: Company) -> None:
    """Per kind: ours, theirs, the difference, what was mended, and when it was compared; before that nothing."""
    assert company.status()["coverage"] == {}
    recount(company)
    covered = company.status()["coverage"]
    assert set(covered) == {row["kind"] for row in company.rows(coverage)}
    assert covered["deal"] == {
        "ours": 8, "theirs": 8, "difference": 0, "missing": 0, "stale": 0, "gone": 0,
        "compared_at": company.now, "due": False,
    }  # fmt: skip
    assert covered["activity"]["theirs"] == 8
    assert all(one["difference"] == 0 for one in covered.values())


def test_our_own_writes_count_here_as_they_do_there(company: Company) -> None:
    """Tasks and notes are compared as what they are, and never as activities."""
    company.morning()
    company.later(hours=1)
    company.often()
    assert mended(company) == (0, 0, 0)
    covered = company.status()["coverage"]
    assert (covered["task"]["theirs"], covered["note"]["theirs"]) == (2 * len(QUIET), len(QUIET))
    assert all(one["difference"] == 0 for one in covered.values())


def test_a_comparison_that_was_cut_off_goes_on(company: Company) -> None:
    """A kind that fell due stays due until it was compared to its end, and what was mended stays mended."""
    company.connect(page_size=3, tries=1)
    control.hard_delete(company.org, object_name="Opportunity", key=QUIET[0])
    company.later(days=40)
    company.org.faults.order(Fault(effect="drop_before", path=LIST_OF_DEALS, nth=3))
    with pytest.raises(Interrupted):
        company.often()
    assert deal(company)["gone"] == "unseen"
    assert [row["due"] for row in company.rows(coverage) if row["kind"] == "deal"] == [True]
    done = company.often().recounted
    assert done
    assert "deal" in done.compared
    assert not any(row["due"] for row in company.rows(coverage))
    again = company.often().recounted
    assert again == Recounted()


def test_ten_thousand_records_cost_seven_calls(company: Company) -> None:
    """Five full pages, one that is empty, one describe; and nothing for the second look while nothing is gone."""
    company.org.load("Account", [{"Name": f"Yard {n} (fictional)", "OwnerId": RITA} for n in range(9_999)])
    company.later(hours=1)
    company.often()
    asked = listen(company)
    assert mended(company) == (0, 0, 0)
    calls = [path for path in asked if "FROM Account" in path and "ORDER BY Id" in path]
    assert len(calls) == 6
    assert sum("Id IN" in path for path in asked) == 0
    assert sum("/Account/describe" in path for path in asked) == 1


def test_near_the_budget_comparing_waits_and_goes_on_where_it_stopped(company: Company) -> None:
    """What a night could not afford is the first that the next one compares."""
    quiet = company.often().api_calls
    spent = company.status()["api_calls_24h"]
    company.coaching = Coaching(api_share=(spent + quiet + 6) / (0.8 * company.org.settings.daily_limit))
    done = recount(company)
    assert done.compared
    assert done.left_out
    company.coaching = Coaching(api_share=1)
    company.later(minutes=1)
    assert recount(company).compared[: len(done.left_out)] == done.left_out


def test_a_kind_that_no_night_can_afford_is_compared_over_several(company: Company) -> None:
    """Failure 8: it goes on behind its last page, so that its turn ends; the numbers are those of the whole."""
    company.org.load("Account", [{"Name": f"Yard {n:03d} (fictional)", "OwnerId": RITA} for n in range(300)])
    company.connect(page_size=3)
    company.later(hours=1)
    company.often()
    with company.org.transaction():
        company.org.execute("UPDATE Account SET Industry = 'Mining'")
    company.coaching = Coaching(api_share=100 / company.org.settings.daily_limit)
    nights, asked = list[Recounted](), listen(company)
    while not nights or "account" not in nights[-1].compared:
        company.later(days=1)
        nights.append(recount(company))
        assert len(nights) < 5
    assert len(nights) > 1
    assert sum("FROM Account" in path and "ORDER BY Id" in path for path in asked) <= 301 / 3 + len(nights)
    assert sum(night.stale for night in nights) == 301
    covered = company.status()["coverage"]["account"]
    assert (covered["ours"], covered["theirs"], covered["stale"]) == (301, 301, 301)
    assert all(row["place"] is None for row in company.rows(coverage) if row["kind"] == "account")
    company.later(days=1)
    recount(company)
    assert {"deal", "activity", "note"} <= company.status()["coverage"].keys()


def test_what_falls_due_in_the_middle_is_compared_from_its_beginning(company: Company) -> None:
    """Deletions that a pull may have missed can lie before the place where the comparison stands."""
    company.connect(page_size=3, tries=1)
    company.org.faults.order(Fault(effect="drop_before", path=LIST_OF_DEALS, nth=3))
    with pytest.raises(Interrupted):
        recount(company)
    assert [row["place"] for row in company.rows(coverage) if row["kind"] == "deal"] == [LIVELY[1]]
    company.later(days=1)
    control.hard_delete(company.org, object_name="Opportunity", key=QUIET[0])
    company.later(days=40)
    company.often()
    assert deal(company)["gone"] == "unseen"


def test_a_kill_in_the_middle_of_a_night_costs_no_page(company: Company) -> None:
    """The place is kept with what was mended, in one transaction."""
    company.connect(page_size=3)
    control.blind(company.org, [QUIET[0], LIVELY[3]])

    def killed() -> None:
        if any(row["place"] for row in company.rows(coverage) if row["kind"] == "deal"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.nightly(replace(company.loop(), between=killed))
    asked = listen(company)
    done = recount(company)
    assert done.gone == 1
    assert not [
        path for path in asked if "FROM Opportunity WHERE" in path and "ORDER BY Id" in path and "Id >" not in path
    ]
    covered = company.status()["coverage"]["deal"]
    assert (covered["gone"], covered["theirs"], covered["difference"]) == (2, 6, 0)
