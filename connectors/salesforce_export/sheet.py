"""One CSV file as blocks of columns of text: how it is encoded, what its header says, and its rows as a stream."""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from connectors.errors import Refused
from connectors.salesforce.columns import as_text
from connectors.salesforce.sources import STAMPS
from connectors.salesforce_export.files import File

BLOCK_BYTES = 4_194_304  # a row must fit in one; the longest text field has 131,072 characters
LAST_GUESS = "iso-8859-1"
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Sheet:
    """A file of an export. `wished` is the encoding to take where the file itself does not show it."""

    file: File
    wished: str | None

    @cached_property
    def encoding(self) -> str:
        """What its first bytes say; else UTF-8 where all of it is; else what was wished for; else a guess."""
        with self.file.opened() as stream:
            head = stream.read(4)
            marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
            if marked:
                return marked
            if b"\0" in head:
                return "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
            return "utf-8" if _is_utf_8(head, stream) else self.wished or LAST_GUESS

    @property
    def guessed(self) -> bool:
        """Whether nothing told how it is encoded."""
        return self.encoding == LAST_GUESS and self.wished is None

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """The names in its header, by the same in lower case."""
        encoding = "utf-8-sig" if self.encoding == "utf-8" else self.encoding
        with self.file.opened() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
            return {name.strip().lower(): name for name in next(csv.reader(text), [])}

    @property
    def stamp(self) -> str | None:
        """The date that tells when a row changed."""
        return next((name for name in STAMPS if name.lower() in self.columns), None)

    def lacking(self, needed: Sequence[str]) -> list[str]:
        """Which of the columns it does not have that its rows need: these, an id and a date of change."""
        lacking = self.without(("Id", *needed))
        return lacking if self.stamp else [*lacking, STAMPS[0]]

    def without(self, names: Sequence[str]) -> list[str]:
        """Which of these names its header does not have."""
        return [name for name in names if name.lower() not in self.columns]

    def blocks(self, wanted: Sequence[str], torn: list[str]) -> Iterator[pa.Table]:
        """Its rows, of the wanted columns those it has, by the wanted names; rows that are none are added to `torn`."""
        names = {self.columns[name.lower()]: name for name in wanted if name.lower() in self.columns}
        asked = as_text(list(names))
        asked.include_columns = list(names)
        with self.file.opened() as stream:
            reader = pyarrow.csv.open_csv(
                stream,
                read_options=pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES, encoding=self.encoding),
                parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=self._torn(torn)),
                convert_options=asked,
            )
            for batch in reader:
                rows = pa.Table.from_batches([batch]).rename_columns(list(names.values()))
                named = pc.is_valid(rows.column("Id"))
                torn += [self.file.name] * (rows.num_rows - (pc.sum(named).as_py() or 0))
                yield rows.filter(named)

    def _torn(self, torn: list[str]) -> object:
        def note(row: pyarrow.csv.InvalidRow) -> str:
            torn.append(self.file.name)
            return "skip"

        return note


def _is_utf_8(head: bytes, rest: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
        while chunk := rest.read(BLOCK_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def known_encoding(name: str | None) -> str | None:
    """The usual name of an encoding; Refused for one that nobody knows."""
    try:
        return codecs.lookup(name).name if name else None
    except LookupError:
        raise Refused(f"--encoding '{name}' is not known; write one like Shift_JIS or ISO-8859-1.") from None
