"""Who asks for some words only gets the same of them as who asks for all."""

from typing import Any

import pytest

from app.stages.measure import laid_out, measure_frames
from app.store.frames import frames
from coaching_rules.vocabulary import SUBJECT, Grain

ASKED: tuple[tuple[Grain, str], ...] = (
    ("deal", "won_median_days_in_stage"),
    ("deal", "won_median_touch_gap_days_basis"),
    ("deal", "won_median_contacts_n"),
    ("deal", "won_median_meetings"),
    ("deal", "days_since_two_way"),
    ("deal", "won_median_cycle_days_n"),
    ("rep", "activities_7d"),
    ("rep", "meetings_held_28d"),
    ("rep", "open_commitments"),
    ("rep", "commitment_late_days"),
)


@pytest.fixture
def busy(org: Any) -> Any:
    """A team that won a deal with several people, works on another, and owes a task."""
    org.stages("Qualify", "Agree", "Won")
    org.user("M")
    org.user("R", manager_id="M")
    org.deal("W", owner_id="R", stage="Won", closed=True, won=True, changed_at=org.ago(30))
    org.snapshot(90, "W", stage="Qualify")
    org.snapshot(30, "W", stage="Won")
    org.deal("D", owner_id="R")
    for days, person in ((80, "P"), (70, "Q"), (60, "Q")):
        org.activity(days, "meeting", deal_id="W", contact_id=person, owner_id="R")
    org.activity(3, "meeting", ends_at=org.ago(3), owner_id="R", two_way=True)
    org.activity(9, "task", done=False, owner_id="R")
    return org


@pytest.mark.parametrize(("grain", "word"), ASKED)
def test_a_word_asked_for_alone_is_what_it_is_among_all(busy: Any, grain: Grain, word: str) -> None:
    """What is left out is only what no asked word is made of."""
    rows, subject = frames(busy.store, 1, busy.now), SUBJECT[grain]
    table = measure_frames(rows, as_of=busy.now, known_at=busy.now).tables[grain]
    everything = dict(zip(table[subject].to_pylist(), table[word].to_pylist()))
    with laid_out(rows, as_of=busy.now, known_at=busy.now, asked=[word]) as facts:
        alone = dict(facts.sql(f"SELECT {subject}, {word} FROM {grain}_facts").fetchall())
    assert alone == everything
    assert any(alone.values())
