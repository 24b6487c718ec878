"""The same export again is nothing new; another one in its place is all new, and what it lacks is gone."""

import os

import pytest
from exporting import Export, rows_of

from connectors.errors import Refused
from connectors.records import KINDS


def test_the_same_export_again_brings_nothing(export: Export) -> None:
    """The cursor knows the files, and the settings they were read with."""
    export.deals({})
    *_, last = export.pages()
    assert export.pages(cursor=last.cursor) == []
    assert export.pages(cursor=last.cursor, segment_field="Size__c") != []
    assert not last.sweep


def test_a_new_export_brings_all_and_asks_for_a_comparison(export: Export) -> None:
    """Only behind its last row: a reading that was cut off begins again."""
    export.deals({})
    *_, known = export.pages()
    export.deals({}, {"Id": "006B"})
    first, last = export.pages(cursor=known.cursor)
    assert first.records.column("id").to_pylist() == ["006A", "006B"]
    assert (first.cursor, first.sweep) == (known.cursor, False)
    assert last.cursor not in ("", known.cursor)
    assert last.sweep


def test_a_first_reading_that_was_cut_off_is_compared_as_well(export: Export) -> None:
    """Another export may have come in between."""
    export.deals({})
    first, _ = export.pages()
    assert first.cursor == ""
    assert export.pages(cursor=first.cursor)[-1].sweep


def test_a_kind_whose_file_is_missing_is_left_out_and_never_compared(export: Export) -> None:
    """That nobody exported meetings does not mean that there were none."""
    at = "2026-03-02 09:00:00"
    call = {"Id": "00T1", "WhatId": "", "OwnerId": "005A", "ActivityDate": "2026-03-01", "IsClosed": "1",
            "CreatedDate": at, "SystemModstamp": at}  # fmt: skip
    export.write("Task.csv", call)
    connector = export.connector()
    assert [row["id"] for row in export.rows("activity")] == ["00T1"]
    assert list(connector.census("activity")) == []
    assert not export.pages("activity", cursor="another")[-1].sweep
    assert {kind for kind in KINDS if rows_of(list(connector.pull(kind, None)))} == {"activity"}


@pytest.mark.parametrize("cut", [16, 4, 1])
def test_a_kind_whose_file_was_cut_off_is_never_compared(export: Export, cut: int) -> None:
    """In the middle of a row, or of its last value, which then reads like a whole one; the check says what to do."""
    export.deals({"NextStep": "Call"}, {"Id": "006B", "NextStep": "Call them"})
    place = export.folder / "Opportunity.csv"
    place.write_bytes(place.read_bytes().rstrip()[:-cut])
    for kind in ("deal", "stage"):
        assert not export.pages(kind, cursor="another")[-1].sweep  # type: ignore[arg-type]
    with pytest.raises(Refused, match=r"Opportunity\.csv has torn rows"):
        list(export.connector().census("deal"))
    (said,) = (check for check in export.connector().check() if check.name == "Opportunity.csv")
    assert (said.ok, said.fatal) == (False, False)
    assert "cut off" in str(said.remedy)
    export.deals({"NextStep": "Call"}, {"Id": "006B", "NextStep": "Call them"})
    export.write(
        "OpportunityHistory.csv",
        {"Id": "0081", "OpportunityId": "006A", "StageName": "Proposal", "CreatedDate": "2026-03-02"},
    )
    for kind in ("deal", "stage"):
        assert export.pages(kind, cursor="another")[-1].sweep  # type: ignore[arg-type]


def test_present_looks_into_the_files(export: Export) -> None:
    """A row that cannot be understood is there all the same; one that was deleted is not."""
    export.deals({"Id": "006A", "IsDeleted": "0"}, {"Id": "006B", "IsDeleted": "maybe"},
                 {"Id": "006C", "IsDeleted": "1"})  # fmt: skip
    assert export.connector().present("deal", ["006A", "006B", "006C", "006D"]) == {"006A", "006B"}


def test_check_tells_what_each_file_holds_and_what_a_missing_one_costs(export: Export) -> None:
    """How many rows, from when to when."""
    export.deals({"SystemModstamp": "2025-01-02 10:00:00"}, {"Id": "006B"})
    said = {check.name: check for check in export.connector().check()}
    assert said["export"].detail == f"1 of 9 files in {export.folder}"
    assert said["Opportunity.csv"].detail == "2 rows, changed 2025-01-02 to 2026-03-02, UTF-8"
    assert (said["Event.csv"].ok, said["Event.csv"].fatal) == (False, False)
    assert "Meetings are unknown" in str(said["Event.csv"].remedy)


def test_where_nothing_usable_lies_the_files_looked_for_are_named(export: Export) -> None:
    """As where nothing lies at all."""
    (export.folder / "notes.txt").write_text("nothing")
    (check,) = export.connector().check()
    assert (check.ok, check.fatal) == (False, True)
    assert "Looked for: User.csv, OpportunityStage.csv, Account.csv" in str(check.remedy)
    (check,) = export.connector(export.folder / "moved").check()
    assert not check.ok
    with pytest.raises(Refused, match="cannot be read"):
        list(export.connector(export.folder / "moved").pull("deal", None))


def test_nothing_is_written(export: Export) -> None:
    """The port says so, and whoever asks all the same is refused."""
    assert export.connector().writes == frozenset()
    with pytest.raises(Refused, match="nothing can be written"):
        export.connector().push([])


def test_a_long_file_comes_in_blocks(export: Export) -> None:
    """So that no reading holds it whole."""
    long = "x" * 100_000
    export.deals(*({"Id": f"006{n:03}", "NextStep": long} for n in range(120)))
    *pages, _ = export.pages()
    sizes = [page.records.num_rows for page in pages]
    assert sum(sizes) == 120
    assert max(sizes) < 60
    assert os.listdir(export.folder) == ["Opportunity.csv"]
