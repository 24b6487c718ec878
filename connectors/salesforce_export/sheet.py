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
from connectors.salesforce_export.ids import lengthened

BLOCK_BYTES = 4_194_304  # a row must fit in one; the longest text field has 131,072 characters
GUESSES = ("cp1252", "iso-8859-1")
"""What text that is not UTF-8 is taken for: what Windows writes in the West, else what any bytes can be."""
SEPARATORS = {";": "semicolons", "\t": "tabs"}
"""What other programs put between values, where an export has commas."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(eq=False)
class Sheet:
    """A file of an export. `wished` is the encoding to take where the file itself does not show it.

    `is_torn` tells, once its rows were read to the end, whether one of them was none or the last is cut off.
    """

    file: File
    wished: str | None
    is_torn: bool = False

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
        if self._is_all("utf-8"):
            return "utf-8"
        return self.wished or next(guess for guess in GUESSES if self._is_all(guess))

    @property
    def guessed(self) -> bool:
        """Whether nothing told how it is encoded."""
        return self.encoding in GUESSES and self.wished is None

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """The names in its header, by the same in lower case."""
        encoding = "utf-8-sig" if self.encoding == "utf-8" else self.encoding
        with self.file.opened() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
            return {name.strip().lower(): name for name in next(csv.reader(text), [])}

    @property
    def separated(self) -> str | None:
        """What stands between its values where that is no comma, in a word; None for a file as it should be."""
        alone = next(iter(self.columns)) if len(self.columns) == 1 else ""
        return next((word for mark, word in SEPARATORS.items() if mark in alone), None)

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
        with self.file.opened() as stream:
            quotes = _Quotes(stream)
            for batch in self._batches(quotes, list(names), torn):
                rows = pa.Table.from_batches([batch]).rename_columns(list(names.values()))
                named = pc.is_valid(rows.column("Id"))
                torn += [self.file.name] * (rows.num_rows - (pc.sum(named).as_py() or 0))
                self.is_torn |= bool(torn)
                yield lengthened(rows.filter(named))
            # a last value that was cut off reads like a whole one, but its quote is never closed
            if torn or (quotes.are_open and not self.encoding.startswith("utf-16")):
                self.is_torn = True

    def _batches(self, stream: "_Quotes", columns: list[str], torn: list[str]) -> Iterator[pa.RecordBatch]:
        def note(row: pyarrow.csv.InvalidRow) -> str:
            torn.append(self.file.name)
            return "skip"

        asked = as_text(columns)
        asked.include_columns = columns
        yield from pyarrow.csv.open_csv(
            stream,
            read_options=pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES, encoding=self.encoding),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            convert_options=asked,
        )

    def _is_all(self, encoding: str) -> bool:
        decoder = codecs.getincrementaldecoder(encoding)()
        with self.file.opened() as stream:
            try:
                while chunk := stream.read(BLOCK_BYTES):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                return False
        return True


class _Quotes(io.RawIOBase):
    """A stream of bytes that knows whether the quotes in what was read of it are in pairs."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.are_open = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self.are_open ^= bool(chunk.count(b'"') % 2)
        return chunk


def known_encoding(name: str | None) -> str | None:
    """The usual name of an encoding; Refused for one that nobody knows."""
    try:
        return codecs.lookup(name).name if name else None
    except LookupError:
        raise Refused(f"--encoding '{name}' is not known; write one like Shift_JIS or ISO-8859-1.") from None
