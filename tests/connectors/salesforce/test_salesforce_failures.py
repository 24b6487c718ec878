"""What went wrong for others, by the numbers of docs/failures.md: the ones that show at the connector."""

import json
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from urllib.parse import quote_plus

import pytest
from reading import changes
from structlog.testing import capture_logs

from connectors.errors import RetryLater
from connectors.records import KINDS
from connectors.sandbox import control
from connectors.sandbox.describe import whole
from connectors.sandbox.ids import make_id

OVERLAP = timedelta(minutes=5)
LONGEST_ADDRESS = 16_384


def load_accounts(place, count, **given):
    """Generated accounts, all stamped now; returns their ids."""
    before = {row["Id"] for row in place.org.rows("SELECT Id FROM Account")}
    place.org.load("Account", [{"Name": f"Bulk {n}", **given} for n in range(count)])
    return [row["Id"] for row in place.org.rows("SELECT Id FROM Account ORDER BY Id") if row["Id"] not in before]


def ids(changes):
    return [change.id for change in changes]


def names(changes):
    return {change.id: change.record.name for change in changes}


def described(place, name, **fields):
    """From now on the org describes these fields of an object differently."""
    answer = whole(place.org, place.org.whole_object(name), "v62.0")
    for entry in answer["fields"]:
        entry.update(fields.get(entry["name"], {}))
    place.trouble("answer", path=f"sobjects/{name}/describe", status=200, answer=json.dumps(answer))


def check(place, name, **given):
    """The check of this name, or None."""
    return next((one for one in place.connector(**given).check() if one.name == name), None)


@pytest.mark.parametrize("seconds", [3, 240])
def test_a_fresh_row_that_queries_do_not_find_yet_arrives_later(place, seconds):
    """Failures 1 and 2: committed or indexed late, behind rows already read, it comes with the next pull."""
    late = place.make("Account", Name="Late")
    control.lag(place.org, [late], seconds=seconds)
    place.wait(seconds=1)
    ahead = place.make("Account", Name="Ahead")
    place.wait(seconds=1)
    changes, cursor = place.pull("account", overlap=OVERLAP)
    assert ids(changes) == [ahead]
    place.wait(seconds=seconds)
    assert late in ids(place.pull("account", cursor, overlap=OVERLAP)[0])


@pytest.mark.parametrize("seconds", [-120, 120])
def test_a_server_with_a_wrong_clock_hides_no_row(place, seconds):
    """Failure 3: stamped in the past or in the future, its rows and the right ones after them arrive."""
    cursor = place.pull("account", overlap=OVERLAP)[1]
    control.skew(place.org, seconds=seconds)
    odd = place.make("Account", Name="Odd")
    control.skew(place.org, seconds=0)
    changes, cursor = place.pull("account", cursor, overlap=OVERLAP)
    assert ids(changes) == [odd]
    right = place.make("Account", Name="Right")
    changes, cursor = place.pull("account", cursor, overlap=OVERLAP)
    assert right in ids(changes)
    place.wait(seconds=1)
    place.edit("Account", odd, Name="Odd again")
    assert names(place.pull("account", cursor, overlap=OVERLAP)[0])[odd] == "Odd again"


def test_no_formula_is_asked_for_and_a_segment_that_is_one_is_named(place):
    """Failure 12: a formula moves without a stamp, so the check says which of what we read is calculated."""
    assert check(place, "formulas") is None
    described(place, "Account", Industry={"calculated": True})
    found = check(place, "formulas")
    assert (found.ok, found.fatal) == (False, False)
    assert "Account.Industry" in found.detail


def test_a_removed_field_costs_its_own_values_only(place):
    """Failures 14 and 16: the pull goes on without it, earlier rows stay, and the check says what is missing."""
    deals = [place.deal(NextStep="Call", Amount=5.0) for _ in range(2)]
    place.wait(minutes=5)
    _, cursor = place.pull("deal")
    control.remove_field(place.org, object_name="Opportunity", field="NextStep")
    place.wait(minutes=5)
    place.edit("Opportunity", deals[0], Amount=9.0)
    changes, _ = place.pull("deal", cursor)
    assert [(c.id, c.record.amount, c.record.next_step) for c in changes] == [(deals[0], 9.0, None)]
    assert "NextStep" in check(place, "read Opportunity").detail


def test_a_date_that_cannot_be_filtered_by_is_not_followed(place):
    """Failure 17: the describe decides which date is the cursor."""
    load_accounts(place, 5)
    described(place, "Account", SystemModstamp={"filterable": False})
    heard = place.listen()
    assert len(place.pull("account", page_size=200)[0]) == 5
    (query,) = [path for _, path, _ in heard if "ORDER BY" in path]
    assert "ORDER BY LastModifiedDate, Id" in query


def test_another_cursor_date_begins_anew(place):
    """Failure 17: where one date stood says nothing about another, so nothing is taken as read."""
    loaded = load_accounts(place, 3)
    place.wait(minutes=5)
    _, cursor = place.pull("account")
    described(place, "Account", SystemModstamp={"sortable": False})
    place.wait(hours=25)
    assert sorted(ids(place.pull("account", cursor)[0])) == sorted(loaded)


def test_no_address_is_too_long(place, keyless):
    """Failure 18: the longest queries, for reading and for looking after lost answers, fit the server's limit."""
    deal, heard = place.deal(), place.listen()
    for kind in KINDS:
        place.pages(kind)
    place.push(*(place.task(n, attempted=True) for n in range(250)))
    place.push(*(place.note(deal, n, attempted=True) for n in range(60)))
    silent = keyless.listen()
    keyless.push(*(keyless.task(n, attempted=True) for n in range(250)), key_field=None)
    longest = max(len(quote_plus(path)) for _, path, _ in heard + silent)
    assert 5_000 < longest < LONGEST_ADDRESS


def test_pages_smaller_than_asked_for_are_gone_on_from(place):
    """Failures 19 and 20: Salesforce may cut a page short; we go on behind its last row, not by its locator."""
    loaded = load_accounts(place, 5)
    whole_page = place.pages("account")[0]
    stamp = changes(whole_page)[0].changed_at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    rows = [{"Id": key, "Name": "Bulk", "SystemModstamp": stamp, "IsDeleted": False} for key in sorted(loaded)[:2]]
    cut = {"totalSize": 5, "done": False, "nextRecordsUrl": "/services/data/v62.0/query/01gDEAD-2", "records": rows}
    place.trouble("answer", path="queryAll.*ORDER", times=1, status=200, answer=json.dumps(cut))
    heard = place.listen()
    assert sorted(ids(place.pull("account")[0])) == sorted(loaded)
    assert not [path for _, path, _ in heard if "01gDEAD" in path]


def test_a_look_that_is_cut_into_pages_is_read_to_its_end(keyless):
    """Failures 19 and 32: half an answer about what is there already must not make the other half twice."""
    intents = [keyless.task(n) for n in range(2)]
    receipts = keyless.push(*intents, key_field=None)
    rows = [keyless.org.record("Task", receipt.crm_id) for receipt in receipts]
    parts = [{"Id": r["Id"], "Subject": r["Subject"], "IsDeleted": False, "OwnerId": r["OwnerId"]} for r in rows]
    first = {"totalSize": 2, "done": False, "nextRecordsUrl": "/services/data/v62.0/query/01gPART-1"}
    last = {"totalSize": 2, "done": True}
    keyless.trouble("answer", path="01gPART-1", status=200, answer=json.dumps(last | {"records": parts[1:]}))
    keyless.trouble(
        "answer", path="queryAll.*FROM.Task", times=1, status=200, answer=json.dumps(first | {"records": parts[:1]})
    )
    told = keyless.push(*(replace(intent, attempted=True) for intent in intents), key_field=None)
    assert [receipt.adopted for receipt in told] == [True, True]
    assert keyless.org.count("Task") == 2


@pytest.mark.parametrize("wrongly", [{}, {"status": 400, "answer": '[{"errorCode": "INVALID_QUERY_LOCATOR"}]'}])
def test_a_look_whose_session_ends_is_begun_again(worldwide, wrongly):
    """Failures 19 and 20: a locator dies with its session, and the query is asked once more from its beginning."""
    rows = [{"IsoCode": "EUR", "StartDate": date(2020, 1, 1), "ConversionRate": 1.1}] * 4100
    worldwide.org.load("DatedConversionRate", rows)
    ended = worldwide.trouble("answer" if wrongly else "expire_session", "query/01g", nth=2, **wrongly)
    heard = worldwide.listen()
    assert len(worldwide.pull("currency_rate")[0]) == 4100
    assert ended.met == 1
    assert sum("FROM DatedConversionRate" in path for _, path, _ in heard) == 2
    worldwide.org.faults.clear()
    worldwide.trouble("answer" if wrongly else "expire_session", "query/01g", **wrongly)
    with pytest.raises(RetryLater, match="ended before its end"):
        worldwide.pull("currency_rate")


SHAPES = {
    "describe": "sobjects/Opportunity/describe",
    "query": "queryAll.*FROM.Opportunity",
    "deleted": "/Opportunity/deleted/",
    "order of a job": "jobs/query$",
    "job": r"jobs/query/750\w+$",
}


@pytest.mark.parametrize("answer", ['{"error": "x"}', "[]", "null", '"text"', ""])
@pytest.mark.parametrize("what", SHAPES)
def test_an_answer_of_another_shape_is_none(place, what, answer):
    """Whatever a gateway makes up with status 200 or 204 is tried later and is no crash."""
    place.deal()
    _, cursor = place.pull("deal")
    place.wait(hours=30)
    place.trouble("answer", SHAPES[what], status=200 if answer else 204, answer=answer)
    bulk = {"bulk_from": 1} if "job" in what else {}
    with pytest.raises(RetryLater):
        place.pages("deal", None if bulk else cursor, **bulk)


@pytest.mark.parametrize("answer", ['{"error": "x"}', "[]", "null", ""])
@pytest.mark.parametrize("path", ["composite/sobjects/Task$", "composite$", "FROM.TaskStatus"])
def test_a_look_before_a_write_that_is_answered_with_nonsense_writes_nothing(place, path, answer):
    """An empty answer about what stands there does not mean that a person has deleted it."""
    (receipt,) = place.push(place.task())
    met = place.trouble("answer", path, status=200 if answer else 204, answer=answer)
    known = place.task(crm_id=receipt.crm_id, last_written=place.says(), fields={"body": "New"})
    with pytest.raises(RetryLater):
        list(place.connector().push([known, place.note(place.deal())]))
    assert met.met


def test_a_nul_in_a_text_is_left_out(place):
    """Failure 25: no database of ours could keep it; words about it, and all other text, stay as they are."""
    said = {"one": "Lan\x00tern\x00\x00", "two": "says \\u0000 and \\\\", "three": "\\\x00Ende"}
    rows = [
        {"Id": make_id("001", n), "Name": name, "SystemModstamp": "2026-03-01T00:00:00.000+0000"}
        for n, name in enumerate(said.values())
    ]
    answer = json.dumps({"totalSize": 3, "done": True, "records": rows})
    place.trouble("answer", path="queryAll.*FROM.Account.*ORDER", times=1, status=200, answer=answer)
    with capture_logs() as logs:
        found = [change.record.name for change in place.pull("account")[0]]
    assert found == ["Lantern", "says \\u0000 and \\\\", "\\Ende"]
    assert [line["count"] for line in logs if line["event"] == "nul_stripped"] == [4]


def test_a_nul_in_a_bulk_page_is_left_out_and_counted(place):
    """Failure 25: whichever way a text comes, the log says how many were left out."""
    key = load_accounts(place, 1)[0]
    page = f'"Id","SystemModstamp","Name"\n"{key}","2026-03-01T00:00:00.000Z","Lan\x00tern\x00"\n'
    told = {"Content-Type": "text/csv", "Sforce-NumberOfRecords": "1", "Sforce-Locator": "null"}
    place.trouble("answer", path="/results", status=200, answer=page, headers=told)
    with capture_logs() as logs:
        found = [change.record.name for change in place.pull("account", bulk_from=1)[0]]
    assert found == ["Lantern"]
    assert [line["count"] for line in logs if line["event"] == "nul_stripped"] == [2]


def test_text_of_every_script_arrives_whole(place):
    """Failure 26: characters of two, three and four bytes, in an answer of many parts."""
    said = [f"{'x' * (n % 7)}Zürich – 東京 – 𝔏🦊 {n}" for n in range(1500)]
    place.org.load("Account", [{"Name": name} for name in said])
    place.wait(minutes=1)
    assert sorted(change.record.name for change in place.pull("account")[0]) == sorted(said)


@pytest.mark.parametrize(("charset", "mark"), [("ISO-8859-1", ""), ("UTF-8", "\ufeff"), ("Shift_JIS", "\ufeff")])
def test_the_declared_charset_is_not_believed(place, charset, mark):
    """Failure 26: Salesforce speaks UTF-8, with or without a byte order mark, whatever a proxy writes above it."""
    row = {"Id": make_id("001", 1), "Name": "Zürich 東京", "SystemModstamp": "2026-03-01T00:00:00.000+0000"}
    answer = mark + json.dumps({"totalSize": 1, "done": True, "records": [row]}, ensure_ascii=False)
    kind = {"Content-Type": f"application/json;charset={charset}"}
    place.trouble("answer", path="queryAll.*ORDER", times=1, status=200, answer=answer, headers=kind)
    assert [change.record.name for change in place.pull("account")[0]] == ["Zürich 東京"]


def test_nothing_hangs_on_headers_that_a_proxy_may_strip(place):
    """Failure 29: without any of Salesforce's own headers a first load still equals the org."""
    loaded = load_accounts(place, 450)
    place.trouble("strip_sforce_headers")
    assert sorted(ids(place.pull("account", page_size=200)[0])) == sorted(loaded)
    assert not check(place, "api limit").ok
    assert place.push(place.task())[0].created


def test_one_page_is_in_hand_at_a_time(place):
    """Failure 30: the next page is asked for when the one before it has been taken."""
    load_accounts(place, 900)
    heard = place.listen()
    reading = place.connector(page_size=200).pull("account", None)
    for taken in (1, 2):
        assert len(changes(next(reading))) == 200
        assert len([path for _, path, _ in heard if "ORDER BY" in path]) == taken
    assert [len(changes(page)) for page in islice(reading, 2)] == [200, 200]


def test_what_hangs_on_a_locked_deal_waits_alone(place):
    """Failure 33: its task and its note are for later, all others are written, and later they are too, once."""
    deals = [place.deal() for _ in range(3)]
    tasks = [place.task(n, fields={"deal_id": deal}) for n, deal in enumerate(deals)]
    notes = [place.note(deal, n) for n, deal in enumerate(deals)]
    control.configure(place.org, locked_ids=[deals[1]])
    told = place.push(*tasks, *notes)
    assert [receipt.status for receipt in told] == ["stored", "retry", "stored"] * 2
    control.configure(place.org, locked_ids=[])
    again = place.push(*(replace(intent, attempted=True) for intent in (tasks[1], notes[1])))
    assert [receipt.status for receipt in again] == ["stored", "stored"]
    assert (place.org.count("Task"), place.org.count("ContentNote")) == (3, 3)
    assert place.org.count("ContentDocumentLink", "LinkedEntityId LIKE '006%'") == 3


@pytest.mark.parametrize("word", ["unique", "externalId"])
def test_a_key_field_that_does_not_keep_apart_is_refused(place, word):
    """Failure 34: without a unique external id a repeat could make a second task, so the check is fatal."""
    described(place, "Task", Coaching_Key__c={word: False})
    found = check(place, "key field")
    assert (found.ok, found.fatal) == (False, True)
    assert "Unique" in found.remedy


def test_a_key_that_several_records_carry_is_a_matter_for_people(place):
    """Failure 34: that record is refused with what to do, and no other waits for it."""
    error = {"statusCode": "DUPLICATE_EXTERNAL_ID", "message": "more than one record found", "fields": []}
    answer = [{"success": False, "errors": [error]}, {"id": make_id("00T", 1), "success": True, "created": True}]
    place.trouble("answer", method="PATCH", times=1, status=200, answer=json.dumps(answer))
    told = place.push(place.task(1), place.task(2))
    assert [receipt.status for receipt in told] == ["refused", "stored"]
    assert "delete all but one" in told[0].reason


@pytest.mark.parametrize("answer", ["[]", "{}", '[{"success": true, "id": "00T000000000001AAA", "created": true}]'])
def test_an_answer_with_too_few_results_is_no_answer(place, answer):
    """Failures 35 and 36: results are told apart by their place, so none of a short list is believed."""
    place.trouble("answer", method="PATCH", times=1, status=200, answer=answer)
    intents = [place.task(n) for n in range(2)]
    with pytest.raises(RetryLater, match=r"did not answer each of 2|not Salesforce as we know it"):
        list(place.connector().push(intents))
    told = place.push(*(replace(intent, attempted=True) for intent in intents))
    assert [receipt.status for receipt in told] == ["stored", "stored"]
    assert place.org.count("Task") == 2


@pytest.mark.parametrize("answer", ["[]", "{}", '{"compositeResponse": []}'])
def test_a_composite_answer_with_too_few_parts_is_no_answer(place, answer):
    """Failures 35 and 36: the same for notes and their links."""
    place.trouble("answer", method="POST", path="composite$", times=1, status=200, answer=answer)
    with pytest.raises(RetryLater, match=r"did not answer each of 2|not Salesforce as we know it"):
        list(place.connector().push([place.note(place.deal())]))


def test_every_key_comes_back_with_the_id_it_was_told(place):
    """Failure 36: receipts and the next pull agree on which record is which."""
    told = place.push(*(place.task(n, fields={"subject": f"Task {n}"}) for n in range(30)))
    pulled = {change.record.reference: change.id for change in place.pull("task")[0]}
    assert pulled == {receipt.reference: receipt.crm_id for receipt in told}


def test_empty_is_written_as_empty_and_the_rest_is_left(place):
    """Failure 37: a wish without a deal unties the task; a field that says the same is not sent at all."""
    intent = place.task(fields={"deal_id": place.deal()})
    (receipt,) = place.push(intent)
    untied = replace(intent.content, deal_id=None, body="")
    heard = place.listen()
    place.push(replace(intent, crm_id=receipt.crm_id, last_written=intent.content, content=untied))
    (sent,) = [json.loads(body)["records"][0] for method, _, body in heard if method == "PATCH"]
    assert {"WhatId", "Description"} == sent.keys() - {"attributes", "id"}
    assert sent["WhatId"] is None
    row = place.row("Task", receipt.crm_id)
    assert (row["WhatId"], row["Description"] or None) == (None, None)
    assert row["ActivityDate"] == "2026-03-06"


def test_an_emptied_field_is_pulled_as_empty(place):
    """Failure 37: what a person cleared is cleared here, and what nobody asked for stays as it was."""
    deal = place.deal(NextStep="Call", Amount=7.0)
    place.wait(minutes=5)
    _, cursor = place.pull("deal")
    place.edit("Opportunity", deal, NextStep=None, Amount=None)
    (change,) = place.pull("deal", cursor)[0]
    assert (change.record.next_step, change.record.amount, change.record.stage) == (None, None, "Prospecting")
