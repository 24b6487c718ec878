"""Notes: a document, versions, links, and what a person's edit does to them."""

import base64


def encoded(html):
    return base64.b64encode(html.encode()).decode()


def note(caller, html="<p>Ask who else feels the problem.</p>", title="Coaching: Lantern rollout"):
    return caller.create("ContentNote", Title=title, Content=encoded(html))


def test_a_note_is_written_linked_and_found(caller):
    """Its id is a document's, its author is linked at once, a deal when a link is made; the text is a blob."""
    deal = caller.deal()
    key = note(caller, "<p>One</p>\n<p>Two &amp; three</p>")
    assert key.startswith("069")
    link = {"ContentDocumentId": key, "LinkedEntityId": deal, "ShareType": "V", "Visibility": "AllUsers"}
    caller.create("ContentDocumentLink", **link)
    links = caller.query(f"SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '{key}'")
    assert {row["LinkedEntityId"] for row in links} == {deal, caller.org.user_id}
    soql = (
        "SELECT ContentDocumentId, ContentDocument.Title, ContentDocument.LatestPublishedVersionId FROM"
        f" ContentDocumentLink WHERE LinkedEntityId = '{deal}' AND ContentDocument.FileType = 'SNOTE'"
    )
    assert [row["ContentDocument"]["Title"] for row in caller.query(soql)] == ["Coaching: Lantern rollout"]
    row = caller.call("GET", f"/sobjects/ContentNote/{key}").value
    assert (row["FileType"], row["TextPreview"]) == ("SNOTE", "One  Two & three")
    assert caller.call("GET", row["Content"]).value == b"<p>One</p><p>Two &amp; three</p>"


def test_a_note_is_linked_once_with_each_deal(caller):
    """The second link is refused."""
    link = {"ContentDocumentId": note(caller), "LinkedEntityId": caller.deal()}
    caller.create("ContentDocumentLink", **link)
    answer = caller.call("POST", "/sobjects/ContentDocumentLink", link)
    assert (answer.status, answer.value[0]["errorCode"]) == (400, "DUPLICATE_VALUE")


def test_every_text_makes_a_version(caller):
    """A title alone does not; a person's edit is known by LastModifiedById and by its version."""
    key = note(caller)
    first = caller.query("SELECT LatestPublishedVersionId FROM ContentNote")[0]["LatestPublishedVersionId"]
    caller.wait(minutes=1)
    caller.change("ContentNote", key, Title="Coaching: renamed")
    same = caller.query(f"SELECT Title, LatestPublishedVersionId FROM ContentDocument WHERE Id = '{key}'")[0]
    assert (same["Title"], same["LatestPublishedVersionId"]) == ("Coaching: renamed", first)
    person = caller.org.new_id("User")
    caller.org.load("User", [{"Id": person, "Username": "m@sandbox.invalid", "LastName": "Rook", "IsActive": True}])
    caller.wait(minutes=1)
    edit = {"user": person, "object": "ContentNote", "id": key, "fields": {"Content": "<p>We spoke.</p>"}}
    assert caller.call("POST", "/sandbox/edit", edit).value["ok"]
    row = caller.query("SELECT LatestPublishedVersionId, LastModifiedById, LastModifiedDate FROM ContentNote")[0]
    assert row["LatestPublishedVersionId"] != first
    assert (row["LastModifiedById"], row["LastModifiedDate"][:16]) == (person, "2026-03-02T09:02")
    assert len(caller.query(f"SELECT Id FROM ContentVersion WHERE ContentDocumentId = '{key}'")) == 2


def test_a_wrong_note_is_refused(caller):
    """A title is required and short, content is base64, nothing else may be changed."""
    for fields, code in (
        ({"Content": encoded("x")}, "REQUIRED_FIELD_MISSING"),
        ({"Title": "x" * 256}, "STRING_TOO_LONG"),
        ({"Title": "x", "Content": "not base64!"}, "JSON_PARSER_ERROR"),
    ):
        assert caller.code(caller.call("POST", "/sobjects/ContentNote", fields)) == (400, code)
    changed = caller.call("PATCH", f"/sobjects/ContentNote/{note(caller)}", {"OwnerId": caller.org.user_id})
    assert caller.code(changed) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_a_deleted_note_is_gone_with_its_links(caller):
    """queryAll still shows the document until it is purged."""
    key = note(caller)
    assert caller.call("DELETE", f"/sobjects/ContentNote/{key}").status == 204
    assert caller.query("SELECT Id FROM ContentNote") == []
    assert caller.query(f"SELECT Id FROM ContentDocumentLink WHERE ContentDocumentId = '{key}'") == []
    rows = caller.query("SELECT Id, IsDeleted FROM ContentDocument", all_rows=True)
    assert [(row["Id"], row["IsDeleted"]) for row in rows] == [(key, True)]
