"""A case comes out as its rule says of that one subject, whatever stands beside it."""

from pathlib import Path

import pytest

from coaching_rules.cases import check_cases, outcomes
from coaching_rules.errors import RuleErrors
from coaching_rules.loader import load

PILOT = """\
id: pilot
grain: rep
title: Reps of the pilot carry many deals
status: live
owner: sales-ops
review_by: 2027-06-30
when: rep_id in ('005A', '005B') and open_deals > 3
severity: 2
coach:
  why: "{rep_name} has {open_deals} open deals."
  when: next one_on_one
  where: one_on_one
  minutes: 10
  area: opportunity
  ask: ["Which of them matter?"]
cases:
  - {name: in it, fires: true, given: {rep_id: 005A, open_deals: 4}}
  - {name: not in it, fires: false, given: {rep_id: '2', open_deals: 9}}
  - {name: few deals, fires: false, given: {rep_id: 005A, open_deals: 1}}
  - {name: nobody knows how many, fires: not enough data, given: {rep_id: 005B, open_deals: null}}
"""
BUSY = PILOT[: PILOT.index("cases:")].replace("id: pilot", "id: busy").replace("rep_id in ('005A', '005B') and ", "")
BUSY += """\
cases:
  - {name: many, fires: true, given: {open_deals: 4}}
  - {name: few, fires: false, given: {open_deals: 1}}
"""


def test_a_case_may_say_who_its_subject_is(tmp_path: Path) -> None:
    """A rule for a pilot names ids, and several of its cases may be about one and the same rep."""
    (tmp_path / "pilot.yml").write_text(PILOT)
    (tmp_path / "busy.yml").write_text(BUSY)
    rules = load(tmp_path)
    assert check_cases(rules) == ()
    assert len(outcomes(rules.rules)) == 6


def test_a_subject_is_never_unknown(tmp_path: Path) -> None:
    """There is nobody to judge then."""
    (tmp_path / "pilot.yml").write_text(PILOT.replace("rep_id: 005B", "rep_id: null"))
    with pytest.raises(RuleErrors, match="`rep_id` is never unknown"):
        load(tmp_path)
