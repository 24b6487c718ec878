"""What an export says is understood, and what cannot be is counted and told."""

import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from exporting import Export

from connectors.errors import Refused

AT = datetime(2013, 5, 7, 22, 7, 19, tzinfo=UTC)
JAPANESE = "提灯 (架空)"


@pytest.mark.parametrize("written", ["2013-05-07T22:07:19.000Z", "2013-05-07 22:07:19", "2013-05-07T22:07:19.000+0000"])
def test_instants_are_utc_however_they_are_written(export: Export, written: str) -> None:
    """With a T or a space, with a zone or without."""
    export.deals(
        {"SystemModstamp": written, "CloseDate": "2026-06-30"}, {"Id": "006B", "CloseDate": "2026-06-30 00:00:00"}
    )
    first, second = export.rows()
    assert first["changed_at"] == AT
    assert first["close_date"] == second["close_date"] == date(2026, 6, 30)


@pytest.mark.parametrize("yes", ["1", "true", "TRUE"])
def test_flags_are_digits_or_words(export: Export, yes: str) -> None:
    """And an empty one is no."""
    export.deals({"IsClosed": yes, "IsWon": ""})
    (deal,) = export.rows()
    assert (deal["closed"], deal["won"]) == (True, False)


def test_headers_in_any_case_more_columns_and_line_ends_in_values(export: Export) -> None:
    """Columns are found by name, whatever stands beside them."""
    export.write(
        "opportunity.CSV",
        {"ID": "006A", "systemmodstamp": "2013-05-07 22:07:19", "NAME": "Two\r\nlines", "stagename": "Proposal",
         "IsClosed": "0", "IsWon": "0", "Ownerid": "005A", "CreatedDate": "2013-05-07", "Mood__c": "fine, thanks"},
    )  # fmt: skip
    (deal,) = export.rows()
    assert (deal["name"], deal["stage"], deal["next_step"]) == ("Two\r\nlines", "Proposal", None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_known_by_itself(export: Export, encoding: str) -> None:
    """With a mark at its beginning or without."""
    export.deals({"Name": JAPANESE}, {"Id": "006B", "Name": "Größe"}, encoding=encoding)
    assert export.names() == [JAPANESE, "Größe"]
    assert all(check.ok for check in export.connector().check() if "Opportunity.csv" in check.name)


def test_what_is_not_unicode_is_what_was_said_or_a_guess_that_is_told(export: Export) -> None:
    """No name is half right without a word about it."""
    export.deals({"Name": JAPANESE}, encoding="shift_jis")
    assert export.names(encoding="Shift_JIS") == [JAPANESE]
    export.deals({"Name": "Größe"}, encoding="iso-8859-1")
    assert export.names() == ["Größe"]
    (said,) = (check for check in export.connector().check() if check.name == "Opportunity.csv")
    assert not said.ok
    assert "ISO-8859-1" in said.detail
    assert "--encoding" in str(said.remedy)


def test_an_encoding_that_does_not_fit_stops_with_a_sentence(export: Export) -> None:
    """As does one that nobody knows."""
    export.deals({"Name": "Größe ß"}, encoding="iso-8859-1")
    with pytest.raises(Refused, match=r"Opportunity\.csv cannot be read"):
        export.names(encoding="ascii")
    with pytest.raises(Refused, match="'klingon' is not known"):
        export.connector(encoding="klingon")


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


def test_of_a_doubled_id_the_newest_counts(export: Export) -> None:
    """Wherever it stands in the file."""
    old = {"SystemModstamp": "2020-01-01 00:00:00", "Name": "old"}
    export.deals({"Name": "new"}, old, {"Id": "006B"})
    (page, end) = export.connector().census("deal")
    assert [row["name"] for row in page.records.to_pylist()] == ["new", "Lantern rollout"]
    assert (page.cursor, end.cursor) == ("006B", "")


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


def test_an_empty_file_and_a_bare_header(export: Export) -> None:
    """The one says that it lacks everything, the other that there is nothing."""
    (export.folder / "Account.csv").write_bytes(b"")
    assert export.rows("account") == []
    (export.folder / "Account.csv").write_bytes(b'"Id","Name","SystemModstamp"\r\n')
    assert export.rows("account") == []
    assert export.skipped("account") == []


def test_only_people_are_users(export: Export) -> None:
    """With the name of their role where the export has roles, else with their title."""
    person = {"Id": "005A", "Name": "Rhea Quill", "IsActive": "1", "UserType": "Standard", "UserRoleId": "00E1",
              "Title": "Seller", "SystemModstamp": "2026-03-02"}  # fmt: skip
    machine = person | {"Id": "005B", "UserType": "AutomatedProcess"}
    export.write("User.csv", person, person | {"Id": "005C", "UserRoleId": ""}, machine)
    assert [(row["id"], row["role"]) for row in export.rows("user")] == [("005A", "Seller"), ("005C", "Seller")]
    export.write("UserRole.csv", {"Id": "00E1", "Name": "Field team"})
    assert [row["role"] for row in export.rows("user")] == ["Field team", "Seller"]


def test_a_pipeline_is_named_where_the_export_has_the_names(export: Export) -> None:
    """Else its id tells the pipelines apart; without a record type a deal has none."""
    kinds = ["012A", "012000000000000AAA", ""]
    deals = [{"Id": f"006{n}", "StageName": "Talk", "RecordTypeId": kind} for n, kind in enumerate(kinds)]
    export.deals(*deals)
    assert [row["pipeline"] for row in export.rows()] == ["012A", None, None]
    export.write("RecordType.csv", {"Id": "012A", "Name": "Renewal"})
    assert [row["pipeline"] for row in export.rows()] == ["Renewal", None, None]


def test_without_their_file_stages_are_those_that_deals_name(export: Export) -> None:
    """Open ones in the order of how likely their deals are, then closed ones as the deals' flags say."""
    likely = [("Offer", "60"), ("Talk", "10"), ("Offer", "70"), ("Odd", "")]
    open_ones = [{"Id": f"006{n}", "StageName": stage, "Probability": p} for n, (stage, p) in enumerate(likely)]
    won = {"Id": "006W", "StageName": "Signed", "IsClosed": "1", "IsWon": "1", "Probability": "100"}
    lost = {"Id": "006L", "StageName": "Dropped", "IsClosed": "1", "Probability": "0"}
    export.deals(won, lost, *open_ones)
    stages = export.rows("stage")
    assert [stage["name"] for stage in sorted(stages, key=lambda s: s["sort_order"])] == [
        "Talk", "Offer", "Odd", "Dropped", "Signed",
    ]  # fmt: skip
    assert {s["name"]: (s["closed"], s["won"], s["probability"]) for s in stages if s["closed"]} == {
        "Signed": (True, True, 100.0),
        "Dropped": (True, False, 0.0),
    }


def test_a_zip_is_read_as_the_folder_it_was_made_of(export: Export, tmp_path: Path) -> None:
    """Without being unpacked, and several zips of one export together."""
    packed = tmp_path / "packed"
    packed.mkdir()
    for n in (1, 2):
        export.deals({"Id": f"006{n}"})
        with zipfile.ZipFile(packed / f"WE_{n}.ZIP", "w", zipfile.ZIP_DEFLATED) as file:
            file.write(export.folder / "Opportunity.csv", "export/Opportunity.csv")
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


def test_rates_come_with_and_without_a_day(export: Export) -> None:
    """Where the export has them; where it has not, nobody misses them."""
    export.deals({})
    assert export.rows("currency_rate") == []
    rate = {"Id": "01LA", "IsoCode": "JPY", "ConversionRate": "160.5", "SystemModstamp": "2026-03-02T09:00:00Z"}
    export.write("CurrencyType.csv", rate)
    export.write("DatedConversionRate.csv", rate | {"Id": "04wA", "StartDate": "2026-03-01"})
    told = [(row["currency"], row["valid_from"], row["rate"]) for row in export.rows("currency_rate")]
    assert told == [("JPY", None, 160.5), ("JPY", date(2026, 3, 1), 160.5)]
    assert not [check for check in export.connector().check() if "Currency" in check.name or "Rate" in check.name]
