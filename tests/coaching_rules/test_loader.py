"""A folder of rules loads whole, or every mistake in it is named with its place."""

from pathlib import Path

import pytest

from coaching_rules.errors import RuleErrors
from coaching_rules.loader import LARGEST_FILE, load, starter
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
    ("owner: sales-ops", "owner:", 5, 7, "`owner` is missing"),
    ("review_by: 2027-06-30", "review_by: someday", 6, 12, "is a day"),
    ("review_by: 2027-06-30", "review_by: 2027-13-45", 6, 12, "no value that exists"),
    ("days_since_two_way >= 14 and", "days_since_two_wy >= 14 and", 7, 7, "did you mean `days_since_two_way`"),
    ("not has_future_meeting\n", "not has_futur_meeting\n", 7, 40, "did you mean `has_future_meeting`"),
    ("severity: 2", "severity: 4", 8, 11, "from 1 to 3"),
    ("severity: 2", "severity: true", 8, 11, "from 1 to 3"),
    ("{days_since_two_way} days", "{days_quiet} days", 10, 37, "no word of a deal"),
    ("{days_since_two_way} days", "{amount:.2f} days", 10, 37, "no word of a deal"),
    ("{days_since_two_way} days", "a } days", 10, 39, "no word of a deal"),
    ("when: next pipeline_review", "when: soon", 11, 9, "within <1 to 90> days"),
    ("when: next pipeline_review", "when: next ride_along", 11, 9, "`next` one of"),
    ("when: next pipeline_review", "when: within 0 days", 11, 9, "within <1 to 90> days"),
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
]  # fmt: skip

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
    (b"id: " + b"x" * LARGEST_FILE, "larger than 64 kB"),
    (b"id: a\nid: b\n", "`id` is there twice"),
    (b"? [a]\n: b\n", "a name is needed"),
    (b"id: " + b"9" * 5000, "no value that exists"),
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


def test_a_missing_folder_is_a_mistake(tmp_path: Path) -> None:
    """A misspelt folder must not look like an org without rules."""
    with pytest.raises(RuleErrors, match="no such folder"):
        load(tmp_path / "nowhere")


def test_an_empty_folder_has_no_rules(tmp_path: Path) -> None:
    """Nothing in it, nothing wrong with it."""
    assert load(tmp_path).rules == ()


def test_retired_and_draft_rules_are_not_judged(tmp_path: Path) -> None:
    """They load, so that ids are never reused, and rest."""
    assert load(write(tmp_path, GOOD.replace("status: live", "status: retired"))).judged == ()


def test_the_version_follows_the_meaning(tmp_path: Path) -> None:
    """Layout, comments, cases and status leave it alone; the condition and the words said do not."""
    version = load(write(tmp_path, GOOD)).get("quiet_deal").version
    same = "# a comment\n" + GOOD.replace("14 and not", "14\n  and   not").replace("status: live", "status: shadow")
    assert load(write(tmp_path, same)).get("quiet_deal").version == version
    for right, other in (("14 and", "15 and"), ("no contact", "silence"), ("minutes: 10", "minutes: 15")):
        assert load(write(tmp_path, GOOD.replace(right, other))).get("quiet_deal").version != version
