"""Records one by one, in collections and in composites, and the rules they must obey."""

import pytest

from connectors.sandbox.ids import make_id


def upsert(caller, *records, all_or_none=False):
    body = {"allOrNone": all_or_none, "records": [{"attributes": {"type": "Task"}, **record} for record in records]}
    found = caller.call("PATCH", "/composite/sobjects/Task/Coaching_Key__c", body)
    assert found.status == 200
    return found.value


def test_a_record_is_made_read_changed_and_deleted(caller):
    """The four calls and their statuses; a read by 15 characters works, an empty text becomes null."""
    key = caller.deal(NextStep="Call back", Amount=1000)
    row = caller.call("GET", f"/sobjects/Opportunity/{key[:15]}", fields="Name,amount").value
    assert (row["Id"], row["Name"], row["Amount"], "StageName" in row) == (key, "Lantern rollout", 1000.0, False)
    caller.change("Opportunity", key, NextStep=" ", Amount="2000")
    row = caller.call("GET", f"/sobjects/Opportunity/{key}").value
    assert (row["NextStep"], row["Amount"], row["CreatedDate"]) == (None, 2000.0, "2026-03-02T09:00:00.000+0000")
    assert caller.call("DELETE", f"/sobjects/Opportunity/{key}").status == 204
    assert caller.code(caller.call("GET", f"/sobjects/Opportunity/{key}")) == (404, "ENTITY_IS_DELETED")
    assert caller.code(caller.call("PATCH", f"/sobjects/Opportunity/{key}", {})) == (404, "ENTITY_IS_DELETED")


def test_stamps_say_when_and_by_whom(caller):
    """A change moves SystemModstamp, LastModifiedDate and LastModifiedById, and nothing else moves them."""
    key = caller.deal()
    person = make_id("005", 7)
    caller.org.load("User", [{"Id": person, "Username": "rep@sandbox.invalid", "LastName": "Rook", "IsActive": True}])
    caller.wait(minutes=5)
    body = {"user": person, "object": "Opportunity", "id": key, "fields": {"NextStep": "Send paper"}}
    assert caller.call("POST", "/sandbox/edit", body).value == {"ok": True}
    row = caller.query(
        "SELECT CreatedDate, CreatedById, SystemModstamp, LastModifiedDate, LastModifiedById FROM Opportunity"
    )[0]
    assert (row["CreatedDate"][:16], row["CreatedById"]) == ("2026-03-02T09:00", caller.org.user_id)
    assert row["SystemModstamp"] == row["LastModifiedDate"] == "2026-03-02T09:05:00.000+0000"
    assert row["LastModifiedById"] == person


@pytest.mark.parametrize(
    ("fields", "status", "code", "named"),
    [
        ({"Bacon": 1}, 400, "INVALID_FIELD", []),
        ({"IsClosed": True}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", ["IsClosed"]),
        ({"Subject": "x" * 256}, 400, "STRING_TOO_LONG", ["Subject"]),
        ({"Status": "Forgotten"}, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Status"]),
        ({"Priority": "Burning"}, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Priority"]),
        ({"WhatId": make_id("005", 1)}, 400, "FIELD_INTEGRITY_EXCEPTION", ["WhatId"]),
        ({"WhatId": "nonsense"}, 400, "MALFORMED_ID", ["WhatId"]),
        ({"WhatId": make_id("006", 1)}, 404, "INVALID_CROSS_REFERENCE_KEY", []),
        ({"ActivityDate": "31.12.2026"}, 400, "JSON_PARSER_ERROR", []),
        ({"ActivityDate": "2026-12-31T00:00:00Z"}, 400, "JSON_PARSER_ERROR", []),
        ({"CallDurationInSeconds": "long"}, 400, "JSON_PARSER_ERROR", []),
        ({"OwnerId": make_id("005", 8)}, 400, "INACTIVE_OWNER_OR_USER", []),
    ],
)
def test_a_wrong_value_is_refused_by_name(caller, fields, status, code, named):
    """Status, code and fields say what was wrong, and nothing is written."""
    caller.org.load("User", [{"Id": make_id("005", 8), "Username": "gone@sandbox.invalid", "IsActive": False}])
    found = caller.call("POST", "/sobjects/Task", {"Subject": "Call", **fields})
    assert caller.code(found) == (status, code)
    assert found.value[0].get("fields", []) == named
    assert caller.org.count("Task") == 0


def test_what_must_be_there_is_asked_for(caller):
    """Every missing required field is named; a stage that is not active is no stage."""
    found = caller.call("POST", "/sobjects/Opportunity", {"Amount": 1})
    assert found.value == [
        {
            "message": "Required fields are missing: [Name, StageName, CloseDate]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["Name", "StageName", "CloseDate"],
        }
    ]
    stage = caller.call(
        "POST", "/sobjects/Opportunity", {"Name": "x", "CloseDate": "2026-03-03", "StageName": "Dreaming"}
    )
    assert caller.code(stage) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")


def test_wrong_addresses_and_methods_are_named(caller):
    """404 for what is not there, 405 for what cannot be done, 410 for versions that are gone."""
    assert caller.code(caller.call("GET", "/sobjects/Bacon/describe")) == (404, "NOT_FOUND")
    assert caller.code(caller.call("GET", "/sobjects/Task/nonsense")) == (400, "MALFORMED_ID")
    assert caller.code(caller.call("GET", f"/sobjects/Task/{make_id('00T', 1)}")) == (404, "NOT_FOUND")
    assert caller.code(caller.call("DELETE", "/limits")) == (405, "METHOD_NOT_ALLOWED")
    assert caller.code(caller.call("GET", "/services/data/v30.0/limits"))[0] == 410
    assert caller.code(caller.call("GET", "/services/data/v99.0/limits")) == (404, "NOT_FOUND")
    assert caller.call("GET", "/services/data/v50.0/limits").status == 200


def test_upsert_by_key_creates_once(caller):
    """201 then 200 for one record; the collection answers in order, one result each."""
    for status, created in ((201, True), (200, False)):
        found = caller.call("PATCH", "/sobjects/Task/Coaching_Key__c/coach:1", {"Subject": "Call"})
        assert (found.status, found.value["created"]) == (status, created)
    results = upsert(
        caller,
        {"Coaching_Key__c": "coach:1", "Subject": "Call again"},
        {"Coaching_Key__c": "coach:2", "Subject": "x" * 300},
        {"Coaching_Key__c": "coach:3", "Subject": "New"},
        {"Coaching_Key__c": "twice", "Subject": "New"},
        {"Coaching_Key__c": "TWICE", "Subject": "New"},
        {"Subject": "No key"},
    )
    assert [(r["success"], r.get("created")) for r in results] == [
        (True, False), (False, None), (True, True), (False, None), (False, None), (False, None),
    ]  # fmt: skip
    assert [r["errors"][0]["statusCode"] for r in results if not r["success"]] == [
        "STRING_TOO_LONG", "DUPLICATE_VALUE", "DUPLICATE_VALUE", "MISSING_ARGUMENT",
    ]  # fmt: skip
    assert caller.org.count("Task") == 2


def test_a_key_with_odd_characters_survives_the_address(caller):
    """A percent-encoded value is the value; updateOnly forbids the creation."""
    odd = "coach/1?a=b c%d+ü"
    encoded = "coach%2F1%3Fa%3Db%20c%25d%2B%C3%BC"
    assert caller.call("PATCH", f"/sobjects/Task/Coaching_Key__c/{encoded}", {"Subject": "x"}).status == 201
    assert caller.query("SELECT Coaching_Key__c FROM Task")[0]["Coaching_Key__c"] == odd
    assert caller.call("GET", f"/sobjects/Task/Coaching_Key__c/{encoded}").value["Subject"] == "x"
    absent = caller.call("PATCH", "/sobjects/Task/Coaching_Key__c/other", {"Subject": "x"}, updateOnly="true")
    assert absent.status == 404


def test_a_key_is_unique_over_tasks_events_and_the_recycle_bin(caller):
    """The refusal names the record that holds the value, with 15 characters, also when that is deleted."""
    key = caller.create("Task", Subject="Call", Coaching_Key__c="coach:1")
    caller.call("DELETE", f"/sobjects/Task/{key}")
    error = upsert(caller, {"Coaching_Key__c": "Coach:1", "Subject": "Call"})[0]["errors"][0]
    assert error["statusCode"] == "DUPLICATE_VALUE"
    assert error["message"] == f"duplicate value found: Coaching_Key__c duplicates value on record with id: {key[:15]}"
    event = {"Coaching_Key__c": "coach:1", "StartDateTime": "2026-03-03T10:00:00Z", "DurationInMinutes": 30}
    assert caller.code(caller.call("POST", "/sobjects/Event", event)) == (400, "DUPLICATE_VALUE")


def test_several_matches_write_nothing(caller):
    """300 with the addresses of all that match."""
    keys = [caller.deal(), caller.deal()]
    found = caller.call("PATCH", "/sobjects/Opportunity/Name/Lantern rollout", {"Amount": 5})
    assert (found.status, found.value) == (300, [f"/services/data/v66.0/sobjects/Opportunity/{key}" for key in keys])
    assert caller.org.count("Opportunity", "Amount = 5") == 0


def test_collections_create_update_retrieve_and_delete(caller):
    """One result for each record, null for what cannot be had, too many refused as a whole."""
    records = [{"attributes": {"type": "Task"}, "Subject": "Call"}, {"attributes": {"type": "Account"}}]
    made = caller.call("POST", "/composite/sobjects", {"records": records}).value
    assert [result["success"] for result in made] == [True, False]
    key = made[0]["id"]
    change = [
        {"attributes": {"type": "Task"}, "id": key, "Status": "Completed"},
        {"attributes": {"type": "Task"}, "id": "x"},
    ]
    changed = caller.call("PATCH", "/composite/sobjects", {"records": change}).value
    assert [result["success"] for result in changed] == [True, False]
    read = caller.call(
        "POST", "/composite/sobjects/Task", {"ids": [key, make_id("00T", 1), "x"], "fields": ["IsClosed"]}
    )
    assert [row and row["IsClosed"] for row in read.value] == [True, None, None]
    gone = caller.call("DELETE", "/composite/sobjects", ids=f"{key},{make_id('00T', 1)}").value
    assert [result["success"] for result in gone] == [True, False]
    many = {"records": [{"attributes": {"type": "Task"}, "Subject": "x"}] * 201}
    assert caller.call("POST", "/composite/sobjects", many).status == 400


def test_all_or_none_undoes_the_innocent(caller):
    """One bad record undoes its neighbours, which say so."""
    results = upsert(
        caller, {"Coaching_Key__c": "a", "Subject": "x"}, {"Coaching_Key__c": "b", "Status": "?"}, all_or_none=True
    )
    assert [r["errors"][0]["statusCode"] for r in results] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    ]  # fmt: skip
    assert caller.org.count("Task") == 0


def part(name, method, url, body=None):
    return {"referenceId": name, "method": method, "url": f"/services/data/v66.0{url}", "body": body}


def test_composite_parts_refer_to_one_another(caller):
    """A created id flows into a later part, in its body and in its address; the whole is one API call."""
    parts = [
        part(
            "deal", "POST", "/sobjects/Opportunity", {"Name": "D", "StageName": "Proposal", "CloseDate": "2026-04-01"}
        ),
        part("task", "POST", "/sobjects/Task", {"Subject": "Call", "WhatId": "@{deal.id}"}),
        part("read", "GET", "/sobjects/Task/@{task.id}"),
        part("query", "GET", "/query?q=SELECT+Name+FROM+Opportunity+WHERE+Id='@{read.WhatId}'"),
    ]
    found = caller.call("POST", "/composite", {"compositeRequest": parts})
    answers = found.value["compositeResponse"]
    assert [answer["httpStatusCode"] for answer in answers] == [201, 201, 200, 200]
    assert [answer["referenceId"] for answer in answers] == ["deal", "task", "read", "query"]
    assert answers[3]["body"]["records"][0]["Name"] == "D"
    assert found.headers["Sforce-Limit-Info"] == "api-usage=1/100000"


def test_composite_halts_what_depends_on_a_failure(caller):
    """Without allOrNone the rest goes on; with it everything is undone."""
    parts = [
        part("good", "POST", "/sobjects/Task", {"Subject": "Call"}),
        part("bad", "POST", "/sobjects/Task", {"Status": "?"}),
        part("child", "GET", "/sobjects/Task/@{bad.id}"),
    ]
    first = caller.call("POST", "/composite", {"compositeRequest": parts}).value["compositeResponse"]
    assert [answer["httpStatusCode"] for answer in first] == [201, 400, 400]
    assert first[2]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    again = caller.call("POST", "/composite", {"allOrNone": True, "compositeRequest": parts}).value["compositeResponse"]
    assert [answer["body"][0]["errorCode"] for answer in again] == [
        "PROCESSING_HALTED", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "PROCESSING_HALTED",
    ]  # fmt: skip
    assert caller.org.count("Task") == 1
    assert caller.call("POST", "/composite", {"compositeRequest": [parts[0]] * 2}).status == 400
    many = [part(f"p{n}", "GET", "/limits") for n in range(26)]
    assert caller.call("POST", "/composite", {"compositeRequest": many}).status == 400


def test_a_validation_rule_stands_in_the_way(caller):
    """An administrator's rule refuses with its own words."""
    rule = {"object": "Task", "field": "Subject", "forbid": "^$|coach", "message": "Subjects must not say coach."}
    caller.call("POST", "/sandbox/config", {"validation_rule": rule})
    found = caller.call("POST", "/sobjects/Task", {"Subject": "coach them"})
    assert found.value == [
        {"message": rule["message"], "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Subject"]}
    ]


def test_a_body_that_is_no_json_is_refused(caller):
    """JSON_PARSER_ERROR, whatever the address."""
    assert caller.code(caller.call("POST", "/sobjects/Task", [1])) == (400, "JSON_PARSER_ERROR")
    assert caller.code(caller.call("POST", "/composite", {"compositeRequest": 1})) == (400, "JSON_PARSER_ERROR")
    assert caller.code(caller.call("POST", "/composite/sobjects", {"records": [1]})) == (400, "JSON_PARSER_ERROR")
