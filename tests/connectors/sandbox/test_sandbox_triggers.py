"""What follows from a save: stages, history, the state of tasks, the times of events."""

import pytest

from connectors.sandbox.ids import make_id


def row(caller, key, *fields):
    name = {"006": "Opportunity", "00T": "Task", "00U": "Event"}[key[:3]]
    found = caller.query(f"SELECT {', '.join(fields)} FROM {name} WHERE Id = '{key}'")[0]
    return tuple(found[field] for field in fields)


def test_a_stage_brings_its_flags(caller):
    """Closed, won, probability and forecast follow the stage unless they were sent along."""
    deal = caller.deal(Amount=1000)
    fields = ("IsClosed", "IsWon", "Probability", "ForecastCategory", "ForecastCategoryName", "ExpectedRevenue")
    assert row(caller, deal, *fields) == (False, False, 10.0, "Pipeline", "Pipeline", 100.0)
    assert row(caller, deal, "LastStageChangeDate") == (None,)
    caller.wait(minutes=1)
    caller.change("Opportunity", deal, StageName="Negotiation", Probability=60)
    assert row(caller, deal, *fields) == (False, False, 60.0, "Forecast", "Commit", 600.0)
    caller.change("Opportunity", deal, ForecastCategoryName="Best Case")
    assert row(caller, deal, "ForecastCategory", "Probability") == ("BestCase", 60.0)
    caller.change("Opportunity", deal, StageName="Closed Won")
    assert row(caller, deal, *fields) == (True, True, 100.0, "Closed", "Closed", 1000.0)
    assert row(caller, deal, "LastStageChangeDate")[0].startswith("2026-03-02T09:01")


def test_every_change_that_counts_leaves_a_snapshot(caller):
    """One row for the birth and one for each change of stage, amount, date, probability or forecast; none otherwise."""
    deal = caller.deal(Amount=1000)
    for fields in ({"NextStep": "Call"}, {"Amount": 800}, {"Amount": 800}, {"CloseDate": "2026-07-15"}):
        caller.wait(minutes=1)
        caller.change("Opportunity", deal, **fields)
    rows = caller.query(
        "SELECT Id, Amount, PrevAmount, CloseDate, PrevCloseDate FROM OpportunityHistory ORDER BY CreatedDate"
    )
    assert [(r["Amount"], r["PrevAmount"], r["CloseDate"], r["PrevCloseDate"]) for r in rows] == [
        (1000.0, None, "2026-06-30", None),
        (800.0, 1000.0, "2026-06-30", "2026-06-30"),
        (800.0, 800.0, "2026-07-15", "2026-06-30"),
    ]  # fmt: skip
    last = row(caller, deal, "LastAmountChangedHistoryId", "LastCloseDateChangedHistoryId", "PushCount")
    assert last == (rows[1]["Id"], rows[2]["Id"], 1)


def test_tracked_fields_leave_a_row_each(caller):
    """NextStep as text; an owner twice, with names and with ids."""
    person = make_id("005", 7)
    caller.org.load("User", [{"Id": person, "Username": "rep@sandbox.invalid", "Name": "Ada Rook", "IsActive": True}])
    deal = caller.deal()
    caller.change("Opportunity", deal, NextStep="Call", OwnerId=person)
    rows = caller.query("SELECT Field, DataType, OldValue, NewValue FROM OpportunityFieldHistory ORDER BY Id")
    assert [(r["Field"], r["DataType"], r["OldValue"], r["NewValue"]) for r in rows] == [
        ("created", "Text", None, None),
        ("NextStep", "Text", None, "Call"),
        ("Owner", "Text", "Coaching Integration", "Ada Rook"),
        ("Owner", "EntityId", caller.org.user_id, person),
    ]


def test_a_task_is_completed_once_and_can_be_reopened(caller):
    """A closed status stamps the moment, later edits keep it, reopening clears it."""
    deal = caller.deal(AccountId=caller.create("Account", Name="Amber Lantern"))
    task = caller.create("Task", Subject="Call", WhatId=deal, Priority="High")
    assert row(caller, task, "Status", "IsClosed", "IsHighPriority", "TaskSubtype", "CompletedDateTime") == (
        "Not Started", False, True, "Task", None,
    )  # fmt: skip
    assert row(caller, task, "AccountId")[0].startswith("001")
    caller.change("Task", task, Status="Completed")
    caller.wait(minutes=5)
    caller.change("Task", task, Subject="Called")
    assert row(caller, task, "IsClosed", "CompletedDateTime") == (True, "2026-03-02T09:00:00.000+0000")
    caller.change("Task", task, Status="In Progress")
    assert row(caller, task, "IsClosed", "CompletedDateTime") == (False, None)


@pytest.mark.parametrize(
    ("given", "begins", "ends", "minutes"),
    [
        ({"StartDateTime": "2026-03-03T10:00:00Z", "DurationInMinutes": 45}, "03T10:00", "03T10:45", 45),
        ({"StartDateTime": "2026-03-03T23:30:00Z", "EndDateTime": "2026-03-04T00:30:00Z"}, "03T23:30", "04T00:30", 60),
        ({"ActivityDateTime": "2026-03-03T10:00:00+02:00", "DurationInMinutes": 30}, "03T08:00", "03T08:30", 30),
        ({"IsAllDayEvent": True, "ActivityDate": "2026-03-05"}, "05T00:00", "05T00:00", 1440),
    ],
)  # fmt: skip
def test_the_times_of_an_event_agree(caller, given, begins, ends, minutes):
    """Start, end, length and day are told whichever of them was given."""
    event = caller.create("Event", Subject="Meeting", **given)
    found = row(caller, event, "StartDateTime", "EndDateTime", "DurationInMinutes", "ActivityDate")
    assert (found[0][8:16], found[1][8:16], *found[2:]) == (begins, ends, minutes, f"2026-03-{begins[:2]}")


def test_an_event_without_times_is_no_event(caller):
    """A start is required, and a length or an end."""
    for given in ({}, {"StartDateTime": "2026-03-03T10:00:00Z"}, {"IsAllDayEvent": True}):
        assert caller.code(caller.call("POST", "/sobjects/Event", given)) == (400, "REQUIRED_FIELD_MISSING")


def test_a_record_of_somebody_who_left_can_only_be_handed_on(caller):
    """An edit is refused while the owner is inactive; giving it to an active one is not."""
    person = make_id("005", 7)
    caller.org.load("User", [{"Id": person, "Username": "rep@sandbox.invalid", "LastName": "Rook", "IsActive": True}])
    task = caller.create("Task", Subject="Call", OwnerId=person)
    caller.call("POST", "/sandbox/config", {"user_active": {person: False}})
    refused = caller.call("PATCH", f"/sobjects/Task/{task}", {"Subject": "Late"})
    assert refused.value[0]["message"] == f"operation performed with inactive user [{person[:15]}] as owner of task"
    caller.change("Task", task, OwnerId=caller.org.user_id)
