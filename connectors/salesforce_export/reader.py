"""Reading an export: every row of a kind when its files are new, nothing when they are known; in blocks, never whole.

The cursor is the fingerprint of the files a kind was read from. It is stored behind the last block, so that a
reading that was cut off begins again.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import structlog

from connectors.errors import Refused
from connectors.records import KINDS, SCHEMAS, Kind, Page
from connectors.salesforce.columns import Shaper
from connectors.salesforce.sources import SOURCES, VITAL, Source
from connectors.salesforce.values import Names
from connectors.salesforce_export.columns import in_order, stages_of
from connectors.salesforce_export.files import File, files_in
from connectors.salesforce_export.sheet import Sheet

log = structlog.get_logger(__name__)

READ: Mapping[Kind, tuple[Source, ...]] = {kind: SOURCES[kind] for kind in KINDS if kind != "note"}
"""What is read, and from which object's file. Notes are files in Salesforce, which an export keeps otherwise."""

A_FEW = 100
"""Rows to look at before the rest: when none of them can be understood, the file is not what it should be."""

Understood = tuple[pa.Table, tuple[str, ...]]
"""Records, and what stands for those that could not be understood."""


class Reader:
    """Reads the export that lies at `place`, whichever it is at the time."""

    def __init__(self, place: Path, names: Names, encoding: str | None) -> None:
        self.place, self._names, self._encoding = place, names, encoding
        self._shaper = Shaper(names)
        self._sheets: dict[File, Sheet] = {}

    def sheets(self, object_name: str) -> list[Sheet]:
        """The files of an object, mostly one; none where the export has none."""
        found = files_in(self.place).get(f"{object_name}.csv".lower(), ())
        return [self._sheets.setdefault(file, Sheet(file, self._encoding)) for file in found]

    def pull(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """All rows of a kind, unless the cursor says that these files are known; see Connector.pull."""
        mark = self._mark(kind)
        if mark == cursor:
            return
        for records, skipped in self._records(kind):
            yield Page(records=records, cursor=cursor or "", skipped=skipped)
        # what was read before may be gone from these files
        sweep = cursor is not None and self._is_whole(kind)
        yield Page(records=SCHEMAS[kind].empty_table(), cursor=mark, sweep=sweep)

    def census(self, kind: Kind) -> Iterator[Page]:
        """All that is in the files, in the order of the ids; see Connector.census."""
        if not self._is_whole(kind):
            return
        for records in in_order(kind, (records for records, _ in self._records(kind))):
            yield Page(records=records, cursor=str(records.column("id")[-1]))
        yield Page(records=SCHEMAS[kind].empty_table(), cursor="")

    def present(self, kind: Kind, ids: Sequence[str]) -> set[str]:
        """Which of the ids are in the files, understood or not; see Connector.present."""
        asked, shown = pa.array(ids, pa.string()), set[str]()
        for records, skipped in self._records(kind):
            live = records.column("id").filter(pc.invert(records.column("deleted")))
            shown.update(live.filter(pc.is_in(live, asked)).to_pylist(), skipped)
        return shown.intersection(ids)

    def _mark(self, kind: Kind) -> str:
        """What is another one when the files of a kind are, or how they are understood."""
        marks = [sheet.file.mark for name in self._objects(kind) for sheet in self.sheets(name)]
        return hashlib.sha256("\n".join([*marks, repr(self._names), repr(self._encoding)]).encode()).hexdigest()

    def _objects(self, kind: Kind) -> list[str]:
        if self._stages_from_deals(kind):
            return ["Opportunity"]
        sources = READ.get(kind, ())
        return [s.object for s in sources] + [parent for s in sources for parent in _parents(s).values()]

    def _stages_from_deals(self, kind: Kind) -> bool:
        return kind == "stage" and not self.sheets("OpportunityStage")

    def _is_whole(self, kind: Kind) -> bool:
        """Whether a record that is not in the files is gone: each file is there, and has what is needed."""
        if self._stages_from_deals(kind):
            kind = "deal"
        read = [(source, self.sheets(source.object)) for source in READ.get(kind, ())]
        return bool(read) and all(
            sheets and not any(sheet.lacking(source.required) for sheet in sheets) for source, sheets in read
        )

    def _records(self, kind: Kind) -> Iterator[Understood]:
        if self._stages_from_deals(kind):
            yield stages_of(records for records, _ in self._records("deal")), ()
            return
        for source in READ.get(kind, ()):
            sheets = self.sheets(source.object)
            if not sheets and not source.daily:
                log.warning("not_in_export", kind=kind, file=f"{source.object}.csv")
            for sheet in sheets:
                if self._is_usable(kind, source, sheet):
                    yield from self._understood(kind, source, sheet)

    def _is_usable(self, kind: Kind, source: Source, sheet: Sheet) -> bool:
        lacking = sheet.lacking(source.required)
        if lacking and kind in VITAL:
            raise Refused(f"{sheet.file.name} has no column {', '.join(lacking)}; export it with all its fields.")
        if lacking:
            log.warning("not_usable", kind=kind, file=sheet.file.name, lacking=lacking)
        return not lacking

    def _understood(self, kind: Kind, source: Source, sheet: Sheet) -> Iterator[Understood]:
        if sheet.guessed:
            log.warning("encoding_guessed", file=sheet.file.name, taken=sheet.encoding)
        stamp, torn = str(sheet.stamp), list[str]()
        for told in _a_few_first(sheet.blocks(self._wanted(source, stamp), torn)):
            records, skipped = self._shaper.records(kind, source, stamp, self._joined(source, told))
            if len(skipped) == told.num_rows == A_FEW:
                raise Refused(f"{sheet.file.name} holds nothing understood in {A_FEW} rows; export it anew, unedited.")
            if torn or skipped:
                log.warning("not_understood", file=sheet.file.name, no_rows=len(torn), ids=skipped[:10])
            yield records, (*skipped, *torn)
            torn.clear()
        if torn:
            yield SCHEMAS[kind].empty_table(), tuple(torn)

    def _wanted(self, source: Source, stamp: str) -> list[str]:
        own = [field for field in source.own(self._names).values() if field]
        plain = [f"{path.split('.')[0]}Id" if "." in path else path for path in source.fields]
        return list(dict.fromkeys(("Id", stamp, *plain, *own)))

    def _joined(self, source: Source, told: pa.Table) -> pa.Table:
        """With what rows say of the one they point to (`UserRole.Name`), where that is in the export too."""
        for path, parent in _parents(source).items():
            wanted = ("Id", path.split(".")[1])
            sheets = [sheet for sheet in self.sheets(parent) if not sheet.without(wanted)]
            rows = [block for sheet in sheets for block in sheet.blocks(wanted, [])]
            if rows and f"{parent}Id" in told.column_names:
                parents = pa.concat_tables(rows)
                place = pc.index_in(told.column(f"{parent}Id"), parents.column("Id"))
                told = told.append_column(path, parents.column(1).take(place))
        return told


def _a_few_first(blocks: Iterator[pa.Table]) -> Iterator[pa.Table]:
    for block in islice(blocks, 1):
        yield from (part for part in (block.slice(0, A_FEW), block.slice(A_FEW)) if part.num_rows)
    yield from blocks


def _parents(source: Source) -> dict[str, str]:
    return {path: path.split(".")[0] for path in source.fields if "." in path}
