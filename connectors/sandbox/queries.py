"""Running a plan and shaping its rows as the API does: attributes, nested parents, pages behind locators."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from connectors.sandbox.cursors import Cursor
from connectors.sandbox.errors import Rejected
from connectors.sandbox.org import Actor, Org
from connectors.sandbox.plan import Plan, Sight, plan
from connectors.sandbox.schema import by_prefix
from connectors.sandbox.soql import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Whose query it is: the session owns the locators, the version stands in the addresses."""

    actor: Actor
    session: str
    version: str


def sight(org: Org, actor: Actor, everything: bool) -> Sight:
    """What this actor may see of the org now."""
    blind = [] if actor.sees_all else sorted(org.unseen())
    return Sight(
        find=lambda name: org.find_object(name, actor),
        everything=everything,
        today=org.now().date(),
        blind_ids=orjson.dumps(blind).decode(),
    )


def run(org: Org, asker: Asker, text: str, *, everything: bool, batch: int) -> dict[str, Any]:
    """The first page of the answer to a SOQL query; `everything` adds deleted and archived rows."""
    found = plan(parse(text), sight(org, asker.actor, everything))
    if found.counts_rows:
        return {"totalSize": org.execute(found.count_sql, found.params).fetchone()[0], "done": True, "records": []}
    rows = org.execute(found.rows_sql, found.params).fetchmany(batch + 1)
    if len(rows) <= batch or found.aggregates:
        records = shaped(found, rows, asker.version)
        return {"totalSize": len(rows), "done": True, "records": records}
    ids = [row[0] for row in org.execute(found.ids_sql, found.params)]
    cursor = Cursor(plan=found, ids=ids, session=asker.session, opened=org.now(), batch=batch)
    return _page(org, cursor, org.cursors.add(cursor), 0, asker.version)


def more(org: Org, asker: Asker, locator: str) -> dict[str, Any]:
    """The page that `<locator>-<offset>` names."""
    name, _, offset = locator.rpartition("-")
    if not offset.isdigit():
        raise Rejected("INVALID_QUERY_LOCATOR", "invalid query locator")
    return _page(org, org.cursors.get(name, asker.session, org.now()), name, int(offset), asker.version)


def _page(org: Org, cursor: Cursor, locator: str, offset: int, version: str) -> dict[str, Any]:
    ids = cursor.ids[offset : offset + cursor.batch]
    found = {row[0]: row for row in org.execute(cursor.plan.page_sql, (orjson.dumps(ids).decode(),))}
    end = offset + len(ids)
    answer: dict[str, Any] = {"totalSize": len(cursor.ids), "done": end >= len(cursor.ids)}
    if not answer["done"]:
        answer["nextRecordsUrl"] = f"/services/data/{version}/query/{locator}-{end}"
    return answer | {"records": shaped(cursor.plan, [found[i] for i in ids if i in found], version)}


def shaped(found: Plan, rows: Sequence[Sequence[Any]], version: str) -> list[dict[str, Any]]:
    """Result rows as records."""
    if found.aggregates:
        names = [output.names[-1] for output in found.outputs]
        kind = {"type": "AggregateResult"}
        return [{"attributes": kind, **dict(zip(names, row[1:]))} for row in rows]
    shape = _flat(found, version) if not found.parents else _nested(found, version)
    return [shape(row) for row in rows]


def attributes(object_name: str, record_id: str, version: str) -> dict[str, str]:
    """What every record begins with."""
    return {"type": object_name, "url": f"/services/data/{version}/sobjects/{object_name}/{record_id}"}


def _flat(found: Plan, version: str) -> Callable[[Sequence[Any]], dict[str, Any]]:
    names = [output.names[0] for output in found.outputs]
    booleans = [output.names[0] for output in found.outputs if output.boolean]
    base = f"/services/data/{version}/sobjects/{found.object_name}/"

    def shape(row: Sequence[Any]) -> dict[str, Any]:
        record: dict[str, Any] = {"attributes": {"type": found.object_name, "url": base + row[0]}}
        record.update(zip(names, row[1:]))
        for name in booleans:
            record[name] = record[name] == 1
        return record

    return shape


def _nested(found: Plan, version: str) -> Callable[[Sequence[Any]], dict[str, Any]]:
    parents = sorted(enumerate(found.parents, 1 + len(found.outputs)), key=lambda item: len(item[1].names))

    def shape(row: Sequence[Any]) -> dict[str, Any]:
        record: dict[str, Any] = {"attributes": attributes(found.object_name, row[0], version)}
        reached: dict[tuple[str, ...], dict[str, Any] | None] = {(): record}
        for place, output in enumerate(found.outputs, 1):
            if len(output.names) == 1:
                record[output.names[0]] = row[place] == 1 if output.boolean else row[place]
        for place, parent in parents:
            above = reached[parent.names[:-1]]
            kind = parent.object_name or by_prefix().get(str(row[place])[:3], "Name")
            here = None if row[place] is None else {"attributes": attributes(kind, row[place], version)}
            reached[parent.names] = here
            if above is not None:
                above[parent.names[-1]] = here
        for place, output in enumerate(found.outputs, 1):
            holder = reached[output.names[:-1]]
            if len(output.names) > 1 and holder is not None:
                holder[output.names[-1]] = row[place] == 1 if output.boolean else row[place]
        return record

    return shape
