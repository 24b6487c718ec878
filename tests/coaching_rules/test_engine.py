"""The engine finds what holds, counts what it cannot tell, and refuses facts that are not the vocabulary's."""

import math
from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coaching_rules.cases import table
from coaching_rules.engine import Facts, Judgement, Tally, evaluate
from coaching_rules.errors import FactsError
from coaching_rules.loader import starter
from coaching_rules.model import Engagement, Evidence, Moment, Rule, Value
from coaching_rules.vocabulary import Grain

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
Row = dict[str, Value]


def rule(when: str, grain: Grain = "deal", why: str = "A reason.", rule_id: str = "a_rule") -> Rule:
    coach = Engagement(
        why=why,
        when=Moment(meeting="one_on_one"),
        where="one_on_one",
        minutes=10,
        ask=("What would help?",),
        prepare=(),
        area="opportunity",
    )
    return Rule(
        id=rule_id, grain=grain, title="A rule", status="live", owner="sales-ops", review_by=date(2027, 12, 31),
        when=when, severity=1, coach=coach,
    )  # fmt: skip


def judge(when: str, *rows: Row, why: str = "A reason.") -> Judgement:
    return evaluate([rule(when, why=why)], Facts(as_of=NOON, tables={"deal": table("deal", list(rows))}))


def tally(when: str, *rows: Row) -> Tally:
    return judge(when, *rows).tallies["a_rule"]


def evidence(when: str, row: Row) -> tuple[Evidence, ...]:
    (finding,) = judge(when, row).findings
    return finding.evidence


def test_null_never_fires_and_is_counted() -> None:
    """An unknown amount is neither a finding nor an all-clear."""
    counted = tally("amount > 10", {"amount": 20}, {"amount": 5}, {"amount": None})
    assert counted == Tally(evaluated=3, matched=1, not_enough_data=1)


@pytest.mark.parametrize("amount", [math.nan, math.inf, -math.inf, 1e300])
def test_a_number_that_is_none_never_fires(amount: float) -> None:
    """NaN, infinity and the absurd count as unknown, in whatever way they are compared."""
    for when in ("amount > 10", "amount < 10", "amount = amount", "not amount > 10", "amount + 1 <> 3"):
        assert tally(when, {"amount": amount}) == Tally(evaluated=1, matched=0, not_enough_data=1)


def test_division_by_zero_is_unknown() -> None:
    """Also when the quotient is turned over, and when the divisor is a sum."""
    for when in ("amount / contacts > 1", "amount / contacts < 1", "amount / (contacts - 0) <> 7"):
        assert tally(when, {"amount": 10, "contacts": 0}).not_enough_data == 1


def test_overflow_is_unknown() -> None:
    """A product too large for a number neither fires nor fails."""
    when = " * ".join(["amount"] * 30) + " > 1"
    assert tally(when, {"amount": 1e15}).not_enough_data == 1


def test_large_whole_numbers_do_not_fail() -> None:
    """Sums of large counts are done in floating point, so they cannot overflow an integer."""
    assert tally("contacts * contacts > 1", {"contacts": 2**40}).matched == 1


def test_only_open_deals_are_judged() -> None:
    """Closed deals and those whose state is unknown are not even counted."""
    rows: list[Row] = [{"amount": 20, "is_open": state} for state in (True, False, None)]
    assert tally("amount > 10", *rows) == Tally(evaluated=1, matched=1, not_enough_data=0)


def test_reps_are_judged_by_their_own_words() -> None:
    """Both grains in one run, each over its own table."""
    facts = Facts(
        as_of=NOON,
        tables={"deal": table("deal", [{"amount": 20}]), "rep": table("rep", [{"rep_id": "r1", "early_deals": 4}])},
    )
    found = evaluate([rule("early_deals > 3", "rep", rule_id="of_reps"), rule("amount > 10")], facts).findings
    assert {(finding.grain, finding.subject_id) for finding in found} == {("rep", "r1"), ("deal", "1")}


def test_a_finding_carries_what_its_texts_say() -> None:
    """Values of every word of the condition and the texts, whole numbers as whole numbers."""
    row: Row = {"days_in_stage": 14, "deal_name": "Harbour lamps", "close_date": date(2027, 4, 1)}
    (finding,) = judge("days_in_stage > 3", row, why="{deal_name} by {close_date}").findings
    assert finding.values == row
    assert isinstance(finding.values["days_in_stage"], int)
    assert finding.rule_version == rule("days_in_stage > 3", why="{deal_name} by {close_date}").version


def test_evidence_says_value_threshold_and_source() -> None:
    """A number in the rule is the rule's; a word is named."""
    row: Row = {"amount": 20, "segment_median_amount": 15, "is_early": True, "has_future_meeting": False}
    said = evidence("is_early and not has_future_meeting and amount >= segment_median_amount and amount > 1", row)
    assert said == (
        Evidence(word="is_early", value=True, op="is", threshold=True, threshold_source="the rule"),
        Evidence(word="has_future_meeting", value=False, op="is", threshold=False, threshold_source="the rule"),
        Evidence(word="amount", value=20, op=">=", threshold=15, threshold_source="segment median amount"),
        Evidence(word="amount", value=20, op=">", threshold=1, threshold_source="the rule"),
    )


def test_evidence_says_what_a_learnt_threshold_rests_on() -> None:
    """The default, and what the won deals suggest, with how many they are."""
    rests_on = "default 14; your 9 won deals suggest 11"
    row: Row = {"days_in_stage": 40, "won_median_days_in_stage": 13.07, "won_median_days_in_stage_basis": rests_on}
    (said,) = evidence("days_in_stage > 2 * won_median_days_in_stage", row)
    assert (said.op, said.threshold) == (">", pytest.approx(26.14))
    assert said.threshold_source == f"the rule, from 13: {rests_on}"
    (said,) = evidence("days_in_stage > won_median_days_in_stage", row)
    assert said.threshold_source == rests_on


def test_a_word_that_only_chooses_is_not_the_source() -> None:
    """The number for a late stage is the rule's, whatever picked it; a plain word needs no "the rule"."""
    row: Row = {"days_since_any": 9, "stage_share": 0.9, "age_days": 4}
    (said,) = evidence("days_since_any > case when stage_share > 0.5 then 5 else 14 end", row)
    assert (said.threshold, said.threshold_source) == (5, "the rule")
    (said,) = evidence("days_since_any > age_days", row)
    assert (said.threshold, said.threshold_source) == (4, "age days")


@pytest.mark.parametrize("kind", [pa.int32(), pa.float32(), pa.decimal128(18, 2)])
def test_numbers_may_arrive_in_any_width(kind: pa.DataType) -> None:
    """A CRM's decimals and whole amounts are numbers too."""
    facts = table("deal", [{"amount": 20}])
    at = facts.schema.get_field_index("amount")
    facts = facts.set_column(at, "amount", pa.array([20], pa.int32()).cast(pa.decimal128(18, 2)).cast(kind))
    (finding,) = evaluate([rule("amount > 10")], Facts(as_of=NOON, tables={"deal": facts})).findings
    assert finding.values == {"amount": 20.0, "amount_basis": None}


def test_evidence_leaves_out_what_did_not_hold() -> None:
    """Of an `or`, only the side that was true is evidence."""
    (said,) = evidence("amount > 10 or contacts > 3", {"amount": 20, "contacts": 1})
    assert said.word == "amount"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("not amount > 30", [("<=", 30)]),
        ("30 > amount", [("<", 30)]),
        ("not (amount < 10 or amount = 15)", [(">=", 10), ("<>", 15)]),
        ("amount between 10 and 30", [(">=", 10), ("<=", 30)]),
        ("amount not between 30 and 40", [("<", 30)]),
        ("amount in (10, 20)", [("in", "10, 20")]),
        ("amount not in (30)", [("not in", "30")]),
        ("amount in (20, -20, +30)", [("in", "20, -20, 30")]),
        ("amount - contacts > 3", [("", None), ("", None)]),
        ("amount > case when contacts > 1 then 10 else 99 end", [(">", 10)]),
        ("amount is not null and amount > 1", [(">", 1)]),
        ("segment is null", [("is", None)]),
    ],
)
def test_evidence_is_turned_so_that_it_reads_as_what_held(when: str, said: list[tuple[str, Value]]) -> None:
    """A negation, a mirrored comparison or a range becomes plain comparisons of the word."""
    held = evidence(when, {"amount": 20, "contacts": 2})
    assert [(part.op, part.threshold) for part in held] == said


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("is_early or (amount > 10 and contacts > 3)", ["is_early"]),
        ("is_early or (amount > 10 and (contacts > 3 or contacts = 1))", ["is_early", "amount", "contacts"]),
        ("is_early or (amount > 10 and (contacts > 3 or contacts = 1) and contacts < 0)", ["is_early"]),
        ("not ((not is_early) and (amount <= 10 or contacts <= 3))", ["is_early"]),
        (
            "(is_early or amount > 99) and (contacts > 3 or amount > 10 and contacts = 1)",
            ["is_early", "amount", "contacts"],
        ),
        ("is_early or amount > 10 or contacts > 3", ["is_early", "amount"]),
        ("is_early or (amount > 10 and age_days > 3)", ["is_early"]),
        ("is_early or (amount > 10 and age_days is not null)", ["is_early"]),
    ],
)
def test_evidence_stands_only_with_its_branch(when: str, said: list[str]) -> None:
    """What was true on a side that was not true, or not known to be, explains nothing."""
    assert [part.word for part in evidence(when, {"is_early": True, "amount": 20, "contacts": 1})] == said


def test_a_stage_moved_back_long_ago_is_no_evidence() -> None:
    """The starter rule found the jump of this week; that of eighty days ago is another story."""
    row: Row = {"stages_moved_back": 1, "days_since_moved_back": 80, "stages_skipped": 1, "days_since_skipped": 3}
    said = evidence(starter().get("stage_moved_back_or_skipped").when, row)
    assert [part.word for part in said] == ["stages_skipped", "days_since_skipped"]


def test_a_quote_in_a_text_stays_text() -> None:
    """A text in a condition cannot end itself early."""
    row: Row = {"stage": "It's '); drop table judged; --"}
    assert tally("stage = 'It''s ''); drop table judged; --'", row).matched == 1


def test_facts_refuse_other_columns() -> None:
    """Missing, unknown and wrongly typed columns are all named at once."""
    odd = table("deal", [{}]).drop_columns(["amount"]).append_column("amout", pa.array([1.0]))
    odd = odd.set_column(odd.schema.get_field_index("is_early"), "is_early", pa.array(["yes"]))
    with pytest.raises(FactsError, match="amount is missing") as refused:
        Facts(as_of=NOON, tables={"deal": odd})
    assert "amout is not in the vocabulary" in str(refused.value)
    assert "is_early is string, not boolean" in str(refused.value)


@pytest.mark.parametrize("ids", [["d1", "d1"], ["d1", None]])
def test_facts_refuse_a_subject_twice_or_unnamed(ids: list[str | None]) -> None:
    """A deal that is there twice would be coached twice."""
    with pytest.raises(FactsError, match="deal_id is NULL or there twice"):
        Facts(as_of=NOON, tables={"deal": table("deal", [{"deal_id": deal} for deal in ids])})


@pytest.mark.parametrize("as_of", [datetime(2027, 3, 1), NOON.astimezone(timezone(timedelta(hours=2)))])  # noqa: DTZ001
def test_facts_refuse_another_clock(as_of: datetime) -> None:
    """An instant without zone, or in another zone, is a slip."""
    with pytest.raises(FactsError, match="UTC"):
        Facts(as_of=as_of, tables={})


def test_a_grain_without_facts_is_refused() -> None:
    """A rule that is passed over in silence would look like good news."""
    with pytest.raises(FactsError, match="no table of rep facts"):
        evaluate([rule("early_deals > 3", "rep")], Facts(as_of=NOON, tables={"deal": table("deal", [])}))


def test_no_facts_no_findings() -> None:
    """An empty org is judged without complaint."""
    assert tally("amount > 10") == Tally(evaluated=0, matched=0, not_enough_data=0)
    assert evaluate([], Facts(as_of=NOON, tables={})).findings == ()


def test_ten_thousand_deals_by_thirty_rules() -> None:
    """Every rule sees every deal, and each finding belongs to one of them."""
    rows: list[Row] = [{"amount": number % 100, "contacts": number % 7 or None} for number in range(10_000)]
    rules = [rule(f"amount >= {70 + number} and contacts > 1", rule_id=f"rule_{number}") for number in range(30)]
    judged = evaluate(rules, Facts(as_of=NOON, tables={"deal": table("deal", rows)}))
    assert all(counted.evaluated == 10_000 for counted in judged.tallies.values())
    assert sum(counted.matched for counted in judged.tallies.values()) == len(judged.findings) > 0
    assert sum(1 for row in rows if row["contacts"] is None and int(str(row["amount"])) >= 70) == (
        judged.tallies["rule_0"].not_enough_data
    )


# Random conditions, each with what it should say of a row: three-valued logic, written down a second time.

ROWS: list[Row] = [
    {"amount": amount, "contacts": contacts, "is_early": early, "stage": stage}
    for amount in (None, 0.0, 2.5)
    for contacts in (None, 0, 3)
    for early in (None, True, False)
    for stage in (None, "Proof")
]


def _number(node: tuple, row: Row) -> float | None:
    kind, *parts = node
    if kind == "word":
        cell = row[parts[0]]
        return None if cell is None else float(str(cell))
    if kind == "literal":
        return float(parts[0])
    left, right = (_number(part, row) for part in parts)
    if left is None or right is None or (kind == "/" and right == 0):
        return None
    return {"+": left + right, "-": left - right, "*": left * right, "/": left / right if right else 0.0}[kind]


def _truth(node: tuple, row: Row) -> bool | None:
    kind, *parts = node
    if kind == "flag":
        return row["is_early"]  # type: ignore[return-value]
    if kind == "is null":
        return row[parts[0]] is None
    if kind == "in":
        return None if row["stage"] is None else row["stage"] in parts[0]
    if kind == "not":
        inner = _truth(parts[0], row)
        return None if inner is None else not inner
    if kind in ("and", "or"):
        sides = [_truth(part, row) for part in parts]
        decisive = kind == "or"
        return decisive if decisive in sides else None if None in sides else not decisive
    left, right = (_number(part, row) for part in parts)
    if left is None or right is None:
        return None
    return {"<": left < right, "<=": left <= right, "=": left == right, "<>": left != right}[kind]


def _text(node: tuple) -> str:
    kind, *parts = node
    if kind in ("word", "literal"):
        return str(parts[0])
    if kind == "flag":
        return "is_early"
    if kind == "is null":
        return f"{parts[0]} is null"
    if kind == "in":
        return "stage in (" + ", ".join(f"'{name}'" for name in parts[0]) + ")"
    if kind == "not":
        return f"not ({_text(parts[0])})"
    return f"({_text(parts[0])}) {kind} ({_text(parts[1])})"


_plain = st.one_of(
    st.tuples(st.just("word"), st.sampled_from(["amount", "contacts"])),
    st.tuples(st.just("literal"), st.sampled_from([0, 1, 2.5, 3])),
)
_sums = st.one_of(_plain, st.tuples(st.sampled_from("+-*/"), _plain, _plain))
_atoms = st.one_of(
    st.tuples(st.sampled_from(["<", "<=", "=", "<>"]), _sums, _sums),
    st.tuples(st.just("flag")),
    st.tuples(st.just("is null"), st.sampled_from(["amount", "contacts", "stage"])),
    st.tuples(st.just("in"), st.lists(st.sampled_from(["Proof", "Offer"]), min_size=1, max_size=2)),
)
_conditions = st.recursive(
    _atoms,
    lambda inner: st.one_of(st.tuples(st.just("not"), inner), st.tuples(st.sampled_from(["and", "or"]), inner, inner)),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(_conditions)
def test_conditions_follow_three_valued_logic(tree: tuple) -> None:
    """Random conditions fire exactly where logic with an unknown says so, and count the rest rightly."""
    judged = judge(f"({_text(tree)}) and owner_active", *({**row, "owner_active": True} for row in ROWS))
    verdicts = [_truth(tree, row) for row in ROWS]
    found = {finding.subject_id for finding in judged.findings}
    assert found == {str(at) for at, verdict in enumerate(verdicts, start=1) if verdict}
    assert judged.tallies["a_rule"].not_enough_data == verdicts.count(None)
