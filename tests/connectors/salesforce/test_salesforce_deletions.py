"""What leaves an org: through the bin, without a trace, by merging, by archiving, or only out of our sight."""

from datetime import timedelta

import pytest

from connectors.errors import RetryLater
from connectors.sandbox import control


def seen(changes):
    return [(change.id, change.deleted) for change in changes]


def test_a_deal_in_the_recycle_bin_is_deleted_and_comes_back_when_restored(place):
    """Both ways the row itself tells, with the stamp of the deed."""
    deal = place.deal()
    place.wait(minutes=10)
    _, cursor = place.pull("deal")
    place.wait(minutes=10)
    place.delete("Opportunity", deal)
    place.wait(minutes=1)
    changes, cursor = place.pull("deal", cursor)
    assert seen(changes) == [(deal, True)]
    assert changes[0].record.name == "Lantern rollout"
    place.wait(minutes=10)
    restored = place.org.now()
    control.undelete(place.org, user=place.rep, object_name="Opportunity", key=deal)
    place.wait(minutes=1)
    changes, _ = place.pull("deal", cursor)
    assert seen(changes)[-1] == (deal, False)
    assert changes[-1].changed_at == restored


def test_what_went_with_a_deal_is_deleted_too(place):
    """History, roles and activities of a deleted deal are told by their own kinds."""
    deal = place.deal()
    call = place.make("Task", Subject="Call", WhatId=deal, TaskSubtype="Call")
    role = place.make("OpportunityContactRole", OpportunityId=deal, ContactId=place.make("Contact", LastName="Wren"))
    cursors = {kind: place.pull(kind)[1] for kind in ("activity", "deal_contact", "deal_change")}
    place.wait(minutes=10)
    place.delete("Opportunity", deal)
    place.wait(minutes=5)
    assert (call, True) in seen(place.pull("activity", cursors["activity"])[0])
    assert (role, True) in seen(place.pull("deal_contact", cursors["deal_contact"])[0])
    assert [gone for _, gone in seen(place.pull("deal_change", cursors["deal_change"])[0])] == [True]


def test_a_hard_delete_is_found_in_the_list_of_deleted_ids(place):
    """Failure 11: no query shows it any more; nothing is known but the id and the time."""
    deal = place.deal()
    _, cursor = place.pull("deal")
    place.wait(hours=2)
    control.hard_delete(place.org, object_name="Opportunity", key=deal)
    gone = place.org.now()
    place.wait(minutes=5)
    (change,) = place.pull("deal", cursor)[0]
    assert (change.id, change.deleted, change.record, change.changed_at) == (deal, True, None, gone)
    assert place.connector().present("deal", [deal]) == set()


def test_a_contact_role_has_no_bin_and_is_missed_at_once(place):
    """Its list of deleted ids is read with every pull, not once an hour."""
    role = place.make(
        "OpportunityContactRole", OpportunityId=place.deal(), ContactId=place.make("Contact", LastName="Wren")
    )
    place.wait(minutes=5)
    _, cursor = place.pull("deal_contact")
    place.wait(minutes=2)
    place.delete("OpportunityContactRole", role)
    place.wait(minutes=2)
    assert seen(place.pull("deal_contact", cursor)[0]) == [(role, True)]


def test_no_deletion_falls_between_two_readings_of_the_list(place):
    """Deleted in the very minute of a reading, before it or after it: told at least once."""
    roles = [
        place.make("OpportunityContactRole", OpportunityId=place.deal(), ContactId=place.make("Contact", LastName="W"))
        for _ in range(6)
    ]
    place.wait(minutes=5)
    _, cursor = place.pull("deal_contact")
    told = set()
    for role in roles:
        place.wait(seconds=47)
        place.delete("OpportunityContactRole", role)
        changes, cursor = place.pull("deal_contact", cursor)
        told |= {change.id for change in changes if change.deleted}
    place.wait(minutes=2)
    changes, _ = place.pull("deal_contact", cursor)
    assert told | {change.id for change in changes} == set(roles)


def test_the_list_of_deleted_ids_is_not_read_every_time_where_a_bin_exists(place):
    """Once an hour is enough where the bin shows most of it; calls are the org's."""
    _, cursor = place.pull("deal")
    heard = place.listen()
    for _ in range(5):
        place.wait(minutes=14)
        _, cursor = place.pull("deal", cursor)
    assert len([path for _, path, _ in heard if "/deleted" in path]) == 1


@pytest.mark.parametrize("days", [14.5, 40])
def test_a_list_that_no_longer_reaches_back_asks_for_a_sweep(place, days):
    """After a long silence deletions may be missed: the page says so, and the next pull is an ordinary one."""
    place.deal()
    _, cursor = place.pull("deal")
    place.wait(days=days)
    pages = place.pages("deal", cursor)
    assert [page.sweep for page in pages] == [False, True]
    place.wait(hours=2)
    assert not any(page.sweep for page in place.pages("deal", pages[-1].cursor))


@pytest.mark.parametrize("code", ["INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"])
def test_a_list_the_org_will_not_give_asks_for_a_sweep(place, code):
    """Salesforce purges the list early when it grows; that is no failure of the pull."""
    _, cursor = place.pull("deal")
    place.wait(hours=2)
    place.trouble("answer", path="/deleted", status=400, answer=f'[{{"errorCode": "{code}", "message": "no"}}]')
    assert place.pages("deal", cursor)[-1].sweep


def test_an_archived_activity_is_no_deletion(place):
    """The yearly archive hides it from ordinary queries; ours still show it, and `present` still knows it."""
    call = place.make("Task", Subject="Call", TaskSubtype="Call", Status="Completed")
    _, cursor = place.pull("activity")
    place.wait(hours=2)
    control.archive(place.org, [call])
    assert (call, True) not in seen(place.pull("activity", cursor)[0])
    assert place.connector().present("activity", [call]) == {call}
    assert (call, False) in seen(place.pull("activity")[0])


def test_a_merge_names_the_survivor_and_moves_the_children(place):
    """Failure 13: the loser is deleted and says what it became; its deals come again with the new account."""
    winner, loser = place.make("Account", Name="Amber Mills"), place.make("Account", Name="Amber Mill")
    deal = place.deal(AccountId=loser)
    cursors = {kind: place.pull(kind)[1] for kind in ("account", "deal")}
    place.wait(minutes=10)
    control.merge(place.org, user=place.rep, winner=winner, losers=[loser])
    place.wait(minutes=1)
    (gone,) = [change for change in place.pull("account", cursors["account"])[0] if change.id == loser]
    assert (gone.deleted, gone.record.merged_into) == (True, winner)
    (moved,) = [change for change in place.pull("deal", cursors["deal"])[0] if change.id == deal]
    assert moved.record.account_id == winner
    assert place.connector().present("account", [winner, loser]) == {winner}


def test_loss_of_sight_is_found_by_asking(place):
    """Nothing in a pull tells it; `present` does, and tells when sight comes back."""
    deals = [place.deal() for _ in range(3)]
    place.wait(minutes=5)
    _, cursor = place.pull("deal")
    control.blind(place.org, [deals[1]])
    place.wait(minutes=5)
    assert place.pull("deal", cursor)[0] == []
    connector = place.connector()
    assert connector.present("deal", deals) == {deals[0], deals[2]}
    control.blind(place.org, [])
    assert connector.present("deal", deals) == set(deals)


def test_asking_after_many_fits_the_longest_address(place):
    """1,300 ids of the object with the longest name, and of both objects of a kind, need no address above 16 kB."""
    rows = [{"Field": "NextStep", "DataType": "Text", "OpportunityId": place.deal()} for _ in range(10)]
    place.org.load("OpportunityFieldHistory", rows * 130)
    ids = [row["Id"] for row in place.org.rows("SELECT Id FROM OpportunityFieldHistory")]
    assert place.connector().present("field_change", ids) == set(ids)
    place.org.load("Task", [{"Subject": "t"} for _ in range(400)])
    place.org.load("Event", [{"Subject": "e"} for _ in range(400)])
    mixed = [row["Id"] for name in ("Task", "Event") for row in place.org.rows(f"SELECT Id FROM {name}")]
    assert place.connector().present("activity", mixed) == set(mixed)
    assert place.connector().present("activity", []) == set()


def test_an_answer_about_sight_that_is_cut_short_is_no_answer(place):
    """Half a list must not make the other half look gone."""
    deal = place.deal()
    answer = '{"totalSize": 1, "done": false, "records": [], "nextRecordsUrl": "/services/data/v62.0/query/x-1"}'
    place.trouble("answer", path="queryAll", status=200, answer=answer)
    with pytest.raises(RetryLater, match="again later"):
        place.connector().present("deal", [deal])


def test_a_deleted_task_of_ours_comes_home_as_deleted(place):
    """A person threw it away: that is an answer too."""
    (receipt,) = place.push(place.task())
    _, cursor = place.pull("task")
    place.wait(hours=1)
    place.delete("Task", receipt.crm_id)
    place.wait(minutes=1)
    changes, _ = place.pull("task", cursor, overlap=timedelta(minutes=5))
    assert (receipt.crm_id, True) in seen(changes)
