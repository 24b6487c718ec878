"""A file that another program wrote over is told as such, with a column and a value, by check and pull alike."""

import re

import pytest
from exporting import AT, Export

from connectors.errors import Refused
from connectors.records import Check


def said_of(export: Export, name: str) -> Check:
    """What the check says of a file."""
    (said,) = (check for check in export.connector().check() if check.name == name)
    return said


def test_a_row_that_cannot_be_understood_is_set_aside_and_told(export: Export) -> None:
    """By its id where it has one; a torn line by its file."""
    export.deals({"Id": "006A", "Amount": "10"}, {"Id": "006B", "Amount": "ten"}, {"Id": "", "Amount": "1"},
                 {"Id": "006C", "Amount": "30"})  # fmt: skip
    with (export.folder / "Opportunity.csv").open("a") as file:
        file.write('"006D","torn"\r\n')
    assert [row["id"] for row in export.rows()] == ["006A", "006C"]
    assert sorted(export.skipped()) == ["006B", "Opportunity.csv", "Opportunity.csv"]


def test_a_file_that_another_program_wrote_over_stops_with_a_sentence(export: Export) -> None:
    """Where no row can be understood, setting aside each of them would take hours and bring nothing."""
    export.deals(*({"Id": f"006{n:03}", "SystemModstamp": "5/7/2013 10:07 PM"} for n in range(101)))
    with pytest.raises(Refused, match=r"Opportunity\.csv holds nothing understood in 100 rows"):
        export.pages()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"SystemModstamp": "5/7/2013 10:07 PM"}, r"SystemModstamp is '5/7/2013 10:07 PM'"),
        ({"CloseDate": "6/30/2026"}, r"CloseDate is '6/30/2026'"),
        ({"Amount": "1,234.00"}, r"Amount is '1,234\.00'"),
        ({"IsWon": "ja"}, r"IsWon is 'ja'"),
        ({"StageName": ""}, r"StageName is empty"),
    ],
)
def test_so_does_a_small_one_and_the_check_says_what_a_pull_would(
    export: Export, wrong: dict[str, str], why: str
) -> None:
    """Which column it is, and what stands there."""
    export.deals(wrong, {"Id": "006B"} | wrong)
    with pytest.raises(Refused, match=rf"Opportunity\.csv holds nothing understood in 2 rows: {why}\. Export"):
        export.pages()
    said = said_of(export, "Opportunity.csv")
    assert (said.ok, said.fatal) == (False, True)
    assert re.search(f"2 of the first 2 rows cannot be understood: {why}", said.detail)


def test_some_rows_that_are_not_understood_narrow_a_check_only(export: Export) -> None:
    """The others are read."""
    export.deals({"Amount": "999.00"}, {"Id": "006B", "Amount": "1,000.00"})
    said = said_of(export, "Opportunity.csv")
    assert (said.ok, said.fatal) == (False, False)
    assert "1 of the first 2 rows cannot be understood: Amount is '1,000.00'" in said.detail
    assert export.skipped() == ["006B"]


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_a_file_whose_values_are_not_separated_by_commas_is_told_as_such(export: Export, mark: str, word: str) -> None:
    """By the check and the pull alike, for every kind."""
    export.deals({})
    lines = [
        mark.join(f'"{value}"' for value in line) for line in (("Id", "Name", "SystemModstamp"), ("001A", "A", AT))
    ]
    (export.folder / "Account.csv").write_text("\n".join(lines))
    with pytest.raises(Refused, match=rf"Account\.csv has {word} between its values, not commas"):
        export.pages("account")
    said = said_of(export, "Account.csv")
    assert (said.ok, said.fatal) == (False, True)
    assert said.detail == f"has {word} between its values, not commas"


def test_a_column_that_is_needed_and_lacks_is_named_with_its_file(export: Export) -> None:
    """Without a deal's stage nothing can be judged; without a customer's name one file less is read."""
    export.write("Opportunity.csv", {"Id": "006A", "Name": "Lantern rollout"})
    with pytest.raises(Refused, match=r"Opportunity\.csv has no column StageName, IsClosed, IsWon, OwnerId, SystemMod"):
        export.pages()
    export.write("Account.csv", {"Id": "001A", "LastModifiedDate": "2026-03-02"})
    assert export.rows("account") == []
    said = {check.name: check for check in export.connector().check()}
    assert "no column Name" in said["Account.csv"].detail
    assert (said["Account.csv"].fatal, said["Opportunity.csv"].fatal) == (False, True)
