"""A backtest knows nothing of the future: whatever happens after its end changes nothing of what it says."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pytest
from happening import SPAN, UNTIL, Event, after, events, every_kind, moved, small_org
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from undated import UNDATED, happened, probes, unnoted

from app.trial.backtest import look, outcomes, replay
from app.trial.past import OWNERS_OF_TODAY, Past
from coaching_rules import conditions
from coaching_rules.loader import starter
from coaching_rules.model import Rule


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, pa.Table]:
    return small_org(tmp_path_factory.mktemp("leak"))


def words_of(rule: Rule) -> tuple[str, ...]:
    return conditions.parse(rule.when, rule.grain).words


RULES = (*starter().rules, *probes())


def seen(rows: Mapping[str, pa.Table]) -> dict[str, Any]:
    """All that a report is made of."""
    past = Past(rows, UNTIL)
    told = [rule for rule in RULES if not past.hides(rule)]
    looks = {instant: look(past, told, instant) for instant in SPAN.instants}
    tables = {f"{at} {grain}": table.to_pylist() for at, each in looks.items() for grain, table in each.items()}
    return tables | asdict(outcomes(past, UNTIL)) | {"rules": [rule.id for rule in told]}


@pytest.fixture(scope="module")
def before(rows: Mapping[str, pa.Table]) -> dict[str, Any]:
    return seen(rows)


@settings(max_examples=8, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(later=st.lists(st.tuples(events, st.floats(0.001, 400)), min_size=1, max_size=12))
@example(later=every_kind)
def test_what_happens_later_changes_nothing(
    rows: Mapping[str, pa.Table], before: dict[str, Any], later: list[tuple[Event, float]]
) -> None:
    """Any events after the end, of every kind that the CRM dates: no verdict, word or outcome is another."""
    assert seen(after(rows, later)) == before


@pytest.mark.parametrize("name", UNDATED)
def test_what_has_no_date_changes_only_what_is_warned_of(
    rows: Mapping[str, pa.Table], before: dict[str, Any], name: str
) -> None:
    """Rules that read a word as of today, by their own warning or by the caveat of every report; all else stays."""
    undated = UNDATED[name]
    noted = unnoted(rows, undated.without)
    past = Past(noted, UNTIL)
    excused = {rule.id for rule in RULES if past.of_today(rule) or undated.words & set(words_of(rule))}
    unlike = _unlike(seen(noted) if undated.without else before, seen(happened(noted, undated)))
    assert unlike - undated.beside <= excused
    assert unlike & excused or undated.beside
    assert (OWNERS_OF_TODAY in past.caveats) == bool(undated.without)


def _unlike(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """The columns of the looks in which some subject is another, and the grains that have other subjects."""
    found = set[str]()
    for key in one:
        if isinstance(one[key], list) and key != "rules":
            mine, theirs = ({row["subject_id"]: row for row in each[key]} for each in (one, other))
            both = mine.keys() & theirs.keys()
            found |= {f"{key.split()[-1]} rows"} if mine.keys() != theirs.keys() else set()
            found |= {name for i in both for name in mine[i] if mine[i][name] != theirs[i][name]}
        elif one[key] != other[key]:
            found.add(key)
    return found


def test_it_would_differ_if_it_looked(rows: Mapping[str, pa.Table], before: dict[str, Any]) -> None:
    """The same kind of event before the end is seen, so that the silence above means something."""
    found = seen(after(rows, [(moved(0, "Lost"), -10)]))
    assert found["lost"] == before["lost"] | {"D0": True}


def test_what_nobody_noted_is_not_tried(rows: Mapping[str, pa.Table]) -> None:
    """Without a history of next steps a rule about them is left out, and so is a deal without a history."""
    silent = dict(rows) | {
        "field_changes": rows["field_changes"].slice(1),
        "deal_changes": rows["deal_changes"].slice(1),
    }
    past = Past(silent, UNTIL)
    assert [rule.id for rule in starter().rules if past.hides(rule)] == [
        "commitments_open",
        "early_deal_without_fit",
        "help_requested",
    ]
    assert "D0" not in past.at(UNTIL)["deals"]["id"].to_pylist()


def test_where_nobody_is_known_deals_are_judged_all_the_same(rows: Mapping[str, pa.Table]) -> None:
    """An export without users has no rep and no manager, and its deals are flagged."""
    found = replay(dict(rows) | {"users": rows["users"].slice(0, 0)}, starter().rules, SPAN)
    assert found.deals > 0
    assert sum(rule.flagged for rule in found.rules if rule.grain == "deal") > 0
    assert not any(rule.judged for rule in found.rules if rule.grain != "deal")
