"""The sandbox's own doors: clock, limits, hidden things, and an org that outlives its process."""

from datetime import UTC, datetime

import pytest

from connectors.sandbox import control
from connectors.sandbox.org import Org


def test_the_clock_can_be_set_and_let_go(caller):
    """Stamps and the Date header come from it; null goes back to real time."""
    caller.call("POST", "/sandbox/clock", {"now": "2026-12-24T18:00:00Z"})
    caller.wait(minutes=0)
    found = caller.call("POST", "/sobjects/Account", {"Name": "Amber Lantern"})
    assert found.headers["Date"] == "Thu, 24 Dec 2026 18:00:00 GMT"
    assert caller.query("SELECT CreatedDate FROM Account")[0]["CreatedDate"] == "2026-12-24T18:00:00.000+0000"
    caller.call("POST", "/sandbox/clock", {"now": None})
    assert abs((caller.org.now() - datetime.now(UTC)).total_seconds()) < 5


def test_calls_are_counted_until_the_limit_is_spent(caller):
    """Every data answer tells the usage, the list of versions is free, a new day starts anew."""
    caller.org.settings.daily_limit = 2
    assert caller.call("GET", "/services/data/").status == 200
    assert caller.call("GET", "/limits").headers["Sforce-Limit-Info"] == "api-usage=1/2"
    refused = caller.call("GET", "/sobjects/Bacon")
    assert (refused.status, refused.headers["Sforce-Limit-Info"]) == (404, "api-usage=2/2")
    assert caller.code(caller.call("GET", "/limits")) == (403, "REQUEST_LIMIT_EXCEEDED")
    caller.wait(hours=25)
    assert caller.call("GET", "/limits").value["DailyApiRequests"] == {"Max": 2, "Remaining": 1}


def test_hidden_fields_and_objects_do_not_exist_for_the_client(caller):
    """Selecting one fails the whole query, a read leaves it out, a person still edits it."""
    deal = caller.deal(Amount=5)
    caller.call("POST", "/sandbox/hide", {"fields": {"Opportunity": ["Amount"]}, "objects": ["UserRole"]})
    assert caller.code(caller.call("GET", "/query", q="SELECT Amount FROM Opportunity")) == (400, "INVALID_FIELD")
    assert caller.code(caller.call("GET", "/query", q="SELECT Id FROM UserRole")) == (400, "INVALID_TYPE")
    assert caller.code(caller.call("PATCH", f"/sobjects/Opportunity/{deal}", {"Amount": 6})) == (400, "INVALID_FIELD")
    assert "Amount" not in caller.call("GET", f"/sobjects/Opportunity/{deal}").value
    control.edit(caller.org, user=caller.org.user_id, object_name="Opportunity", key=deal, fields={"Amount": 7})
    caller.change("Opportunity", deal, NextStep="still fine")
    caller.call("POST", "/sandbox/hide", {})
    assert caller.query("SELECT Amount FROM Opportunity")[0]["Amount"] == 7.0


def test_an_org_without_the_key_field(tmp_path):
    """An administrator has not made it yet: describe and writes know nothing of it."""
    org = Org(key_field=False)
    task = org.find_object("Task", control.Actor(user_id=org.user_id))
    assert task is not None
    assert task.field("Coaching_Key__c") is None


def test_an_address_that_is_too_long_is_refused(caller):
    """16,384 bytes of address and headers, as in front of the real thing."""
    ids = ",".join(f"'{'0' * 15}'" for _ in range(1000))
    assert caller.call("GET", "/query", q=f"SELECT Id FROM Task WHERE Id IN ({ids})").status == 414


def test_calls_are_listed_and_forgotten(caller):
    """Method, path, status and count since the last reset."""
    caller.call("GET", "/limits")
    caller.call("GET", "/limits")
    listed = caller.call("GET", "/sandbox/calls").value["calls"]
    assert listed == [{"method": "GET", "path": "/services/data/v66.0/limits", "status": 200, "count": 2}]
    assert caller.call("DELETE", "/sandbox/calls").value["calls"] == []


def test_people_make_and_delete_records(caller):
    """What is done through the screen obeys the same rules."""
    account = caller.call(
        "POST", "/sandbox/create", {"user": caller.org.user_id, "object": "Account", "fields": {"Name": "Amber"}}
    ).value["id"]
    refused = caller.call(
        "POST",
        "/sandbox/edit",
        {"user": caller.org.user_id, "object": "Account", "id": account, "fields": {"Name": ""}},
    )
    assert (refused.status, refused.value["errorCode"]) == (400, "REQUIRED_FIELD_MISSING")
    body = {"user": caller.org.user_id, "object": "Account", "id": account}
    assert caller.call("POST", "/sandbox/delete", body).value == {"ok": True}
    assert caller.query("SELECT Id FROM Account") == []


@pytest.mark.parametrize(
    ("door", "body"),
    [
        ("nowhere", {}),
        ("edit", {}),
        ("clock", {"now": "noon"}),
        ("config", {"bacon": 1}),
        ("faults", {"faults": [{"x": 1}]}),
    ],
)
def test_a_wrong_control_call_says_so(caller, door, body):
    """400 and a sentence, never a silent nothing."""
    found = caller.call("POST", f"/sandbox/{door}", body)
    assert found.status == 400
    assert found.value["message"]


def test_an_org_in_a_file_outlives_its_process(tmp_path):
    """Rows, ids and the app's secrets are still there; ids go on where they stopped."""
    first = Org(tmp_path / "org.db")
    control.create(first, user=first.user_id, object_name="Account", fields={"Name": "Amber Lantern"})
    before, org_id = first.new_id("Account"), first.id
    first.close()
    second = Org(tmp_path / "org.db")
    assert (second.count("Account"), second.id, second.count("User")) == (1, org_id, 1)
    assert second.new_id("Account") > before
    second.close()


def test_loading_takes_rows_as_they_are(org):
    """Own ids and stamps are kept, missing ones come from the clock, no trigger runs, wrong names are refused."""
    stages = [
        {
            "MasterLabel": "Engaging",
            "ApiName": "Engaging",
            "IsActive": True,
            "SortOrder": 1,
            "ForecastCategory": "Pipeline",
        }
    ]
    assert org.load("OpportunityStage", stages) == 1
    assert org.count("OpportunityStage") == 1
    org.load("OpportunityStage", [{**stages[0], "MasterLabel": "Won", "ApiName": "Won"}])
    assert org.count("OpportunityStage") == 2
    created = datetime(2024, 5, 1, 12, tzinfo=UTC)
    org.load(
        "Opportunity", ({"Name": f"Deal {n}", "StageName": "Engaging", "CreatedDate": created} for n in range(6000))
    )
    row = org.row("SELECT * FROM Opportunity LIMIT 1")
    assert (row["CreatedDate"], row["SystemModstamp"]) == (
        "2024-05-01T12:00:00.000+0000",
        "2026-03-02T09:00:00.000+0000",
    )
    assert (org.count("Opportunity"), org.count("OpportunityHistory")) == (6000, 0)
    with pytest.raises(ValueError, match="has no field Bacon"):
        org.load("Task", [{"Bacon": 1}])
    with pytest.raises(ValueError, match="cannot be loaded"):
        org.load("ContentNote", [{"Title": "x"}])
