"""docs/failures.md names a test for each of the forty failures, and each test it names is there."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")
ROWS = [(int(found[1]), found[0]) for found in re.finditer(r"^\| (\d+) \|.*$", TEXT, re.MULTILINE)]
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
NUMBERED = r'^def (\w+)\([^"]*"""Failures? (\d+(?:(?:, | and |, and )\d+)*)'
"""A test and the numbers of the failures that its docstring begins with."""
EXCUSED = ("does not apply", "not yet")


def test_every_failure_is_listed_once() -> None:
    """From 1 to 40, in order."""
    assert [number for number, _ in ROWS] == list(range(1, 41))


@pytest.mark.parametrize(("number", "row"), ROWS, ids=[str(number) for number, _ in ROWS])
def test_every_failure_has_a_test_or_a_reason(number: int, row: str) -> None:
    """Who has no test says that it does not apply, or that it is not handled yet."""
    assert "::test_" in row or any(excuse in row.lower() for excuse in EXCUSED)
    assert row.count("|") == 5  # a stray bar would hide the column behind it


@pytest.mark.parametrize(("path", "name"), TESTS, ids=[name for _, name in TESTS])
def test_the_named_test_is_there(path: str, name: str) -> None:
    """Renaming or removing a test without the table does not go unnoticed."""
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("number", "row"), ROWS, ids=[str(number) for number, _ in ROWS])
def test_a_test_carries_the_number_of_its_failure(number: int, row: str) -> None:
    """Of those that a row names at least one begins with its number, so that it is found from either side."""
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
    assert not named or any(number in numbers(path).get(name, ()) for path, name in named)


@cache
def numbers(path: str) -> dict[str, set[int]]:
    """What the tests of a file say that they hold, by name."""
    told = re.findall(NUMBERED, (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    return {name: {int(number) for number in re.findall(r"\d+", said)} for name, said in told}


def test_every_number_in_a_docstring_is_in_the_table() -> None:
    """A test says which failure it holds by the numbers of the table."""
    listed = {number for number, _ in ROWS}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        said = numbers(str(path.relative_to(ROOT))).values()
        assert set().union(*said) <= listed, path
