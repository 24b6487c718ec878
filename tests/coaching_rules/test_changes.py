"""What changed between two rule sets is said rule by rule, field by field."""

from coaching_rules.changes import FieldChange, RuleChange, changes
from coaching_rules.loader import load_texts, starter
from coaching_rules.model import RuleSet

RULE = starter().get("early_stage_age")
BEFORE = RuleSet(rules=(RULE,))


def edited(old: str, new: str) -> RuleSet:
    assert old in RULE.text
    return load_texts({RULE.id: RULE.text.replace(old, new)}, "edited")


def test_rules_come_and_go() -> None:
    """A rule that only one side has is added or removed."""
    nothing = RuleSet(rules=())
    assert changes(nothing, BEFORE) == (RuleChange(rule_id=RULE.id, deed="added", title=RULE.title),)
    assert changes(BEFORE, nothing) == (RuleChange(rule_id=RULE.id, deed="removed", title=RULE.title),)


def test_a_change_names_the_field_as_the_file_does() -> None:
    """Also inside `coach`, in lists, and where a field was not there before."""
    (change,) = changes(BEFORE, edited("minutes: 10", "minutes: 15"))
    assert (change.deed, change.fields) == ("changed", (FieldChange(field="coach.minutes", before="10", after="15"),))
    (change,) = changes(BEFORE, edited("status: live", "status: shadow\non: stage_changed"))
    assert [(one.field, one.before, one.after) for one in change.fields] == [
        ("status", "live", "shadow"),
        ("on", "", "stage_changed"),
    ]
    (change,) = changes(BEFORE, edited("days_in_stage: 90,", "days_in_stage: 91,"))
    assert [one.field for one in change.fields] == ["cases"]


def test_layout_and_comments_are_no_change() -> None:
    """What is judged and said is the same."""
    assert changes(BEFORE, edited("severity: 2", "# why two\nseverity:   2")) == ()


def test_a_rule_that_coaches_may_become_one_that_lists() -> None:
    """Both kinds of rules of engagement are told apart."""
    text = starter().get("close_date_overdue").text.replace("close_date_overdue", RULE.id)
    (change,) = changes(BEFORE, load_texts({RULE.id: text}, "edited"))
    assert {"coach.minutes", "fix"} <= {one.field for one in change.fields}
