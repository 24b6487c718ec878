"""What an export holds, file by file, and what it costs that something is missing."""

from collections.abc import Iterator

import pyarrow.compute as pc

from connectors.errors import Refused
from connectors.records import Check
from connectors.salesforce.sources import VITAL
from connectors.salesforce_export.reader import READ, Reader
from connectors.salesforce_export.sheet import Sheet

WITHOUT = {
    "User": "Nobody is known: no manager gets a conversation.",
    "OpportunityStage": "Stages are made from those that deals name, in the order of how likely their deals are.",
    "Account": "Deals have no segment: each is compared with all others.",
    "Opportunity": "There is no deal to judge.",
    "OpportunityHistory": "Rules about moved stages, amounts and close dates say 'not enough data'.",
    "OpportunityFieldHistory": "Earlier owners and next steps are unknown.",
    "OpportunityContactRole": "Rules about who takes part on the customer's side say 'not enough data'.",
    "Task": "Calls, e-mails and tasks are unknown: deals look quieter than they are.",
    "Event": "Meetings are unknown: deals look quieter than they are.",
}
NEEDED = {
    s.object: (kind in VITAL, s.required)
    for kind, sources in READ.items()
    if kind != "task"
    for s in sources
    if not s.daily
}


def check(reader: Reader) -> list[Check]:
    """One line a file: how many rows from when to when, or what it costs that it is missing. Reads all of them."""
    try:
        found = {name: reader.sheets(name) for name in NEEDED}
        there = [name for name in found if found[name]]
        looked_for = ", ".join(f"{name}.csv" for name in NEEDED)
        first = Check(
            name="export",
            ok=bool(there),
            detail=f"{len(there)} of {len(NEEDED)} files in {reader.place}",
            remedy=None if there else f"Say with --dir which folder or zip holds the export. Looked for: {looked_for}.",
        )
        return [first, *(one for name in NEEDED if there for one in _read(name, found[name]))]
    except Refused as error:
        return [
            Check(name="export", ok=False, detail=str(error), remedy="Mend this, then run `coachsync check` again.")
        ]


def _read(name: str, sheets: list[Sheet]) -> Iterator[Check]:
    if not sheets:
        yield Check(name=f"{name}.csv", ok=False, detail="not in the export", remedy=WITHOUT[name], fatal=False)
    for sheet in sheets:
        vital, required = NEEDED[name]
        lacking = sheet.lacking(required)
        yield Check(
            name=sheet.file.name,
            ok=not lacking and not sheet.guessed,
            detail=f"has no column {', '.join(lacking)}" if lacking else _told(sheet),
            remedy=_remedy(name, sheet, lacking),
            fatal=bool(lacking) and vital,
        )


def _remedy(name: str, sheet: Sheet, lacking: list[str]) -> str | None:
    if lacking:
        return f"Export {name} with all its fields. Until then: {WITHOUT[name]}"
    return "Its encoding is guessed; connect again with --encoding if names look wrong." if sheet.guessed else None


def _told(sheet: Sheet) -> str:
    stamp, torn, rows, days = str(sheet.stamp), list[str](), 0, set[str]()
    for block in sheet.blocks(("Id", stamp), torn):
        rows += block.num_rows
        ends = pc.min_max(block.column(stamp)).as_py()
        days |= {end[:10] for end in ends.values() if end}
    span = f", changed {min(days)} to {max(days)}" if days else ""
    return f"{rows:,} rows{span}, {sheet.encoding.upper()}" + (f"; {len(torn)} torn lines" if torn else "")
