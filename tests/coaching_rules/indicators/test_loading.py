"""A folder of indicators loads whole, or every mistake in it is named with its place."""

from pathlib import Path

import pytest

from coaching_rules.errors import RuleErrors
from coaching_rules.indicators.loading import starter_indicators
from coaching_rules.indicators.model import Counted

GOOD = """\
id: meetings
title: Meetings held
status: live
owner: sales-ops
review_by: 2027-06-30
process: call
layer: activity
counts: {of: activity, channels: [meeting], two_way: true, when: is_early, once: account, quiet_days: 30}
goal: {number: 8, per: week}
profiles: [prospector]
ramp: [0.5, 0.75]
minutes: 20
ask: ["Whom would you like to meet?"]
"""

MISTAKES = [
    ("id: meetings", "id: other", 1, 5, "the file's name"),
    ("title: M", "titel: M", 2, 1, "did you mean `title`"),
    ("process: call", "process: calls", 6, 10, "did you mean `call`"),
    ("layer: activity", "layer: outcome", 7, 8, "not one of activity, objective, result"),
    ("channels: [meeting]", "channels: [meetings]", 8, 35, "did you mean `meeting`"),
    ("two_way: true", "two_way: maybe", 8, 54, "true or false"),
    ("when: is_early", "when: is_earli", 8, 66, "did you mean `is_early`"),
    ("once: account", "once: daily", 8, 82, "not one of each"),
    ("of: activity", "of: deal", 8, 30, "chooses among activities"),
    ("once: account", "once: each", 8, 9, "needs `once`"),
    ("number: 8", "number: many", 9, 16, "`peers` for what comparable reps achieve"),
    ("per: week", "per: day", 9, 24, "not one of week, month"),
    ("goal: {number: 8, per: week}\n", "", 1, 1, "`goal` is missing"),
    ("[0.5, 0.75]", "[0.5, 75]", 11, 7, "as shares up to 1"),
    ("minutes: 20", "minutes: 90", 12, 10, "from 5 to 60"),
    ("meet?", "meet.", 13, 7, "is a question"),
    ("ask: [", "ask: &a [", 13, 6, "anchors"),
    ("ask: [", "ask: [[", 13, 6, "not YAML"),
]


def written(folder: Path, text: str) -> Path:
    (folder / "meetings.yml").write_text(text)
    return folder


def test_an_id_is_never_shared_within_a_folder(tmp_path: Path) -> None:
    """Both files are named, since one of them would be passed over."""
    (written(tmp_path, GOOD) / "meetings.yaml").write_text(GOOD.replace("number: 8", "number: 9"))
    with pytest.raises(RuleErrors, match=r"meetings\.yml.*`meetings` is also in .*meetings\.yaml"):
        starter_indicators(tmp_path)


def test_an_indicator_is_data(tmp_path: Path) -> None:
    """Every field arrives."""
    (indicator,) = (one for one in starter_indicators(written(tmp_path, GOOD)) if one.id == "meetings")
    assert (indicator.goal, indicator.per, indicator.ramp, indicator.profiles) == (
        8,
        "week",
        (0.5, 0.75),
        ("prospector",),
    )
    assert indicator.counts == Counted(
        of="activity", channels=("meeting",), two_way=True, when="is_early", once="account", quiet_days=30
    )


@pytest.mark.parametrize(("right", "wrong", "line", "column", "said"), MISTAKES)
def test_a_mistake_is_named_with_its_place(
    tmp_path: Path, right: str, wrong: str, line: int, column: int, said: str
) -> None:
    """Line, column, and what to write instead."""
    with pytest.raises(RuleErrors) as refused:
        starter_indicators(written(tmp_path, GOOD.replace(right, wrong)))
    places = {(error.line, error.column): error.message for error in refused.value.errors}
    assert said in places[line, column]


def test_the_orgs_own_takes_the_place_of_ours(tmp_path: Path) -> None:
    """By id, as with rules."""
    ours = starter_indicators()[0]
    (tmp_path / f"{ours.id}.yml").write_text(GOOD.replace("id: meetings", f"id: {ours.id}"))
    both = starter_indicators(tmp_path)
    assert [one.id for one in both] == [one.id for one in starter_indicators()]
    assert [one.title for one in both if one.id == ours.id] == ["Meetings held"] != [ours.title]


def test_three_to_five_activities_serve_each_profile() -> None:
    """What we ship is few enough to steer by, and takes its goals from comparable reps."""
    shipped = starter_indicators()
    for profile in ("account_manager", "prospector", None):
        assert 3 <= sum(one.layer == "activity" and one.serves(profile) for one in shipped) <= 5
    assert all(one.goal is None for one in shipped)
