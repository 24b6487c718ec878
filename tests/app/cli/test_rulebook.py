"""The commands that keep rule sets, as a person types them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from small_org import NAME, open_company

from app.store import schema
from app.store.session import open_store
from coaching_rules.loader import load, starter

ROOT = Path(__file__).parents[3]
QUIET = (ROOT / "tests/app/small_rules/quiet_deal.yml").read_text()
Do = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[str]]:
    script = str(ROOT / "tests/app/commanding.py")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    found = subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT
    )
    yield found
    found.communicate()


@pytest.fixture
def do(tmp_path: Path, process: subprocess.Popen[str]) -> Do:
    """Type a command; answers its exit code and what it says, as JSON where it was asked for."""
    said, complained = tmp_path / "out.txt", tmp_path / "err.txt"

    def run(*words: str) -> tuple[int, Any]:
        job = {"words": words, "environment": {"COACHSYNC_HOME": str(tmp_path)}, "most_bytes": 0}
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(job | {"out": str(said), "err": str(complained)}) + "\n")
        process.stdin.flush()
        code = int(process.stdout.readline())
        if code:
            return code, complained.read_text()
        return code, json.loads(said.read_text()) if "--json" in words else said.read_text()

    return run


def folder(path: Path, **files: str) -> str:
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / f"{name}.yml").write_text(text)
    return str(path)


def test_a_pushed_set_is_live_until_it_is_rolled_back(do: Do, tmp_path: Path) -> None:
    """It wins over HOME/rules, and going back is a version of its own."""
    first = folder(tmp_path / "a", quiet_deal=QUIET)
    second = folder(tmp_path / "b", quiet_deal=QUIET.replace("severity: 2", "severity: 3"))
    assert do("rules", "push", first, "-m", "begin", "--json")[1]["pushed"] is True
    assert "Version 2 is live now" in do("rules", "push", second)[1]
    folder(tmp_path / "rules", quiet_deal=QUIET.replace("severity: 2", "severity: 1"))
    (change,) = do("rules", "diff", "live", str(tmp_path / "rules"), "--json")[1]["changes"]
    assert change["fields"] == [{"field": "severity", "before": "3", "after": "1"}]
    assert do("rules", "rollback", "--json")[1]["message"] == "back to version 1"
    assert do("rules", "diff", "1", "live") == (0, "The same rules.\n")
    versions = do("rules", "history", "--json")[1]["versions"]
    assert [(one["version"], one["message"]) for one in versions] == [(3, "back to version 1"), (2, ""), (1, "begin")]


def test_the_first_version_is_rolled_back_to_the_starter_pack(do: Do, tmp_path: Path) -> None:
    """Which counted before it, and is a version of the history like any other."""
    do("rules", "push", folder(tmp_path / "a", quiet_deal=QUIET))
    assert do("rules", "rollback", "--json")[1]["message"] == "back to the starter pack"
    assert do("rules", "diff", "live", folder(tmp_path / "none")) == (0, "The same rules.\n")
    assert do("rules", "rollback", "--json")[1]["message"] == "back to version 1"
    assert do("rules", "rollback", "0", "--json")[1]["message"] == "back to the starter pack"


def test_a_rule_is_not_called_like_an_indicator(do: Do, tmp_path: Path) -> None:
    """Every run would stop over it, so neither check nor push lets it pass."""
    mine = folder(tmp_path / "a", new_deals=QUIET.replace("id: quiet_deal", "id: new_deals"))
    code, said = do("rules", "push", mine)
    assert (code, "both called `new_deals`" in said, "Nothing was pushed" in said) == (3, True, True)
    assert do("rules", "check", mine)[0] == 3
    assert do("rules", "history", "--json")[1] == {"versions": []}


def test_what_is_live_comes_out_as_files_and_goes_back_in(do: Do, tmp_path: Path) -> None:
    """The starter pack and the org's own rules, letter by letter; a folder with rules in it is never written over."""
    mine = folder(tmp_path / "a", quiet_deal=QUIET + "# seen by sales ops\r\n")
    assert do("rules", "pull", str(tmp_path / "early"), "--json")[1]["rules"] == [rule.id for rule in starter().rules]
    do("rules", "push", mine)
    out = tmp_path / "out"
    assert do("rules", "pull", str(out)) == (0, f"{len(starter().rules) + 1} rules in {out}.\n")
    assert load(out) == load(Path(mine), over=starter())
    assert (out / "quiet_deal.yml").read_bytes().endswith(b"# seen by sales ops\r\n")
    assert do("rules", "push", str(out), "--json")[1]["pushed"] is False
    code, said = do("rules", "pull", str(out))
    assert (code, "holds rules already" in said) == (3, True)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (QUIET.replace("days_since_any >=", "days_since_ever >="), "quiet_deal.yml:"),
        (QUIET.replace("days_since_any: 3}", "days_since_any: 30}"), "Nothing was pushed"),
    ],
)
def test_what_does_not_load_or_keep_its_cases_is_not_pushed(do: Do, tmp_path: Path, text: str, named: str) -> None:
    """The mistake is named, and nothing is live."""
    code, said = do("rules", "push", folder(tmp_path / "a", quiet_deal=text))
    assert (code, named in said) == (3, True)
    assert do("rules", "history", "--json")[1] == {"versions": []}


def test_a_push_says_what_it_does_beyond_the_folder(do: Do, tmp_path: Path) -> None:
    """What changes against what counted, what comes from the starter pack, what is odd and what was not read."""
    ours = [rule.id for rule in starter().rules]
    mine = folder(tmp_path / "a", quiet_deal=QUIET)
    (tmp_path / "a" / "notes.txt").touch()
    (tmp_path / "a" / "more").mkdir()
    said = do("rules", "push", mine, "--json")[1]
    assert (said["from_starter"], said["ignored"]) == (ours, ["more/", "notes.txt"])
    assert [(one["deed"], one["rule_id"]) for one in said["changes"]] == [("added", "quiet_deal")]
    out = tmp_path / "out"
    do("rules", "pull", str(out))
    (out / f"{ours[0]}.yml").unlink()
    odd = QUIET.replace("days_since_any >= 14", "days_since_any >= 14 and capture_coverage < 30")
    folder(out, quiet_deal=odd.replace("days_since_any:", "capture_coverage: 0.2, days_since_any:"))
    said = do("rules", "push", str(out))[1]
    assert f"From the starter pack: {ours[0]}; a file of that name with `status: retired` stops one." in said
    assert "changed quiet_deal" in said
    assert "so 30 is 3000 %" in said


def test_a_folder_without_rules_is_said_to_be_one(do: Do, tmp_path: Path) -> None:
    """A check that is green because it looked at nothing would mislead; one file can be checked, and not be pushed."""
    empty = folder(tmp_path / "a")
    (tmp_path / "a" / "quiet_deal.txt").write_text(QUIET)
    code, said = do("rules", "check", empty)
    assert (code, f"There are no rules in {empty}" in said, "quiet_deal.txt" in said) == (0, True, True)
    file = f"{folder(tmp_path / 'b', quiet_deal=QUIET)}/quiet_deal.yml"
    assert do("rules", "check", file, "--json")[1]["rules"] == ["quiet_deal"]
    code, said = do("rules", "push", file)
    assert (code, "name its folder" in said) == (3, True)


def test_a_rule_past_its_review_is_named(do: Do, tmp_path: Path) -> None:
    """It loads, and somebody is asked whether it still helps."""
    late = QUIET.replace("review_by: 20", "review_by: 2020-01-31 # 20")
    code, said = do("rules", "check", folder(tmp_path / "a", quiet_deal=late))
    assert (code, "`review_by` was 2020-01-31; does the rule still help?" in said) == (0, True)
    retired = folder(tmp_path / "b", quiet_deal=late.replace("status: live", "status: retired"))
    assert do("rules", "check", retired, "--json")[1]["past_review"] == []


def test_a_difference_says_how_to_try_it(do: Do, tmp_path: Path) -> None:
    """What a change does to a week is asked of a connection."""
    said = do("rules", "diff", "live", folder(tmp_path / "a", quiet_deal=QUIET))[1]
    assert "Add `--on NAME`" in said


def test_what_strangers_write_is_shown_as_they_wrote_it(do: Do, tmp_path: Path) -> None:
    """Brackets and colons in an owner, a title or a message are no styles and no pictures."""
    mine = folder(tmp_path / "a", quiet_deal=QUIET.replace("owner: sales-ops", 'owner: "[/sales] :star: [bold]"'))
    code, said = do("rules", "check", mine)
    assert (code, "[/sales] :star: [bold]" in said) == (0, True)
    assert do("rules", "push", mine, "-m", "[/why] :star:")[0] == 0
    assert "[/why] :star:" in do("rules", "history")[1]


@pytest.mark.parametrize("words", [("rollback",), ("diff", "7", "live"), ("pull", "out", "--version", "7")])
def test_a_version_that_is_not_there_is_said_so(do: Do, words: tuple[str, ...]) -> None:
    """With the command that lists those that are."""
    code, said = do("rules", *words)
    assert (code, "rules history" in said) == (3, True)


def test_a_difference_is_tried_on_the_rows_of_a_connection(do: Do, tmp_path: Path) -> None:
    """How many prompts this week has under either set, and nothing is kept of it."""
    store = open_store(f"sqlite:///{tmp_path}/coachsync.sqlite3")
    schema.ready(store)
    company = open_company(store, tmp_path, now=datetime.now(UTC))
    company.often()
    company.close()
    (tmp_path / "coaching.toml").write_text("[planning]\nminutes_a_month = 2000\n")
    quiet = folder(tmp_path / "a", quiet_deal=QUIET)
    silent = folder(tmp_path / "b", quiet_deal=QUIET.replace("status: live", "status: draft"))
    week = do("rules", "diff", quiet, silent, "--on", NAME, "--json")[1]["this_week"]
    assert (week["a"]["prompts"] - week["b"]["prompts"], week["a"]["only_here"], week["b"]["only_here"]) == (4, 4, 0)
    assert week["a"]["findings"] - week["b"]["findings"] == 4
    assert "prompts" in do("rules", "diff", quiet, silent, "--on", NAME)[1]
    store.close()
