"""Where an export lies: CSV files in a folder or in the zips that Salesforce sends, each a stream of bytes."""

import csv
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from connectors.errors import Refused

DAMAGED = (ValueError, EOFError, OSError, RuntimeError, csv.Error, zipfile.BadZipFile, zlib.error)
"""What reading a file says that is cut off, encrypted, no zip, or no table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One CSV file, plain or `member` of a zip; `mark` is another one when its content is."""

    path: Path
    member: str | None = None
    mark: str

    @property
    def name(self) -> str:
        """As people find it."""
        return f"{self.path.name}/{self.member}" if self.member else self.path.name

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Its bytes; a member of a zip is unpacked while it is read. Raises Refused where it cannot be read on."""
        try:
            if self.member is None:
                with self.path.open("rb") as stream:
                    yield stream
            else:
                with zipfile.ZipFile(self.path) as packed, packed.open(self.member) as stream:
                    yield stream
        except DAMAGED as error:
            raise Refused(f"{self.name} cannot be read to its end ({error}); download the export again.") from error


def files_in(place: Path) -> Mapping[str, Sequence[File]]:
    """The CSV files of a folder or zip, by name in lower case. Several zips, as large orgs get, are one export.

    A folder with nothing but a folder in it, as some unpack a zip, is that folder. Raises Refused for several, since
    nobody can say which of them is the export, and for a zip in a zip.
    """
    found: dict[str, list[File]] = defaultdict(list)
    try:
        for path in _unfolded(place):
            for name, file in _files(path):
                found[name.lower()].append(file)
    except DAMAGED as error:
        raise Refused(f"{place} cannot be read ({error}); say with --dir where the export lies.") from error
    return found


def _unfolded(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    here = sorted(place.iterdir())
    folders = [path for path in here if path.is_dir() and any(map(_may_hold, path.iterdir()))]
    if any(map(_may_hold, here)) or not folders:
        return [path for path in here if path.is_file()]
    if len(folders) > 1:
        raise Refused(f"{place} holds several folders; say with --dir which of them is the export: {folders[0]}, …")
    return sorted(path for path in folders[0].iterdir() if path.is_file())


def _may_hold(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in (".csv", ".zip")


def _files(path: Path) -> Iterator[tuple[str, File]]:
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as packed:
            # a Mac packs a twin of each file beside it
            for entry in (each for each in packed.infolist() if not each.filename.startswith("__MACOSX/")):
                if entry.filename.lower().endswith(".zip"):
                    raise Refused(f"{path.name} holds another zip, {entry.filename}; unpack it and say --dir again.")
                mark = f"{path.name} {entry.filename} {entry.file_size} {entry.CRC}"
                yield Path(entry.filename).name, File(path=path, member=entry.filename, mark=mark)
    else:
        told = path.stat()
        yield path.name, File(path=path, mark=f"{path.name} {told.st_size} {told.st_mtime_ns}")
