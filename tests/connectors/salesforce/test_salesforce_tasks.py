"""Writing tasks: once each, never over a person's edit, and with a sentence for whatever is refused."""

from dataclasses import replace
from datetime import date

import pytest

from connectors.errors import RetryLater
from connectors.sandbox import control

KEY = "Coaching_Key__c"


def written(place, receipt, intent, **changes):
    """The next wish for a record we wrote."""
    return replace(
        intent, crm_id=receipt.crm_id, last_written=intent.content, content=replace(intent.content, **changes)
    )


def test_a_task_arrives_as_it_was_said(place):
    """Owner, deal, day, words and key; open, and as the org's default status has it."""
    deal = place.deal()
    intent = place.task(fields={"deal_id": deal, "body": "One\nTwo & <three>"})
    (receipt,) = place.push(intent)
    assert (receipt.status, receipt.created, receipt.adopted) == ("stored", True, False)
    row = place.row("Task", receipt.crm_id)
    assert (row["OwnerId"], row["WhatId"], row["ActivityDate"]) == (place.rep, deal, "2026-03-06")
    assert (row["Subject"], row["Description"]) == ("Coach: Lantern rollout", "One\nTwo & <three>")
    assert (row[KEY], row["Status"], row["IsClosed"]) == (intent.reference, "Not Started", 0)


def test_two_hundred_tasks_are_one_call(place):
    """401 of them are three, each row with its own receipt."""
    heard = place.listen()
    receipts = place.push(*(place.task(n) for n in range(401)))
    assert {receipt.status for receipt in receipts} == {"stored"}
    assert len({receipt.crm_id for receipt in receipts}) == 401
    assert len([path for method, path, _ in heard if method == "PATCH"]) == 3
    keys = {row["Id"]: row[KEY] for row in place.org.rows(f"SELECT Id, {KEY} FROM Task")}
    assert all(keys[receipt.crm_id] == receipt.reference for receipt in receipts)


def test_the_same_wish_twice_is_one_task(place):
    """Failure 32: repeated in any state, nothing is doubled."""
    first = place.push(place.task())[0]
    again = place.push(place.task())[0]
    unsure = place.push(place.task(attempted=True))[0]
    assert {receipt.crm_id for receipt in (first, again, unsure)} == {first.crm_id}
    assert [receipt.created for receipt in (first, again, unsure)] == [True, False, False]
    assert (again.adopted, unsure.adopted) == (True, True)
    assert place.org.count("Task") == 1


def test_a_lost_answer_is_recognised_by_the_next_try(place):
    """The rows were written, the answer was not heard; the try after it finds all of them."""
    intents = [place.task(n) for n in range(5)]
    place.trouble("drop_after", method="PATCH", times=1)
    with pytest.raises(RetryLater):
        list(place.connector().push(intents))
    receipts = place.push(*(replace(intent, attempted=True) for intent in intents))
    assert {(receipt.status, receipt.adopted, receipt.created) for receipt in receipts} == {("stored", True, False)}
    assert place.org.count("Task") == 5


def test_a_lost_answer_is_recognised_without_a_key_field(keyless):
    """By the mark at the end of the subject, in every state of the wish."""
    intent = keyless.task(fields={"subject": "s" * 300})
    keyless.trouble("drop_after", method="POST", path="composite/sobjects", times=1)
    with pytest.raises(RetryLater):
        list(keyless.connector(key_field=None).push([intent]))
    for attempted in (True, False):
        (receipt,) = keyless.push(replace(intent, attempted=attempted), key_field=None)
        assert (receipt.status, receipt.adopted) == ("stored", True)
    (row,) = keyless.org.rows("SELECT Subject FROM Task")
    assert row["Subject"].endswith(f"s [{intent.reference}]")
    assert len(row["Subject"]) == 255
    changed = written(keyless, receipt, intent, body="New")
    assert keyless.push(changed, key_field=None)[0].kept == ()
    assert keyless.row("Task", receipt.crm_id)["Description"] == "New"


def test_an_adopted_task_keeps_what_a_person_changed_meanwhile(place):
    """Between the lost answer and the next try the rep set to work."""
    receipt = place.push(place.task())[0]
    place.edit("Task", receipt.crm_id, Subject="My own words")
    again = place.push(place.task(attempted=True))[0]
    assert (again.adopted, again.kept) == (True, ("subject",))
    assert place.row("Task", receipt.crm_id)["Subject"] == "My own words"


def test_an_update_writes_what_differs_and_nothing_else(place):
    """One call looks, one writes; a wish that is already true is not written at all."""
    intent = place.task()
    (receipt,) = place.push(intent)
    heard = place.listen()
    (same,) = place.push(written(place, receipt, intent))
    assert (same.status, same.created, same.kept) == ("stored", False, ())
    assert [path for method, path, _ in heard if method == "PATCH"] == []
    place.push(written(place, receipt, intent, body="New", due=date(2026, 3, 9)))
    (body,) = [body for method, _, body in heard if method == "PATCH"]
    assert "Description" in body
    assert "Subject" not in body
    row = place.row("Task", receipt.crm_id)
    assert (row["Description"], row["ActivityDate"], row["Status"]) == ("New", "2026-03-09", "Not Started")


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("Subject", "Mine", "subject"),
        ("Description", "Mine", "body"),
        ("ActivityDate", "2026-04-01", "due"),
        ("OwnerId", "me", "owner_id"),
        ("WhatId", None, "deal_id"),
    ],
)
def test_what_a_person_changed_stays_and_the_rest_is_written(place, field, value, name):
    """Field by field: their field is theirs, ours are updated all the same, and the receipt tells which."""
    value = place.me if value == "me" else value
    intent = place.task(fields={"deal_id": place.deal()})
    (receipt,) = place.push(intent)
    place.edit("Task", receipt.crm_id, **{field: value})
    news = {"subject": "New", "body": "New", "due": date(2026, 5, 5), "owner_id": place.person("Odo Tarn")}
    (told,) = place.push(written(place, receipt, intent, **news, deal_id=place.deal()))
    assert (told.status, told.kept) == ("stored", (name,))
    row = place.row("Task", receipt.crm_id)
    assert row[field] == value
    assert (row["Description"] == "New") is (name != "body")
    assert (row["OwnerId"] == news["owner_id"]) is (name != "owner_id")


def test_a_task_is_closed_only_if_nobody_has_begun(place):
    """Not started: completed. In progress: left alone. Completed already: nothing to do."""
    intents = [place.task(n) for n in range(3)]
    receipts = place.push(*intents)
    place.edit("Task", receipts[1].crm_id, Status="In Progress")
    place.edit("Task", receipts[2].crm_id, Status="Completed")
    place.wait(minutes=5)
    heard = place.listen()
    told = place.push(*(written(place, r, i, closed=True) for r, i in zip(receipts, intents, strict=True)))
    assert [receipt.kept for receipt in told] == [(), ("closed",), ()]
    statuses = [place.row("Task", receipt.crm_id)["Status"] for receipt in receipts]
    assert statuses == ["Completed", "In Progress", "Completed"]
    assert len([1 for method, _, _ in heard if method == "PATCH"]) == 1


def test_a_task_that_a_person_reopened_stays_open(place):
    """We closed it, they opened it: that is an edit like any other."""
    intent = place.task()
    (receipt,) = place.push(intent)
    closing = written(place, receipt, intent, closed=True)
    place.push(closing)
    place.edit("Task", receipt.crm_id, Status="Not Started")
    (told,) = place.push(written(place, receipt, closing, body="Cleared."))
    assert told.kept == ("closed",)
    row = place.row("Task", receipt.crm_id)
    assert (row["Status"], row["Description"]) == ("Not Started", "Cleared.")


def test_a_deleted_task_is_not_written_again(place):
    """In the bin, or gone for good and told so; known, adopted or found by its key: the person's answer stands."""
    intents = [place.task(n) for n in range(4)]
    receipts = place.push(*intents)
    for receipt in receipts:
        place.delete("Task", receipt.crm_id)
    control.hard_delete(place.org, object_name="Task", key=receipts[1].crm_id)
    known = [written(place, receipts[n], intents[n], body="New") for n in (0, 1)]
    told = place.push(known[0], replace(known[1], gone=True), replace(intents[2], attempted=True), intents[3])
    assert [(receipt.status, receipt.kept) for receipt in told] == [("stored", ("deleted",))] * 4
    assert place.org.count("Task", "IsDeleted = 0") == 0


REFUSALS = [
    ("inactive owner", {"owner_id": "gone"}, "inactive in Salesforce"),
    ("too long", {"body": "SECRET WORDS " * 3000}, "longer than the org allows"),
    ("no such deal", {"deal_id": "0065g00000ZZZZZAAA"}, "gone or cannot be seen"),
    ("not a deal", {"deal_id": "0055g000015ftgHAAQ"}, "does not allow activities"),
]


@pytest.mark.parametrize(("fields", "sentence"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_a_refused_task_says_why_and_stops_no_other(place, fields, sentence):
    """Failures 35 and 38: one bad row in a call of three; its reason is a sentence without the words we sent."""
    gone = place.person("Ilse Moor")
    control.configure(place.org, user_active={gone: False})
    fields = {**fields, **({"owner_id": gone} if fields.get("owner_id") else {})}
    good, bad, other = place.task(1), place.task(2, fields=fields), place.task(3)
    told = place.push(good, bad, other)
    assert [receipt.status for receipt in told] == ["stored", "refused", "stored"]
    assert sentence in told[1].reason
    assert "SECRET" not in told[1].reason
    assert told[1].crm_id is None


def test_a_rule_of_the_org_speaks_for_itself(place):
    """The administrator wrote that sentence for people; ours would be worse. Mended, the same wish goes through."""
    rule = {"object": "Task", "field": "Subject", "forbid": "Coach", "message": "No coaching on Mondays."}
    control.configure(place.org, validation_rule=rule)
    (told,) = place.push(place.task())
    assert (told.status, "No coaching on Mondays." in told.reason) == ("refused", True)
    control.configure(place.org, validation_rule={})
    assert place.push(place.task(attempted=True))[0].created


@pytest.mark.parametrize(
    ("code", "status", "word"),
    [
        ("UNABLE_TO_LOCK_ROW", "retry", "busy"),
        ("DUPLICATES_DETECTED", "refused", "duplicate rule"),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "refused", "trigger or flow"),
        ("STORAGE_LIMIT_EXCEEDED", "refused", "storage is full"),
        ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "refused", "may not write on this deal"),
        ("SOMETHING_NEW", "refused", "SOMETHING_NEW"),
    ],
)
def test_codes_that_only_a_busy_or_peculiar_org_gives(place, code, status, word):
    """Failures 33 and 34: later or never, by the code; the message may quote us and is not repeated."""
    error = f'[{{"success": false, "errors": [{{"statusCode": "{code}", "message": "see Ask what changed."}}]}}]'
    place.trouble("answer", method="PATCH", status=200, answer=error)
    (told,) = place.push(place.task())
    assert (told.status, told.crm_id) == (status, None)
    assert word in told.reason
    assert "Ask what changed" not in told.reason
    assert told.reason[0].isupper()


def test_a_key_that_an_invisible_record_holds_is_a_sentence(place):
    """Adopting needs sight of it; without it a person must look."""
    (receipt,) = place.push(place.task())
    control.blind(place.org, [receipt.crm_id])
    (told,) = place.push(place.task(attempted=True))
    assert (told.status, told.crm_id) == ("refused", receipt.crm_id)
    assert "already carries its key that" in told.reason


def test_a_task_out_of_our_sight_is_not_called_deleted(place):
    """Only the CRM can say that it was; until then it is listed with what to do, and later it is written after all."""
    intents = [place.task(n) for n in range(2)]
    receipts = place.push(*intents)
    control.blind(place.org, [receipts[0].crm_id])
    news = [written(place, r, i, body="New") for r, i in zip(receipts, intents, strict=True)]
    told = place.push(*news)
    assert [(receipt.status, receipt.crm_id) for receipt in told] == [
        ("refused", receipts[0].crm_id), ("stored", receipts[1].crm_id),
    ]  # fmt: skip
    assert "cannot be seen" in told[0].reason
    control.blind(place.org, [])
    assert place.push(news[0])[0].kept == ()
    assert place.row("Task", receipts[0].crm_id)["Description"] == "New"


@pytest.mark.parametrize("answer", ["[]", "[null]"])
def test_a_look_with_too_few_rows_is_no_look(place, answer):
    """Nothing is called deleted because of it."""
    intents = [place.task(n) for n in range(2)]
    receipts = place.push(*intents)
    place.trouble("answer", path="composite/sobjects/Task$", status=200, answer=answer)
    with pytest.raises(RetryLater):
        place.push(*(written(place, r, i, body="New") for r, i in zip(receipts, intents, strict=True)))


def test_a_task_that_is_there_and_cannot_be_changed_now_is_known_by_its_id(place):
    """An earlier try arrived, and what it should say by now is refused: refused, and yet there."""
    (first,) = place.push(place.task())
    rule = {"object": "Task", "field": "Description", "forbid": "New", "message": "Not now."}
    control.configure(place.org, validation_rule=rule)
    news = place.task(fields={"body": "New"}, attempted=True, last_written=place.says())
    (told,) = place.push(news)
    assert (told.status, told.crm_id) == ("refused", first.crm_id)


def test_without_the_look_nobody_says_what_became_of_an_earlier_try(place):
    """The key field is hidden: what may be there has no receipt, what is new has its refusal."""
    sent = place.push(place.task(1))
    control.hide(place.org, fields={"Task": [KEY]})
    unsure = place.task(1, attempted=True)
    assert list(place.connector().push([unsure])) == []
    (told,) = place.push(place.task(2))
    assert told.status == "refused"
    control.hide(place.org)
    assert place.push(unsure)[0].crm_id == sent[0].crm_id


@pytest.mark.parametrize("if_absent", ["wait", "leave"])
def test_what_is_only_looked_for_is_not_made(place, keyless, if_absent):
    """It is adopted when it is there, and absent when it is not."""
    for org, key in ((place, KEY), (keyless, None)):
        here, missing = org.task(1), org.task(2)
        org.push(here, key_field=key)
        looks = [replace(i, attempted=True, if_absent=if_absent) for i in (here, missing)]
        assert [receipt.status for receipt in org.push(*looks, key_field=key)] == ["stored", "absent"]
        assert org.org.count("Task") == 1


def test_a_thousand_new_tasks_are_five_calls(place):
    """Beside the sign-in; the API is the org's, and others need it too."""
    heard = place.listen()
    receipts = place.push(*(place.task(n) for n in range(1000)))
    assert {receipt.created for receipt in receipts} == {True}
    assert len([path for _, path, _ in heard if "/services/data/" in path]) == 5


def test_statuses_are_called_as_the_org_calls_them(place):
    """The first and the closing one are looked up, once."""
    statuses = [("Offen", True, False), ("Erledigt", False, True)]
    place.org.load(
        "TaskStatus",
        [
            {"MasterLabel": name, "ApiName": name, "IsDefault": first, "IsClosed": last, "SortOrder": n}
            for n, (name, first, last) in enumerate(statuses)
        ],
    )
    intents = [place.task(n) for n in range(2)]
    receipts = place.push(*intents)
    heard = place.listen()
    place.push(*(written(place, r, i, closed=True) for r, i in zip(receipts, intents, strict=True)))
    assert {place.row("Task", receipt.crm_id)["Status"] for receipt in receipts} == {"Erledigt"}
    assert len([path for _, path, _ in heard if "TaskStatus" in path]) == 1


@pytest.mark.parametrize(("closing", "chosen"), [("Completed", "Completed"), ("Settled", "Settled")])
def test_a_task_is_completed_and_not_cancelled(place, closing, chosen):
    """Of several statuses that close, the one that says completed; else the first in the org's order."""
    statuses = [("Cancelled", 9, True), ("Not Started", 1, False), (closing, 3, True)]
    rows = [
        {"MasterLabel": name, "ApiName": name, "IsDefault": n == 1, "IsClosed": closes, "SortOrder": n}
        for name, n, closes in statuses
    ]
    place.org.load("TaskStatus", rows)
    intent = place.task()
    (receipt,) = place.push(intent)
    place.push(written(place, receipt, intent, closed=True))
    assert place.row("Task", receipt.crm_id)["Status"] == chosen
