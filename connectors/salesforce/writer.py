"""Writing tasks so that a lost answer, a repeat or a person's edit never costs a duplicate or a change.

A task carries our reference in a unique external-id field, so an upsert of it can be repeated. Where the org has no
such field the reference stands in the subject and is looked for before every write. Notes have a room of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.errors import Refused, RetryLater
from connectors.records import Intent, Receipt, TaskContent
from connectors.salesforce.client import CallFailed, Client
from connectors.salesforce.looks import by_id, chunks
from connectors.salesforce.mapping import reference_of, task_fields
from connectors.salesforce.receipts import absent, failure, look_for, out_of_sight
from connectors.salesforce.values import Names, Row, literal, same_text

ROWS_A_CALL = 200
REFERENCES_A_QUERY = 100
CONTENT_NAMES = {
    "OwnerId": "owner_id",
    "WhatId": "deal_id",
    "ActivityDate": "due",
    "Subject": "subject",
    "Description": "body",
    "Status": "closed",
}


class TaskWriter:
    """Creates and updates our tasks in one org."""

    def __init__(self, client: Client, names: Names) -> None:
        self._client, self._names = client, names
        self._statuses: tuple[str, str] | None = None

    def push(self, intents: Sequence[Intent]) -> Iterator[Receipt]:
        """One receipt an intent, in any order."""
        known = [i for i in intents if i.crm_id]
        new = [i for i in intents if not i.crm_id]
        unsure = [i for i in new if i.attempted or not self._names.key_field]
        missing = [i for i in new if i not in unsure]
        missing += yield from look_for(unsure, self._find, self._adopt)
        yield from (absent(i) for i in missing if i.if_absent != "create")
        for batch in chunks([i for i in missing if i.if_absent == "create"], ROWS_A_CALL):
            yield from self._create(batch)
        there = by_id(self._client, "Task", [i.crm_id or "" for i in known], ("Id", *CONTENT_NAMES, "IsClosed"))
        yield from self._update(known, there)

    def _find(self, intents: Sequence[Intent]) -> dict[str, Row]:
        """Tasks that carry these references, deleted and archived ones too; of copies the first, which is ours."""
        found: dict[str, Row] = {}
        for batch in chunks(intents, REFERENCES_A_QUERY):
            for row in self._client.rows(
                f"SELECT {self._columns()} FROM Task WHERE {self._carrying(batch)} ORDER BY Id"
            ):
                reference = reference_of(row, self._names)
                if reference and (reference not in found or found[reference].get("IsDeleted")):
                    found[reference] = row
        return found

    def _columns(self) -> str:
        key = [self._names.key_field] if self._names.key_field else []
        return ", ".join(("Id", *CONTENT_NAMES, "IsClosed", "IsDeleted", *key))

    def _carrying(self, intents: Sequence[Intent]) -> str:
        if self._names.key_field:
            return f"{self._names.key_field} IN ({', '.join(literal(i.reference) for i in intents)})"
        return " OR ".join(f"Subject LIKE {literal('%[' + i.reference + ']')}" for i in intents)

    def _adopt(self, intents: Sequence[Intent], found: Mapping[str, Row]) -> Iterator[Receipt]:
        """An earlier try arrived although its answer did not: from here on it is an update."""
        rows = {str(found[i.reference]["Id"]): found[i.reference] for i in intents}
        known = [_as_known(i, str(found[i.reference]["Id"])) for i in intents]
        yield from self._update(known, rows, adopted=True)

    def _create(self, intents: Sequence[Intent]) -> Iterator[Receipt]:
        key = self._names.key_field
        records = [self._new(intent) for intent in intents]
        path = f"composite/sobjects/Task/{key}" if key else "composite/sobjects"
        results = self._send("PATCH" if key else "POST", path, records)
        for intent, result in zip(intents, results, strict=True):
            yield self._receipt(intent, result, created=bool(result.get("created", True)))

    def _new(self, intent: Intent) -> dict[str, Any]:
        assert isinstance(intent.content, TaskContent)
        fields = self._fields(intent.content, intent.reference)
        key = {self._names.key_field: intent.reference} if self._names.key_field else {}
        return {"attributes": {"type": "Task"}, **fields, **key}

    def _update(
        self, intents: Sequence[Intent], rows: Mapping[str, Row], *, adopted: bool = False
    ) -> Iterator[Receipt]:
        changed: list[tuple[Intent, dict[str, Any], tuple[str, ...]]] = []
        for intent in intents:
            row = rows.get(intent.crm_id or "")
            if row is None:
                yield out_of_sight(intent)
                continue
            if row.get("IsDeleted"):
                yield _stored(intent, adopted=adopted, kept=("deleted",))
                continue
            ours, kept = self._ours(intent, row)
            if ours:
                changed.append((intent, ours, kept))
            else:
                yield _stored(intent, adopted=adopted, kept=kept)
        for batch in chunks(changed, ROWS_A_CALL):
            records = [{"attributes": {"type": "Task"}, "id": i.crm_id, **fields} for i, fields, _ in batch]
            results = self._send("PATCH", "composite/sobjects", records)
            for (intent, _, kept), result in zip(batch, results, strict=True):
                yield self._receipt(intent, result, created=False, adopted=adopted, kept=kept)

    def _ours(self, intent: Intent, row: Row) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Which fields to set, and which a person changed and that are therefore left alone."""
        assert isinstance(intent.content, TaskContent)
        wanted = self._fields(intent.content, intent.reference)
        sent = self._sent(intent)
        differing = {f: v for f, v in wanted.items() if not same_text(v, row.get(f))}
        if row.get("IsClosed"):
            differing.pop("Status", None)
        touched = {f for f in differing if not any(same_text(ours.get(f), row.get(f)) for ours in sent)}
        return {f: v for f, v in differing.items() if f not in touched}, tuple(
            sorted(CONTENT_NAMES[f] for f in touched)
        )

    def _sent(self, intent: Intent) -> list[dict[str, Any]]:
        """The task in every wording of ours that can be there."""
        first, contents = self._closing()[0], (intent.last_written, *intent.unsure)
        tasks = [content for content in contents if isinstance(content, TaskContent)]
        return [{"Status": first} | self._fields(content, intent.reference) for content in tasks]

    def _fields(self, content: TaskContent, reference: str) -> dict[str, Any]:
        return task_fields(content, reference, self._names, self._closing()[1] if content.closed else None)

    def _closing(self) -> tuple[str, str]:
        """The status a new task has, and the one that completes it, as this org calls them."""
        if self._statuses is None:
            asked = "SELECT ApiName, IsDefault, IsClosed FROM TaskStatus ORDER BY SortOrder"
            rows = self._client.query(asked, deleted_too=False)["records"]
            first = next((r["ApiName"] for r in rows if r["IsDefault"]), "Not Started")
            closing = [r["ApiName"] for r in rows if r["IsClosed"]]
            # an org may have others that close, as one for what was called off
            self._statuses = first, "Completed" if "Completed" in closing or not closing else closing[0]
        return self._statuses

    def _send(self, method: Any, path: str, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        try:
            answer = self._client.call(method, path, body={"allOrNone": False, "records": list(records)})
        except CallFailed as refused:
            return [{"success": False, "errors": [{"statusCode": refused.code, "message": str(refused)}]}] * len(
                records
            )
        if not isinstance(answer, list) or len(answer) != len(records):
            # rows are told apart by their place alone, so one result too few would credit the wrong task
            raise RetryLater(f"Salesforce did not answer each of {len(records)} records; they are looked for.")
        return answer

    def _receipt(
        self,
        intent: Intent,
        result: Mapping[str, Any],
        *,
        created: bool,
        adopted: bool = False,
        kept: tuple[str, ...] = (),
    ) -> Receipt:
        if result.get("success"):
            was_there = adopted or (not intent.crm_id and not created)
            return Receipt(
                reference=intent.reference,
                status="stored",
                crm_id=str(result["id"]),
                created=created and not intent.crm_id,
                adopted=was_there,
                kept=kept,
            )
        return failure(intent, result.get("errors") or [], self._recognised)

    def _recognised(self, intent: Intent) -> Receipt | None:
        try:
            row = self._find([intent]).get(intent.reference)
        except Refused:  # the others of its call have been written, and still wait for their receipts
            row = None
        if row is None:
            return None
        kept = ("deleted",) if row.get("IsDeleted") else ()
        return _stored(_as_known(intent, str(row["Id"])), adopted=True, kept=kept)


def _stored(intent: Intent, *, adopted: bool, kept: tuple[str, ...]) -> Receipt:
    return Receipt(reference=intent.reference, status="stored", crm_id=intent.crm_id, adopted=adopted, kept=kept)


def _as_known(intent: Intent, crm_id: str) -> Intent:
    return replace(intent, crm_id=crm_id, last_written=intent.last_written or intent.content)
