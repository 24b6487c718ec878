"""Rows into records and back, as pure functions: what counts as a conversation, a meeting, an owner, our mark."""

import base64
import html
import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import changes

from connectors.records import NoteContent, Page, TaskContent
from connectors.salesforce import mapping, values
from connectors.salesforce.columns import Shaper, of_rows
from connectors.salesforce.sources import SOURCES
from connectors.salesforce.values import Names
from connectors.sandbox import soql

NAMES = Names(me="0055g00000ME00AAA")
MADE = {"Id": "00T000000000001AAA", "CreatedDate": "2026-03-01T08:00:00.000+0000"}
STAMP = "SystemModstamp"
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("'\\\n\r\t%_\"[]"))


def record(kind, row):
    """What a row becomes; None where it is none of ours."""
    source = SOURCES[kind][-1 if row["Id"].startswith("00U") else 0]
    paths = ["Id", STAMP, *source.fields, *filter(None, source.own(NAMES).values())]
    told = of_rows([{STAMP: MADE["CreatedDate"], **row}], paths)
    records, skipped = Shaper(NAMES).records(kind, source, STAMP, told)
    assert skipped == ()
    found = [change.record for change in changes(Page(records=records, cursor=""))]
    return found[0] if found else None


def task(row):
    return record("activity", row)


@pytest.mark.parametrize(
    ("row", "two_way"),
    [
        ({"CallDurationInSeconds": 120}, True),
        ({"CallDurationInSeconds": 119}, False),
        ({"CallDurationInSeconds": 0}, False),
        ({"CallType": "Inbound"}, True),
        ({"CallType": "Outbound"}, False),
        ({"CallDisposition": "Connected"}, True),
        ({"CallDisposition": "Spoke with buyer"}, True),
        ({"CallDisposition": "North office reached"}, True),
        ({"CallDisposition": "Notes discussed"}, True),
        ({"CallDisposition": "Answered"}, True),
        ({"CallDisposition": "No answer"}, False),
        ({"CallDisposition": "Not reached"}, False),
        ({"CallDisposition": "Unanswered"}, False),
        ({"CallDisposition": "Disconnected"}, False),
        ({"CallDisposition": "Nobody answered"}, False),
        ({"CallDisposition": "Couldn't connect"}, False),
        ({"CallDisposition": "Unable to connect"}, False),
        ({"CallDisposition": "Answered by machine"}, False),
        ({"CallDisposition": "Left message, reached voicemail"}, False),
        ({"CallDisposition": "Left voicemail", "CallDurationInSeconds": 130}, True),
        ({"CallDisposition": None, "CallDurationInSeconds": None}, False),
    ],
)
def test_a_call_is_two_way_when_somebody_spoke(row, two_way):
    """By length, direction or what the rep recorded; in doubt it is not."""
    found = task({**MADE, "TaskSubtype": "Call", **row})
    assert (found.type, found.two_way) == ("call", two_way)


@pytest.mark.parametrize(
    ("row", "kind", "two_way"),
    [
        ({"TaskSubtype": "Email", "Subject": "Re: Offer"}, "email", True),
        ({"TaskSubtype": "Email", "Subject": "Email: << Offer"}, "email", True),
        ({"TaskSubtype": "Email", "Subject": "AW: Angebot"}, "email", True),
        ({"TaskSubtype": "Email", "Subject": "Offer re: terms"}, "email", False),
        ({"TaskSubtype": "Email", "Subject": "Rental agreement"}, "email", False),
        ({"TaskSubtype": "Email", "Subject": None}, "email", False),
        ({"TaskSubtype": "Task", "Type": "Email"}, "email", False),
        ({"TaskSubtype": "ListEmail"}, "email", False),
        ({"TaskSubtype": "Task", "Type": "Meeting"}, "meeting", True),
        ({"TaskSubtype": "Task", "Type": "Call"}, "call", False),
        ({"TaskSubtype": "Task", "CallDurationInSeconds": 30}, "call", False),
        ({"TaskSubtype": "Task", "Subject": "Send quote"}, "task", False),
        ({}, "task", False),
    ],
)
def test_what_a_task_is_and_whether_the_customer_took_part(row, kind, two_way):
    """Subtype, type and call fields say what it was; only a reply is two-way among e-mails."""
    found = task({**MADE, **row})
    assert (found.type, found.two_way) == (kind, two_way)


def test_when_a_task_happened():
    """Done: when it was completed; planned: midnight of its day; neither: when it was made."""
    done = {**MADE, "IsClosed": True, "CompletedDateTime": "2026-03-02T10:30:00.000+0000", "ActivityDate": "2026-03-05"}
    assert task(done).starts_at == datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
    assert task({**done, "IsClosed": False}).starts_at == datetime(2026, 3, 5, tzinfo=UTC)
    assert task(MADE).starts_at == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_a_task_that_was_closed_nobody_noted_when_is_known_of_from_its_last_change_on():
    """So that the past does not know of it before it was done; what is open or dated is known when it was made."""
    closed = {**MADE, "IsClosed": True, "ActivityDate": "2026-03-05", "SystemModstamp": "2026-03-09T09:00:00.000+0000"}
    made = datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert task(closed).created_at == datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert task(closed).starts_at == datetime(2026, 3, 5, tzinfo=UTC)
    assert task({**closed, "CompletedDateTime": "2026-03-02T10:30:00.000+0000"}).created_at == made
    assert task({**closed, "IsClosed": False}).created_at == made


def event(**fields):
    return record("activity", {**MADE, "Id": "00U000000000001AAA", **fields})


def test_when_a_meeting_is():
    """Start and end, or start and length; a day without hours is whole days from midnight UTC."""
    at = "2026-03-02T10:00:00.000+0000"
    assert event(StartDateTime=at, EndDateTime="2026-03-02T11:15:00.000+0000").ends_at.minute == 15
    assert event(StartDateTime=at, DurationInMinutes=45).ends_at == datetime(2026, 3, 2, 10, 45, tzinfo=UTC)
    assert event(StartDateTime=at).ends_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    whole = event(IsAllDayEvent=True, ActivityDate="2026-03-02", DurationInMinutes=1440)
    assert (whole.starts_at, whole.ends_at) == (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
    days = event(IsAllDayEvent=True, ActivityDate="2026-03-02", DurationInMinutes=4320)
    assert days.ends_at == datetime(2026, 3, 5, tzinfo=UTC)
    assert whole.type == "meeting"


def test_copies_templates_and_what_we_wrote_are_no_meetings():
    """They would count one meeting many times, or our own writing as contact."""
    at = {"StartDateTime": "2026-03-02T10:00:00.000+0000"}
    assert event(**at, IsChild=True) is None
    assert event(**at, GroupEventType="3") is None
    assert event(**at, GroupEventType="1") is not None
    assert event(**at, Coaching_Key__c="coach:task:01") is None
    assert event() is None
    assert task({**MADE, "Subject": "x [coach:prep:0af]"}) is None


def test_only_deals_and_contacts_are_named_by_an_activity():
    """What it is about may be an account or a case, and whom a lead."""
    row = {**MADE, "WhatId": "006000000000001AAA", "WhoId": "003000000000001AAA"}
    found = task(row)
    assert (found.deal_id, found.contact_id) == (row["WhatId"], row["WhoId"])
    other = task({**MADE, "WhatId": "500000000000001AAA", "WhoId": "00Q000000000001AAA"})
    assert (other.deal_id, other.contact_id) == (None, None)


@pytest.mark.parametrize(
    ("field", "old", "new", "kept"),
    [
        ("Owner", "0055g00000AAAAAAAA", "0055g00000BBBBBBBB", "owner_id"),
        ("Owner", "Rhea Quill", "Odo Tarn", None),
        ("Owner", "00G5g00000AAAAAAAA", "0055g00000BBBBBBBB", "owner_id"),
        ("NextStep", None, "Call", "next_step"),
        ("StageName", "A", "B", None),
        ("created", None, None, None),
    ],
)
def test_a_tracked_field_is_told_once(field, old, new, kept):
    """A changed owner is recorded by name and by id: only the ids say something to us."""
    row = {**MADE, "OpportunityId": "006000000000001AAA", "Field": field, "OldValue": old, "NewValue": new}
    found = record("field_change", row)
    assert (found.field if found else None) == kept
    assert found is None or (found.old, found.new) == (old, new)


def test_a_stage_without_api_name_and_a_renamed_one():
    """Deals carry the API name; old versions only know the label."""
    row = {
        **MADE,
        "Id": "01J000000000001AAA",
        "MasterLabel": "Proposal",
        "SortOrder": 3,
        "IsClosed": False,
        "IsWon": False,
    }
    assert record("stage", row).name == "Proposal"
    renamed = record("stage", {**row, "ApiName": "Offer", "IsActive": False, "DefaultProbability": 60})
    assert (renamed.name, renamed.label, renamed.active, renamed.probability) == ("Offer", "Proposal", False, 60.0)


def test_history_speaks_of_forecasts_as_deals_do():
    """History holds the enumeration, deals the label."""
    row = {**MADE, "OpportunityId": "006000000000001AAA"}
    said = {c: record("deal_change", {**row, "ForecastCategory": c}).forecast_category for c in
            ("Forecast", "BestCase", "Pipeline", None)}  # fmt: skip
    assert said == {"Forecast": "Commit", "BestCase": "Best Case", "Pipeline": "Pipeline", None: None}


@pytest.mark.parametrize(
    "text", ["2013-05-07T22:07:19.000+0000", "2013-05-08T00:07:19.000+02:00", "2013-05-07T22:07:19Z"]
)
def test_instants_are_read_in_every_spelling(text):
    """With and without a colon in the offset; always UTC afterwards, and written with Z."""
    assert values.instant(text) == datetime(2013, 5, 7, 22, 7, 19, tzinfo=UTC)
    assert values.instant(text).tzinfo is UTC
    assert values.moment(values.instant(text)) == "2013-05-07T22:07:19.000Z"


@given(TEXT)
def test_any_text_survives_as_a_soql_literal(text):
    """What we quote is what the other side reads, and the query goes on behind it."""
    query = soql.parse(f"SELECT Id FROM Account WHERE Name = {values.literal(text)} LIMIT 7")
    assert (soql.plain(query.where.value.value), query.limit) == (text, 7)


@given(TEXT, st.sampled_from(["coach:task:0123456789abcdef0123", "coach:note:0a"]))
def test_a_mark_fits_and_is_found_again(text, reference):
    """Never longer than 255, always readable at the end, whatever stood before it."""
    marked = mapping.marked(text, reference)
    assert len(marked) <= 255
    assert marked.endswith(f" [{reference}]")
    if "[coach:" not in text:
        assert mapping.reference_of({"Subject": marked}, Names(key_field=None)) == reference


@given(TEXT)
def test_a_note_is_what_was_written_and_no_markup_of_it(text):
    """One paragraph a line; angle brackets, ampersands and quotes arrive as such."""
    fields = mapping.note_fields(NoteContent(deal_id="006", title="T", body=text), "coach:note:0a")
    sent = base64.b64decode(fields["Content"]).decode()
    lines = re.findall(r"<p>(.*?)</p>", sent, re.DOTALL)
    assert [html.unescape(line.replace("<br>", "")) for line in lines] == text.split("\n")
    assert re.sub(r"</?p>|<br>", "", sent).find("<") == -1


def test_what_we_ask_of_a_task():
    """A status only to close it; the mark only where there is no key field; never more than 255 characters."""
    content = TaskContent(owner_id="005", deal_id=None, due=date(2026, 3, 6), subject="s" * 300, body="b")
    keyed = mapping.task_fields(content, "coach:task:0a", NAMES, "Completed")
    assert keyed == {"OwnerId": "005", "WhatId": None, "ActivityDate": "2026-03-06", "Subject": "s" * 255, "Description": "b"}  # fmt: skip # noqa: E501
    bare = mapping.task_fields(content, "coach:task:0a", Names(key_field=None), "Completed")
    assert bare["Subject"].endswith("s [coach:task:0a]")
    assert len(bare["Subject"]) == 255


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [("a\r\nb", "a\nb", True), (" a ", "a", True), (None, "", True), ("a", "b", False), ("a", None, False)],
)
def test_texts_are_the_same_up_to_what_salesforce_changes(left, right, same):
    """Line ends and space at the edges are not a person's edit."""
    assert values.same_text(left, right) is same
