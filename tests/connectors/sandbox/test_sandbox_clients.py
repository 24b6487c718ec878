"""Clients that know only Salesforce: simple-salesforce, unmodified, over TLS."""

import contextlib
import json
import pathlib
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from connectors.sandbox.org import Org
from connectors.sandbox.server import start

ROOT = pathlib.Path(__file__).parents[3]


@pytest.fixture(scope="module")
def running():
    with start(org=Org()) as found:
        yield found


@pytest.fixture(scope="module")
def http(running):
    with requests.Session() as session:
        session.trust_env = False
        session.verify = running.ca_file
        yield session


@pytest.fixture(scope="module")
def sf(running, http):
    """Signed in with a JWT, as a server would."""
    claims = {"iss": running.client_id, "sub": running.username, "aud": "https://login.salesforce.com"}
    expiry = int((datetime.now(UTC) + timedelta(minutes=2)).timestamp())
    assertion = jwt.encode({**claims, "exp": expiry}, running.private_key_pem, algorithm="RS256")
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    token = http.post(f"{running.url}/services/oauth2/token", data=form).json()
    return Salesforce(
        instance_url=token["instance_url"], session_id=token["access_token"], session=http, version="66.0"
    )


def test_records_by_type(sf):
    """create, get, update, upsert, get_by_custom_id, delete."""
    made = sf.Task.create({"Subject": "Call", "Coaching_Key__c": "coach:1"})
    assert made["success"]
    assert sf.Task.get(made["id"])["Subject"] == "Call"
    assert sf.Task.update(made["id"], {"Status": "Completed"}) == 204
    assert sf.Task.upsert("Coaching_Key__c/coach:1", {"Subject": "Again"}) == 200
    assert sf.Task.upsert("Coaching_Key__c/coach:2", {"Subject": "New"}) == 201
    assert sf.Task.get_by_custom_id("Coaching_Key__c", "coach:1")["IsClosed"] is True
    assert sf.Task.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Task.get(made["id"])
    with pytest.raises(SalesforceMalformedRequest, match="bad value for restricted picklist"):
        sf.Task.create({"Status": "?"})


def test_queries_and_their_pages(sf, running):
    """query, query_all, query_all_iter over several pages, with deleted rows when asked for."""
    running.org.load("Contact", [{"LastName": f"Wren {n}", "IsDeleted": n == 0} for n in range(4321)])
    assert sf.query("SELECT COUNT() FROM Contact")["totalSize"] == 4320
    first = sf.query("SELECT Id FROM Contact")
    assert (len(first["records"]), first["done"]) == (2000, False)
    assert len(sf.query_all("SELECT Id, LastName FROM Contact")["records"]) == 4320
    names = {row["LastName"] for row in sf.query_all_iter("SELECT LastName FROM Contact", include_deleted=True)}
    assert len(names) == 4321
    with pytest.raises(SalesforceMalformedRequest, match="No such column"):
        sf.query("SELECT Bacon FROM Contact")


def test_describes_limits_and_usage(sf):
    """Global and object describe, limits, and the usage header the client keeps."""
    assert "Opportunity" in [found["name"] for found in sf.describe()["sobjects"]]
    assert sf.Opportunity.describe()["keyPrefix"] == "006"
    assert sf.limits()["DailyApiRequests"]["Max"] == 100_000
    assert sf.api_usage["api-usage"].total == 100_000


def test_deletions_as_the_client_reads_them(sf):
    """deleted() with aware datetimes finds the deal that went."""
    made = sf.Opportunity.create({"Name": "Gone", "StageName": "Prospecting", "CloseDate": "2026-12-31"})
    sf.Opportunity.delete(made["id"])
    now = datetime.now(UTC)
    found = sf.Opportunity.deleted(now - timedelta(hours=1), now + timedelta(minutes=2))
    assert made["id"] in [row["id"] for row in found["deletedRecords"]]


def test_composites_and_collections(sf):
    """restful() carries the calls for which the client has no method."""
    body = {"records": [{"attributes": {"type": "Task"}, "Coaching_Key__c": "coach:9", "Subject": "x"}]}
    found = sf.restful("composite/sobjects/Task/Coaching_Key__c", method="PATCH", json=body)
    assert [row["success"] for row in found] == [True]
    part = {"method": "GET", "referenceId": "me", "url": "/services/data/v66.0/limits"}
    answer = sf.restful("composite", method="POST", json={"compositeRequest": [part]})
    assert answer["compositeResponse"][0]["httpStatusCode"] == 200


SERVED = """
import sys
from pathlib import Path
from connectors.sandbox.org import Org
from connectors.sandbox.server import serve
home = Path(sys.argv[1])
serve(org=Org(home / "org.db"), port=0, tls=True, key_dir=home / "keys")
"""


@contextlib.contextmanager
def served(home):
    """A sandbox in the foreground of another process, and the connection facts it left."""
    facts = home / "keys" / "connection.json"
    facts.unlink(missing_ok=True)
    with subprocess.Popen([sys.executable, "-c", SERVED, str(home)], cwd=ROOT) as process:
        try:
            while not (facts.exists() and facts.stat().st_size):
                assert process.poll() is None
                time.sleep(0.01)
            yield process, json.loads(facts.read_text())
        finally:
            process.kill()


def test_serve_leaves_what_a_client_needs_and_ends_on_ctrl_c(tmp_path):
    """The facts are private to their owner; the authority and the secrets stay the same over restarts."""
    seen = []
    for _ in range(2):
        with served(tmp_path) as (process, facts):
            with requests.Session() as session:
                session.trust_env = False
                listed = session.get(f"{facts['url']}/services/data/", verify=facts["ca_file"]).json()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        assert listed[-1]["version"] == "68.0"
        seen.append(((tmp_path / "keys" / "ca.pem").read_bytes(), facts["client_secret"]))
    assert seen[0] == seen[1]
    for name in ("connection.json", "client.key", "ca.key", "server.pem"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
