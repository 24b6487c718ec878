"""What an administrator hides: fields and objects, before and in the middle of a pull; and what `check` says."""

from datetime import timedelta
from itertools import islice

import pytest
from reading import changes

from connectors.errors import Reconnect, Refused
from connectors.sandbox import control


def checks(place, **given):
    return {check.name: check for check in place.connector(**given).check()}


def hide(place, *objects, **fields):
    control.hide(place.org, objects=objects, fields=fields)


def test_all_is_well_in_a_well_kept_org(place):
    """Every check is ok, has no remedy, and changed nothing."""
    place.deal()
    heard = place.listen()
    found = checks(place)
    assert {name for name, check in found.items() if not check.ok} == set()
    assert found["deals"].detail == "1 visible"
    assert found["key field"].detail == "Coaching_Key__c"
    assert {method for method, path, _ in heard if "oauth2" not in path} == {"GET"}


def test_a_field_hidden_between_pulls_is_left_out_and_comes_back_with_all_its_values(place):
    """Failure 15: the query does not fail, and when the field returns everything is read again to fill it."""
    deals = [place.deal(NextStep=f"Step {n}") for n in range(3)]
    place.wait(minutes=5)
    _, cursor = place.pull("deal")
    hide(place, Opportunity=["NextStep", "Amount"])
    place.wait(minutes=5)
    place.edit("Opportunity", deals[0], Name="Renamed")
    changes, cursor = place.pull("deal", cursor)
    assert [(change.record.name, change.record.next_step) for change in changes] == [("Renamed", None)]
    hide(place)
    place.wait(hours=25)
    found, cursor = place.pull("deal", cursor)
    assert {change.record.next_step for change in found} == {"Step 0", "Step 1", "Step 2"}
    place.wait(minutes=5)
    assert place.pull("deal", cursor)[0] == []


def test_a_field_hidden_between_two_pages_costs_nothing_else(place):
    """The pages before and after it together hold every row once."""
    place.org.load("Account", [{"Name": f"Bulk {n}", "Industry": "Retail"} for n in range(450)])
    reading = place.connector(page_size=200).pull("account", None)
    pages = list(islice(reading, 1))
    hide(place, Account=["Industry"])
    pages += list(reading)
    found = [change.record for page in pages for change in changes(page)]
    assert len({record.id for record in found}) == len(found) == 450
    assert [record.segment for record in found].count(None) == 250


@pytest.mark.parametrize("kind", ["activity", "field_change", "deal_contact", "account", "note"])
def test_a_hidden_object_of_a_lesser_kind_is_left_out(place, kind):
    """No pages and no error, at first sight as well as when it disappears later; the cursor stays as it was."""
    names = {
        "activity": ("Task", "Event"),
        "field_change": ("OpportunityFieldHistory",),
        "deal_contact": ("OpportunityContactRole",),
        "account": ("Account",),
        "note": ("ContentDocument",),
    }[kind]
    _, cursor = place.pull(kind)
    hide(place, *names)
    assert place.pages(kind) == []
    assert place.pages(kind, cursor) == []
    found = checks(place)
    assert not any(found[f"read {name}"].ok or found[f"read {name}"].fatal for name in names)
    assert all(f"Grant it read on {name}." == found[f"read {name}"].remedy for name in names)


@pytest.mark.parametrize(("kind", "name"), [("deal", "Opportunity"), ("user", "User"), ("stage", "OpportunityStage")])
def test_a_hidden_object_of_a_vital_kind_stops_with_what_to_grant(place, kind, name):
    """At first sight and later; the check is fatal."""
    _, cursor = place.pull(kind)
    hide(place, name)
    for known in (None, cursor):
        with pytest.raises(Refused, match=f"cannot see the object of {name}; grant it"):
            place.pages(kind, known)
    found = checks(place)[f"read {name}"]
    assert (found.ok, found.fatal) == (False, True)


def test_a_hidden_field_that_a_kind_cannot_do_without(place):
    """A vital kind stops and says which field; a lesser one is left out, also when it happens later."""
    _, deals = place.pull("deal")
    _, activities = place.pull("activity")
    hide(place, Opportunity=["StageName"], Task=["WhatId"])
    for cursor in (None, deals):
        with pytest.raises(Refused, match="cannot see StageName of Opportunity"):
            place.pages("deal", cursor)
    for cursor in (None, activities):
        assert all(change.id.startswith("00U") for page in place.pages("activity", cursor) for change in changes(page))
    found = checks(place)
    assert "StageName" in found["read Opportunity"].detail
    assert found["read Opportunity"].fatal
    assert not found["read Task"].fatal


def test_an_org_that_hides_its_roles_still_shows_its_users(place):
    """Roles need a permission of their own; without it a user's title stands in."""
    place.org.update("User", place.rep, {"Title": "Rep"})
    hide(place, "UserRole")
    users = {change.id: change.record for change in place.pull("user")[0]}
    assert users[place.rep].role == "Rep"


def test_the_check_names_what_cannot_be_written(place):
    """A key field that is missing, hidden or not ours to set; tasks and notes that cannot be written."""
    assert "Coaching_Key__c" in checks(place, key_field=None)["key field"].remedy
    assert not checks(place, key_field=None)["key field"].fatal
    hide(place, "ContentNote", Task=["Coaching_Key__c", "Description"])
    found = checks(place)
    assert (found["key field"].ok, found["key field"].fatal) == (False, True)
    assert found["write Task"].detail == "cannot be written: Description"
    assert (found["write ContentNote"].ok, found["write ContentNote"].fatal) == (False, False)
    assert "Enhanced Notes" in found["write ContentNote"].remedy


@pytest.mark.parametrize("kind", ["task", "activity"])
def test_without_the_key_field_neither_our_tasks_nor_others_are_read(place, kind):
    """We would not know which are ours: that is for a person to mend, and until then none is taken for another."""
    place.push(place.task())
    place.make("Task", Subject="Call", TaskSubtype="Call")
    read, cursor = place.pull(kind)
    hide(place, Task=["Coaching_Key__c"])
    place.wait(hours=1)
    place.make("Task", Subject="Call again", TaskSubtype="Call")
    for hours in (0, 30):  # as described before, and described anew
        place.wait(hours=hours)
        for known in (None, cursor):
            with pytest.raises(Refused, match="cannot see Coaching_Key__c of Task, by which we know our own tasks"):
                place.pages(kind, known)
    with pytest.raises(Refused, match="Coaching_Key__c"):
        list(place.connector().census(kind))
    hide(place)
    again, _ = place.pull(kind, cursor, overlap=timedelta(minutes=5))
    whole, _ = place.pull(kind)
    assert {change.id for change in [*read, *again]} == {change.id for change in whole}


def test_tasks_taken_for_others_are_told_not_to_be_when_the_key_field_is_known(place):
    """A connection that was told too late what the field is called reads anew, within the day as well."""
    (receipt,) = place.push(place.task())
    taken, cursor = place.pull("activity", key_field=None)
    assert [(change.id, change.deleted) for change in taken] == [(receipt.crm_id, False)]
    pages = place.pages("activity", cursor)
    assert [denied for page in pages for denied in page.denied] == [receipt.crm_id]
    assert not [change for page in pages for change in changes(page)]


def test_the_check_sees_a_nearly_spent_limit_and_an_old_version(place):
    """Both only narrow what can be done."""
    place.org.settings.daily_limit = 900
    found = checks(place, share=1.0)
    assert (found["api limit"].ok, found["api limit"].fatal) == (False, False)
    assert "nearly spent" in found["api limit"].remedy


def test_the_check_says_when_the_limit_is_not_told(place):
    """Failure 29: a proxy that strips the header is named; no limit is not a limit of zero."""
    place.trouble("strip_limit_header")
    connector = place.connector()
    found = {check.name: check for check in connector.check()}
    assert not found["api limit"].ok
    assert "Sforce-Limit-Info" in found["api limit"].remedy
    assert connector.spent_share() == 0.0
    assert connector.usage().limit is None


def test_the_check_stops_at_the_sign_in(place):
    """One failed check, with the sentence of what went wrong, and nothing after it."""
    control.configure(place.org, user_active={place.me: False})
    (only,) = place.connector().check()
    assert (only.name, only.ok, only.fatal) == ("sign-in", False, True)
    assert "inactive" in only.detail
    with pytest.raises(Reconnect):
        place.pages("deal")
