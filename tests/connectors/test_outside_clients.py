"""Clients that were not written by us, unmodified: what works for them here works for them with Salesforce."""

import json
import os
import pathlib
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from connectors.sandbox.org import Org
from connectors.sandbox.server import start

HERE = pathlib.Path(__file__).parent / "jsforce"
DEAL = {"Name": "Lantern rollout", "StageName": "Prospecting", "CloseDate": "2026-12-31"}
INSTALL = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]


@pytest.fixture(scope="module")
def running():
    with start(org=Org()) as found:
        yield found


@pytest.fixture(scope="module")
def token(running):
    form = {"grant_type": "client_credentials", "client_id": running.client_id, "client_secret": running.client_secret}
    with requests.Session() as session:
        session.trust_env = False
        url = f"{running.url}/services/oauth2/token"
        return session.post(url, data=form, verify=running.ca_file).json()


@pytest.fixture(scope="module")
def sf(running, token):
    with requests.Session() as session:
        session.trust_env, session.verify = False, running.ca_file
        yield Salesforce(
            instance_url=token["instance_url"], session_id=token["access_token"], session=session, version="66.0"
        )


def load_contacts(org, count):
    org.load("Contact", [{"LastName": f"Wren {n:04d}"} for n in range(count)] + [{"LastName": "O'Wren"}])


def test_simple_salesforce_reads_several_pages_one_by_one(sf, running):
    """query_all_iter, query_all and query_more see the same rows in the same order, once each."""
    load_contacts(running.org, 4100)
    soql = "SELECT Id, LastName FROM Contact WHERE LastName LIKE 'Wren%' ORDER BY LastName"
    names = [row["LastName"] for row in sf.query_all_iter(soql)]
    assert names == [f"Wren {n:04d}" for n in range(4100)]
    assert [row["LastName"] for row in sf.query_all(soql)["records"]] == names
    first = sf.query(soql)
    second = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert [row["LastName"] for row in second["records"]] == names[2000:4000]
    assert second["totalSize"] == 4100


def test_simple_salesforce_keeps_a_record_through_its_life(sf):
    """Create, get, update, describe, soft delete; seen by deleted() and by include_deleted, not by query."""
    made = sf.Opportunity.create(DEAL)
    assert sf.Opportunity.update(made["id"], {"Amount": 1250.5, "NextStep": None}) == 204
    assert sf.Opportunity.get(made["id"])["Amount"] == 1250.5
    assert sf.Opportunity.delete(made["id"]) == 204
    soql = f"SELECT Id, IsDeleted FROM Opportunity WHERE Id = '{made['id']}'"
    assert sf.query(soql)["totalSize"] == 0
    assert sf.query(soql, include_deleted=True)["records"][0]["IsDeleted"] is True
    now = datetime.now(UTC)
    told = sf.Opportunity.deleted(now - timedelta(hours=1), now + timedelta(minutes=2))
    assert made["id"] in {row["id"] for row in told["deletedRecords"]}
    assert {"earliestDateAvailable", "latestDateCovered"} <= set(told)
    assert {field["name"] for field in sf.Opportunity.describe()["fields"]} >= set(DEAL)


def test_simple_salesforce_upserts_by_our_key(sf):
    """201 the first time, 200 after it, one record."""
    assert sf.Task.upsert("Coaching_Key__c/coach:task:aa", {"Subject": "One"}) == 201
    assert sf.Task.upsert("Coaching_Key__c/coach:task:aa", {"Subject": "Two"}) == 200
    assert sf.query("SELECT Id FROM Task WHERE Coaching_Key__c = 'coach:task:aa'")["totalSize"] == 1
    assert sf.Task.get_by_custom_id("Coaching_Key__c", "coach:task:aa")["Subject"] == "Two"


def test_simple_salesforce_meets_the_errors_it_has_names_for(sf, running):
    """300 for two matches, 404 for what is gone or never was, 400 with a code."""
    running.org.load("Opportunity", [{**DEAL, "Name": "Twin"}, {**DEAL, "Name": "Twin"}])
    with pytest.raises(SalesforceMoreThanOneRecord) as raised:
        sf.Opportunity.upsert("Name/Twin", {"NextStep": "Call"})
    assert len(raised.value.content) >= 1
    with pytest.raises(SalesforceResourceNotFound):
        sf.Opportunity.get("006000000000000AAA")
    with pytest.raises(SalesforceResourceNotFound):
        sf.Bacon__c.get("006000000000000AAA")
    with pytest.raises(SalesforceMalformedRequest) as malformed:
        sf.Opportunity.create({"Name": "No stage"})
    assert malformed.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"


def test_simple_salesforce_sends_many_at_once(sf):
    """Collections answer row by row; a composite hands an id from one part to the next."""
    rows = [{"attributes": {"type": "Task"}, "Subject": "a"}, {"attributes": {"type": "Task"}, "Status": "?"}]
    told = sf.restful("composite/sobjects", method="POST", json={"allOrNone": False, "records": rows})
    assert [row["success"] for row in told] == [True, False]
    assert told[1]["errors"][0]["statusCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    base = "/services/data/v66.0/sobjects"
    parts = [
        {"method": "POST", "url": f"{base}/Account", "referenceId": "a", "body": {"Name": "Amber Mills"}},
        {"method": "POST", "url": f"{base}/Contact", "referenceId": "c",
         "body": {"LastName": "Wren", "AccountId": "@{a.id}"}},
        {"method": "GET", "url": f"{base}/Contact/@{{c.id}}?fields=AccountId", "referenceId": "g"},
    ]  # fmt: skip
    answers = sf.restful("composite", method="POST", json={"allOrNone": True, "compositeRequest": parts})
    account, _contact, got = (part["body"] for part in answers["compositeResponse"])
    assert got["AccountId"] == account["id"]


@pytest.fixture(scope="module")
def jsforce(tmp_path_factory):
    """A folder with jsforce in it; skips where node, npm or the packages are not to be had."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("jsforce")
    for name in ("package.json", "session.mjs"):
        shutil.copy(HERE / name, folder)
    try:
        installed = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not install jsforce within a minute")
    if installed.returncode:
        pytest.skip("npm cannot install jsforce here")
    return folder


def test_jsforce_does_what_its_users_do(running, token, jsforce):
    """Pages, finds, writes, upserts, collections, errors, deletions and describes, and the org says the same."""
    org, before = running.org, running.org.count("Contact", "IsDeleted = 0")
    load_contacts(org, 4500)
    environment = {
        "PATH": os.environ["PATH"],
        "NODE_EXTRA_CA_CERTS": running.ca_file,
        "INSTANCE_URL": token["instance_url"],
        "ACCESS_TOKEN": token["access_token"],
    }
    done = subprocess.run(
        ["node", "session.mjs"], cwd=jsforce, env=environment, capture_output=True, text=True, timeout=40, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    held = before + 4501
    assert (told["fetched"], told["different"], told["counted"]) == (held, held, held)
    assert told["found"] >= 1
    account = org.record("Account", told["account"])
    assert (account["Name"], account["Industry"], told["read"]) == ("Lantern & Söhne", "Retail", "Retail")
    assert [row["Subject"] for row in org.rows("SELECT Subject FROM Task WHERE Coaching_Key__c = 'coach:task:0f'")] == [
        "Two"
    ]
    assert (told["many"], org.count("Task", "Subject LIKE 'Bulk %'")) == (250, 250)
    assert told["mixed"] == [True, False]
    assert (told["missing"], told["malformed"]) == ("ENTITY_IS_DELETED", "INVALID_FIELD")
    assert all(told[deed] for deed in ("updated", "upserted", "destroyed", "deleted", "described", "objects"))
    assert (told["identity"], told["limit"]) == (running.username, 100_000)
