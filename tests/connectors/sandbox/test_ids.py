"""Ids made here are taken for real ones."""

import pytest

from connectors.sandbox.ids import DIGITS, make_id, numbered, to18


@pytest.mark.parametrize(
    ("id15", "id18"),
    [
        ("0065Y00001Suvw6", "0065Y00001Suvw6QAB"),
        ("00D5Y000001MPM7", "00D5Y000001MPM7UAO"),
        ("04l5Y00002lRDRN", "04l5Y00002lRDRNQA4"),
    ],
)
def test_the_checksum_is_salesforces(id15: str, id18: str) -> None:
    """Pairs published in Salesforce's own examples come out the same, and an 18-character id stays as it is."""
    assert to18(id15) == id18 == to18(id18)


def test_ids_differ_and_sort_by_number() -> None:
    """Later records have greater ids, across every carry of the counter."""
    numbers = [0, 1, 61, 62, 3843, 3844, 62**4 - 1, 62**4, 62**6, 62**8 - 1]
    ids = [make_id("006", n) for n in numbers]
    assert ids == sorted(set(ids))
    assert all(len(i) == 18 and i.startswith("006") and set(i) <= set(DIGITS) for i in ids)


def test_case_folding_loses_nothing() -> None:
    """Two ids that differ only in case differ in their checksum, which is why it is there."""
    assert make_id("00T", 10).lower() != make_id("00T", 36).lower()


@pytest.mark.parametrize("bad", ["", "006", "0065Y00001Suvw6Q", "0065Y00001Suv/6", "0065Y00001Suvwé"])
def test_what_is_no_id_is_refused(bad: str) -> None:
    """The error names the text that is no id."""
    with pytest.raises(ValueError, match="no record id"):
        to18(bad)


def test_numbered_counts_from_one() -> None:
    """Each prefix has its own counter."""
    next_task = numbered("00T")
    assert [next_task(), next_task()] == [make_id("00T", 1), make_id("00T", 2)]
