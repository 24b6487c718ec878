"""Given deals and what hangs on them, read at once: what comes, what does not, and for how many calls."""

import pytest
from reading import changes

from connectors.errors import RetryLater
from connectors.records import KINDS
from connectors.sandbox import control


@pytest.fixture
def pulled(place):
    """Two deals with all that can hang on one, and the cursors of a pull that saw neither: they came after it."""
    place.deal()
    account = place.make("Account", Name="Zinc Yard (fictional)", Industry="Retail", OwnerId=place.rep)
    contact = place.make("Contact", LastName="Quarry", AccountId=account)
    place.wait(minutes=5)
    cursors = {kind: place.pull(kind)[1] for kind in KINDS}
    place.wait(minutes=5)
    asked, other = (place.deal(AccountId=account, Name=name) for name in ("Asked", "Other"))
    for deal, name in ((asked, "0a"), (other, "0b")):
        place.make("OpportunityContactRole", OpportunityId=deal, ContactId=contact, Role="Decision Maker")
        place.make("Task", Subject="Call", WhatId=deal, OwnerId=place.rep, Status="Completed")
        place.make("Event", Subject="Visit", WhatId=deal, OwnerId=place.rep, StartDateTime="2026-03-04T09:00:00Z",
                   DurationInMinutes=30)  # fmt: skip
        place.make("Task", Subject="Coach", WhatId=deal, OwnerId=place.rep, Coaching_Key__c=f"coach:task:{name}")
        place.edit("Opportunity", deal, StageName="Qualification", NextStep="Meet")
    return asked, {kind: cursor for kind, cursor in cursors.items() if cursor}


def told(place, deals, cursors):
    """The records by kind."""
    found = {}
    for kind, page in place.connector().fresh(deals, cursors):
        assert page.cursor == ""
        found.setdefault(kind, []).extend(change.record for change in changes(page))
    return found


def test_a_deal_comes_with_all_that_hangs_on_it_in_two_calls(place, pulled):
    """Its rows as a pull would tell them, and those of no other deal; signing in is a call of its own."""
    deal, cursors = pulled
    heard = place.listen()
    found = told(place, [deal], cursors)
    assert {kind: len(records) for kind, records in found.items()} == {
        "user": 1, "account": 1, "deal": 1, "deal_change": 2, "field_change": 1, "deal_contact": 1, "activity": 2,
        "task": 1,
    }  # fmt: skip
    assert (found["deal"][0].id, found["deal"][0].stage, found["deal"][0].next_step) == (deal, "Qualification", "Meet")
    assert {record.deal_id for kind in ("deal_change", "activity", "task") for record in found[kind]} == {deal}
    assert [path.rsplit("/", 1)[-1] for _, path, _ in heard if "oauth2" not in path] == ["composite", "composite"]


def test_what_was_deleted_is_told_as_deleted(place, pulled):
    """From the recycle bin, with the deal or without it."""
    deal, cursors = pulled
    place.delete("Opportunity", deal)
    (page,) = (page for kind, page in place.connector().fresh([deal], cursors) if kind == "deal")
    assert [change.deleted for change in changes(page)] == [True]


def test_an_unknown_deal_brings_nothing(place, pulled):
    """And no deal at all is not even asked for."""
    assert not any(told(place, ["006000000000999AAA"], pulled[1]).values())
    heard = place.listen()
    assert told(place, [], pulled[1]) == {}
    assert not any(path.endswith("composite") for _, path, _ in heard)


@pytest.mark.parametrize(
    "text", ["", "006", "00T5g000015ftgKEAQ", "0065g000015ftgJZZZ", "' OR Id != '", "006é00000000999"]
)
def test_what_is_no_deals_id_is_none(place, text):
    """Whatever a hint says."""
    assert place.connector().deal_id(text) is None


def test_a_short_id_and_a_long_one_are_the_same_deal(place):
    """A formula or an export tells 15 characters, the API 18."""
    connector, deal = place.connector(), place.deal()
    assert connector.deal_id(deal[:15]) == connector.deal_id(deal) == deal


def test_more_rows_than_a_page_come_all(place, pulled):
    """Salesforce cuts the answer, the rest is fetched."""
    deal, cursors = pulled
    call = {"Subject": "Call", "WhatId": deal, "OwnerId": place.rep, "Status": "Completed", "IsClosed": True}
    place.org.load("Task", [call | {"CreatedDate": place.org.now()} for _ in range(2100)])
    assert len(told(place, [deal], cursors)["activity"]) == 2102


def test_a_field_hidden_since_the_last_pull_is_a_later_try(place, pulled):
    """The next pull learns what there is now, and keeps it in its cursor."""
    deal, cursors = pulled
    control.hide(place.org, fields={"Opportunity": ["NextStep"]})
    with pytest.raises(RetryLater, match="INVALID_FIELD"):
        told(place, [deal], cursors)
    cursors["deal"] = place.pull("deal", cursors["deal"])[1]
    assert told(place, [deal], cursors)["deal"][0].next_step is None


def test_a_kind_that_was_never_pulled_is_left_out(place, pulled):
    """Its object was hidden, or its turn never came."""
    deal, cursors = pulled
    assert list(told(place, [deal], {"deal": cursors["deal"]})) == ["deal"]
