"""The gate lets ordinary conditions pass, refuses everything else with its place, and never crashes."""

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coaching_rules.conditions import FUNCTIONS, LONGEST, Function, parse
from coaching_rules.errors import ConditionErrors

ORDINARY = [
    "is_early and days_since_two_way >= 14 and not has_future_meeting and amount >= segment_median_amount",
    "amount between 10 and 20 or stage in ('Discovery', 'It''s late')",
    "next_step is null and segment is not null",
    "days_in_stage > greatest(1.5 * won_median_days_in_stage, 10)",
    "amount / contacts > 1000 and -days_to_close > 3",
    "days_since_any >= case when stage_share < 0.4 then 14 when stage_share < 0.8 then 7 end",
    "coalesce(amount, 0) > abs(days_to_close) + least(contacts, 3)",
    "close_date > '2027-01-31'",
    "has_future_meeting = is_early",
    "is_early AND NOT(is_commit) OR stage NOT IN('a') and amount not between -1 and +.5",
    "amount == 1e3 and stage != 'He said: \"no -- {never} /* 50% */\"'",
    "case when is_early then amount > 1 else is_commit end",
    "case when is_early then null else amount end > 1",
    "case when is_early then null end > amount",
]

HOSTILE = [
    "read_csv('/etc/passwd') is null",
    "read_text('/etc/passwd') = ''",
    "getenv('HOME') = 'x'",
    "(select 1) = 1",
    "amount in (select 1)",
    "exists (select 1)",
    "amount in contacts",
    "deal.amount > 1",
    "main.deal.amount > 1",
    "PRAGMA database_list",
    "SET enable_external_access = true",
    "ATTACH 'x.db'",
    "COPY deal TO 'x.csv'",
    "INSTALL httpfs",
    "is_early; drop table deal",
    "is_early union select true",
    '"is_early"',
    "IS_EARLY",
    "ｉs_early",
    "is_еarly",
    "is_early\u200b",
    "is_early \u202e and true",
    "is_early \x00",
    "amount::varchar = '1'",
    "cast(amount as varchar) = '1'",
    "current_date > close_date",
    "now() is null",
    "random() > 0.5",
    "stage like 'D%'",
    "stage similar to '.*'",
    "stage || 'x' = 'x'",
    "[1, 2][1] = amount",
    "{'a': 1} is null",
    "list_filter([1], x -> x > 0) is null",
    "amount > $1",
    "amount > ?",
    "amount > $$1$$",
    "stage = e'\\n'",
    "stage = x'00'",
    "* is null",
    "columns('.*') > 1",
    "amount > interval 1 day",
    "date '2027-01-01' < close_date",
    "is_early as x",
    "amount % 2 = 0",
    "amount // 2 = 0",
    "amount is distinct from 1",
    "amount between symmetric 1 and 2",
    "count(*) > 1",
    "sum(amount) > 1",
    "row_number() over () > 1",
    "amount > 1e400",
    "amount > 9999999999999999",
    "1 / (amount / contacts) > 1",
    "case when case when is_early then true end then true end",
    "case stage when 'x' then true end",
    "try(is_early)",
    "if(is_early, true, false)",
    "(is_early, true) = (true, true)",
    "is_early and",
    "(is_early",
    "stage = 'open",
    "is_early /* open",
    "",
    "   ",
    "-- nothing",
    "true",
    "null",
    "1 = 1",
    "not " * 400 + "is_early",
    "(" * 300 + "is_early" + ")" * 300,
    "case when " * 150 + "is_early" + " then is_early end" * 150,
    "is_early and " * 100 + "is_early",
    "is_early or (" * 100 + "is_early" + ")" * 100,
    "abs(" * 200 + "amount" + ")" * 200 + " > 1",
    "is_early " + " " * LONGEST,
]

ILL_TYPED = [
    ("amount", "a number, not a condition"),
    ("stage", "a text, not a condition"),
    ("not amount", "a number, not a condition"),
    ("amount and is_early", "a number, not a condition"),
    ("stage < 3", "cannot be put together"),
    ("stage > 'a'", "text has no order"),
    ("is_early > false", "yes-or-no has no order"),
    ("stage between 'a' and 'b'", "text has no order"),
    ("amount = null", "is null"),
    ("amount in (1, null)", "is null"),
    ("is_early is true", "stands alone"),
    ("close_date > 3", "cannot be put together"),
    ("close_date > 'soon'", "not a date"),
    ("close_date > '0001-01-01'", "is a slip"),
    ("close_date > '9999-12-31'", "is a slip"),
    ("case when is_early then null end", "a null, not a condition"),
    ("stage + 1 > 2", "a number is needed"),
    ("abs(stage) = 1", "works on numbers"),
    ("coalesce(stage, 1) = 'x'", "cannot be put together"),
    ("case when is_early then 1 else 'x' end > 1", "cannot be put together"),
    ("case when amount then true end", "a number, not a condition"),
]

SLIPS = [
    ("amount > 10 -- only large ones", "--", "a condition holds no comment"),
    ("amount > 10 /* only large ones */", "/*", "a condition holds no comment"),
    ("days_in_stage > 14 days", "14 days", "write 14 alone"),
    ("amount > 10k", "10k", "write the number out: 10000"),
    ("amount > 10,000", ",", "write 10000, or 10.000"),
    ("amount > 10 000", "10 000", "in one piece: 10000"),
    ("amount > 1_000", "1_000", "in one piece: 1000"),
    ("amount > €5000", "€", "without its currency"),
    ("amount > 50%", "%", "0.5 for 50 %"),
    ("amount >= 0x1F", "0x1F", "this is no number"),
    ("close_date < 2027-03-31", "2027-03-31", "in quotes: '2027-03-31'"),
    ("close_date < 31.03.2027", "31.03.2027", "'2027-03-31'"),
    ("close_date < date '2027-03-31'", "'2027-03-31'", "in quotes alone"),
    ("close_date < today", "today", "`days_to_close`"),
    ("close_date - rate_date > 3", "close_date", "`days_to_close`"),
    ("stage = Proposal", "Proposal", "in quotes: 'Proposal'"),
    ("stage in (Proposal, 'Offer')", "Proposal", "in quotes: 'Proposal'"),
    ("stage = Closed Won", "Won", "quotes around a text"),
    ('stage = "It\'s"', '"It\'s"', "single quotes: 'It''s'"),
    ("stage = “Proposal”", "“", "straight quote '"),
    ("stage = 'It's late'", "s", "'It''s…"),
    ("is_early and stage = 'open", "'", "not closed"),
    ("stage in 'a'", "'a'", "in ('a')"),
    ("stage contains 'a'", "contains", "compared whole"),
    ("max(amount, 3) > 5", "max", "`greatest`"),
    ("ifnull(amount, 3) > 5", "ifnull", "`coalesce`"),
    ("nvl(amount, 3) > 5", "nvl", "`coalesce`"),
    ("cast(amount) > 5", "cast", "unknown function `cast`"),
    ("amount isnull", "isnull", "write `is null`"),
    ("amount notnull", "notnull", "write `is not null`"),
    ("amount not null", "null", "`is not null`"),
    ("is_early && is_commit", "&&", "write `and`"),
    ("is_early || is_commit", "||", "write `or`"),
    ("!is_early", "!", "write `not`"),
    ("@amount > 3", "@", "means nothing"),
    ("is_early and @", "@", "means nothing"),
    ("amount => 3", "=>", "write `>=`"),
    ("amount ≥ 3", "≥", "write `>=`"),
    ("{amount} > 3", "{amount}", "without braces here: amount"),
    ("case stage when 'a' then is_early end", "stage", "after `case` comes `when`"),
    ("if is_early then amount > 3", "is_early", "there is no `if`"),
    ("if(is_early, true, false)", "if", "there is no `if`"),
    ("5 < amount < 10", "5 < amount < 10", "two comparisons in a row"),
    ("is_early = 1", "1", "stands alone"),
    ("is_early amount > 3", "amount", "side by side"),
    ("is_early and and amount > 3", "and", "missing between"),
    ("and is_early", "and", "missing before"),
    ("is_early or", "or", "missing after"),
    ("abs() > 3", ")", "missing between"),
    ("amount in (1, 2,)", ")", "missing between"),
    ("is_early, is_commit", ",", "only in the brackets"),
    ("(is_early and (is_commit", "(", "not closed"),
    ("is_early)", ")", "closes nothing"),
    ("case when is_early then is_commit", "case", "not closed"),
    ("is_early then is_commit", "then", "belongs to case"),
    ("amount in (1 as x)", "1 as", "write 1 alone"),
    ("least(all amount) > 1", "amount", "side by side"),
    ("(contacts, as) = 0", "as", "is no word of ours"),
    ("amount between 5", "5", "between 10 and 50"),
]

MIXED = [
    "amount > days_in_stage",
    "amount + days_in_stage > 3",
    "days_in_stage > greatest(amount, 10)",
    "days_in_stage between 3 and contacts",
    "contacts in (1, age_days)",
    "case when is_early then amount else age_days end > 3",
    "amount_change_share > contacts",
    "amount / contacts > age_days",
]
UNMIXED = [
    "amount > 0.5 * segment_median_amount",
    "amount * stage_share > amount_before",
    "contacts * stage_share > decision_makers",
    "amount / segment_median_amount > days_in_stage / age_days",
    "days_in_stage > 1.5 * won_median_days_in_stage + 10",
    "amount / contacts > segment_median_amount",
    "amount * days_in_stage > 3",
    "-days_to_close > age_days",
    "coalesce(amount, 0) > abs(amount_before)",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_conditions_pass(text: str) -> None:
    """What a person in sales ops would write is understood."""
    assert parse(text, "deal").words


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:40])
def test_hostile_conditions_are_refused(text: str) -> None:
    """Whatever is not on the list is refused, with a place inside the text."""
    with pytest.raises(ConditionErrors) as refused:
        parse(text, "deal")
    for problem in refused.value.problems:
        assert 0 <= problem.offset <= len(text)
        assert problem.line >= 1
        assert problem.column >= 1


@pytest.mark.parametrize(("text", "said"), ILL_TYPED, ids=[text for text, _ in ILL_TYPED])
def test_ill_typed_conditions_are_refused(text: str, said: str) -> None:
    """Words of different types are not put together, and only a yes-or-no is a condition."""
    with pytest.raises(ConditionErrors, match=said):
        parse(text, "deal")


@pytest.mark.parametrize(("text", "marked", "said"), SLIPS, ids=[text for text, _, _ in SLIPS])
def test_a_slip_is_told_in_plain_words(text: str, marked: str, said: str) -> None:
    """It is marked, and the sentence says what to write instead; none needs to know SQL."""
    with pytest.raises(ConditionErrors) as refused:
        parse(text, "deal")
    (problem,) = refused.value.problems
    assert text[problem.offset : problem.offset + problem.length] == marked
    assert said in problem.message
    assert not re.search(r"\b(?!SQL)[A-Z]{3,}\b", problem.message)


def test_the_parser_is_never_heard(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    """What it says of a stranger's text would stand between our sentences."""
    for text in (*HOSTILE, *(text for text, _, _ in SLIPS)):
        with contextlib.suppress(ConditionErrors):
            parse(text, "deal")
    assert (caplog.text, capsys.readouterr().err) == ("", "")


def test_every_unknown_word_is_named_with_the_nearest() -> None:
    """All of them at once, each with line and column."""
    with pytest.raises(ConditionErrors) as refused:
        parse("amont > 1\n  and ownr_id = 'x'", "deal")
    first, second = refused.value.problems
    assert (first.line, first.column, second.line, second.column) == (1, 1, 2, 7)
    assert "`amount`" in first.message
    assert "`owner_id`" in second.message


def test_all_that_is_wrong_is_named_at_once() -> None:
    """Unknown words, unknown functions and types that do not fit, in one round of corrections."""
    text = "amont > 1 and stage > 3 and (maxx(amount) > 1 or coalesce(contacts, stage) > 1)"
    with pytest.raises(ConditionErrors) as refused:
        parse(text, "deal")
    said = [(text[p.offset : p.offset + p.length], p.message.split(";")[0]) for p in refused.value.problems]
    assert said == [
        ("amont", "unknown word `amont`"),
        ("3", "a text and a number cannot be put together"),
        ("maxx", "unknown function `maxx`"),
        ("stage", "a number and a text cannot be put together"),
    ]


@pytest.mark.parametrize("text", MIXED)
def test_mixed_units_are_warned_about(text: str) -> None:
    """Days held against money load, since somebody may mean it, and are pointed at."""
    (warning,) = parse(text, "deal").warnings
    assert "are put together; is that meant?" in warning.message
    assert text[warning.offset : warning.offset + warning.length] in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("capture_coverage < 30", "so 30 is 3000 %"),
        ("amount_change_share <= -20", "so -20 is -2000 %"),
        ("stage_share between 0.2 and (40)", "so 40 is 4000 %"),
        ("least(stage_share, 40) > capture_coverage", "so 40 is 4000 %"),
        ("50 > coalesce(capture_coverage, 0)", "so 50 is 5000 %"),
        ("amount_change_share = 5", "so 5 is 500 %"),
    ],
)
def test_a_share_written_in_percent_is_warned_about(text: str, said: str) -> None:
    """It would hold always or never; what grew six-fold may be meant, so the rule loads."""
    (warning,) = parse(text, "deal").warnings
    assert said in warning.message


@pytest.mark.parametrize("text", [*UNMIXED, "stage_share * 100 > 40", "amount_change_share > 1.5"])
def test_units_that_fit_raise_no_warning(text: str) -> None:
    """A plain number fits any unit; a quantity times a share or a count stays what it is."""
    assert parse(text, "deal").warnings == ()


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_gives_what_it_says(function: Function) -> None:
    """Its name is how it is called, numbers go in, a number comes out."""
    assert parse(f"{function.name}(amount) > 1", "deal").words == ("amount",)


def test_words_belong_to_their_grain() -> None:
    """A word about deals means nothing about reps."""
    with pytest.raises(ConditionErrors, match="unknown word"):
        parse("amount > 1", "rep")


def test_a_syntax_error_says_where() -> None:
    """The place is that of the piece that could not be read, also on a later line."""
    with pytest.raises(ConditionErrors) as refused:
        parse("is_early and\namount >> > 3", "deal")
    assert refused.value.problems[0].line == 2


def test_words_come_in_the_order_of_reading() -> None:
    """So that evidence reads as the condition does."""
    assert parse("is_early and amount > segment_median_amount", "deal").words == (
        "is_early",
        "amount",
        "segment_median_amount",
    )


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="()'\"=<>+-*/,;.$?:@!&|{}% \nabis_early0123456789amountcasewhenthenendnotandornull", max_size=60)
)
def test_no_text_crashes_the_gate(text: str) -> None:
    """Any text is a condition or a list of problems, nothing else."""
    with contextlib.suppress(ConditionErrors):
        assert parse(text, "deal").words
