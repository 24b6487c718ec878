"""Where an export lies: a folder, one in it, a zip or several."""

import zipfile
from pathlib import Path

import pytest
from exporting import Export

from connectors.errors import Refused


def test_an_unpacked_folder_within_the_folder_is_the_export(export: Export, tmp_path: Path) -> None:
    """Several are not, since nobody can say which is meant; nor is a zip in a zip, or a folder without any file."""
    (tmp_path / "WE_1").mkdir()
    Export(tmp_path / "WE_1").deals({})
    (tmp_path / "notes.txt").write_text("nothing")
    assert export.names() == ["Lantern rollout"]
    (tmp_path / "WE_2").mkdir()
    Export(tmp_path / "WE_2").deals({})
    with pytest.raises(Refused, match="holds several folders; say with --dir which"):
        export.pages()
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as file:
        file.writestr("WE_1.ZIP", b"")
    with pytest.raises(Refused, match=r"outer\.zip holds another zip, WE_1\.ZIP"):
        list(export.connector(tmp_path / "outer.zip").pull("deal", None))
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match=r"There is no file of an export in .*empty"):
        list(export.connector(tmp_path / "empty").pull("user", None))


def test_a_zip_is_read_as_the_folder_it_was_made_of(export: Export, tmp_path: Path) -> None:
    """Without being unpacked, and several zips of one export together."""
    packed = tmp_path / "packed"
    packed.mkdir()
    for n in (1, 2):
        export.deals({"Id": f"006{n}"})
        with zipfile.ZipFile(packed / f"WE_{n}.ZIP", "w", zipfile.ZIP_DEFLATED) as file:
            file.write(export.folder / "Opportunity.csv", "export/Opportunity.csv")
            file.writestr("__MACOSX/export/Opportunity.csv", b"what a Mac knows of the file")
    connector = export.connector(packed / "WE_1.ZIP")
    assert [page.records.column("id").to_pylist() for page in connector.pull("deal", None)] == [["0061"], []]
    both = [i for page in export.connector(packed).pull("deal", None) for i in page.records.column("id").to_pylist()]
    assert both == ["0061", "0062"]
    assert sorted(path.name for path in packed.iterdir()) == ["WE_1.ZIP", "WE_2.ZIP"]


def test_a_zip_that_was_cut_off_stops_with_a_sentence(export: Export, tmp_path: Path) -> None:
    """In the middle of a file, or where its list of files should be."""
    export.deals(*({"Id": f"006{n:05}", "Name": f"{hash(str(n))}"} for n in range(3000)))
    place = tmp_path / "WE_1.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(export.folder / "Opportunity.csv", "Opportunity.csv")
    whole = place.read_bytes()
    place.write_bytes(whole[:2000] + b"\0" * 2000 + whole[4000:])
    with pytest.raises(Refused, match=r"WE_1\.zip/Opportunity\.csv cannot be read to its end"):
        list(export.connector(place).pull("deal", None))
    place.write_bytes(whole[:4000])
    with pytest.raises(Refused, match=r"WE_1\.zip cannot be read"):
        list(export.connector(place).pull("deal", None))
