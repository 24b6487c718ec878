"""Notes as Salesforce keeps them: a document, a version for every text, a link to everything it hangs on."""

import base64
import binascii
import html
import re
from collections.abc import Mapping
from typing import Any

from connectors.sandbox.errors import Rejected
from connectors.sandbox.org import Org
from connectors.sandbox.values import Stored


def create(org: Org, user_id: str, given: Mapping[str, Stored]) -> str:
    """A new note and its link to the person who wrote it; returns the id of its document."""
    title = _title(given.get("Title"))
    text = decoded(given.get("Content"))
    document, stamp = org.new_id("ContentDocument"), org.stamp()
    with org.transaction():
        audit = _audit(stamp, user_id) | {"CreatedDate": stamp, "CreatedById": user_id}
        row = {"Id": document, "Title": title, "FileType": "SNOTE", "FileExtension": "snote", "PublishStatus": "P"}
        org.insert("ContentDocument", row | audit | {"OwnerId": given.get("OwnerId") or user_id})
        _new_version(org, document, title, text, user_id)
        link = {"LinkedEntityId": user_id, "ContentDocumentId": document, "ShareType": "I", "Visibility": "AllUsers"}
        org.insert("ContentDocumentLink", link | {"Id": org.new_id("ContentDocumentLink"), "SystemModstamp": stamp})
    return document


def update(org: Org, user_id: str, old: Mapping[str, Any], given: Mapping[str, Stored]) -> None:
    """Change title or text; every given text makes a new version, also one that says the same."""
    refused = sorted(set(given) - {"Title", "Content", "SharingPrivacy"})
    if refused:
        message = f"Unable to create/update fields: {', '.join(refused)}."
        raise Rejected("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=tuple(refused))
    title = _title(given["Title"]) if "Title" in given else str(old["Title"])
    with org.transaction():
        org.update("ContentDocument", old["Id"], {"Title": title, **_audit(org.stamp(), user_id)})
        if "Content" in given:
            _new_version(org, old["Id"], title, decoded(given["Content"]), user_id)
        else:
            org.update(
                "ContentVersion", old["LatestPublishedVersionId"], {"Title": title, **_audit(org.stamp(), user_id)}
            )


def decoded(content: Stored) -> str:
    """The HTML of a base64 body, with new lines stripped as the original does."""
    try:
        text = base64.b64decode(str(content or ""), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise Rejected(
            "JSON_PARSER_ERROR", "Content: expected base64-encoded UTF-8 text", fields=("Content",)
        ) from None
    return re.sub(r"[\r\n]+", "", re.sub(r"<script\b.*?</script>", "", text, flags=re.IGNORECASE | re.DOTALL))


def _title(title: Stored) -> str:
    if not title:
        raise Rejected("REQUIRED_FIELD_MISSING", "Required fields are missing: [Title]", fields=("Title",))
    return str(title)


def _audit(stamp: str, user_id: str) -> dict[str, Stored]:
    return {"LastModifiedDate": stamp, "LastModifiedById": user_id, "SystemModstamp": stamp}


def _new_version(org: Org, document: str, title: str, text: str, user_id: str) -> None:
    stamp, version = org.stamp(), org.new_id("ContentVersion")
    number = org.count("ContentVersion", "ContentDocumentId = ?", (document,)) + 1
    org.execute("UPDATE ContentVersion SET IsLatest = 0 WHERE ContentDocumentId = ?", (document,))
    preview = html.unescape(re.sub(r"<[^>]+>", " ", text)).strip()[:255]
    row = {
        "Id": version, "ContentDocumentId": document, "IsLatest": 1, "Title": title, "VersionNumber": str(number),
        "VersionData": text, "TextPreview": preview, "FileType": "SNOTE", "FileExtension": "snote",
        "ContentSize": len(text.encode()), "OwnerId": user_id, "CreatedDate": stamp, "CreatedById": user_id,
    }  # fmt: skip
    org.insert("ContentVersion", row | _audit(stamp, user_id))
    latest = {"LatestPublishedVersionId": version, "ContentSize": row["ContentSize"], "ContentModifiedDate": stamp}
    org.update("ContentDocument", document, latest)
