"""Bulk 2.0 query jobs: their states, their pages, their refusals."""

import csv
import io
from datetime import UTC, datetime

import pytest

STAMP = datetime(2026, 2, 1, 8, 30, tzinfo=UTC)
BODY = {"operation": "query", "query": "SELECT Id, Name FROM Account ORDER BY Name"}


def order(caller, query=BODY["query"], **wish):
    """The id of a new job."""
    found = caller.call("POST", "/jobs/query", {**BODY, "query": query, **wish})
    assert found.status == 200, found.value
    assert found.value["state"] == "UploadComplete"
    return found.value["id"]


def job(caller, key):
    return caller.call("GET", f"/jobs/query/{key}").value


def read(caller, key, **query):
    """The rows of one page, header apart, and the locator of the next."""
    found = caller.call("GET", f"/jobs/query/{key}/results", **query)
    assert found.status == 200, found.value
    rows = list(csv.reader(io.StringIO(found.body.decode(), newline="")))
    assert found.headers["Sforce-NumberOfRecords"] == str(len(rows) - 1)
    return rows, found.headers["Sforce-Locator"]


@pytest.fixture
def accounts(caller):
    caller.org.load("Account", [{"Name": f"Lantern {n:03d}", "SystemModstamp": STAMP} for n in range(23)])
    return caller


def test_a_job_is_read_page_by_page(accounts):
    """Every page repeats the header; the last names `null` as what follows; all pages make the count of the job."""
    key = order(accounts)
    assert job(accounts, key)["numberRecordsProcessed"] == 23
    names, locator = [], ""
    while locator != "null":
        rows, locator = read(accounts, key, maxRecords="10", **({"locator": locator} if locator else {}))
        assert rows[0] == ["Id", "Name"]
        names += [row[1] for row in rows[1:]]
    assert names == [f"Lantern {n:03d}" for n in range(23)]


def test_pages_can_be_read_again_and_by_another_session(accounts):
    """A locator gives the same rows however often and whoever holds the token."""
    key = order(accounts)
    _, locator = read(accounts, key, maxRecords="10")
    first = read(accounts, key, maxRecords="10", locator=locator)
    accounts.org.sessions.end_all()
    accounts.wait(minutes=1)
    assert read(accounts, key, maxRecords="10", locator=locator) == first


def test_the_result_is_what_was_there_when_the_job_was_processed(accounts):
    """Later changes and deletions do not reach it, those before do."""
    key = order(accounts, "SELECT Name FROM Account WHERE Name LIKE 'Amber%' OR Name = 'Lantern 001'")
    accounts.create("Account", Name="Amber late")
    assert job(accounts, key)["state"] == "JobComplete"
    accounts.create("Account", Name="Amber later")
    rows, _ = read(accounts, key)
    assert rows[1:] == [["Lantern 001"]]


def test_values_as_csv_has_them(caller):
    """Instants end in Z, booleans are words, null is empty, quotes and new lines survive, parents are dotted."""
    account = caller.create("Account", Name='The "Amber", Ltd')
    caller.org.load("Contact", [{"LastName": "Wren\nold", "AccountId": account}])
    key = order(caller, "SELECT Account.Name, Title, IsDeleted, CreatedDate, LastName FROM Contact")
    rows, locator = read(caller, key)
    assert rows == [
        ["Account.Name", "Title", "IsDeleted", "CreatedDate", "LastName"],
        ['The "Amber", Ltd', "", "false", "2026-03-02T09:00:00.000Z", "Wren\nold"],
    ]
    assert locator == "null"


def test_lines_and_columns_end_as_ordered(accounts):
    """columnDelimiter and lineEnding are obeyed."""
    key = order(accounts, "SELECT Name, Industry FROM Account LIMIT 1", columnDelimiter="PIPE", lineEnding="CRLF")
    job(accounts, key)
    body = accounts.call("GET", f"/jobs/query/{key}/results").body
    assert body.startswith(b'"Name"|"Industry"\r\n"Lantern ')
    assert body.endswith(b'|""\r\n')


def test_query_all_brings_what_was_deleted(accounts):
    """Only queryAll sees the recycle bin."""
    gone = accounts.query("SELECT Id FROM Account LIMIT 1")[0]["Id"]
    accounts.call("DELETE", f"/sobjects/Account/{gone}")
    keys = [order(accounts, operation=operation) for operation in ("query", "queryAll")]
    assert [job(accounts, key)["numberRecordsProcessed"] for key in keys] == [22, 23]


def test_an_empty_result_has_a_header_and_no_more(caller):
    """Nothing found is a page too."""
    key = order(caller)
    job(caller, key)
    assert read(caller, key) == ([["Id", "Name"]], "null")


def test_a_job_takes_its_time(accounts):
    """UploadComplete, InProgress, JobComplete as the clock of the org passes; results only at the end."""
    accounts.call("POST", "/sandbox/config", {"bulk_delay_seconds": 600})
    key, states = order(accounts), []
    for _ in range(3):
        states.append(job(accounts, key)["state"])
        early = accounts.call("GET", f"/jobs/query/{key}/results")
        accounts.wait(minutes=5)
    assert states == ["UploadComplete", "InProgress", "JobComplete"]
    assert early.status == 200
    fresh = order(accounts)
    assert accounts.code(accounts.call("GET", f"/jobs/query/{fresh}/results")) == (400, "INVALIDJOBSTATE")


@pytest.mark.parametrize(
    ("config", "state"), [({"bulk_fail": "it broke"}, "Failed"), ({"bulk_abort": True}, "Aborted")]
)
def test_a_job_can_end_badly(accounts, config, state):
    """Failed says why; neither has results."""
    accounts.call("POST", "/sandbox/config", config)
    key = order(accounts)
    found = job(accounts, key)
    assert found["state"] == state
    assert ("it broke" in found.get("errorMessage", "")) == (state == "Failed")
    assert accounts.code(accounts.call("GET", f"/jobs/query/{key}/results")) == (400, "INVALIDJOBSTATE")


def test_a_stuck_job_is_aborted_and_deleted(accounts):
    """It stays InProgress; it may be aborted once, and deleted only then."""
    accounts.call("POST", "/sandbox/config", {"bulk_stuck": True})
    key = order(accounts)
    accounts.wait(days=1)
    assert job(accounts, key)["state"] == "InProgress"
    assert accounts.code(accounts.call("DELETE", f"/jobs/query/{key}")) == (400, "API_ERROR")
    assert accounts.call("PATCH", f"/jobs/query/{key}", {"state": "Aborted"}).value["state"] == "Aborted"
    again = accounts.call("PATCH", f"/jobs/query/{key}", {"state": "Aborted"})
    assert accounts.code(again) == (400, "INVALIDJOBSTATE")
    assert accounts.call("DELETE", f"/jobs/query/{key}").status == 204
    assert accounts.code(accounts.call("GET", f"/jobs/query/{key}")) == (404, "NOT_FOUND")


def test_a_field_removed_meanwhile_fails_the_job(accounts):
    """What the query names must be there when the job is processed."""
    accounts.call("POST", "/sandbox/config", {"bulk_delay_seconds": 600})
    key = order(accounts, "SELECT Industry FROM Account")
    accounts.call("POST", "/sandbox/hide", {"fields": {"Account": ["Industry"]}})
    accounts.wait(hours=1)
    assert job(accounts, key)["errorMessage"].startswith("INVALID_FIELD: ")


def test_pages_for_reading_side_by_side(accounts):
    """Five addresses at a time, together every row once; not before version 58."""
    accounts.org.settings.bulk_page_rows = 4
    key = order(accounts)
    first = accounts.call("GET", f"/jobs/query/{key}/resultPages").value
    assert (len(first["resultPages"]), first["done"]) == (5, False)
    path, _, locator = first["nextRecordsUrl"].partition("?locator=")
    rest = accounts.call("GET", path, locator=locator).value
    assert (len(rest["resultPages"]), rest["done"], "nextRecordsUrl" in rest) == (1, True, False)
    names = []
    for listed in first["resultPages"] + rest["resultPages"]:
        names += [row[1] for row in read(accounts, key, locator=listed["resultUrl"].partition("=")[2])[0][1:]]
    assert names == [f"Lantern {n:03d}" for n in range(23)]
    old = accounts.call("GET", f"/services/data/v57.0/jobs/query/{key}/resultPages")
    assert old.status == 404


def test_results_want_the_version_of_the_job(accounts):
    """409 for any other."""
    key = order(accounts)
    found = accounts.call("GET", f"/services/data/v67.0/jobs/query/{key}/results")
    assert accounts.code(found) == (409, "API_ERROR")


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"query": "SELECT Id FROM TaskStatus"}, "INVALIDENTITY"),
        ({"query": "SELECT COUNT(Id) FROM Account"}, "API_ERROR"),
        ({"query": "SELECT COUNT() FROM Account"}, "API_ERROR"),
        ({"query": "SELECT StageName FROM Opportunity GROUP BY StageName"}, "API_ERROR"),
        ({"query": "SELECT Id FROM Account LIMIT 5 OFFSET 5"}, "API_ERROR"),
        ({"query": "SELECT VersionData FROM ContentVersion"}, "API_ERROR"),
        ({"query": "SELECT Bacon FROM Account"}, "INVALID_FIELD"),
        ({"query": "SELECT Id FROM Bacon"}, "INVALID_TYPE"),
        ({"query": "SELECT Id"}, "MALFORMED_QUERY"),
        ({"query": ""}, "API_ERROR"),
        ({"operation": "insert"}, "API_ERROR"),
        ({"columnDelimiter": "SPACE"}, "API_ERROR"),
    ],
)
def test_what_a_job_cannot_do_is_refused(caller, wish, code):
    """400 when it is ordered, in the words of the original where they are known."""
    assert caller.code(caller.call("POST", "/jobs/query", {**BODY, **wish})) == (400, code)


@pytest.mark.parametrize("query", [{"locator": "bacon!"}, {"locator": "OTk5"}, {"maxRecords": "0"}])
def test_a_wrong_page_is_refused(caller, query):
    """A locator that is none, one behind the end, a page of nothing."""
    key = order(caller)
    job(caller, key)
    assert caller.call("GET", f"/jobs/query/{key}/results", **query).status == 400


def test_jobs_of_a_day_are_limited(caller):
    """/limits counts them down, also when they were deleted; the next day starts anew."""
    caller.call("POST", "/sandbox/config", {"bulk_job_limit": 2})
    for _ in range(2):
        key = order(caller)
        job(caller, key)
        caller.call("DELETE", f"/jobs/query/{key}")
    assert caller.call("GET", "/limits").value["DailyBulkV2QueryJobs"] == {"Max": 2, "Remaining": 0}
    assert caller.code(caller.call("POST", "/jobs/query", BODY)) == (400, "LIMIT_EXCEEDED")
    caller.wait(hours=24)
    order(caller)


def test_jobs_are_listed_and_kept_for_a_week(caller):
    """Oldest first; after seven days there is nothing left."""
    keys = [order(caller), order(caller)]
    listed = caller.call("GET", "/jobs/query").value
    assert ([found["id"] for found in listed["records"]], listed["done"]) == (keys, True)
    caller.wait(days=8)
    assert caller.call("GET", "/jobs/query").value["records"] == []
