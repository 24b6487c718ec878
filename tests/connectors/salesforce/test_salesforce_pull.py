"""Pulling: everything once, what changed afterwards, and nothing lost between pages, passes and processes."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest
from reading import changes

from connectors.records import KINDS, Account, Activity, Deal, DealContact, FieldChange, User
from connectors.sandbox import control
from connectors.sandbox.company import company
from connectors.sandbox.ids import make_id


def ids(changes):
    return [change.id for change in changes]


def load_accounts(place, count, **fields):
    """Accounts that a bulk load stamped with one instant."""
    first = 7_000_000 + place.org.count("Account")
    rows = [{"Id": make_id("001", first + n), "Name": f"Bulk {first + n}", **fields} for n in range(count)]
    place.org.load("Account", rows)
    return [row["Id"] for row in rows]


HELD = {
    "user": ("User", "UserType = 'Standard'"),
    "stage": ("OpportunityStage", "1"),
    "account": ("Account", "1"),
    "deal": ("Opportunity", "1"),
    "deal_change": ("OpportunityHistory", "1"),
    "field_change": ("OpportunityFieldHistory", "Field = 'NextStep' OR (Field = 'Owner' AND OldValue LIKE '005%')"),
    "deal_contact": ("OpportunityContactRole", "1"),
}


def test_a_first_load_equals_the_org(place):
    """Failure 7: every kind brings exactly the ids of the org, deleted ones marked; a second pull brings nothing."""
    for name, rows in company(3, today=date(2026, 3, 2), scale=0.02):
        place.org.load(name, rows)
    place.wait(minutes=1)
    for kind in KINDS:
        changes, cursor = place.pull(kind)
        if kind in HELD:
            table, where = HELD[kind]
            held = {row["Id"] for row in place.org.rows(f"SELECT Id FROM {table} WHERE {where}")}
            assert set(ids(changes)) == held
            assert len(changes) == len(held) > 0
        place.wait(minutes=1)
        assert place.pull(kind, cursor)[0] == []


def test_activities_are_all_tasks_and_events_but_ours_and_copies(place):
    """What we wrote, invitees' copies and series templates are no activities; everything else is.

    Of what we wrote it is said that it is none.
    """
    deal = place.deal()
    call = place.make("Task", Subject="Call", WhatId=deal, TaskSubtype="Call")
    ours = place.make("Task", Subject="Coach call", WhatId=deal, TaskSubtype="Call", Coaching_Key__c="coach:task:01")
    met = place.make("Event", Subject="Demo", StartDateTime="2026-03-01T10:00:00Z", DurationInMinutes=30, WhatId=deal)
    place.org.load("Event", [{"Subject": "Copy", "IsChild": True}, {"Subject": "Series", "GroupEventType": "3"}])
    pages = place.pages("activity")
    found = [change for page in pages for change in changes(page)]
    assert sorted(ids(found)) == sorted([call, met])
    assert {change.record.deal_id for change in found} == {deal}
    assert [denied for page in pages for denied in page.denied] == [ours]


def test_every_datetime_is_aware_utc_and_every_id_has_18_characters(place):
    """In every record of every kind, whatever the users' time zones are."""
    for name, rows in company(5, today=date(2026, 3, 2), scale=0.02):
        place.org.load(name, rows)
    for kind in KINDS:
        for change in place.pull(kind)[0]:
            assert change.changed_at.utcoffset() == timedelta(0)
            values = {name: getattr(change.record, name) for name in change.record.__slots__}
            for name, value in values.items():
                assert not isinstance(value, datetime) or value.utcoffset() == timedelta(0), (kind, name)
                assert name != "id" or len(value) == 18


def test_a_record_says_what_the_org_says(place):
    """One of each, field by field."""
    account = place.make("Account", Name="Amber Mills", Industry="Retail", OwnerId=place.rep)
    contact = place.make("Contact", LastName="Wren", AccountId=account)
    deal = place.deal(AccountId=account, Amount=1250.5, NextStep="Call them", Type="New Customer")
    place.make("OpportunityContactRole", OpportunityId=deal, ContactId=contact, Role="Evaluator", IsPrimary=True)
    place.wait(days=1)
    place.edit("Opportunity", deal, NextStep="Meet them", OwnerId=place.me)
    assert place.pull("account")[0][0].record == Account(
        id=account, name="Amber Mills", owner_id=place.rep, segment="Retail", merged_into=None
    )
    found = place.pull("deal")[0][0].record
    assert isinstance(found, Deal)
    assert (found.amount, found.close_date, found.stage) == (1250.5, date(2026, 6, 30), "Prospecting")
    assert (found.owner_id, found.closed, found.next_step) == (place.me, False, "Meet them")
    assert found.created_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    moved = [change.record for change in place.pull("field_change")[0]]
    assert {(m.field, m.old, m.new) for m in moved if isinstance(m, FieldChange)} == {
        ("next_step", "Call them", "Meet them"),
        ("owner_id", place.rep, place.me),
    }
    assert len(moved) == 2
    role = place.pull("deal_contact")[0][0].record
    assert isinstance(role, DealContact)
    assert (role.contact_id, role.role, role.primary) == (contact, "Evaluator", True)


def test_a_user_carries_role_and_manager(place):
    """The role's name, or the title where the org has no roles."""
    role = place.make("UserRole", Name="Seller")
    place.org.update("User", place.rep, {"UserRoleId": role, "ManagerId": place.me, "Title": "Rep"})
    place.org.update("User", place.me, {"Title": "Lead"})
    users = {change.id: change.record for change in place.pull("user")[0]}
    assert all(isinstance(user, User) for user in users.values())
    assert (users[place.rep].role, users[place.rep].manager_id) == ("Seller", place.me)
    assert (users[place.me].role, users[place.rep].time_zone) == ("Lead", "Europe/Berlin")


@pytest.mark.parametrize("bulk_from", [1, None])
def test_a_deal_goes_through_the_pipeline_of_its_record_type(processes, bulk_from):
    """Known by its name; a deal without one goes through none, and the master type counts as none."""
    master = "012000000000000AAA"
    kind = {"Id": make_id("012", 1), "Name": "Renewal", "DeveloperName": "Renewal", "SobjectType": "Opportunity"}
    processes.org.load("RecordType", [kind])
    renewal, none, plain = (processes.deal(RecordTypeId=id_) for id_ in (kind["Id"], None, None))
    processes.org.update("Opportunity", none, {"RecordTypeId": master})
    pulled = {change.id: change.record.pipeline for change in processes.pull("deal", bulk_from=bulk_from)[0]}
    assert pulled == {renewal: "Renewal", none: None, plain: None}


@pytest.mark.parametrize("count", [199, 200, 201, 400, 3000])
def test_rows_with_one_stamp_all_arrive_once(place, count):
    """Failures 4, 5 and 6: more ties than a page holds, and counts at the edges of pages."""
    loaded = load_accounts(place, count)
    pages = place.pages("account", page_size=200)
    assert sorted(change.id for page in pages for change in changes(page)) == sorted(loaded)
    assert pages[0].expected == count
    assert len(pages) >= count // 200


def test_ties_at_the_start_of_a_pass_arrive(place):
    """Failure 6: rows stamped exactly when the last pass began are read again rather than lost."""
    load_accounts(place, 10)
    _, cursor = place.pull("account")
    late = load_accounts(place, 5)
    assert set(late) <= set(ids(place.pull("account", cursor)[0]))


def test_a_change_while_paging_is_not_lost(place):
    """A row already read that changes before the last page comes with the last page or with the next pull."""
    loaded = load_accounts(place, 450)
    connector = place.connector(page_size=200)
    reading = connector.pull("account", None)
    seen = list(changes(next(reading)))
    place.wait(seconds=30)
    place.edit("Account", loaded[3], Name="Changed meanwhile")
    place.edit("Account", loaded[440], Name="Changed ahead")
    rest = list(reading)
    seen += [change for page in rest for change in changes(page)]
    later, _ = place.pull("account", rest[-1].cursor)
    names = {change.id: change.record.name for change in [*seen, *later]}
    assert names[loaded[3]] == "Changed meanwhile"
    assert names[loaded[440]] == "Changed ahead"
    assert len(names) == 450


def test_the_next_pass_begins_when_the_last_one_began(place):
    """Failure 9: a row that appears on a page already read, while the reading takes an hour, is found."""
    load_accounts(place, 300)
    reading = place.connector(page_size=200).pull("account", None)
    next(reading)
    place.wait(hours=1)
    behind = load_accounts(place, 1, SystemModstamp=place.org.now() - timedelta(minutes=59))
    cursor = list(reading)[-1].cursor
    place.wait(hours=1)
    assert behind[0] in ids(place.pull("account", cursor)[0])


def test_commit_lag_within_the_overlap_is_found(place):
    """Failures 1 to 3: a row that appears behind the cursor is read while it is not older than the overlap."""
    load_accounts(place, 3)
    overlap = timedelta(minutes=5)
    _, cursor = place.pull("account", overlap=overlap)
    late = load_accounts(place, 1, SystemModstamp=place.org.now() - timedelta(minutes=4))
    older = load_accounts(place, 1, SystemModstamp=place.org.now() - timedelta(minutes=6))
    found = ids(place.pull("account", cursor, overlap=overlap)[0])
    assert late[0] in found
    assert older[0] not in found  # only a first load, or an edit, brings this one; `present` cannot ask for it


def test_a_slow_first_page_does_not_move_the_mark(place):
    """Failure 9: the mark is the clock as heard before the query, so what was committed meanwhile is read next time."""
    place.org.set_clock(None)
    _, cursor = place.pull("account")
    place.trouble("slow", "query", seconds=2.5, times=1)
    _, cursor = place.pull("account", cursor)
    meanwhile = load_accounts(place, 1, SystemModstamp=place.org.now() - timedelta(seconds=1))
    assert ids(place.pull("account", cursor)[0]) == meanwhile


def test_a_cursor_from_the_middle_goes_on_without_loss_or_repeat(place):
    """Stopped after any page, another process with another session brings exactly the rest."""
    loaded = load_accounts(place, 700)
    for stop in (1, 2, 3):
        pages = list(islice(place.connector(page_size=200).pull("account", None), stop))
        before = [change.id for page in pages for change in changes(page)]
        control.configure(place.org, expire_sessions=True)
        after = ids(place.pull("account", pages[-1].cursor, page_size=200)[0])
        assert len(before) == stop * 200
        assert sorted(before + after) == sorted(loaded)


def test_a_cursor_in_the_second_object_of_a_kind_goes_on_there(place):
    """Activities come from tasks and events; stopped among the events, the tasks are not read from the beginning."""
    place.org.load("Task", [{"Subject": f"t{n}", "Status": "Completed"} for n in range(250)])
    moment = "2026-02-01T09:00:00Z"
    place.org.load("Event", [{"Subject": f"e{n}", "StartDateTime": moment} for n in range(450)])
    place.wait(minutes=1)
    pages = list(islice(place.connector(page_size=200).pull("activity", None), 3))
    before = [change.id for page in pages for change in changes(page)]
    assert [i[:3] for i in before] == ["00T"] * 250 + ["00U"] * 200
    after = ids(place.pull("activity", pages[-1].cursor, page_size=200)[0])
    assert (len(after), {i[:3] for i in after}) == (250, {"00U"})


def test_a_session_that_dies_between_pages_costs_one_sign_in(place):
    """Failures 19 and 20: there is no locator that could die with it."""
    loaded = load_accounts(place, 500)
    heard = place.listen()
    place.trouble("expire_session", path="queryAll.*ORDER", nth=2)
    assert sorted(ids(place.pull("account", page_size=200)[0])) == sorted(loaded)
    assert place.tokens(heard) == 2
    assert not [path for _, path, _ in heard if re.search(r"/query/\w", path)]


def test_a_connection_that_breaks_in_the_middle_of_a_page_costs_one_repeat(place):
    """Failure 27: half a body is no page."""
    loaded = load_accounts(place, 500)
    broken = place.trouble("cut_body", path="queryAll.*ORDER", nth=2)
    assert sorted(ids(place.pull("account", page_size=200)[0])) == sorted(loaded)
    assert broken.met == 1


def test_a_row_that_cannot_be_understood_is_skipped_and_the_rest_arrives(place):
    """Its id is told, and the cursor goes past it."""
    good = {
        "Name": "Good",
        "StageName": "Prospecting",
        "IsClosed": False,
        "CreatedDate": "2026-03-01T00:00:00.000+0000",
    }
    stamp = {"SystemModstamp": "2026-03-01T00:00:00.000+0000"}
    rows = [
        {"Id": make_id("006", 1), **good, **stamp},
        {"Id": make_id("006", 2), **good, **stamp, "CloseDate": "soon"},
        {"Id": make_id("006", 3), **good, **stamp, "CreatedDate": None},
        {"Id": make_id("006", 4), **good, **stamp, "Amount": "a lot"},
        {"Id": make_id("006", 5), **good, "SystemModstamp": "2026-03-01T00:00:01.000+0000"},
    ]
    answer = json.dumps({"totalSize": 5, "done": True, "records": rows})
    place.trouble("answer", path="queryAll.*ORDER", times=1, status=200, answer=answer)
    (page,) = [page for page in place.pages("deal") if page.records.num_rows or page.skipped]
    assert [change.id for change in changes(page)] == [rows[0]["Id"], rows[4]["Id"]]
    assert page.skipped == (rows[1]["Id"], rows[2]["Id"], rows[3]["Id"])
    assert rows[4]["Id"] in page.cursor or json.loads(page.cursor)[0]["since"]


def test_an_activity_with_a_field_of_the_wrong_shape_costs_no_other(place):
    """Whatever is wrong with one row, it is that row's own matter."""
    stamp = {"SystemModstamp": "2026-03-01T00:00:00.000+0000", "CreatedDate": "2026-03-01T00:00:00.000+0000"}
    rows = [
        {"Id": make_id("00T", 1), "WhatId": 17, **stamp},
        {"Id": make_id("00T", 2), "ActivityDate": {"day": 1}, **stamp},
        {"Id": make_id("00T", 3), "WhatId": None, **stamp},
    ]
    answer = json.dumps({"totalSize": 3, "done": True, "records": rows})
    place.trouble("answer", path="FROM\\+Task", times=2, status=200, answer=answer)
    pages = place.pages("activity")
    found = {change.id: change.record.deal_id for page in pages for change in changes(page)}
    assert found == {rows[0]["Id"]: None, rows[2]["Id"]: None}
    assert [skipped for page in pages for skipped in page.skipped] == [rows[1]["Id"]]


def test_no_text_of_an_activity_and_no_address_of_a_person_is_asked_for(place):
    """The select lists of a whole pull: descriptions only of our own tasks, e-mail and phone of nobody."""
    heard = place.listen()
    connector = place.connector()
    for kind in KINDS:
        list(connector.pull(kind, None))
    queries = [path.split("q=", 1)[1] for _, path, _ in heard if "q=" in path]
    assert len(queries) > len(KINDS)
    for query in queries:
        assert not re.search(r"email|phone|\bBody\b|Content\b|FROM Contact\b", query, re.IGNORECASE)
        if "Description" in query:
            assert "FROM Task WHERE Coaching_Key__c LIKE 'coach:%'" in query


def test_our_own_tasks_come_back_as_tasks_with_what_people_did(place):
    """Failure 39: what we wrote is known by its key, in another kind, and says who touched it last."""
    (receipt,) = place.push(place.task(fields={"deal_id": place.deal()}))
    place.wait(hours=1)
    place.edit("Task", receipt.crm_id, Status="Completed")
    assert place.pull("activity")[0] == []
    (change,) = place.pull("task")[0]
    assert (change.record.reference, change.record.closed) == (receipt.reference, True)
    assert (change.record.modified_by, change.record.closed_at) == (place.rep, place.org.now())


def test_our_own_notes_come_back_without_their_text(place):
    """`edited` tells a person's change from ours."""
    deal = place.deal()
    (receipt,) = place.push(place.note(deal))
    place.make("ContentNote", Title="Somebody's own", Content="x")
    (change,) = place.pull("note")[0]
    assert (change.id, change.record.reference, change.record.edited) == (receipt.crm_id, receipt.reference, False)
    place.wait(hours=1)
    place.edit("ContentNote", receipt.crm_id, Content="Mine now")
    assert place.pull("note")[0][0].record.edited is True


def test_an_org_without_key_field_knows_our_tasks_by_their_subject(keyless):
    """The mark at the end of the subject does for reading what the key field does elsewhere."""
    (receipt,) = keyless.push(keyless.task(), key_field=None)
    call = keyless.make("Task", Subject="Call", TaskSubtype="Call")
    assert ids(keyless.pull("task", key_field=None)[0]) == [receipt.crm_id]
    assert ids(keyless.pull("activity", key_field=None)[0]) == [call]
    assert isinstance(keyless.pull("activity", key_field=None)[0][0].record, Activity)
