"""A folder of rules loads whole, or every mistake in it is named with its place."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coaching_rules.cases import check_cases
from coaching_rules.errors import RuleErrors
from coaching_rules.loader import LARGEST_FILE, LARGEST_FOLDER, MOST_FILES, ignored, load, starter
from coaching_rules.model import Moment

GOOD = """\
id: quiet_deal
grain: deal
title: A deal went quiet
status: live
owner: sales-ops
review_by: 2027-06-30
when: days_since_two_way >= 14 and not has_future_meeting
severity: 2
coach:
  why: "{deal_name}: no contact for {days_since_two_way} days."
  when: next pipeline_review
  where: pipeline_review
  minutes: 10
  area: opportunity
  ask: ["What would make them want to meet?"]
cases:
  - {name: quiet, fires: true, given: {days_since_two_way: 20, has_future_meeting: false}}
  - {name: booked, fires: false, given: {days_since_two_way: 20, has_future_meeting: true}}
"""

HYGIENE = """\
id: quiet_deal
grain: deal
kind: hygiene
title: No next step
status: live
owner: sales-ops
review_by: 2027-06-30
when: next_step is null
severity: 1
why: "{deal_name} has no next step."
fix: Write one.
cases:
  - {name: none, fires: true, given: {next_step: null}}
  - {name: one, fires: false, given: {next_step: Call}}
"""

MISTAKES = [
    ("id: quiet_deal", "id: Quiet-Deal", 1, 5, "small letters"),
    ("id: quiet_deal", "id: other_deal", 1, 5, "name them alike"),
    ("grain: deal", "grain: deel", 2, 8, "did you mean `deal`"),
    ("title: A", "titel: A", 3, 1, "did you mean `title`"),
    ("status: live", "status: on", 4, 9, "not one of draft"),
    ("owner: sales-ops", "owner:", 5, 1, "`owner` is empty"),
    ("severity: 2", "on:\nseverity: 2", 8, 1, "`on` is empty"),
    ("severity: 2", "on: []\nseverity: 2", 8, 5, "`on` names no event"),
    ("severity: 2", "severity: 2\nrest_days: ~", 9, 1, "`rest_days` is empty"),
    ("review_by: 2027-06-30", "review_by: someday", 6, 12, "is a day"),
    ("review_by: 2027-06-30", "review_by: 2027-13-45", 6, 12, "no value that exists"),
    ("review_by: 2027-06-30", "review_by: 0001-01-01", 6, 12, "is a slip"),
    ("severity: 2", "on: deal_created\nseverity: 2", 8, 5, "names events out of"),
    ("severity: 2", "on: [stage_changd]\nseverity: 2", 8, 6, "did you mean `stage_changed`"),
    ("days_since_two_way >= 14 and", "days_since_two_wy >= 14 and", 7, 7, "did you mean `days_since_two_way`"),
    ("not has_future_meeting\n", "not has_futur_meeting\n", 7, 40, "did you mean `has_future_meeting`"),
    (">= 14 and not", ">= 14 -- quiet\n  and not", 7, 32, "holds no comment"),
    (" days_since_two_way >= 14", " >-\n  days_since_two_way >= 14 -- quiet\n ", 8, 28, "holds no comment"),
    ("severity: 2", "severity: 4", 8, 11, "from 1 to 3"),
    ("severity: 2", "severity: true", 8, 11, "from 1 to 3"),
    ("{days_since_two_way} days", "{days_quiet} days", 10, 37, "no word of a deal"),
    ("{days_since_two_way} days", "{amount:.2f} days", 10, 37, "no word of a deal"),
    ("{days_since_two_way} days", "a } days", 10, 39, "no word of a deal"),
    ("when: next pipeline_review", "when: soon", 11, 9, "within <1 to 90> (working) days"),
    ("when: next pipeline_review", "when: next ride_along", 11, 9, "`next` one of"),
    ("when: next pipeline_review", "when: within 0 days", 11, 9, "within <1 to 90> (working) days"),
    ("where: pipeline_review", "where: pipelin_review", 12, 10, "did you mean `pipeline_review`"),
    ("minutes: 10", "minutes: ten", 13, 12, "whole number"),
    ("area: opportunity", "area: deals", 14, 9, "not one of call"),
    ('["What would make them want to meet?"]', '["Call them."]', 15, 8, "is a question"),
    ('["What would make them want to meet?"]', "[]", 15, 8, "at least one entry"),
    ('["What would make them want to meet?"]', '["a?", "b?", "c?", "d?"]', 15, 8, "4 entries"),
    ("fires: true", "fires: maybe", 17, 26, "not enough data"),
    ("fires: true", "fires: false", 17, 3, "one that fires"),
    ("{days_since_two_way: 20, has_future_meeting: false}", "{days_since_two_way: 20}", 17, 39, "does not say"),
    ("has_future_meeting: false}", "has_future_meeting: false, amount: 3}", 17, 91, "does not read `amount`"),
    ("has_future_meeting: false}", "has_future_meeting: 0}", 17, 84, "is a yes or no"),
    ("two_way: 20, has", "two_way: 2.5, has", 17, 60, "is a whole number"),
    ("name: booked", "name: quiet", 17, 3, "the same name"),
    ("minutes: 10", 'minutes: "10"', 13, 12, "drop the quotes"),
    ("minutes: 10", "minutes: 010", 13, 12, "would be read as 8"),
    ("minutes: 10", "minutes: 0b11", 13, 12, "would be read as 3"),
    ("minutes: 10", "minutes: 0x1F", 13, 12, "would be read as 31"),
    ("minutes: 10", "minutes: 1:30", 13, 12, "would be read as 90"),
    ("minutes: 10", "minutes: 1_0", 13, 12, "would be read as 10"),
    ("two_way: 20, has", "two_way: .inf, has", 17, 60, "would be read as inf"),
    ("fires: true", "fires: 'true'", 17, 26, "drop the quotes"),
    ("two_way: 20, has", "two_way: '20', has", 17, 60, "drop the quotes"),
    ("14 and", "14 days and", 7, 29, "write 14 alone"),
    ("two_way: 20, has", f"two_way: 1{'0' * 26}, has", 17, 60, "this large is a slip"),
    ("two_way: 20, has", "two_way: .inf, has", 17, 60, "is a whole number"),
    ("title: A deal went quiet", r'title: "A \uD800 deal"', 3, 8, "U+D800"),
    ("title: A deal went quiet", r'title: "A \e[2J deal"', 3, 8, "U+001B"),
    ("title: A deal went quiet", r'title: "A \u202e deal"', 3, 8, "U+202E"),
    ("name: quiet", r'name: "\uD800"', 17, 12, "U+D800"),
    ('"What would make', r'"\x9b What would make', 15, 9, "U+009B"),
]  # fmt: skip

NOT_YAML = [
    ("title: A deal went quiet", "title: A deal: went quiet", 3, 14, "a text with a colon in it needs quotes"),
    ("title: A deal went quiet", "title: 'A deal's gone quiet", 3, 16, "the quotes end before the text does"),
    ("title: A deal went quiet", 'title: "A deal" went quiet', 3, 17, "the quotes end before the text does"),
    ("title: A deal went quiet", "title: @deal", 3, 8, "needs quotes around it"),
    ("title: A deal went quiet", "title A deal", 3, 1, "a colon and a space are missing"),
    ("title: A deal went quiet", r'title: "50\% off"', 3, 12, "use single quotes"),
    ("area: opportunity", 'area: "opportunity', 14, 9, "a quote is opened here and not closed"),
    ('"{deal_name}: no contact for {days_since_two_way} days."', "{deal_name} is late", 10, 20, "starts with {"),
    ('["What would make them want to meet?"]', "['What?'", 15, 8, "this bracket is opened and not closed"),
    ("{name: quiet, fires", "{name: quiet fires", 17, 23, "a comma is missing"),
    ("  minutes: 10", " minutes: 10", 13, 2, "indented otherwise"),
    ("  minutes: 10", "    minutes: 10", 13, 12, "indented too far"),
    ("  minutes: 10", "\tminutes: 10", 13, 1, "indent with spaces"),
    ("title: A deal went quiet", "title: - deal", 3, 8, "starts with - needs quotes"),
    ("title: A deal went quiet", "title: ? deal", 3, 8, "starts with ? needs quotes"),
    ("status: live", "status: live\n}", 5, 1, "belongs to nothing"),
    ("when: days", "when: > days", 7, 9, "starts with > or |"),
]

REFUSED_FILES = [
    (b"", "one mapping"),
    (b"- a\n- b\n", "one mapping"),
    (b"id: [\n", "not YAML"),
    (b"id: 'open\n", "not YAML"),
    (b"id: a\n---\nid: b\n", "not YAML"),
    (b"id: \x00", "does not allow"),
    (b"id: \xff\xfe", "UTF-8"),
    (b"id: &a x\ntitle: *a\n", "anchors"),
    (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "anchors"),
    (b"id: !!python/object/apply:os.getcwd []\n", "tags are refused"),
    (b"id: !x y\n", "tags are refused"),
    (b"id: " + b"[" * 5000, "levels deep"),
    (b"id: " + b"x" * LARGEST_FILE, "larger than 32 kB"),
    (b"id: a\nid: b\n", "`id` is there twice"),
    (b"? [a]\n: b\n", "a name is needed"),
    (b"id: " + b"9" * 5000, "no value that exists"),
    (b"id: " + b"x" * 9000, "small letters"),
    (b"x: 1\n" * 5000, "`x` is there twice"),
    (b"why: '" + b"{x}" * 9000 + b"'\nkind: hygiene", "no word of a deal"),
    (b"given: {" + b"w: 1, " * 5000 + b"}", "`w` is there twice"),
]


def write(folder: Path, text: str | bytes, name: str = "quiet_deal.yml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def test_a_rule_loads(tmp_path: Path) -> None:
    """A good file becomes a rule with its rules of engagement and its cases."""
    (rule,) = load(write(tmp_path, GOOD)).rules
    assert rule.coach is not None
    assert rule.coach.when == Moment(meeting="pipeline_review")
    assert (rule.kind, rule.rest_days, rule.max_per_week, len(rule.cases)) == ("coaching", 14, 3, 2)


def test_a_hygiene_rule_needs_no_minutes(tmp_path: Path) -> None:
    """It says why and what to fix, and nothing else."""
    (rule,) = load(write(tmp_path, HYGIENE)).rules
    assert rule.hygiene is not None
    assert (rule.kind, rule.coach, rule.hygiene.fix) == ("hygiene", None, "Write one.")


def test_a_hygiene_rule_never_makes_a_task(tmp_path: Path) -> None:
    """A `coach` in it is a misunderstanding that is cleared up at once."""
    with pytest.raises(RuleErrors, match="never a task"):
        load(write(tmp_path, HYGIENE + "coach: {minutes: 10}\n"))


@pytest.mark.parametrize(
    "moment",
    [
        ("next one_on_one", Moment(meeting="one_on_one")),
        ("within 3 days", Moment(days=3)),
        ("within 2 working days", Moment(days=2, working=True)),
        ("before next_meeting", Moment(event="next_meeting")),
    ],
    ids=lambda moment: moment[0],
)
def test_moments_are_read_and_said_alike(tmp_path: Path, moment: tuple[str, Moment]) -> None:
    """A moment in a file, in memory and in words is one and the same."""
    text, meant = moment
    (rule,) = load(write(tmp_path, GOOD.replace("next pipeline_review", text))).rules
    assert rule.coach is not None
    assert rule.coach.when == meant
    assert str(meant) == text


@pytest.mark.parametrize(("right", "wrong", "line", "column", "said"), MISTAKES)
def test_a_mistake_is_named_with_its_place(
    tmp_path: Path, right: str, wrong: str, line: int, column: int, said: str
) -> None:
    """File, line, column, what is wrong, and the line itself."""
    assert right in GOOD
    with pytest.raises(RuleErrors) as refused:
        load(write(tmp_path, GOOD.replace(right, wrong, 1)))
    places = {(error.line, error.column) for error in refused.value.errors if said in error.message}
    assert (line, column) in places, str(refused.value)
    assert f"quiet_deal.yml:{line}:{column}: " in str(refused.value)


@pytest.mark.parametrize(("right", "wrong", "line", "column", "said"), NOT_YAML)
def test_what_is_not_yaml_is_told_in_plain_words(
    tmp_path: Path, right: str, wrong: str, line: int, column: int, said: str
) -> None:
    """At the place where somebody has to look, without a parser's tokens and scalars."""
    assert right in GOOD
    with pytest.raises(RuleErrors) as refused:
        load(write(tmp_path, GOOD.replace(right, wrong, 1)))
    (error,) = refused.value.errors
    assert (error.line, error.column) == (line, column), str(error)
    assert error.message.startswith("not YAML: ")
    assert said in error.message


def test_the_cases_of_a_condition_that_cannot_be_read_are_read(tmp_path: Path) -> None:
    """So that their mistakes need no second round: words there are not, and values that do not fit."""
    text = GOOD.replace(">= 14", ">= 14 days").replace(
        "two_way: 20, has_future_meeting: true", "two_wy: 20, amount: No"
    )
    with pytest.raises(RuleErrors) as refused:
        load(write(tmp_path, text))
    said = [error.message for error in refused.value.errors]
    assert said[1:] == [
        "unknown word `days_since_two_wy`; did you mean `days_since_two_way`?",
        "`amount` is a number; this is not",
    ]


def test_a_text_that_yaml_takes_for_something_else_wants_quotes(tmp_path: Path) -> None:
    """`No` is a yes-or-no to YAML, and a stage to the org."""
    for said in ("No", "12", "2027-01-01"):
        with pytest.raises(RuleErrors, match="`next_step` is a text; this is not; put quotes around it"):
            load(write(tmp_path, HYGIENE.replace("Call", said)))


@pytest.mark.parametrize("name", ["why", "when", "where", "minutes", "ask", "area"])
def test_rules_of_engagement_are_never_left_out(tmp_path: Path, name: str) -> None:
    """A rule without any one of them does not load."""
    text = "\n".join(line for line in GOOD.splitlines() if not line.startswith(f"  {name}:"))
    with pytest.raises(RuleErrors, match=f"`{name}` is missing"):
        load(write(tmp_path, text))


@pytest.mark.parametrize(
    ("style", "line", "column"),
    [
        ("when: is_early and amont > 1", 7, 20),
        ("when: 'is_early and amont > 1'", 7, 21),
        ('when: "is_early and amont > 1"', 7, 21),
        ("when: is_early and\n  amont > 1", 8, 3),
        ("when: >-\n    is_early and\n    amont > 1", 9, 5),
        ("when: |\n    is_early and\n      amont > 1", 9, 7),
    ],
)
def test_a_place_inside_a_condition_is_a_place_in_the_file(tmp_path: Path, style: str, line: int, column: int) -> None:
    """However YAML folds or quotes the condition, the error points at the word itself."""
    text = GOOD.replace("when: days_since_two_way >= 14 and not has_future_meeting", style, 1)
    with pytest.raises(RuleErrors) as refused:
        load(write(tmp_path, text))
    assert (line, column) in {(error.line, error.column) for error in refused.value.errors}, str(refused.value)


@pytest.mark.parametrize(("content", "said"), REFUSED_FILES)
def test_a_file_that_is_no_rule_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """Bombs, tags, wrong encodings and plain noise end as a mistake, not as a crash."""
    with pytest.raises(RuleErrors, match=said):
        load(write(tmp_path, content))


@pytest.mark.parametrize(
    ("word", "known", "slip", "said"),
    [
        ("amount", "5", "1.0e+26", "this large is a slip"),
        ("amount", "5", ".nan", "would be read as nan"),
        ("stage_share", "0.5", "-.inf", "would be read as -inf"),
        ("close_date", "2027-03-01", "0001-01-01", "is a slip"),
        ("segment", "Retail", r'"\uD800"', "U\\+D800"),
    ],
)
def test_a_case_gives_what_a_row_could_have(tmp_path: Path, word: str, known: str, slip: str, said: str) -> None:
    """Numbers, days and texts have the bounds that facts have; beyond them the judge itself would fail."""
    text = HYGIENE.replace("next_step is null", f"{word} is null").replace("next_step", word).replace("Call", known)
    assert load(write(tmp_path, text)).rules
    with pytest.raises(RuleErrors, match=said):
        load(write(tmp_path, text.replace(f"{word}: {known}", f"{word}: {slip}")))


def test_texts_in_any_script_load(tmp_path: Path) -> None:
    """Umlauts, Japanese with its wide space, joined emoji and spaces that do not break are no mistakes."""
    title = "Größe\u00a0zählt 見込み\u3000客 👩\u200d💻"
    (rule,) = load(write(tmp_path, GOOD.replace("A deal went quiet", title))).rules
    assert rule.title == title


def test_what_cannot_be_shown_is_not_shown(tmp_path: Path) -> None:
    """Neither the name of a file nor what is quoted from it moves the cursor of who reads the mistakes."""
    write(tmp_path, GOOD.replace("grain: deal", r'"gr\e[2Jain": "d\e[2Jl"'), "ev\x1b[2Jil.yml")
    with pytest.raises(RuleErrors, match="unknown field") as refused:
        load(tmp_path)
    assert "\x1b" not in str(refused.value)


def test_all_mistakes_of_a_folder_come_at_once(tmp_path: Path) -> None:
    """One round of corrections, not one per mistake."""
    write(tmp_path, GOOD.replace("severity: 2", "severity: 9").replace("minutes: 10", "minutes: 0"))
    write(tmp_path, "id: [\n", "broken.yml")
    write(tmp_path, b"id: \xff", "latin.yaml")
    with pytest.raises(RuleErrors) as refused:
        load(tmp_path)
    assert [error.file.rsplit("/", 1)[-1] for error in refused.value.errors] == [
        "broken.yml",
        "latin.yaml",
        "quiet_deal.yml",
        "quiet_deal.yml",
    ]
    assert str(refused.value).endswith("4 mistakes; no rule was loaded")


@pytest.mark.parametrize("amount", ["0", "-5", "+5", "0.5", ".5", "5.", "1.0e+3", "-12.25"])
def test_numbers_are_written_as_people_write_them(tmp_path: Path, amount: str) -> None:
    """Digits, a sign, a point."""
    text = HYGIENE.replace("next_step", "amount").replace("Call", amount)
    assert load(write(tmp_path, text)).get("quiet_deal").cases[1].given == {"amount": float(amount)}


def test_a_file_may_end_in_capitals(tmp_path: Path) -> None:
    """As some systems write it."""
    assert len(load(write(tmp_path, GOOD, "quiet_deal.YML")).rules) == 1


def test_what_is_not_read_can_be_named(tmp_path: Path) -> None:
    """Files of another kind and folders in the folder; what is hidden is not spoken of."""
    write(tmp_path, GOOD)
    for name in ("rule.txt", ".hidden"):
        write(tmp_path, GOOD, name)
    write(tmp_path / "sub.yml", GOOD)
    assert ignored(tmp_path) == ("rule.txt", "sub.yml/")
    assert len(load(tmp_path).rules) == 1


def test_an_id_is_never_shared_within_a_folder(tmp_path: Path) -> None:
    """Two files with one id would each claim the findings."""
    write(tmp_path, GOOD)
    write(tmp_path, GOOD, "quiet_deal.yaml")
    with pytest.raises(RuleErrors, match="ids are never shared"):
        load(tmp_path)


def test_a_folder_overrides_the_starter_pack(tmp_path: Path) -> None:
    """An org's own rule takes the place of ours with its id; the rest stays."""
    shipped = starter()
    own = GOOD.replace("quiet_deal", "deal_untouched").replace("status: live", "status: shadow")
    merged = load(write(tmp_path, own, "deal_untouched.yml"), over=shipped)
    assert merged.get("deal_untouched").status == "shadow"
    assert len(merged.rules) == len(shipped.rules)


def test_later_folders_override_earlier_ones(tmp_path: Path) -> None:
    """Folders are read in the order given."""
    first, second = write(tmp_path / "a", GOOD), write(tmp_path / "b", GOOD.replace("severity: 2", "severity: 3"))
    assert load([first, second]).get("quiet_deal").severity == 3


def test_the_offending_text_is_marked(tmp_path: Path) -> None:
    """As a good compiler does: the line with its number, and a mark under what is meant."""
    text = GOOD.replace("days_since_two_way >= 14", "days_since_two_wy >= 14").replace("severity: 2", "severity: high")
    with pytest.raises(RuleErrors) as refused:
        load(write(tmp_path, text))
    assert (
        str(refused.value)
        == f"""\
{tmp_path}/quiet_deal.yml:7:7: unknown word `days_since_two_wy`; did you mean `days_since_two_way`?
    7 | when: days_since_two_wy >= 14 and not has_future_meeting
      |       ^^^^^^^^^^^^^^^^^
{tmp_path}/quiet_deal.yml:8:11: `severity` is a whole number from 1 to 3
    8 | severity: high
      |           ^^^^
2 mistakes; no rule was loaded"""
    )


def test_a_warning_comes_with_its_place(tmp_path: Path) -> None:
    """The rule loads, and says what is probably not meant."""
    text = GOOD.replace("days_since_two_way >= 14 and", "days_since_two_way >= amount and")
    text = text.replace("has_future_meeting: ", "amount: 1, has_future_meeting: ")
    (warning,) = load(write(tmp_path, text)).get("quiet_deal").warnings
    assert (warning.line, warning.column, warning.length) == (7, 7, len("days_since_two_way >= amount"))


def test_a_share_of_a_case_written_in_percent_is_warned_about(tmp_path: Path) -> None:
    """As in the condition, for a case in percent would prove nothing."""
    text = HYGIENE.replace("next_step", "capture_coverage").replace("Call", "80")
    (warning,) = load(write(tmp_path, text)).get("quiet_deal").warnings
    assert (warning.line, warning.column, "so 80 is 8000 %" in warning.message) == (14, 57, True)


@pytest.mark.parametrize("on", ["stage_changed", "[stage_changed]"])
def test_a_rule_may_name_events(tmp_path: Path, on: str) -> None:
    """One or several."""
    (rule,) = load(write(tmp_path, f"{GOOD}on: {on}\n")).rules
    assert rule.on == ("stage_changed",)


def test_events_are_about_deals(tmp_path: Path) -> None:
    """A rep does not change stage."""
    text = HYGIENE.replace("grain: deal", "grain: rep").replace("next_step", "rep_role").replace("deal_name", "rep_id")
    with pytest.raises(RuleErrors, match="events are about deals"):
        load(write(tmp_path, f"{text}on: stage_changed\n"))


def test_a_rule_about_a_manager_is_for_the_scorecard(tmp_path: Path) -> None:
    """It has its rules of engagement like any other, and makes no task."""
    text = GOOD.replace("grain: deal", "grain: manager").replace("days_since_two_way", "open_coaching_items")
    text = text.replace("has_future_meeting", "manager_active").replace("deal_name", "manager_name")
    (rule,) = load(write(tmp_path, text)).rules
    assert (rule.kind, rule.coach is not None) == ("scorecard", True)


def test_a_file_full_of_mistakes_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Fifty are enough to know that it is no rule."""
    with pytest.raises(RuleErrors, match="50 mistakes"):
        load(write(tmp_path, "".join(f"name_{n}: 1\n" for n in range(2_000))))


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path) -> None:
    """At once, without reading them."""
    for number in range(MOST_FILES + 1):
        (tmp_path / f"rule_{number}.yml").touch()
    with pytest.raises(RuleErrors, match=f"{MOST_FILES + 1} rules in one folder"):
        load(tmp_path)


def test_a_folder_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """Its reading ends at the limit, whatever is behind it."""
    for number in range(LARGEST_FOLDER // LARGEST_FILE + 9):
        write(tmp_path, "&a " + "#" * (LARGEST_FILE - 3), f"rule_{number}.yml")
    with pytest.raises(RuleErrors, match="the folder is larger than"):
        load(tmp_path)


@pytest.mark.parametrize(("status", "judged"), [("draft", 0), ("shadow", 1), ("live", 1), ("retired", 0)])
def test_the_status_says_whether_a_rule_is_judged(tmp_path: Path, status: str, judged: int) -> None:
    """All of them load, so that ids are never reused."""
    rules = load(write(tmp_path, GOOD.replace("status: live", f"status: {status}")))
    assert (len(rules.rules), len(rules.judged)) == (1, judged)


def test_a_draft_needs_no_cases(tmp_path: Path) -> None:
    """Everything else it has like any other."""
    draft = GOOD[: GOOD.index("cases:")].replace("status: live", "status: draft")
    assert load(write(tmp_path, draft)).get("quiet_deal").cases == ()


NAMED = HYGIENE.replace("next_step is null", "deal_id = 'a'").replace("next_step: null", "deal_id: a")
NAMED = NAMED.replace("next_step: ", "deal_id: ")
PIECES = (
    *("id: ", "quiet_deal", "when: ", "- ", ": ", "\n", "\t", "  ", "[", "]", "{", "}", "'", '"', "|", ">", "#", "?"),
    *("@", "&&", "-- ", "010", "1.0e+26", ".nan", '"\\uD800"', "rep_id", "deal_id", "on:\n", "%", " days"),
    *("&a ", "*a", "!!", "%", "---", "...", "<<: ", "null", "true", "1e999", "-0", "2027-02-30", "é", "\x85"),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_file_crashes_the_loader(tmp_path: Path, data: st.DataObject) -> None:
    """A good rule with pieces cut out and put in can be judged, or is a list of mistakes, each with a place in it."""
    text = data.draw(st.sampled_from([GOOD, HYGIENE, NAMED]))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[start + data.draw(st.integers(0, 30)) :]
    try:
        check_cases(load(write(tmp_path, text)))
    except RuleErrors as refused:
        lines = text.split("\n")
        for error in refused.errors:
            assert 1 <= error.line <= len(lines) + 1
            assert error.column >= 1
            assert str(error)


def test_a_missing_folder_is_a_mistake(tmp_path: Path) -> None:
    """A misspelt folder must not look like an org without rules."""
    with pytest.raises(RuleErrors, match="no such folder"):
        load(tmp_path / "nowhere")


def test_an_empty_folder_has_no_rules(tmp_path: Path) -> None:
    """Nothing in it, nothing wrong with it."""
    assert load(tmp_path).rules == ()


def test_the_version_follows_the_meaning(tmp_path: Path) -> None:
    """Layout, comments, cases and status leave it alone; the condition and the words said do not."""
    version = load(write(tmp_path, GOOD)).get("quiet_deal").version
    same = "# a comment\n" + GOOD.replace("14 and not", "14\n  and   not").replace("status: live", "status: shadow")
    assert load(write(tmp_path, same)).get("quiet_deal").version == version
    for right, other in (("14 and", "15 and"), ("no contact", "silence"), ("minutes: 10", "minutes: 15")):
        assert load(write(tmp_path, GOOD.replace(right, other))).get("quiet_deal").version != version
