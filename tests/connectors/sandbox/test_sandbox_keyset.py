"""Keyset pages: every row once, found by seeking also where thousands share a stamp."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.sandbox.org import Actor
from connectors.sandbox.plan import plan
from connectors.sandbox.queries import sight
from connectors.sandbox.soql import parse

BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)
SHAPES = [
    "(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > '{id}'))",
    "((Id > '{id}' AND SystemModstamp = {at}) OR SystemModstamp > {at})",
]


def steps(org, soql):
    found = plan(parse(soql), sight(org, Actor(user_id=org.user_id), True))
    return [row[3] for row in org.execute(f"EXPLAIN QUERY PLAN {found.rows_sql}", found.params)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_position_is_sought_by_stamp_and_id(org, shape):
    """One search of the index with both bounds, no scan of the equal stamps and no sort."""
    after = shape.format(at="2026-01-05T09:00:00.000Z", id="00T000000000001AAA")
    soql = f"SELECT Id, Subject FROM Task WHERE IsDeleted = false AND {after} ORDER BY SystemModstamp, Id LIMIT 2000"
    assert steps(org, soql) == ["SEARCH t USING INDEX Task_stamp ((SystemModstamp,Id)>(?,?))"]


@pytest.mark.parametrize("shape", SHAPES)
def test_pages_by_position_hold_every_row_once(caller, shape):
    """Across ties longer than a page, in the order of stamp and id."""
    caller.org.load("Account", ({"Name": str(n), "SystemModstamp": BEGAN + timedelta(n // 7)} for n in range(25)))
    seen, where = [], ""
    while True:
        soql = f"SELECT Id, SystemModstamp FROM Account{where} ORDER BY SystemModstamp, Id LIMIT 4"
        rows = caller.query(soql)
        seen += [(row["SystemModstamp"], row["Id"]) for row in rows]
        if len(rows) < 4:
            break
        where = " WHERE " + shape.format(at=seen[-1][0].replace("+0000", "Z"), id=seen[-1][1])
    assert seen == sorted(set(seen))
    assert len(seen) == 25


def test_what_only_looks_like_a_position_is_read_as_written(caller):
    """Another stamp or another field on the second side changes the answer."""
    caller.org.load("Account", [{"Name": name, "SystemModstamp": BEGAN} for name in "ab"])
    at, later = "2026-01-05T09:00:00.000Z", "2026-01-05T10:00:00.000Z"
    none = f"SELECT Id FROM Account WHERE SystemModstamp > {at} OR (SystemModstamp = {later} AND Id > '{'0' * 18}')"
    some = f"SELECT Id FROM Account WHERE SystemModstamp > {at} OR (SystemModstamp = {at} AND Name > 'a')"
    assert (len(caller.query(none)), len(caller.query(some))) == (0, 1)
