"""Coaching notes on deals: a ContentNote and its link, two writes that Salesforce cannot make one.

A note has no external id, so its title ends with our reference. A note whose answer or whose link was lost is found by
that reference and finished, never written again. A note that a person has edited is theirs and is left alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.errors import RetryLater
from connectors.records import Intent, NoteContent, Receipt
from connectors.salesforce.client import Client, error_of
from connectors.salesforce.looks import IDS_A_QUERY, by_id, chunks
from connectors.salesforce.mapping import REFERENCE, note_fields
from connectors.salesforce.receipts import absent, failure, look_for, out_of_sight
from connectors.salesforce.values import Names, Row, literal

PAIRS_A_CALL = 12  # a composite call takes 25 parts; a note and its link are two
PARTS_A_CALL = 25
TITLES_A_QUERY = 50


class NoteWriter:
    """Creates and updates our notes in one org."""

    def __init__(self, client: Client, names: Names) -> None:
        self._client, self._names = client, names

    def push(self, intents: Sequence[Intent]) -> Iterator[Receipt]:
        """One receipt an intent, in any order."""
        new = [i for i in intents if not i.crm_id]
        unsure = [i for i in new if i.attempted]
        missing = [i for i in new if not i.attempted]
        missing += yield from look_for(unsure, self._find, self._adopt)
        yield from (absent(i) for i in missing if i.if_absent != "create")
        for batch in chunks([i for i in missing if i.if_absent == "create"], PAIRS_A_CALL):
            yield from self._create(batch)
        yield from self._update([i for i in intents if i.crm_id])

    def _find(self, intents: Sequence[Intent]) -> dict[str, Row]:
        """Notes that carry these references, deleted ones too; of copies the first, which is ours."""
        found: dict[str, Row] = {}
        for batch in chunks(intents, TITLES_A_QUERY):
            titles = " OR ".join(f"Title LIKE {literal('%[' + i.reference + ']')}" for i in batch)
            for row in self._client.rows(
                f"SELECT Id, Title, IsDeleted FROM ContentDocument WHERE {titles} ORDER BY Id"
            ):
                mark = REFERENCE.search(row["Title"])
                if mark and (mark.group(1) not in found or found[mark.group(1)]["IsDeleted"]):
                    found[mark.group(1)] = row
        return found

    def _adopt(self, intents: Sequence[Intent], found: Mapping[str, Row]) -> Iterator[Receipt]:
        """An earlier try arrived although its answer did not: what is missing is added, what is stale is updated."""
        for intent in intents:
            if found[intent.reference]["IsDeleted"]:
                yield _stored(intent, found[intent.reference]["Id"], adopted=True, kept=("deleted",))
        live = [i for i in intents if not found[i.reference]["IsDeleted"]]
        stale = {i.reference: i for i in live if {i.last_written, *i.unsure} - {None, i.content}}
        linked = []
        for receipt in self._link(live, {i.reference: str(found[i.reference]["Id"]) for i in live}):
            if receipt.status == "stored" and receipt.reference in stale:
                linked.append(replace(stale[receipt.reference], crm_id=receipt.crm_id))
            else:
                yield receipt
        yield from self._update(linked, adopted=True)

    def _link(self, intents: Sequence[Intent], found: Mapping[str, str]) -> Iterator[Receipt]:
        """Notes of an earlier try: those whose link is missing get it, all are recognised."""
        linked: set[str] = set()
        for ids in chunks([found[i.reference] for i in intents], IDS_A_QUERY):
            among = ", ".join(literal(i) for i in ids)
            links = self._client.rows(
                "SELECT ContentDocumentId, LinkedEntityId FROM ContentDocumentLink "
                f"WHERE ContentDocumentId IN ({among})",
                deleted_too=False,
            )
            linked |= {row["ContentDocumentId"] for row in links if row["LinkedEntityId"].startswith("006")}
        loose = [i for i in intents if found[i.reference] not in linked]
        for batch in chunks(loose, PARTS_A_CALL):
            parts = [_link_part(f"l{n}", found[i.reference], _deal(i)) for n, i in enumerate(batch)]
            answers = self._composite(parts)
            for n, intent in enumerate(batch):
                yield self._linked(intent, found[intent.reference], answers[f"l{n}"], adopted=True)
        for intent in intents:
            if found[intent.reference] in linked:
                yield _stored(intent, found[intent.reference], adopted=True)

    def _create(self, intents: Sequence[Intent]) -> Iterator[Receipt]:
        parts = []
        for n, intent in enumerate(intents):
            assert isinstance(intent.content, NoteContent)
            fields = note_fields(intent.content, intent.reference)
            parts += [
                self._part(f"n{n}", "POST", "ContentNote", fields),
                _link_part(f"l{n}", f"@{{n{n}.id}}", _deal(intent)),
            ]
        answers = self._composite(parts)
        for n, intent in enumerate(intents):
            note = answers[f"n{n}"]
            if note["httpStatusCode"] >= 300:
                yield failure(intent, note["body"], lambda _: None)
            else:
                yield self._linked(intent, str(note["body"]["id"]), answers[f"l{n}"], adopted=False)

    def _linked(self, intent: Intent, crm_id: str, answer: Mapping[str, Any], *, adopted: bool) -> Receipt:
        if answer["httpStatusCode"] < 300:
            return _stored(intent, crm_id, adopted=adopted, created=not adopted)
        if adopted and error_of(answer["body"])[0] == "ENTITY_IS_DELETED":  # the deal left after its note had arrived
            return _stored(intent, crm_id, adopted=True, kept=("deleted",))
        told = failure(intent, answer["body"], lambda i: _stored(i, crm_id, adopted=adopted, created=not adopted))
        return told if told.status == "stored" else replace(told, unfinished=True)

    def _update(self, intents: Sequence[Intent], *, adopted: bool = False) -> Iterator[Receipt]:
        ids = [i.crm_id or "" for i in intents]
        there = by_id(self._client, "ContentDocument", ids, ("Id", "LastModifiedById"))
        mine: list[Intent] = []
        for intent in intents:
            row = there.get(intent.crm_id or "")
            if row is None:
                yield out_of_sight(intent)
            elif row.get("IsDeleted") or row["LastModifiedById"] != self._names.me:
                kept = ("deleted",) if row.get("IsDeleted") else ("body",)
                yield _stored(intent, intent.crm_id or "", adopted=adopted, kept=kept)
            else:
                mine.append(intent)
        for batch in chunks(mine, PARTS_A_CALL):
            parts = []
            for n, intent in enumerate(batch):
                assert isinstance(intent.content, NoteContent)
                fields = note_fields(intent.content, intent.reference)
                parts.append(self._part(f"n{n}", "PATCH", f"ContentNote/{intent.crm_id}", fields))
            answers = self._composite(parts)
            for n, intent in enumerate(batch):
                told = answers[f"n{n}"]
                if told["httpStatusCode"] < 300:
                    yield _stored(intent, intent.crm_id or "", adopted=adopted)
                else:
                    yield failure(intent, told["body"], lambda _: None)

    def _part(self, name: str, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return {"method": method, "url": f"@version/sobjects/{path}", "referenceId": name, "body": dict(body)}

    def _composite(self, parts: Sequence[dict[str, Any]]) -> dict[str, Mapping[str, Any]]:
        root = f"/services/data/v{self._client.version}"
        requests = [part | {"url": part["url"].replace("@version", root, 1)} for part in parts]
        # in the order given: a link must not overtake its note
        body = {"allOrNone": False, "collateSubrequests": False, "compositeRequest": requests}
        answer = self._client.call("POST", "composite", body=body)
        told = answer.get("compositeResponse") if isinstance(answer, dict) else None
        if [part["referenceId"] for part in told or ()] != [part["referenceId"] for part in parts]:
            raise RetryLater(f"Salesforce did not answer each of {len(parts)} parts; they are looked for.")
        return {part["referenceId"]: part for part in told or ()}


def _link_part(name: str, note_id: str, deal_id: str) -> dict[str, Any]:
    body = {"ContentDocumentId": note_id, "LinkedEntityId": deal_id, "ShareType": "V", "Visibility": "InternalUsers"}
    return {"method": "POST", "url": "@version/sobjects/ContentDocumentLink", "referenceId": name, "body": body}


def _deal(intent: Intent) -> str:
    assert isinstance(intent.content, NoteContent)
    return intent.content.deal_id


def _stored(
    intent: Intent, crm_id: str, *, adopted: bool = False, created: bool = False, kept: tuple[str, ...] = ()
) -> Receipt:
    return Receipt(
        reference=intent.reference, status="stored", crm_id=crm_id, created=created, adopted=adopted, kept=kept
    )
