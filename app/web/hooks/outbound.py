"""Salesforce's Outbound Messages: what one says, read from XML that may be hostile, and the one answer it understands.

The form is that of the WSDL of a message; see "Outbound Messaging" in Salesforce's SOAP API Developer Guide.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.ElementTree import DefusedXMLParser

from app.web.hooks.hints import Happened, Hint, Unreadable
from app.web.hooks.ids import is_deal, is_id

MOST_NOTIFICATIONS = 100
DEEPEST = 16
OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
DEAL_FIELDS = {"Opportunity": "Id", "Task": "WhatId", "Event": "WhatId"}
"""Which field of an object names the deal; what is about other objects is none of our business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One record that changed, with the fields that the admin chose."""

    id: str
    object: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one request brought, and from which org."""

    organization_id: str
    notifications: tuple[Notification, ...]


def read(body: bytes) -> Message:
    """What the envelope holds. Raises Unreadable."""
    message = _parsed(body).find(f"{ENVELOPE}Body/{OUTBOUND}notifications")
    if message is None:
        raise Unreadable("This is no Outbound Message.")
    found = tuple(_notification(one) for one in message.findall(f"{OUTBOUND}Notification"))
    if not 1 <= len(found) <= MOST_NOTIFICATIONS:
        raise Unreadable(f"An Outbound Message holds 1 to {MOST_NOTIFICATIONS} notifications.")
    return Message(organization_id=_text(message, "OrganizationId"), notifications=found)


def hints(message: Message, event: Happened, mark: str | None) -> Iterator[Hint]:
    """The notifications that are about a deal. `mark` is the field by which a task of ours is known: it is no news."""
    for one in message.notifications:
        deal_id = one.fields.get(DEAL_FIELDS.get(one.object, ""), "")
        ours = mark is not None and bool(one.fields.get(mark))
        if is_id(one.id) and is_deal(deal_id) and not ours:
            yield Hint(message=one.id, deal_id=deal_id, event=event)


def answer(stored: bool) -> bytes:
    """All that Salesforce wants to know: whether it may forget the whole message."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE[1:-1]}"><soapenv:Body>'
        f'<notificationsResponse xmlns="{OUTBOUND[1:-1]}"><Ack>{str(stored).lower()}</Ack></notificationsResponse>'
        "</soapenv:Body></soapenv:Envelope>"
    ).encode()


class _Shallow(TreeBuilder):
    """Builds no tree that is deeper than any message is."""

    depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable(f"The XML is nested more than {DEEPEST} deep.")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self.depth -= 1
        return super().end(tag)


def _parsed(body: bytes) -> Element:
    parser = DefusedXMLParser(target=_Shallow(), encoding="utf-8", forbid_dtd=True)
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, ValueError) as error:
        raise Unreadable("The XML is not well-formed, or holds a document type, which is refused.") from error
    return root


def _notification(element: Element) -> Notification:
    record = element.find(f"{OUTBOUND}sObject")
    fields = {} if record is None else {field.tag.rpartition("}")[2]: field.text or "" for field in record}
    kind = "" if record is None else record.get(TYPE, "")
    return Notification(id=_text(element, "Id"), object=kind.rpartition(":")[2], fields=fields)


def _text(element: Element, name: str) -> str:
    return (element.findtext(OUTBOUND + name) or "").strip()
