"""The rows of an object's files as records: what is understood, what is not, and why the first of those is not."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import structlog

from connectors.errors import Refused
from connectors.records import SCHEMAS, Kind
from connectors.salesforce.columns import Shaper
from connectors.salesforce.sources import VITAL, Source
from connectors.salesforce.values import Names
from connectors.salesforce_export.sheet import Sheet

log = structlog.get_logger(__name__)

A_FEW = 100
"""Rows to look at before the rest: when none of them can be understood, the file is not what it should be."""
ANEW = "Export it anew, and leave it as it comes."
Understood = tuple[pa.Table, tuple[str, ...]]
"""Records, and what stands for those that could not be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How many of the first `rows` are `unclear`, and a column and value for which one of them is."""

    rows: int = 0
    unclear: int = 0
    why: str = ""

    @property
    def in_vain(self) -> bool:
        """Whether none of them is understood, so that a pull would stop."""
        return self.unclear == self.rows > 0

    def __str__(self) -> str:
        return f"{self.unclear} of the first {self.rows} rows cannot be understood{self.why}" if self.unclear else ""


class Rows:
    """Makes records of files, as this org calls things; `sheets` finds the files of an object."""

    def __init__(self, names: Names, sheets: Callable[[str], list[Sheet]]) -> None:
        self._names, self._sheets = names, sheets
        self._shaper = Shaper(names)
        self._said: set[str] = set()

    def of(self, kind: Kind, source: Source) -> Iterator[Understood]:
        """The records of all files of an object. Raises Refused where a file is not what it should be."""
        sheets = self._sheets(source.object)
        if not sheets and not source.daily:
            self._warn("not_in_export", kind=kind, file=f"{source.object}.csv")
        for sheet in sheets:
            if self._is_usable(kind, source, sheet):
                yield from self._understood(kind, source, sheet)

    def tried(self, kind: Kind, source: Source, sheet: Sheet) -> Tried:
        """What would be understood of the first rows of a file."""
        told = next(_a_few_first(sheet.blocks(self._wanted(source, sheet), [])), None)
        skipped = self._records(kind, source, sheet, told)[1] if told else ()
        if not told or not skipped:
            return Tried()
        return Tried(rows=told.num_rows, unclear=len(skipped), why=self._why(source, sheet, told, skipped))

    def _is_usable(self, kind: Kind, source: Source, sheet: Sheet) -> bool:
        if sheet.separated:
            raise Refused(f"{sheet.file.name} has {sheet.separated} between its values, not commas. {ANEW}")
        lacking = sheet.lacking(source.required)
        if lacking and kind in VITAL:
            raise Refused(f"{sheet.file.name} has no column {', '.join(lacking)}; export it with all its fields.")
        if lacking:
            self._warn("not_usable", kind=kind, file=sheet.file.name, lacking=lacking)
        return not lacking

    def _understood(self, kind: Kind, source: Source, sheet: Sheet) -> Iterator[Understood]:
        if sheet.guessed:
            self._warn("encoding_guessed", file=sheet.file.name, taken=sheet.encoding)
        torn, seen = list[str](), 0
        for told in _a_few_first(sheet.blocks(self._wanted(source, sheet), torn)):
            records, skipped = self._records(kind, source, sheet, told)
            if not seen and len(skipped) == told.num_rows:
                why = self._why(source, sheet, told, skipped)
                raise Refused(f"{sheet.file.name} holds nothing understood in {told.num_rows} rows{why}. {ANEW}")
            if torn or skipped:
                self._warn("not_understood", file=sheet.file.name, no_rows=len(torn), ids=skipped[:10])
            yield records, (*skipped, *torn)
            seen += told.num_rows
            torn.clear()
        if torn and not seen:
            raise Refused(f"{sheet.file.name} holds no row that is whole. {ANEW}")
        if torn:
            yield SCHEMAS[kind].empty_table(), tuple(torn)

    def _records(self, kind: Kind, source: Source, sheet: Sheet, told: pa.Table) -> Understood:
        return self._shaper.records(kind, source, str(sheet.stamp), self._joined(source, told))

    def _why(self, source: Source, sheet: Sheet, told: pa.Table, skipped: tuple[str, ...]) -> str:
        row = told.filter(pc.equal(told.column("Id"), skipped[0])).slice(0, 1)
        fault = self._shaper.fault(source, str(sheet.stamp), self._joined(source, row))
        return f": {fault}" if fault else ""

    def _wanted(self, source: Source, sheet: Sheet) -> list[str]:
        own = [field for field in source.own(self._names).values() if field]
        plain = [f"{path.split('.')[0]}Id" if "." in path else path for path in source.fields]
        return list(dict.fromkeys(("Id", str(sheet.stamp), *plain, *own)))

    def _joined(self, source: Source, told: pa.Table) -> pa.Table:
        """With what rows say of the one they point to (`UserRole.Name`), where that is in the export too."""
        for path, parent in parents(source).items():
            wanted = ("Id", path.split(".")[1])
            sheets = [sheet for sheet in self._sheets(parent) if not sheet.without(wanted)]
            rows = [block for sheet in sheets for block in sheet.blocks(wanted, [])]
            if rows and f"{parent}Id" in told.column_names:
                found = pa.concat_tables(rows)
                place = pc.index_in(told.column(f"{parent}Id"), found.column("Id"))
                told = told.append_column(path, found.column(1).take(place))
        return told

    def _warn(self, event: str, **told: object) -> None:
        """Once: stages are looked for in the deals' files too, and what is wrong with those is said for the deals."""
        said = repr((event, {name: value for name, value in told.items() if name != "kind"}))
        if said not in self._said:
            self._said.add(said)
            log.warning(event, **told)


def parents(source: Source) -> Mapping[str, str]:
    """The objects that its rows point to, by the path of what is read of them."""
    return {path: path.split(".")[0] for path in source.fields if "." in path}


def _a_few_first(blocks: Iterator[pa.Table]) -> Iterator[pa.Table]:
    for block in islice(blocks, 1):
        yield from (part for part in (block.slice(0, A_FEW), block.slice(A_FEW)) if part.num_rows)
    yield from (block for block in blocks if block.num_rows)
