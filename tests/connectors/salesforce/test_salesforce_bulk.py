"""First loads by bulk job: the same records as page by page, counted twice, and resumed wherever they were cut off."""

from datetime import date
from itertools import islice

import pytest
from reading import changes

from connectors.errors import NotYet, OverBudget, RetryLater
from connectors.records import KINDS
from connectors.sandbox import control
from connectors.sandbox.company import company
from connectors.sandbox.ids import make_id

BULK = {"bulk_from": 1, "bulk_seconds": 0.5}
ROWS_A_PAGE = 150


@pytest.fixture
def stocked(place):
    """A company whose results come in several pages."""
    for name, rows in company(3, today=date(2026, 3, 2), scale=0.02):
        place.org.load(name, rows)
    place.wait(minutes=1)
    control.configure(place.org, bulk_page_rows=ROWS_A_PAGE)
    return place


def jobs_ordered(heard):
    return [body for method, path, body in heard if method == "POST" and path.endswith("/jobs/query")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_brings_what_pages_bring(stocked, kind):
    """Record by record, a bulk load is the paged load, and the next pull begins where it ended."""
    paged, _ = stocked.pull(kind)
    loaded, cursor = stocked.pull(kind, **BULK)
    assert {change.id: change for change in loaded} == {change.id: change for change in paged}
    assert len(loaded) == len(paged)
    stocked.wait(minutes=1)
    assert stocked.pull(kind, cursor, **BULK)[0] == []


def test_small_kinds_are_read_by_pages(stocked):
    """A job takes longer to begin than a few pages take to read."""
    heard = stocked.listen()
    stocked.pull("deal", bulk_from=10_000)
    assert jobs_ordered(heard) == []


@pytest.mark.parametrize(("bulk_from", "jobs"), [(250, 1), (100_000, 0)])
def test_a_large_delta_is_a_job_and_a_small_one_is_not(stocked, bulk_from, jobs):
    """After its first full page a delta is counted; whichever way, every changed record comes."""
    _, cursor = stocked.pull("account")
    stocked.wait(minutes=1)
    rows = [{"Id": make_id("001", 7_000_000 + n), "Name": f"Bulk {n}"} for n in range(500)]
    stocked.org.load("Account", rows)
    stocked.wait(minutes=1)
    heard = stocked.listen()
    found, cursor = stocked.pull("account", cursor, page_size=200, bulk_from=bulk_from)
    assert {change.id for change in found} == {row["Id"] for row in rows}
    assert len(jobs_ordered(heard)) == jobs
    stocked.wait(minutes=1)
    assert stocked.pull("account", cursor)[0] == []


def test_a_query_for_a_job_has_no_order(stocked):
    """An order would keep Salesforce from cutting it into parts."""
    heard = stocked.listen()
    stocked.pull("deal", **BULK)
    (ordered,) = jobs_ordered(heard)
    assert "ORDER BY" not in ordered
    assert "LIMIT" not in ordered


def test_a_load_cut_off_goes_on_with_its_job(stocked):
    """After a kill at any page another process takes the next page of the same job, and no row is missing or twice."""
    everything, _ = stocked.pull("deal_change")
    total = len(everything) // ROWS_A_PAGE + 2
    heard = stocked.listen()
    for stop in range(1, total):
        heard.clear()
        pages = list(islice(stocked.connector(**BULK).pull("deal_change", None), stop))
        control.configure(stocked.org, expire_sessions=True)
        rest, _ = stocked.pull("deal_change", pages[-1].cursor, **BULK)
        before = [change.id for page in pages for change in changes(page)]
        assert sorted([*before, *(change.id for change in rest)]) == sorted(change.id for change in everything)
        assert len(jobs_ordered(heard)) == 1


def test_a_job_that_runs_on_is_waited_for_again(stocked):
    """A sitting that loses patience leaves the job running, and the next one takes its rows."""
    control.configure(stocked.org, bulk_stuck=True)
    sitting = stocked.connector(**BULK).pull("deal", None)
    ordered = next(sitting)
    with pytest.raises(RetryLater, match="still preparing"):
        next(sitting)
    control.configure(stocked.org, bulk_stuck=False)
    heard = stocked.listen()
    rest, _ = stocked.pull("deal", ordered.cursor, **BULK)
    assert len(rest) == stocked.org.count("Opportunity")
    assert jobs_ordered(heard) == []


def test_a_job_that_never_ends_is_not_waited_for_for_ever(stocked):
    """After six hours it is called off, and its rows are read page by page."""
    control.configure(stocked.org, bulk_stuck=True)
    ordered = next(stocked.connector(**BULK).pull("deal", None))
    stocked.wait(hours=7)
    heard = stocked.listen()
    rest, _ = stocked.pull("deal", ordered.cursor, **BULK)
    assert len(rest) == stocked.org.count("Opportunity")
    assert [path for method, path, _ in heard if method == "PATCH" and "/jobs/query/" in path]


@pytest.mark.parametrize("trouble", [{"bulk_fail": "InternalServerError"}, {"bulk_abort": True}, {"bulk_job_limit": 0}])
def test_what_bulk_will_not_do_is_read_by_pages(stocked, trouble):
    """A job that failed, was aborted or was refused for the day costs a warning and no record."""
    control.configure(stocked.org, **trouble)
    loaded, _ = stocked.pull("deal", **BULK)
    assert len(loaded) == stocked.org.count("Opportunity")


def test_missing_counts_are_no_empty_result(stocked):
    """Failure 29: a proxy that takes the counting headers away does not make a table empty."""
    stocked.trouble("strip_sforce_headers", "results")
    loaded, _ = stocked.pull("deal", **BULK)
    assert len(loaded) == stocked.org.count("Opportunity")


@pytest.mark.parametrize("effect", ["cut_body", "drop_after", "html_200"])
def test_a_page_that_broke_is_read_again(stocked, effect):
    """Failure 27: a result page that did not arrive whole is asked for again, by its locator."""
    broken = stocked.trouble(effect, "results", times=1)
    loaded, _ = stocked.pull("deal_change", **BULK)
    assert broken.met
    assert len(loaded) == len({change.id for change in loaded}) == stocked.org.count("OpportunityHistory")


COUNTED = {"Content-Type": "text/csv", "Sforce-NumberOfRecords": "3", "Sforce-Locator": "null"}
SPOILT = {
    "fewer rows than it says": {"answer": '"Id","Name"\n"001000000000001AAA","x"\n', "headers": COUNTED},
    "ragged": {"answer": '"Id","Name"\n"001000000000001AAA"\n"a","b","c"\n', "headers": COUNTED},
    "a count that is none": {"answer": '"Id"\n', "headers": COUNTED | {"Sforce-NumberOfRecords": "abc"}},
    "a page of a proxy": {"answer": "<html>no downloads here</html>"},
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_page_that_stays_spoilt_is_read_by_pages(stocked, how):
    """Failure 27: read again in the same sitting and, when that is no better, never again; once is not noticed."""
    count = stocked.org.count("Account")
    for times in (1, None):
        stocked.org.faults.clear()
        spoilt = stocked.trouble("answer", "/results", status=200, times=times, **SPOILT[how])
        loaded, cursor = stocked.pull("account", **BULK)
        assert spoilt.met
        assert len(loaded) == len({change.id for change in loaded}) == count
    stocked.wait(minutes=1)
    assert stocked.pull("account", cursor, **BULK)[0] == []


def test_a_job_that_is_not_counted_is_read_by_pages(stocked):
    """An end without a number proves nothing."""
    stocked.trouble("answer", r"jobs/query/750\w+$", status=200, answer='{"id": "750", "state": "JobComplete"}')
    loaded, _ = stocked.pull("account", **BULK)
    assert len(loaded) == stocked.org.count("Account")


def test_a_job_is_as_old_as_its_order_and_not_as_its_pass(stocked):
    """A delta that was cut behind its first page and goes on seven hours later waits for the job it orders then."""
    _, cursor = stocked.pull("account")
    stocked.wait(minutes=1)
    stocked.org.load("Account", [{"Id": make_id("001", 7_000_000 + n), "Name": f"Bulk {n}"} for n in range(700)])
    stocked.wait(minutes=1)
    first = next(iter(stocked.connector(page_size=200, bulk_from=250).pull("account", cursor)))
    stocked.wait(hours=7)
    control.configure(stocked.org, bulk_delay_seconds=0.4)
    heard = stocked.listen()
    rest, _ = stocked.pull("account", first.cursor, page_size=200, bulk_from=250, bulk_seconds=5)
    assert len(rest) == 500
    assert len(jobs_ordered(heard)) == 1
    assert not [path for method, path, _ in heard if method == "PATCH"]
    assert [path for _, path, _ in heard if "/results" in path]


def test_waiting_tells_whether_half_of_it_is_here(stocked):
    """Of a first load nothing may be judged; of newer rows what is held is only old, for both objects of a kind."""
    control.configure(stocked.org, bulk_stuck=True)
    with pytest.raises(NotYet) as first:
        stocked.pages("activity", bulk_from=1, bulk_seconds=0)
    assert not first.value.had
    control.configure(stocked.org, bulk_stuck=False)
    _, cursor = stocked.pull("activity")
    stocked.wait(minutes=1)
    rows = [{"Id": make_id("00T", 7_000_000 + n), "Subject": "Call"} for n in range(500)]
    met = [{"Id": make_id("00U", 7_000_000), "Subject": "Demo", "StartDateTime": stocked.org.now()}]
    stocked.org.load("Task", rows)
    stocked.org.load("Event", met)
    stocked.wait(minutes=1)
    control.configure(stocked.org, bulk_stuck=True)
    reading, pages = stocked.connector(page_size=200, bulk_from=250, bulk_seconds=0).pull("activity", cursor), []
    with pytest.raises(NotYet) as later:
        pages.extend(reading)
    assert later.value.had


def test_a_session_that_ends_among_the_pages_ends_nothing(stocked):
    """Failure 20: locators of a job outlive the session, so a new sign-in goes on."""
    stocked.trouble("expire_session", "results", times=1)
    loaded, _ = stocked.pull("deal_change", **BULK)
    assert len(loaded) == stocked.org.count("OpportunityHistory")


def test_a_load_costs_few_calls_beyond_its_pages(stocked):
    """At most eight for a kind, signing in aside: activities are two objects, each described, counted and ordered."""
    for kind in KINDS:
        heard = stocked.listen()
        stocked.pull(kind, **BULK)
        pages = [path for _, path, _ in heard if "/results" in path]
        assert len(heard) - stocked.tokens(heard) - len(pages) <= 8


def test_a_spent_budget_stops_a_load_too(stocked):
    """Bulk is no way around our share of the API."""
    with pytest.raises(OverBudget):
        stocked.pull("deal_change", **BULK, share=0.00001, spent_before=0)
