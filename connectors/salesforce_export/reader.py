"""Reading an export: every row of a kind when its files are new, nothing when they are known; in blocks, never whole.

The cursor is the fingerprint of the files a kind was read from. It is stored behind the last block, so that a
reading that was cut off begins again.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from connectors.errors import Refused
from connectors.records import KINDS, SCHEMAS, Kind, Page
from connectors.salesforce.sources import SOURCES, Source
from connectors.salesforce.values import Names
from connectors.salesforce_export.columns import in_order, stages_of
from connectors.salesforce_export.files import File, files_in
from connectors.salesforce_export.rows import Rows, Understood, parents
from connectors.salesforce_export.sheet import Sheet

READ: Mapping[Kind, tuple[Source, ...]] = {kind: SOURCES[kind] for kind in KINDS if kind != "note"}
"""What is read, and from which object's file. Notes are files in Salesforce, which an export keeps otherwise."""

LISTED = "OpportunityStage"
NAMING_STAGES: tuple[Kind, Kind] = ("deal", "deal_change")
"""What names stages that this object's file may lack, or that are all there is where the export has no such file."""


class Reader:
    """Reads the export that lies at `place`, whichever it is at the time."""

    def __init__(self, place: Path, names: Names, encoding: str | None) -> None:
        self.place, self._names, self._encoding = place, names, encoding
        self.rows = Rows(names, self.sheets)
        self._sheets: dict[File, Sheet] = {}

    def sheets(self, object_name: str) -> list[Sheet]:
        """The files of an object, mostly one; none where the export has none."""
        found = files_in(self.place).get(f"{object_name}.csv".lower(), ())
        return [self._sheets.setdefault(file, Sheet(file, self._encoding)) for file in found]

    def pull(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """All rows of a kind, unless the cursor says that these files are known; see Connector.pull."""
        self._must_hold_something()
        mark = self._mark(kind)
        if mark == cursor:
            return
        for records, skipped in self._records(kind):
            yield Page(records=records, cursor=cursor or "", skipped=skipped)
        # what was read before may be gone from these files
        sweep = cursor is not None and self._is_whole(kind) and not self._torn(kind)
        yield Page(records=SCHEMAS[kind].empty_table(), cursor=mark, sweep=sweep)

    def census(self, kind: Kind, after: str) -> Iterator[Page]:
        """All that is in the files, in the order of the ids; see Connector.census. Refused where a file is torn."""
        if not self._is_whole(kind):
            return
        for listed in in_order(kind, self._untorn(kind)):
            records = listed.filter(pc.greater(listed.column("id"), after))
            if not records.num_rows:
                continue
            yield Page(records=records, cursor=str(records.column("id")[-1]))
        yield Page(records=SCHEMAS[kind].empty_table(), cursor="")

    def present(self, kind: Kind, ids: Sequence[str]) -> set[str]:
        """Which of the ids are in the files, understood or not; see Connector.present."""
        asked, shown = pa.array(ids, pa.string()), set[str]()
        for records, skipped in self._records(kind):
            live = records.column("id").filter(pc.invert(records.column("deleted")))
            shown.update(live.filter(pc.is_in(live, asked)).to_pylist(), skipped)
        return shown.intersection(ids)

    def unlisted_stages(self) -> list[str]:
        """The stages that deals or their history name, and the list of stages does not."""
        named = self._unlisted(records for records, _ in self._own("stage"))
        return sorted(named.column("name").to_pylist())

    def _must_hold_something(self) -> None:
        if not any(self.sheets(source.object) for sources in READ.values() for source in sources):
            raise Refused(f"There is no file of an export in {self.place}; say with --dir where it lies.")

    def _mark(self, kind: Kind) -> str:
        """What is another one when the files of a kind are, or how they are understood."""
        marks = [sheet.file.mark for sheet in self._all_sheets(kind)]
        return hashlib.sha256("\n".join([*marks, repr(self._names), repr(self._encoding)]).encode()).hexdigest()

    def _all_sheets(self, kind: Kind) -> list[Sheet]:
        """The files that a kind is made of, and those that its rows point to."""
        objects = [name for source in _sources(kind) for name in (source.object, *parents(source).values())]
        return [sheet for name in objects for sheet in self.sheets(name)]

    def _is_whole(self, kind: Kind) -> bool:
        """Whether a record that is not in the files is gone: each file is there, and has what is needed."""
        read = [(source, self.sheets(source.object)) for source in _sources(kind)]
        needed = [(source, sheets) for source, sheets in read if sheets or source.object != LISTED]
        return bool(needed) and all(
            sheets and not any(sheet.lacking(source.required) for sheet in sheets) for source, sheets in needed
        )

    def _torn(self, kind: Kind) -> list[str]:
        """Which of the files a kind was read from were cut off, or edited, as reading them to their end has shown."""
        return [sheet.file.name for sheet in self._all_sheets(kind) if sheet.is_torn]

    def _untorn(self, kind: Kind) -> Iterator[pa.Table]:
        """All records; Refused behind the last one where a file is torn, since what it lacks is not gone."""
        yield from (records for records, _ in self._records(kind))
        if torn := self._torn(kind):
            raise Refused(f"{', '.join(torn)} has torn rows: what it lacks may be in the org all the same.")

    def _records(self, kind: Kind) -> Iterator[Understood]:
        listed = []
        for records, skipped in self._own(kind):
            yield records, skipped
            if kind == "stage":
                listed.append(records)
        if kind == "stage":
            yield self._unlisted(listed), ()

    def _own(self, kind: Kind) -> Iterator[Understood]:
        for source in READ.get(kind, ()):
            yield from self.rows.of(kind, source)

    def _unlisted(self, listed: Iterable[pa.Table]) -> pa.Table:
        deals, changes = ((records for records, _ in self._own(kind)) for kind in NAMING_STAGES)
        return stages_of(listed, deals, changes)


def _sources(kind: Kind) -> list[Source]:
    kinds: tuple[Kind, ...] = (kind, *NAMING_STAGES) if kind == "stage" else (kind,)
    return [source for one in kinds for source in READ.get(one, ())]
