"""SOQL: what it finds, in which order, and how it refuses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sandbox.ids import make_id
from connectors.sandbox.org import Actor, Org
from connectors.sandbox.queries import Asker, more, run

BASE = datetime(2026, 1, 1, tzinfo=UTC)


def found(org, soql, **options):
    asker = Asker(actor=Actor(user_id=org.user_id), session="one", version="v66.0")
    return run(org, asker, soql, **{"everything": False, "batch": 2000, **options})


def ids(org, where):
    return {row["Name"] for row in found(org, f"SELECT Name FROM Opportunity WHERE {where}")["records"]}


@pytest.fixture
def deals(org):
    org.load(
        "Opportunity",
        [
            {"Name": "a", "Amount": 10, "StageName": "Prospecting", "CloseDate": "2026-03-01", "NextStep": "Call 100%"},
            {"Name": "b", "Amount": None, "StageName": "closed won", "CloseDate": "2026-03-02", "IsClosed": True},
            {"Name": "c", "Amount": 30.5, "StageName": "Closed Won", "CloseDate": "2026-03-08", "IsDeleted": True},
            {"Name": "d", "Amount": -1, "StageName": "Proposal", "CloseDate": "2026-02-23", "NextStep": "it's \\ so"},
        ],
    )
    return org


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("Amount > 5", "a"),
        ("Amount != 10", "bd"),
        ("Amount = null", "b"),
        ("Amount != null", "ad"),
        ("NOT Amount > 5", "bd"),
        ("NOT (Amount > 5 OR Amount < 0)", "b"),
        ("StageName = 'CLOSED WON'", "b"),
        ("StageName LIKE 'pro%'", "ad"),
        ("NextStep LIKE '%0\\%'", "a"),
        ("NextStep = 'IT\\'S \\\\ SO'", "d"),
        ("NextStep LIKE '%\\\\%'", "d"),
        ("StageName IN ('Prospecting', 'Proposal')", "ad"),
        ("Amount NOT IN (10)", "bd"),
        ("IsClosed = true", "b"),
        ("CloseDate >= 2026-03-01 AND CloseDate < 2026-03-02", "a"),
        ("CloseDate = TODAY", "b"),
        ("CloseDate = LAST_N_DAYS:7", "abd"),
        ("CloseDate < YESTERDAY", "d"),
        ("CloseDate > TODAY", ""),
        ("(Amount > 5 AND CloseDate = 2026-03-01) OR Amount < 0", "ad"),
        ("Opportunity.Amount > 5", "a"),
        ("Owner.Name = 'coaching integration'", "abd"),
        ("AccountId = null", "abd"),
        ("AccountId IN (SELECT Id FROM Account)", ""),
        ("AccountId NOT IN (SELECT Id FROM Account)", "abd"),
        ("CreatedDate >= 2026-03-02T10:00:00.000+01:00", "abd"),
        ("CreatedDate > 2026-03-02T09:00:00Z", ""),
    ],
)
def test_where_finds_what_soql_finds(deals, where, names):
    """NULL is never above or below, but it is unequal; text is read as people read it; deleted rows are hidden."""
    assert ids(deals, where) == set(names)


def test_ids_match_with_15_or_18_characters_and_with_case(org):
    """A 15-character id finds its record, one that differs in case does not."""
    key = make_id("001", 36**2)
    org.load("Account", [{"Id": key, "Name": "Amber Lantern Freight"}])
    assert found(org, f"SELECT Id FROM Account WHERE Id = '{key[:15]}'")["totalSize"] == 1
    assert found(org, f"SELECT Id FROM Account WHERE Id = '{key[:15].swapcase()}'")["totalSize"] == 0


@pytest.mark.parametrize(
    ("soql", "code", "says"),
    [
        ("SELECT Bacon__c FROM Opportunity", "INVALID_FIELD", "Row:1:Column:8\nNo such column 'Bacon__c' on entity"),
        ("SELECT Id, Nobody.Name FROM Opportunity", "INVALID_FIELD", "Column:12\nDidn't understand relationship"),
        ("SELECT Id FROM Bacon", "INVALID_TYPE", "Row:1:Column:16\nsObject type 'Bacon' is not supported"),
        ("SELECT Id FROMM Task", "MALFORMED_QUERY", "Row:1:Column:11\nunexpected token: 'FROMM'"),
        ("SELECT Id FROM Task WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Task WHERE Id = '1' AND Id = '2' OR Id = '3'", "MALFORMED_QUERY", "unexpected token: 'OR'"),
        ("SELECT Id FROM Task WHERE Subject = 'a\\q'", "MALFORMED_QUERY", "Illegal character sequence '\\q'"),
        ("SELECT Id FROM Task\nWHERE Description = 'x'", "INVALID_FIELD", "Row:2:Column:7\nfield 'Description' can"),
        ("SELECT Id FROM Task ORDER BY Description", "MALFORMED_QUERY", "can not be sorted"),
        ("SELECT Id FROM Task WHERE Subject = 1", "INVALID_FIELD", "must be of type string and should be enclosed"),
        ("SELECT Id FROM Task WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD", "must be of type dateTime and"),
        ("SELECT Id FROM Task WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Task WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        ("SELECT Id FROM Task WHERE IsClosed > true", "INVALID_QUERY_FILTER_OPERATOR", "boolean"),
        ("SELECT Id FROM Task WHERE ActivityDate LIKE '2026%'", "INVALID_QUERY_FILTER_OPERATOR", "date field"),
        ("SELECT Id FROM Task WHERE CreatedDate = 2026-13-41T00:00:00Z", "MALFORMED_QUERY", "Invalid date"),
        ("SELECT Id FROM Task LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is"),
        ("SELECT Id, Id FROM Task", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Subject, COUNT(Id) FROM Task", "MALFORMED_QUERY", "Field must be grouped or aggregated: Subject"),
        ("SELECT MAX(IsClosed) FROM Task", "MALFORMED_QUERY", "does not support aggregate operator MAX"),
        ("SELECT Id FROM ContentDocumentLink", "MALFORMED_QUERY", "requires a filter by a single Id"),
        ("SELECT Id FROM ContentDocumentLink WHERE LinkedEntityId != null", "MALFORMED_QUERY", "requires a filter"),
        ("SELECT Id FROM Task WHERE Id IN (SELECT Subject FROM Event)", "MALFORMED_QUERY", ""),
        ("'; DROP TABLE Task; --", "MALFORMED_QUERY", "unexpected token"),
    ],
)  # fmt: skip
def test_a_wrong_query_is_refused_in_salesforces_words(caller, soql, code, says):
    """Code, place and sentence are those a client may have to read."""
    refused = caller.call("GET", "/query", q=soql)
    assert caller.code(refused) == (400, code)
    assert says in refused.value[0]["message"]


def test_order_puts_nulls_first_unless_told_otherwise(deals):
    """NULLS FIRST is the default in both directions."""
    for ending, names in (("", "bda"), (" NULLS LAST", "dab"), (" DESC", "bad"), (" DESC NULLS LAST", "adb")):
        rows = found(deals, f"SELECT Name FROM Opportunity ORDER BY Amount{ending}")["records"]
        assert "".join(row["Name"] for row in rows) == names
    rows = found(deals, "SELECT Name FROM Opportunity ORDER BY Name DESC LIMIT 1 OFFSET 1")["records"]
    assert [row["Name"] for row in rows] == ["b"]


def test_counts_and_groups(deals):
    """COUNT() answers with a size alone, groups with one record each, unnamed aggregates as expr0, expr1."""
    assert found(deals, "SELECT COUNT() FROM Opportunity") == {"totalSize": 3, "done": True, "records": []}
    assert found(deals, "SELECT COUNT() FROM Opportunity LIMIT 2")["totalSize"] == 2
    soql = "SELECT IsDeleted, COUNT(Id) n, MAX(Amount), MIN(CloseDate) FROM Opportunity GROUP BY IsDeleted"
    grouped = found(deals, soql, everything=True)["records"]
    assert [(row["n"], row["expr0"], row["expr1"]) for row in grouped] == [
        (3, 10, "2026-02-23"),
        (1, 30.5, "2026-03-08"),
    ]
    assert found(deals, "SELECT COUNT(Id) n FROM Opportunity WHERE Amount > 1000")["records"][0]["n"] == 0


def test_parents_are_nested_and_null_where_there_is_none(caller):
    """A relationship path comes back as a record in a record, for polymorphic ones too."""
    account = caller.create("Account", Name="Amber Lantern Freight")
    deal = caller.deal(AccountId=account)
    caller.create("Task", Subject="Call", WhatId=deal)
    row = caller.query("SELECT Id, What.Name, What.Type, Account.Owner.Name, Who.Name FROM Task")[0]
    assert (row["What"]["Name"], row["What"]["Type"], row["Who"]) == ("Lantern rollout", "Opportunity", None)
    assert row["What"]["attributes"]["type"] == "Opportunity"
    assert row["Account"]["Owner"]["Name"] == "Coaching Integration"
    assert row["attributes"] == {"type": "Task", "url": f"/services/data/v66.0/sobjects/Task/{row['Id']}"}


def test_a_long_answer_comes_in_pages_that_do_not_shift(org):
    """What the query found stays found while rows come and go; the last page has no next one."""
    org.load("Account", [{"Name": f"Account {n}"} for n in range(450)])
    asker = Asker(actor=Actor(user_id=org.user_id), session="one", version="v66.0")
    page = run(org, asker, "SELECT Id, Name FROM Account ORDER BY Id", everything=False, batch=200)
    seen = [row["Name"] for row in page["records"]]
    org.load("Account", [{"Id": make_id("001", 1), "Name": "late"}])
    while not page["done"]:
        page = more(org, asker, page["nextRecordsUrl"].rsplit("/", 1)[1])
        seen += [row["Name"] for row in page["records"]]
    assert seen == [f"Account {n}" for n in range(450)]
    assert (page["totalSize"], "nextRecordsUrl" in page) == (450, False)


def test_a_locator_belongs_to_its_session(caller):
    """After a new sign-in the old locator is dead; an invented one never lived."""
    caller.org.load("Account", [{"Name": f"Account {n}"} for n in range(201)])
    first = caller.call("GET", "/query", q="SELECT Id FROM Account", headers={"sforce-query-options": "batchSize=1"})
    assert len(first.value["records"]) == 200
    assert caller.call("GET", first.value["nextRecordsUrl"]).status == 200
    caller.token = caller.org.sessions.open(caller.org.id, caller.org.user_id, caller.org.now())
    assert caller.code(caller.call("GET", first.value["nextRecordsUrl"])) == (401, "INVALID_SESSION_ID")
    assert caller.code(caller.call("GET", "/query/01gnonsense-200")) == (400, "INVALID_QUERY_LOCATOR")


@settings(max_examples=60, deadline=None)
@given(
    stamps=st.lists(st.integers(0, 6), min_size=1, max_size=40),
    cut=st.tuples(st.integers(0, 6), st.integers(0, 40)),
    size=st.integers(1, 15),
)
def test_keyset_pages_meet_every_row_once(stamps, cut, size):
    """(stamp = t AND Id > id) OR stamp > t, ordered and limited, gives what sorting in Python gives."""
    org = Org(now=BASE)
    rows = [(BASE + timedelta(minutes=minute), make_id("001", n)) for n, minute in enumerate(stamps)]
    org.load("Account", [{"Id": key, "Name": "A", "SystemModstamp": stamp} for stamp, key in rows])
    after = (BASE + timedelta(minutes=cut[0]), make_id("001", cut[1]))
    moment = f"{after[0]:%Y-%m-%dT%H:%M:%SZ}"
    soql = (
        f"SELECT Id FROM Account WHERE (SystemModstamp = {moment} AND Id > '{after[1]}') OR SystemModstamp > {moment}"
        f" ORDER BY SystemModstamp, Id LIMIT {size}"
    )
    wanted = [key for stamp, key in sorted(rows) if (stamp, key) > after][:size]
    assert [row["Id"] for row in found(org, soql)["records"]] == wanted
    org.close()


AMOUNTS = st.one_of(st.none(), st.integers(-3, 3))
COMPARISONS = st.tuples(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.integers(-3, 3))
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.just("and"), inner, inner),
        st.tuples(st.just("or"), inner, inner),
    ),
    max_leaves=6,
)


def written(condition):
    if condition[0] == "not":
        return f"(NOT {written(condition[1])})"
    if condition[0] in ("and", "or"):
        return f"({written(condition[1])} {condition[0]} {written(condition[2])})"
    return f"Amount {condition[0]} {condition[1]}"


def holds(condition, amount):
    word = condition[0]
    if word == "not":
        return not holds(condition[1], amount)
    if word in ("and", "or"):
        both = (holds(condition[1], amount), holds(condition[2], amount))
        return all(both) if word == "and" else any(both)
    if amount is None:
        return word == "!="
    return {
        "=": amount == condition[1], "!=": amount != condition[1], "<": amount < condition[1],
        "<=": amount <= condition[1], ">": amount > condition[1], ">=": amount >= condition[1],
    }[word]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=8), condition=CONDITIONS)
def test_conditions_know_only_true_and_false(amounts, condition):
    """Any nesting of AND, OR and NOT over NULLs agrees with two-valued logic."""
    org = Org(now=BASE)
    org.load("Opportunity", [{"Name": str(n), "Amount": amount} for n, amount in enumerate(amounts)])
    assert ids(org, written(condition)) == {str(n) for n, amount in enumerate(amounts) if holds(condition, amount)}
    org.close()


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20))
def test_any_text_survives_quoting(text):
    """An escaped literal finds exactly the row that holds it, whatever is in it."""
    org = Org(now=BASE)
    org.load("Account", [{"Name": text or "x"}, {"Name": "something else altogether"}])
    quoted = (text or "x").replace("\\", "\\\\").replace("'", "\\'")
    assert found(org, f"SELECT Name FROM Account WHERE Name = '{quoted}'")["records"][0]["Name"] == (text or "x")
    org.close()
