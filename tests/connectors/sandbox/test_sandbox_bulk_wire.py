"""Query jobs over the network: zipped pages, ordered trouble, a client that knows only Salesforce."""

import csv
import io
import time

import pytest
import requests
from simple_salesforce import Salesforce

from connectors.sandbox.org import Org
from connectors.sandbox.server import start

ROWS = 50_000


@pytest.fixture(scope="module")
def running():
    org = Org()
    org.load("Account", ({"Name": f"Lantern {n}", "Description": None} for n in range(ROWS)))
    with start(org=org) as found:
        yield found


@pytest.fixture
def client(running):
    org = running.org
    with requests.Session() as session:
        session.trust_env = False
        session.verify = running.ca_file
        session.headers["Authorization"] = f"Bearer {org.sessions.open(org.id, org.user_id, org.now())}"
        yield session
    org.faults.clear()
    org.settings.bulk_delay_seconds = 0.0


@pytest.fixture
def jobs(running):
    return f"{running.url}/services/data/v66.0/jobs/query"


def order(client, jobs, query="SELECT Id, Name, IsDeleted, SystemModstamp FROM Account"):
    return client.post(jobs, json={"operation": "query", "query": query})


def fault(running, client, **wish):
    assert client.post(f"{running.url}/sandbox/faults", json={"faults": [wish]}).json() == {"ok": True}


@pytest.fixture
def results(client, jobs):
    """The address of the results of a job that is complete."""
    key = order(client, jobs).json()["id"]
    assert client.get(f"{jobs}/{key}").json()["state"] == "JobComplete"
    return f"{jobs}/{key}/results"


def test_a_large_page_comes_quickly_and_zipped(client, results):
    """50,000 rows in well under the time a client has patience for, as gzip only when asked."""
    client.get(results, params={"maxRecords": 1})
    began = time.monotonic()
    page = client.get(results, params={"maxRecords": ROWS})
    assert time.monotonic() - began < 2.5
    assert (page.headers["Content-Encoding"], page.headers["Sforce-NumberOfRecords"]) == ("gzip", str(ROWS))
    assert page.headers["Content-Type"].startswith("text/csv")
    assert sum(1 for _ in csv.reader(io.StringIO(page.text))) == ROWS + 1
    plain = client.get(results, params={"maxRecords": 5000}, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers


def test_a_job_whose_answer_was_lost_exists(running, client, jobs):
    """Dropped after the work was done: the listing knows it."""
    before = len(client.get(jobs).json()["records"])
    fault(running, client, effect="drop_after", method="POST", path="/jobs/query", times=1)
    with pytest.raises(requests.ConnectionError):
        order(client, jobs)
    assert len(client.get(jobs).json()["records"]) == before + 1


def test_a_page_can_be_cut_spoilt_late_or_stripped(running, client, results):
    """Half a page, a page of HTML with status 200, a slow one, one without a single Sforce header; then all is well."""
    fault(running, client, effect="cut_body", path="/results", times=1)
    with pytest.raises(requests.RequestException):
        client.get(results)
    fault(running, client, effect="html_200", path="/results", times=1)
    assert client.get(results).text.startswith("<!DOCTYPE html>")
    fault(running, client, effect="slow", path="/results", times=1, seconds=5)
    with pytest.raises(requests.Timeout):
        client.get(results, timeout=0.1)
    fault(running, client, effect="strip_sforce_headers", path="/results", times=1)
    stripped = client.get(results, params={"maxRecords": 1})
    assert not [name for name in stripped.headers if name.lower().startswith("sforce-")]
    whole = client.get(results, params={"maxRecords": 1})
    assert all(name in whole.headers for name in ("Sforce-Locator", "Sforce-NumberOfRecords", "Sforce-Limit-Info"))


def test_a_session_lost_between_pages_is_replaced(running, client, results):
    """401 once; the locator goes on with a new token."""
    locator = client.get(results, params={"maxRecords": 10}).headers["Sforce-Locator"]
    fault(running, client, effect="expire_session", path="/results", times=1)
    query = {"maxRecords": 10, "locator": locator}
    assert client.get(results, params=query).status_code == 401
    org = running.org
    client.headers["Authorization"] = f"Bearer {org.sessions.open(org.id, org.user_id, org.now())}"
    assert client.get(results, params=query).headers["Sforce-NumberOfRecords"] == "10"


def test_the_delay_passes_in_real_time_under_a_frozen_clock(running, client, jobs):
    """A client that polls gets there although nobody moves the clock of the org."""
    running.org.set_clock(running.org.now())
    running.org.settings.bulk_delay_seconds = 0.4
    try:
        key, states = order(client, jobs, "SELECT Id FROM Account LIMIT 1").json()["id"], []
        while "JobComplete" not in states and len(states) < 100:
            states.append(client.get(f"{jobs}/{key}").json()["state"])
            time.sleep(0.05)
    finally:
        running.org.set_clock(None)
    assert list(dict.fromkeys(states)) == ["UploadComplete", "InProgress", "JobComplete"]


def test_simple_salesforce_reads_a_job(running, client):
    """Its own polling and paging, from the header of each page to the literal null."""
    token = client.headers["Authorization"].removeprefix("Bearer ")
    sf = Salesforce(instance_url=running.url, session_id=token, session=client, version="66.0")
    pages = list(sf.bulk2.Account.query("SELECT Name FROM Account ORDER BY Id LIMIT 30", max_records=20, wait=0.01))
    rows = [list(csv.reader(io.StringIO(page))) for page in pages]
    assert [len(page) for page in rows] == [21, 11]
    assert [page[0] for page in rows] == [["Name"], ["Name"]]
    assert rows[1][-1] == ["Lantern 29"]
