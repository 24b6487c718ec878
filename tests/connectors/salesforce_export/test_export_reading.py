"""What an export says is understood, and what cannot be is counted and told."""

from datetime import UTC, date, datetime

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
    """Columns are found by name, whatever stands beside them; the name of a deal is one line all the same."""
    export.write(
        "opportunity.CSV",
        {"ID": "006A", "systemmodstamp": "2013-05-07 22:07:19", "NAME": "Two\r\nlines", "stagename": "Proposal",
         "IsClosed": "0", "IsWon": "0", "Ownerid": "005A", "CreatedDate": "2013-05-07", "Mood__c": "fine, thanks"},
    )  # fmt: skip
    (deal,) = export.rows()
    assert (deal["name"], deal["stage"], deal["next_step"]) == ("Two lines", "Proposal", None)


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
    export.deals({"Name": "Größe – “5 €”"}, encoding="cp1252")
    assert export.names() == ["Größe – “5 €”"]
    (said,) = (check for check in export.connector().check() if check.name == "Opportunity.csv")
    assert not said.ok
    assert "CP1252" in said.detail
    assert "--encoding" in str(said.remedy)


def test_an_encoding_that_does_not_fit_stops_with_a_sentence(export: Export) -> None:
    """As does one that nobody knows."""
    export.deals({"Name": "Größe ß"}, encoding="iso-8859-1")
    with pytest.raises(Refused, match=r"Opportunity\.csv cannot be read"):
        export.names(encoding="ascii")
    with pytest.raises(Refused, match="'klingon' is not known"):
        export.connector(encoding="klingon")


def test_an_id_is_the_same_with_15_characters_and_with_18(export: Export) -> None:
    """So that children find their deals, and owners who changed their users; what is no id stays as it is."""
    export.deals({"Id": "0065g00000abcDEAAY", "OwnerId": "0055g00000abcDE", "NextStep": "0055g00000words"})
    (deal,) = export.rows()
    assert (deal["id"], deal["owner_id"]) == ("0065g00000abcDEAAY", "0055g00000abcDEAAY")
    assert deal["next_step"] == "0055g00000words"
    change = {"Id": "0175g00000abcDE", "OpportunityId": "0065g00000abcDE", "CreatedDate": "2026-03-02",
              "Field": "Owner", "OldValue": "0055g00000abcDE", "NewValue": ""}  # fmt: skip
    words = {"Id": "0175g00000abcDF", "Field": "NextStep", "OldValue": "Callthemearlier"}
    export.write("OpportunityFieldHistory.csv", change, change | words)
    owner, step = export.rows("field_change")
    assert (owner["id"], owner["deal_id"], owner["old"]) == (
        "0175g00000abcDEAAY",
        "0065g00000abcDEAAY",
        "0055g00000abcDEAAY",
    )
    assert step["old"] == "Callthemearlier"


def test_of_a_doubled_id_the_newest_counts(export: Export) -> None:
    """Wherever it stands in the file."""
    old = {"SystemModstamp": "2020-01-01 00:00:00", "Name": "old"}
    export.deals({"Name": "new"}, old, {"Id": "006B"})
    (page, end) = export.connector().census("deal")
    assert [row["name"] for row in page.records.to_pylist()] == ["new", "Lantern rollout"]
    assert (page.cursor, end.cursor) == ("006B", "")


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
