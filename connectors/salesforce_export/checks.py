"""What an export holds, file by file, and what it costs that something is missing."""

from collections.abc import Iterator

import pyarrow.compute as pc

from connectors.errors import Refused
from connectors.records import Check, Kind
from connectors.salesforce.sources import VITAL, Source
from connectors.salesforce_export.reader import LISTED, READ, Reader
from connectors.salesforce_export.rows import ANEW
from connectors.salesforce_export.sheet import Sheet

WITHOUT = {
    "User": "Nobody is known: no manager gets a conversation.",
    "OpportunityStage": "Stages are made from those that deals name, in the order of how likely their deals are.",
    "Account": "Deals have no segment: each is compared with all others.",
    "Opportunity": "There is no deal to judge.",
    "OpportunityHistory": "No deal has a history: rules about moved stages, amounts and close dates say 'not enough"
    " data', and there is no past for a backtest.",
    "OpportunityFieldHistory": "Earlier owners and next steps are unknown.",
    "OpportunityContactRole": "Rules about who takes part on the customer's side say 'not enough data'.",
    "Task": "Calls, e-mails and tasks are unknown: deals look quieter than they are.",
    "Event": "Meetings are unknown: deals look quieter than they are.",
}
NEEDED: dict[str, tuple[Kind, Source]] = {
    source.object: (kind, source)
    for kind, sources in READ.items()
    if kind != "task"
    for source in sources
    if not source.daily
}
MOST_NAMES = 5


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
        told = [first, *(one for name in NEEDED if there for one in _read(reader, name, found[name]))]
        return told if any(check.fatal and not check.ok for check in told) else [*told, *_unlisted(reader)]
    except Refused as error:
        return [
            Check(name="export", ok=False, detail=str(error), remedy="Mend this, then run `coachsync check` again.")
        ]


def _read(reader: Reader, name: str, sheets: list[Sheet]) -> Iterator[Check]:
    if not sheets:
        yield Check(name=f"{name}.csv", ok=False, detail="not in the export", remedy=WITHOUT[name], fatal=False)
    for sheet in sheets:
        yield _of_header(name, sheet) or _of_rows(reader, name, sheet)


def _of_header(name: str, sheet: Sheet) -> Check | None:
    """What is wrong with a file before its first row; None where nothing is."""
    kind, source = NEEDED[name]
    if sheet.separated:
        detail = f"has {sheet.separated} between its values, not commas"
        return Check(name=sheet.file.name, ok=False, detail=detail, remedy=ANEW)
    if lacking := sheet.lacking(source.required):
        detail, remedy = f"has no column {', '.join(lacking)}", f"Export {name} with all its fields. Until then: "
        return Check(name=sheet.file.name, ok=False, detail=detail, remedy=remedy + WITHOUT[name], fatal=kind in VITAL)
    return None


def _of_rows(reader: Reader, name: str, sheet: Sheet) -> Check:
    told, tried = _told(sheet), reader.rows.tried(*NEEDED[name], sheet)
    remedy = None
    if tried.unclear:
        meanwhile = "a pull stops there" if tried.in_vain else "what is not understood is left out"
        told, remedy = f"{told}; {tried}", f"{ANEW} Until then {meanwhile}."
    elif sheet.is_torn:
        remedy = "It was cut off, or edited: download it again. Until then nothing that it lacks is called gone."
    elif sheet.guessed:
        remedy = "Its encoding is guessed; connect again with --encoding if names look wrong."
    return Check(name=sheet.file.name, ok=remedy is None, detail=told, remedy=remedy, fatal=tried.in_vain)


def _unlisted(reader: Reader) -> Iterator[Check]:
    names = reader.unlisted_stages() if reader.sheets(LISTED) else []
    if names:
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        yield Check(
            name=f"{LISTED}.csv",
            ok=False,
            detail=f"lacks stages that deals or their history name: {', '.join(names[:MOST_NAMES])}{more}",
            remedy="They are made from those deals: closed and won as most of them are, and early or late as likely.",
            fatal=False,
        )


def _told(sheet: Sheet) -> str:
    stamp, torn, rows, days = str(sheet.stamp), list[str](), 0, set[str]()
    for block in sheet.blocks(("Id", stamp), torn):
        rows += block.num_rows
        ends = pc.min_max(block.column(stamp)).as_py()
        days |= {end[:10] for end in ends.values() if end}
    span = f", changed {min(days)} to {max(days)}" if days else ""
    lines = f"{len(torn)} torn lines" if torn else "its last line is cut off" if sheet.is_torn else ""
    return f"{rows:,} rows{span}, {sheet.encoding.upper()}" + (f"; {lines}" if lines else "")
