"""Commands on an export that nobody renewed: judged as of its newest row, and what it cannot tell is said."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.commands import cli
from app.errors import NotReady

AT = "2025-03-02 09:00:00"
PEOPLE = [
    {"Id": f"005{n}", "Name": f"Person {n}", "IsActive": "1", "ManagerId": "0050" if n else "", "UserType": "Standard",
     "CreatedDate": "2020-01-01", "SystemModstamp": AT}
    for n in range(3)
]  # fmt: skip
DEALS = [
    {"Id": f"006{n}", "Name": f"Deal\r\n{n}", "OwnerId": f"005{1 + n % 2}", "AccountId": "001A", "StageName": "Talk",
     "IsClosed": "0", "IsWon": "0", "Amount": f"{n}000", "CloseDate": "2025-02-01", "Probability": "10",
     "CreatedDate": "2025-01-10", "SystemModstamp": AT}
    for n in range(5)
]  # fmt: skip
HISTORY = [
    {"Id": f"008{n}", "OpportunityId": f"006{n}", "StageName": "Talk", "Amount": f"{n}000", "CloseDate": "2025-02-01",
     "ForecastCategory": "Pipeline", "Probability": "10", "CreatedDate": "2025-01-10", "SystemModstamp": AT}
    for n in range(5)
]  # fmt: skip
RULE = """
id: {id}
grain: deal
title: Worth at least {least}
status: draft
owner: sales-ops
review_by: 2027-03-31
when: amount >= {least}
severity: 2
coach:
  why: "{{deal_name}} is worth {{amount}}."
  when: next pipeline_review
  where: pipeline_review
  minutes: 10
  area: opportunity
  ask: ["What would have to be true?"]
  prepare: ["What changed?"]
cases:
  - {{name: worth it, fires: true, given: {{amount: 9000000}}}}
  - {{name: not worth it, fires: false, given: {{amount: 0}}}}
  - {{name: unknown, fires: not enough data, given: {{amount: null}}}}
"""


def written(folder: Path, **files: Sequence[Mapping[str, str]]) -> None:
    folder.mkdir()
    for name, rows in files.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0], quoting=csv.QUOTE_ALL)
            writer.writeheader()
            writer.writerows(rows)


def said(*words: str) -> str:
    return CliRunner().invoke(cli, list(words), catch_exceptions=False).stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with two pulled exports, `old` and `bare`, the second without a history, and rules."""
    home = tmp_path_factory.mktemp("home")
    account = [{"Id": "001A", "Name": "Lantern", "Industry": "Retail", "SystemModstamp": AT}]
    written(home / "old_files", User=PEOPLE, Account=account, Opportunity=DEALS, OpportunityHistory=HISTORY)
    written(home / "bare_files", User=PEOPLE, Opportunity=DEALS)
    (home / "rules").mkdir()
    for name, least in (("worth_something", 1), ("worth_much", 4000)):
        (home / "rules" / f"{name}.yml").write_text(RULE.format(id=name, least=least), "utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COACHSYNC_HOME", str(home))
        for name in ("old", "bare"):
            said("connect", "salesforce-export", name, "--dir", str(home / f"{name}_files"))
            said("pull", name)
    return home


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACHSYNC_HOME", str(home))


@pytest.mark.parametrize("command", [["plan"], ["run"], ["rules", "preview"], ["indicators"]])
def test_what_is_judged_is_as_old_as_the_export(command: list[str]) -> None:
    """And that is said, unless somebody chose a day."""
    assert "Judged as of 2025-03-02 09:00 UTC, when its newest row was changed, " in said(*command, "old")
    assert "Judged as of" not in said(*command, "old", "--as-of", "2025-03-01")
    assert '"as_of": "2025-03-02 09:00:00+00:00"' in said(*command, "old", "--json")


def test_a_backtest_ends_with_the_export() -> None:
    """A deal that nobody looked at since has not been quiet since; and its shares are printed by segment on demand."""
    found = said("rules", "backtest", "old", "--from", "2025-01-20", "--by", "segment")
    assert "before 2025-03-02: 5 deals were open" in found
    assert "Names, the manager of a rep and the stages" in found
    assert "    Retail: not enough data" in found


def test_a_scorecard_of_plans_that_are_not_kept_says_so() -> None:
    """Not that there was no plan."""
    assert "can only be read: its plans are shown and not kept" in " ".join(said("scorecard", "old").split())


def test_without_a_history_there_is_no_past() -> None:
    """The file that is missing is named, here and by the check."""
    with pytest.raises(NotReady, match=r"No deal has a history by then.* OpportunityHistory\.csv"):
        said("rules", "backtest", "bare")
    assert "No deal has a history" in said("check", "bare")


def test_a_page_that_could_not_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    """A folder that is not there, or is the page itself."""
    for place in (tmp_path / "gone" / "page.html", tmp_path):
        with pytest.raises(NotReady, match="cannot be written: name a file in a folder that is there"):
            said("rules", "backtest", "bare", "--html", str(place))


def test_a_rule_within_another_is_named() -> None:
    """With the share of each, as the backtest does."""
    found = said("rules", "preview", "old")
    assert (
        "worth_much and worth_something both find 1: 100% of what worth_much finds, 25% of worth_something's." in found
    )


def test_a_name_is_one_line() -> None:
    """Whatever line ends somebody wrote into it."""
    found = said("plan", "old")
    assert "Deal 4" in found
    assert "Deal\n" not in found
