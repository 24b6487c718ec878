"""The Maven files come in as they are: every trap kept, every damage named."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connectors.sandbox.maven import BATCH, HEAD, Row, maven

TODAY = date(2026, 3, 2)
REAL = Path(__file__).parents[3] / "../shared/data/maven_crm_sales"

ACCOUNTS = """account,sector,year_established,revenue,employees,office_location,subsidiary_of
Amber Lantern,technolgy,1996,1100.04,2822,United States,
Quiet Harbour,retail,2002,0.5,9,Norway,Amber Lantern
"""
TEAMS = """sales_agent,manager,regional_office
Ida Example,Mona Sample,North
Otto Example,Max Sample,South
"""
PIPELINE = """opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
A1,Ida Example,WidgetPro,Amber Lantern,Won,2017-10-01,2017-12-31,1054
A2,Ida Example,WidgetPro,Quiet Harbour,Lost,2017-10-02,2017-11-30,0
A3,Otto Example,Widget,,Engaging,2017-12-01,,
A4,Otto Example,Widget,,Prospecting,,,
"""


def _folder(tmp_path: Path, **changed: str) -> Path:
    files = {"accounts": ACCOUNTS, "sales_teams": TEAMS, "sales_pipeline": PIPELINE} | changed
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def _tables(folder: Path, today: date = TODAY) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = {}
    for name, rows in maven(folder, today=today):
        assert 0 < len(rows) <= BATCH
        tables.setdefault(name, []).extend(rows)
    return tables


def test_time_moves_so_that_the_last_day_is_today(tmp_path: Path) -> None:
    """Every date shifts by the same whole days; Prospecting, undated in the file, begins on the load day."""
    won, lost, engaging, prospecting = _tables(_folder(tmp_path))["Opportunity"]
    assert won["CloseDate"] == TODAY
    assert lost["CloseDate"] == TODAY - timedelta(days=31)
    assert engaging["CreatedDate"] == datetime(2026, 1, 31, tzinfo=UTC)
    assert prospecting["CreatedDate"] == datetime(2026, 3, 2, tzinfo=UTC)


def test_what_the_file_does_not_say_stays_unsaid(tmp_path: Path) -> None:
    """Open deals have neither amount nor close date, a lost one has 0, a deal without account says so in its name."""
    won, lost, engaging, prospecting = _tables(_folder(tmp_path))["Opportunity"]
    assert (won["Amount"], lost["Amount"]) == (1054, 0)
    assert all(
        deal[field] is None for deal in (engaging, prospecting) for field in ("Amount", "CloseDate", "AccountId")
    )
    assert [won["Name"], engaging["Name"]] == ["WidgetPro for Amber Lantern", "Widget (no account)"]


def test_history_tells_when_a_deal_was_engaged_and_closed(tmp_path: Path) -> None:
    """One row at the engage date, one at the close date; the last one agrees with the deal."""
    tables = _tables(_folder(tmp_path))
    stages = [(row["OpportunityId"], row["StageName"]) for row in tables["OpportunityHistory"]]
    ids = [deal["Id"] for deal in tables["Opportunity"]]
    assert stages == [
        (ids[0], "Engaging"), (ids[0], "Won"), (ids[1], "Engaging"), (ids[1], "Lost"),
        (ids[2], "Engaging"), (ids[3], "Prospecting"),
    ]  # fmt: skip
    assert tables["OpportunityHistory"][1]["Amount"] == 1054


def test_people_report_upwards_to_one_head(tmp_path: Path) -> None:
    """Agents report to their managers, managers to a head who is plainly not in the file; roles name the office."""
    tables = _tables(_folder(tmp_path))
    names = {user["Id"]: user["Name"] for user in tables["User"]}
    boss = {user["Name"]: names.get(user["ManagerId"]) for user in tables["User"]}
    assert boss == {
        HEAD: None, "Mona Sample": HEAD, "Max Sample": HEAD, "Ida Example": "Mona Sample", "Otto Example": "Max Sample",
    }  # fmt: skip
    role = {row["Id"]: row for row in tables["UserRole"]}
    ida = next(user for user in tables["User"] if user["Name"] == "Ida Example")
    assert role[ida["UserRoleId"]]["Name"] == "Sales Agent, North"
    assert role[role[ida["UserRoleId"]]["ParentRoleId"]]["Name"] == "Sales Manager, North"


def test_accounts_keep_typos_and_parents(tmp_path: Path) -> None:
    """Sector as written, revenue in units, the parent by id."""
    amber, quiet = _tables(_folder(tmp_path))["Account"]
    assert (amber["Industry"], amber["AnnualRevenue"], amber["ParentId"]) == ("technolgy", 1_100_040_000, None)
    assert (quiet["ParentId"], quiet["NumberOfEmployees"]) == (amber["Id"], 9)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("sales_pipeline", PIPELINE.replace("close_value", "worth"), "no column 'close_value'"),
        ("sales_pipeline", PIPELINE.replace("2017-12-01", "1.12.2017"), "row 3: engage_date '1.12.2017'"),
        ("sales_pipeline", PIPELINE.replace("1054", "nan"), "row 1: close_value 'nan'"),
        ("sales_pipeline", PIPELINE.replace("Engaging", "Dreaming"), "row 3: deal_stage 'Dreaming'"),
        ("sales_pipeline", PIPELINE.replace("2017-11-30", ""), "row 2: a deal in stage Lost needs"),
        ("sales_pipeline", PIPELINE.replace("Otto", "Nobody"), "row 3: 'Nobody Example' is in no team"),
        ("sales_pipeline", PIPELINE.replace("Quiet", "Loud"), "row 2: 'Loud Harbour' is not in accounts.csv"),
        ("sales_pipeline", PIPELINE.replace(",1054", ""), "row 1, does not have one cell a column"),
        ("sales_pipeline", PIPELINE.splitlines()[0], "no dated deal"),
        ("sales_pipeline", "", "no column 'opportunity_id'"),
        ("accounts", ACCOUNTS.replace("2822", "many"), "accounts.csv, row 1: employees 'many'"),
        ("accounts", ACCOUNTS.replace("Norway,Amber", "Norway,Umber"), "subsidiary_of 'Umber Lantern'"),
        ("accounts", 'account,"sector\n', "accounts.csv is not a CSV file"),
    ],
)
def test_damage_is_named(tmp_path: Path, name: str, text: str, says: str) -> None:
    """Before anything is handed out, one sentence says which file and row is wrong."""
    with pytest.raises(ValueError, match=says):
        next(maven(_folder(tmp_path, **{name: text}), today=TODAY))


def test_a_missing_or_foreign_file_is_named(tmp_path: Path) -> None:
    """A file that is absent, and one that is no text at all."""
    folder = _folder(tmp_path)
    (folder / "sales_teams.csv").write_bytes(b"\xff\xfe\x00PK")
    with pytest.raises(ValueError, match=r"sales_teams\.csv is not a CSV file"):
        next(maven(folder, today=TODAY))
    (folder / "sales_teams.csv").unlink()
    with pytest.raises(ValueError, match=r"sales_teams\.csv cannot be read"):
        next(maven(folder, today=TODAY))


@pytest.mark.skipif(not REAL.exists(), reason="the Maven files are not beside this checkout")
def test_the_real_files_come_in_whole() -> None:
    """Counts, people and won value are the file's own, and no number is NaN."""
    tables = _tables(REAL)
    deals = tables["Opportunity"]
    stages = Counter(deal["StageName"] for deal in deals)
    assert stages == {"Won": 4238, "Lost": 2473, "Engaging": 1589, "Prospecting": 500}
    assert len(tables["User"]) == 1 + 6 + 35
    assert len({user["ManagerId"] for user in tables["User"]} - {None}) == 1 + 6
    assert sum(deal["Amount"] for deal in deals if deal["IsWon"]) == 10_005_534
    assert sum(deal["AccountId"] is None for deal in deals) == 1425
    assert len(tables["OpportunityHistory"]) == 8800 + 4238 + 2473
    assert all(value == value for rows in tables.values() for row in rows for value in row.values())
    assert max(deal["CloseDate"] for deal in deals if deal["CloseDate"]) == TODAY
