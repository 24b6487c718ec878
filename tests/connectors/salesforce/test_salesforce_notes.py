"""Writing notes: a note and its link to the deal, finished when half of it was lost, left alone when edited."""

from dataclasses import replace

import pytest

from connectors.errors import RetryLater
from connectors.sandbox import control


def links(place, document):
    rows = place.org.rows("SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = ?", (document,))
    return [row["LinkedEntityId"] for row in rows if row["LinkedEntityId"].startswith("006")]


def text(place, document):
    latest = place.row("ContentDocument", document)["LatestPublishedVersionId"]
    return place.row("ContentVersion", latest)["VersionData"]


def test_a_note_hangs_on_its_deal_and_says_what_was_written(place):
    """Markup in our words arrives as words; one paragraph a line; only colleagues may see it."""
    deal = place.deal()
    (receipt,) = place.push(place.note(deal, fields={"body": "Amount < 50k & \"quoted\"\n<script>alert('x')</script>"}))
    assert (receipt.status, receipt.created) == ("stored", True)
    assert links(place, receipt.crm_id) == [deal]
    said = text(place, receipt.crm_id)
    assert said.startswith("<p>Amount &lt; 50k &amp;")
    assert "&lt;script&gt;" in said
    (link,) = place.org.rows("SELECT * FROM ContentDocumentLink WHERE LinkedEntityId = ?", (deal,))
    assert link["Visibility"] == "InternalUsers"


def test_twelve_notes_are_one_call(place):
    """A composite takes 25 parts; thirty notes are three calls."""
    deal, heard = place.deal(), place.listen()
    receipts = place.push(*(place.note(deal, n) for n in range(30)))
    assert len({receipt.crm_id for receipt in receipts}) == 30
    assert len([path for method, path, _ in heard if method == "POST" and path.endswith("/composite")]) == 3
    assert all(links(place, receipt.crm_id) == [deal] for receipt in receipts)


def test_a_title_is_never_too_long(place):
    """Cut before our mark, which stays whole."""
    intent = place.note(place.deal(), fields={"title": "t" * 400})
    (receipt,) = place.push(intent)
    title = place.row("ContentDocument", receipt.crm_id)["Title"]
    assert len(title) == 255
    assert title.endswith(f"t [{intent.reference}]")


def test_a_lost_answer_is_recognised_and_a_missing_link_mended(place):
    """Failure 32 for two writes that cannot be one: whole, half and not at all."""
    deal, other = place.deal(), place.deal()
    whole, half, none = place.note(deal, 1), place.note(other, 2), place.note(deal, 3)
    place.trouble("drop_after", path="composite$", times=1)
    with pytest.raises(RetryLater):
        list(place.connector().push([whole, half]))
    place.org.execute("DELETE FROM ContentDocumentLink WHERE LinkedEntityId = ?", (other,))
    told = place.push(*(replace(intent, attempted=True) for intent in (whole, half, none)))
    assert [(receipt.status, receipt.adopted, receipt.created) for receipt in told] == [
        ("stored", True, False), ("stored", True, False), ("stored", False, True),
    ]  # fmt: skip
    assert [links(place, receipt.crm_id) for receipt in told] == [[deal], [other], [deal]]
    assert place.org.count("ContentDocument") == 3


def test_a_note_is_updated_while_it_is_ours(place):
    """A new version of the same document; once a person has edited it, it is theirs."""
    deal = place.deal()
    intent = place.note(deal)
    (receipt,) = place.push(intent)
    news = replace(intent, crm_id=receipt.crm_id, last_written=intent.content, content=place.note(
        deal, fields={"body": "News"}).content)  # fmt: skip
    (told,) = place.push(news)
    assert (told.status, told.created, told.kept) == ("stored", False, ())
    assert text(place, receipt.crm_id) == "<p>News</p>"
    place.edit("ContentNote", receipt.crm_id, Content="<p>Theirs</p>")
    (told,) = place.push(replace(news, content=intent.content))
    assert told.kept == ("body",)
    assert text(place, receipt.crm_id) == "<p>Theirs</p>"


def test_a_deleted_note_is_not_written_again(place):
    """Known or found by its title, in the bin, or gone for good and told so."""
    deal = place.deal()
    intents = [place.note(deal, n) for n in range(3)]
    receipts = place.push(*intents)
    for receipt in receipts:
        place.delete("ContentDocument", receipt.crm_id)
    control.hard_delete(place.org, object_name="ContentDocument", key=receipts[1].crm_id)
    known = [replace(intents[n], crm_id=receipts[n].crm_id, last_written=intents[n].content) for n in (0, 1)]
    told = place.push(known[0], replace(known[1], gone=True), replace(intents[2], attempted=True))
    assert [(receipt.status, receipt.kept) for receipt in told] == [("stored", ("deleted",))] * 3


def test_a_note_out_of_our_sight_is_not_called_deleted(place):
    """It is listed with what to do, and written once it can be seen again."""
    deal = place.deal()
    intent = place.note(deal)
    (receipt,) = place.push(intent)
    content = replace(intent.content, body="News")
    news = replace(intent, crm_id=receipt.crm_id, last_written=intent.content, content=content)
    control.blind(place.org, [receipt.crm_id])
    (told,) = place.push(news)
    assert (told.status, told.crm_id, "cannot be seen" in told.reason) == ("refused", receipt.crm_id, True)
    control.blind(place.org, [])
    place.push(news)
    assert text(place, receipt.crm_id) == "<p>News</p>"


def test_a_note_whose_link_is_refused_is_half_there(place):
    """So it is looked for, and finished when the deal is free again; it is never taken for not written."""
    deal = place.deal()
    body = '{"compositeResponse": [{"referenceId": "l0", "httpStatusCode": 400, "body": [{"errorCode": "%s"}]}]}'
    (receipt,) = place.push(place.note(deal))
    place.org.execute("DELETE FROM ContentDocumentLink WHERE LinkedEntityId = ?", (deal,))
    for code, status in (("UNABLE_TO_LOCK_ROW", "retry"), ("STORAGE_LIMIT_EXCEEDED", "refused")):
        place.trouble("answer", path="composite$", status=200, answer=body % code, times=1)
        (told,) = place.push(place.note(deal, attempted=True))
        assert (told.status, told.unfinished) == (status, True)
    (told,) = place.push(place.note(deal, attempted=True))
    assert (told.status, told.crm_id, links(place, receipt.crm_id)) == ("stored", receipt.crm_id, [deal])


def test_without_the_look_nobody_says_what_became_of_an_earlier_note(place):
    """What may be there has no receipt, and is neither made again nor refused; what is new is written."""
    deal = place.deal()
    place.push(place.note(deal, 1))
    control.hide(place.org, objects=["ContentDocument"])
    (told,) = place.connector().push([place.note(deal, 1, attempted=True), place.note(deal, 2)])
    assert told.reference == place.note(deal, 2).reference


def test_a_note_on_a_deal_that_is_gone_is_refused_and_stops_no_other(place):
    """The others of the same call arrive; the reason is a sentence."""
    deal, gone = place.deal(), place.deal()
    place.delete("Opportunity", gone)
    told = place.push(place.note(deal, 1), place.note(gone, 2), place.note(deal, 3))
    assert [receipt.status for receipt in told] == ["stored", "refused", "stored"]
    assert "deleted" in told[1].reason


def test_an_org_without_notes_refuses_them_with_a_sentence(place):
    """Enhanced Notes are a setting; tasks are written all the same."""
    deal = place.deal()
    control.hide(place.org, objects=["ContentNote"])
    told = place.push(place.task(), place.note(deal))
    assert [receipt.status for receipt in told] == ["stored", "refused"]
    assert "Enhanced Notes" in told[1].reason


def test_a_rule_that_quotes_us_is_not_repeated(place):
    """A note's text never comes back in a reason."""
    deal = place.deal()
    place.trouble("answer", path="composite$", status=200, answer=(
        '{"compositeResponse": [{"referenceId": "n0", "httpStatusCode": 400, "body": [{"errorCode": "STRING_TOO_LONG",'
        ' "message": "Title: data value too large: Coaching"}]},'
        ' {"referenceId": "l0", "httpStatusCode": 400, "body": [{"errorCode": "PROCESSING_HALTED", "message": ""}]}]}'
    ))  # fmt: skip
    (told,) = place.push(place.note(deal))
    assert told.status == "refused"
    assert "Coaching" not in told.reason
