"""What else goes wrong around a client: late commits, odd clocks, locks, automations, limits, lost grants."""

from datetime import timedelta

import pytest

from connectors.sandbox import control
from connectors.sandbox.errors import SignInRejected
from connectors.sandbox.sign_in import JWT_BEARER, register, sign_in

STAMPS = "SELECT Id, SystemModstamp FROM Account ORDER BY SystemModstamp, Id"


def order(caller, door, **body):
    """What a control call that must be taken answers."""
    found = caller.call("POST", f"/sandbox/{door}", body)
    assert found.status == 200, found.value
    return found.value


def test_a_late_commit_appears_behind_rows_already_read(caller):
    """With its old stamp, once the clock has passed; until then no query and no bulk job finds it."""
    late, early = caller.create("Account", Name="late"), caller.create("Account", Name="early")
    order(caller, "lag", object="Account", ids=[late], seconds=90)
    caller.wait(seconds=60)
    caller.create("Account", Name="later still")
    assert late not in [row["Id"] for row in caller.query(STAMPS)]
    assert caller.call("GET", "/query", q="SELECT COUNT() FROM Account").value["totalSize"] == 2
    caller.wait(seconds=30)
    seen = caller.query(STAMPS)
    assert [row["Id"] for row in seen][:2] == [late, early]


def test_what_is_made_from_now_on_can_be_found_late(caller):
    """Each record from its own making on; who knows its id or its key finds it at once."""
    before = caller.deal()
    order(caller, "config", index_lag_seconds=60)
    first = caller.create("Task", Subject="first", Coaching_Key__c="coach:task:1")
    caller.wait(seconds=40)
    second = caller.create("Task", Subject="second")
    assert caller.query("SELECT Id FROM Task") == []
    assert [row["Id"] for row in caller.query("SELECT Id FROM Opportunity")] == [before]
    assert caller.call("GET", f"/sobjects/Task/{first}").status == 200
    again = caller.call("PATCH", "/sobjects/Task/Coaching_Key__c/coach:task:1", {"Subject": "first again"})
    assert again.value["created"] is False
    caller.wait(seconds=20)
    assert [row["Id"] for row in caller.query("SELECT Id FROM Task")] == [first]
    order(caller, "config", index_lag_seconds=0)
    caller.create("Task", Subject="third")
    caller.wait(seconds=40)
    assert len(caller.query("SELECT Id FROM Task")) == 3
    assert second in [row["Id"] for row in caller.query("SELECT Id FROM Task")]


def test_a_server_with_a_wrong_clock_stamps_wrongly(caller):
    """Stamps move by the skew, the Date header does not; 0 puts it right."""
    order(caller, "skew", seconds=-45)
    key = caller.create("Account", Name="Amber")
    found = caller.call("GET", f"/sobjects/Account/{key}")
    assert found.value["SystemModstamp"] == "2026-03-02T08:59:15.000+0000"
    assert found.headers["Date"] == "Mon, 02 Mar 2026 09:00:00 GMT"
    order(caller, "skew", seconds=0)
    caller.change("Account", key, Name="Amber again")
    assert caller.query(STAMPS)[0]["SystemModstamp"] == "2026-03-02T09:00:00.000+0000"


def test_a_mass_update_leaves_one_stamp_on_thousands(caller):
    """All rows or only some, without any other trace."""
    caller.org.load("Account", ({"Name": str(n)} for n in range(5000)))
    assert order(caller, "restamp", object="Account", stamp="2026-02-01T00:00:00Z")["rows"] == 5000
    one = caller.query("SELECT Id FROM Account LIMIT 1")[0]["Id"]
    assert order(caller, "restamp", object="Account", ids=[one], stamp="2026-02-02T00:00:00Z")["rows"] == 1
    equal = "SELECT COUNT() FROM Account WHERE SystemModstamp = 2026-02-01T00:00:00Z"
    assert caller.call("GET", "/query", q=equal).value["totalSize"] == 4999
    assert caller.call("POST", "/sandbox/restamp", {"object": "ContentNote", "stamp": "2026-02-02"}).status == 400


def test_an_automation_edits_what_was_just_made(caller):
    """In its own name, also what came by upsert in a collection; null ends it."""
    order(caller, "config", flow={"object": "Task", "set": {"Priority": "High", "Subject": "Rewritten"}})
    record = {"attributes": {"type": "Task"}, "Coaching_Key__c": "c:1", "Subject": "Ours"}
    path = "/composite/sobjects/Task/Coaching_Key__c"
    assert caller.call("PATCH", path, {"records": [record]}).value[0]["created"]
    asked = "SELECT Subject, IsHighPriority, CreatedById, LastModifiedBy.Name FROM Task"
    row = caller.query(asked)[0]
    assert (row["Subject"], row["IsHighPriority"], row["CreatedById"]) == ("Rewritten", True, caller.org.user_id)
    assert row["LastModifiedBy"]["Name"] == "Automated Process"
    assert not caller.call("PATCH", path, {"records": [record]}).value[0]["created"]
    assert caller.query(asked)[0]["Subject"] == "Ours"
    order(caller, "config", flow=None)
    key = caller.create("Task", Subject="Untouched")
    assert caller.call("GET", f"/sobjects/Task/{key}").value["Subject"] == "Untouched"


def test_a_locked_record_refuses_itself_and_its_children(caller):
    """Change, deletion and a new task below it are refused alone; the rest of a collection arrives."""
    deal, free = caller.deal(), caller.deal()
    order(caller, "config", locked_ids=[deal[:15]])
    assert caller.code(caller.call("PATCH", f"/sobjects/Opportunity/{deal}", {"NextStep": "x"})) == (
        400,
        "UNABLE_TO_LOCK_ROW",
    )
    assert caller.code(caller.call("DELETE", f"/sobjects/Opportunity/{deal}")) == (400, "UNABLE_TO_LOCK_ROW")
    records = [{"attributes": {"type": "Task"}, "Subject": "x", "WhatId": what} for what in (deal, free)]
    results = caller.call("POST", "/composite/sobjects", {"records": records}).value
    assert [result["success"] for result in results] == [False, True]
    assert results[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    control.edit(
        caller.org, user=caller.org.user_id, object_name="Opportunity", key=deal, fields={"NextStep": "by hand"}
    )
    order(caller, "config", locked_ids=[])
    caller.change("Opportunity", deal, NextStep="x")


def test_records_are_locked_by_chance(caller):
    """Some of many, the same ones every time."""
    order(caller, "config", lock_probability=0.5)
    records = [{"attributes": {"type": "Task"}, "Subject": str(n)} for n in range(40)]
    results = caller.call("POST", "/composite/sobjects", {"records": records}).value
    assert 5 < sum(result["success"] for result in results) < 35


def test_too_many_calls_at_once_are_refused_for_a_while(caller):
    """403 in its own words, as often as ordered, at no cost of the daily limit."""
    order(caller, "config", concurrent_refusals=2)
    refused = [caller.call("GET", "/limits") for _ in range(2)]
    assert [caller.code(found) for found in refused] == [(403, "REQUEST_LIMIT_EXCEEDED")] * 2
    assert refused[0].value[0]["message"].startswith("ConcurrentRequests")
    assert caller.call("GET", "/limits").headers["Sforce-Limit-Info"] == "api-usage=1/100000"


def test_a_removed_field_is_gone_for_everybody(caller):
    """From describe, query, record, retrieval and the screen; a fresh describe tells."""
    deal = caller.deal(NextStep="soon")
    before = caller.call("GET", "/sobjects/Opportunity/describe").headers["Last-Modified"]
    caller.wait(minutes=1)
    order(caller, "remove_field", object="Opportunity", field="NextStep")
    found = caller.call("GET", "/sobjects/Opportunity/describe", headers={"if-modified-since": before})
    assert found.status == 200
    assert "NextStep" not in [field["name"] for field in found.value["fields"]]
    assert "NextStep" not in caller.call("GET", f"/sobjects/Opportunity/{deal}").value
    refused = caller.call("GET", "/query", q="SELECT NextStep FROM Opportunity")
    assert caller.code(refused) == (400, "INVALID_FIELD")
    edit = {"user": caller.org.user_id, "object": "Opportunity", "id": deal, "fields": {"NextStep": "x"}}
    assert caller.call("POST", "/sandbox/edit", edit).status == 400
    caller.change("Opportunity", deal, Amount=7)
    caller.deal(Amount=8)
    assert caller.call("POST", "/sandbox/remove_field", {"object": "Opportunity", "field": "Bacon"}).status == 400


@pytest.mark.parametrize(
    ("grant", "told"),
    [
        (JWT_BEARER, "user hasn't approved this consumer"),
        ("refresh_token", "expired access/refresh token"),
        ("client_credentials", "no client credentials user enabled"),
    ],
)
def test_a_revoked_grant_ends_what_it_opened(caller, grant, told):
    """The session is dead, no grant opens another, until it is given back."""
    order(caller, "config", grant_revoked=True)
    assert caller.code(caller.call("GET", "/limits")) == (401, "INVALID_SESSION_ID")
    app = register(caller.org)
    form = {"grant_type": grant, **{name: app[name] for name in ("client_id", "client_secret", "refresh_token")}}
    with pytest.raises(SignInRejected, match=told):
        sign_in(caller.org, form, "", "https://127.0.0.1:1")
    order(caller, "config", grant_revoked=False)
    if grant != JWT_BEARER:
        assert sign_in(caller.org, form, "", "https://127.0.0.1:1")["access_token"]


def test_a_job_sees_late_commits_no_earlier_than_a_query(caller):
    """What is not visible when the job is processed is not in its result."""
    key = caller.create("Account", Name="late")
    control.lag(caller.org, [key], seconds=90)
    jobs = []
    for _ in range(2):
        body = {"operation": "queryAll", "query": "SELECT Id FROM Account"}
        jobs.append(caller.call("POST", "/jobs/query", body).value["id"])
        caller.call("GET", f"/jobs/query/{jobs[-1]}")
        caller.org.set_clock(caller.org.now() + timedelta(seconds=90))
    counts = [caller.call("GET", f"/jobs/query/{job}").value["numberRecordsProcessed"] for job in jobs]
    assert counts == [0, 1]
