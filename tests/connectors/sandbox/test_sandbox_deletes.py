"""What deleting does, what the log tells, and what comes back."""

from datetime import timedelta

from connectors.sandbox.ids import make_id


def log(caller, name, **span):
    start = caller.org.now() - timedelta(**(span or {"hours": 1}))
    end = caller.org.now() + timedelta(minutes=1)
    return caller.call("GET", f"/sobjects/{name}/deleted", start=start.isoformat(), end=end.isoformat())


def logged(caller, name):
    return {row["id"] for row in log(caller, name).value["deletedRecords"]}


def test_a_deleted_deal_takes_along_what_hangs_on_it(caller):
    """History, contact roles and activities go too; query hides them, queryAll shows them, the log lists them."""
    deal = caller.deal()
    contact = caller.create("Contact", LastName="Wren")
    role = caller.create("OpportunityContactRole", OpportunityId=deal, ContactId=contact, Role="Evaluator")
    task = caller.create("Task", Subject="Call", WhatId=deal)
    caller.wait(minutes=2)
    caller.call("DELETE", f"/sobjects/Opportunity/{deal}")
    for name in ("Opportunity", "OpportunityHistory", "OpportunityContactRole", "Task"):
        assert caller.query(f"SELECT Id FROM {name}") == []
        rows = caller.query(f"SELECT IsDeleted, SystemModstamp FROM {name}", all_rows=True)
        assert [(row["IsDeleted"], row["SystemModstamp"][:16]) for row in rows] == [(True, "2026-03-02T09:02")]
    assert logged(caller, "Opportunity") == {deal}
    assert logged(caller, "Task") == {task}
    assert logged(caller, "OpportunityContactRole") == {role}


def test_undelete_brings_all_of_it_back(caller):
    """The deal and what went with it are live again and leave the log."""
    deal = caller.deal()
    apart = caller.create("Task", Subject="Deleted on its own", WhatId=deal)
    caller.create("Task", Subject="Call", WhatId=deal)
    caller.call("DELETE", f"/sobjects/Task/{apart}")
    caller.call("DELETE", f"/sobjects/Opportunity/{deal}")
    body = {"user": caller.org.user_id, "object": "Opportunity", "id": deal}
    assert caller.call("POST", "/sandbox/undelete", body).value["ok"]
    assert [row["Subject"] for row in caller.query("SELECT Subject FROM Task")] == ["Call"]
    assert len(caller.query("SELECT Id FROM OpportunityHistory")) == 1
    assert logged(caller, "Opportunity") == set()
    assert caller.call("POST", "/sandbox/undelete", body).status == 400


def test_contact_roles_have_no_recycle_bin(caller):
    """Deleted directly they vanish even from queryAll; only the log knows."""
    role = caller.create(
        "OpportunityContactRole", OpportunityId=caller.deal(), ContactId=caller.create("Contact", LastName="Wren")
    )
    caller.call("DELETE", f"/sobjects/OpportunityContactRole/{role}")
    assert caller.query("SELECT Id FROM OpportunityContactRole", all_rows=True) == []
    assert logged(caller, "OpportunityContactRole") == {role}


def test_a_hard_delete_leaves_only_the_log(caller):
    """The row is gone for queryAll too, and its key may be used again."""
    task = caller.create("Task", Subject="Call", Coaching_Key__c="coach:1")
    caller.call("POST", "/sandbox/hard_delete", {"object": "Task", "id": task})
    assert caller.query("SELECT Id FROM Task", all_rows=True) == []
    assert logged(caller, "Task") == {task}
    assert caller.create("Task", Subject="Call", Coaching_Key__c="coach:1") != task


def test_the_bin_is_emptied_of_what_is_old(caller):
    """Fifteen days, then queryAll does not show it any more."""
    caller.call("DELETE", f"/sobjects/Task/{caller.create('Task', Subject='Call')}")
    for days, left in ((14, 1), (2, 0)):
        caller.wait(days=days)
        caller.call("POST", "/sandbox/empty_bin", {})
        assert len(caller.query("SELECT Id FROM Task", all_rows=True)) == left


def test_the_log_has_the_documented_shape_and_bounds(caller):
    """Whole minutes, fifteen days back, never an empty span."""
    task = caller.create("Task", Subject="Call")
    caller.wait(seconds=30)
    caller.call("DELETE", f"/sobjects/Task/{task}")
    found = log(caller, "Task").value
    assert found["deletedRecords"] == [{"id": task, "deletedDate": "2026-03-02T09:00:30.000+0000"}]
    assert found["latestDateCovered"] == "2026-03-02T09:00:00.000+0000"
    assert found["earliestDateAvailable"] == "2026-02-15T09:00:00.000+0000"
    assert caller.code(log(caller, "Task", days=16)) == (400, "INVALID_REPLICATION_DATE")
    assert caller.code(log(caller, "Task", minutes=-1)) == (400, "INVALID_REPLICATION_DATE")
    caller.wait(days=16)
    assert log(caller, "Task", days=14).value["deletedRecords"] == []


def test_what_cannot_be_deleted_or_replicated_says_so(caller):
    """Users stay; notes have no log of their own."""
    assert caller.code(caller.call("DELETE", f"/sobjects/User/{caller.org.user_id}"))[0] == 400
    assert caller.code(log(caller, "ContentNote")) == (400, "INVALID_TYPE_FOR_OPERATION")


def test_a_merge_moves_the_children_and_names_the_winner(caller):
    """The loser is in the bin with MasterRecordId; its deals and contacts belong to the winner and are stamped."""
    winner, loser = (caller.create("Account", Name=name) for name in ("Amber Lantern", "Amber Lanterns"))
    deal = caller.deal(AccountId=loser)
    caller.wait(minutes=1)
    body = {"user": caller.org.user_id, "winner": winner, "losers": [loser]}
    assert caller.call("POST", "/sandbox/merge", body).value["ok"]
    row = caller.query(f"SELECT AccountId, SystemModstamp FROM Opportunity WHERE Id = '{deal}'")[0]
    assert (row["AccountId"], row["SystemModstamp"][:16]) == (winner, "2026-03-02T09:01")
    gone = caller.query("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", all_rows=True)
    assert [(row["Id"], row["MasterRecordId"]) for row in gone] == [(loser, winner)]


def test_archived_activities_leave_query_but_not_queryall(caller):
    """Archiving is no deletion, leaves no stamp, and the row can still be changed."""
    task = caller.create("Task", Subject="Old call", Status="Completed")
    caller.wait(minutes=1)
    caller.call("POST", "/sandbox/archive", {"ids": [task]})
    assert caller.query("SELECT Id FROM Task") == []
    row = caller.query("SELECT IsArchived, IsDeleted, SystemModstamp FROM Task", all_rows=True)[0]
    assert (row["IsArchived"], row["IsDeleted"], row["SystemModstamp"][:16]) == (True, False, "2026-03-02T09:00")
    caller.change("Task", task, Subject="Older call")


def test_records_out_of_sight_look_like_records_that_never_were(caller):
    """Queries, reads and retrieves do not show them; the log says nothing; sight can come back."""
    deal, other = caller.deal(), caller.deal()
    caller.call("POST", "/sandbox/blind", {"ids": [deal]})
    assert [row["Id"] for row in caller.query("SELECT Id FROM Opportunity", all_rows=True)] == [other]
    assert caller.code(caller.call("GET", f"/sobjects/Opportunity/{deal}")) == (404, "NOT_FOUND")
    read = caller.call("POST", "/composite/sobjects/Opportunity", {"ids": [deal, other], "fields": ["Name"]}).value
    assert read[0] is None
    assert logged(caller, "Opportunity") == set()
    caller.call("POST", "/sandbox/blind", {"ids": []})
    assert len(caller.query("SELECT Id FROM Opportunity")) == 2
    assert caller.code(caller.call("GET", f"/sobjects/Opportunity/{make_id('006', 3)}")) == (404, "NOT_FOUND")
