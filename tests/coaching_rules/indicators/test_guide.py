"""The page about writing an indicator says what the code does: fields, choices, words, limits; its example loads."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

from coaching_rules.indicators.detectors import FEWEST_EXPECTED, FEWEST_PEERS
from coaching_rules.indicators.loading import starter_indicators
from coaching_rules.indicators.model import Channel, Counted, Counting, Indicator, Layer, Once, Period, Profile
from coaching_rules.indicators.observations import QUARTER
from coaching_rules.indicators.prompting import STANDS_DAYS
from coaching_rules.indicators.reading import LONGEST_QUIET, LONGEST_RAMP, LONGEST_TALK
from coaching_rules.model import Area, Status
from coaching_rules.vocabulary import VOCABULARIES

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "write-an-indicator.md").read_text("utf-8")


def test_the_guide_names_every_field_choice_and_word() -> None:
    """What an indicator may say stands in the guide, and nothing that it may not."""
    said = [name for kind in (Indicator, Counted) for name in (f.name for f in fields(kind)) if name != "source"]
    for choices in (Area, Channel, Counting, Layer, Once, Period, Profile, Status):
        said += get_args(choices)
    said += [word.name for word in VOCABULARIES["counted"].values()]
    assert [name for name in said if not re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", GUIDE)] == []
    rows = re.findall(r"^\| (`[^|]+) \|", GUIDE, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} <= set(said)


def test_the_guide_names_the_limits() -> None:
    """As large as they are."""
    small = f"Less than {FEWEST_EXPECTED:.0f} expected events"
    for limit in (small, f"up to {STANDS_DAYS} days", f"at most {LONGEST_RAMP} months", f"up to {LONGEST_QUIET}."):
        assert limit in GUIDE
    assert f"5 to {LONGEST_TALK}; 15" in GUIDE
    assert (FEWEST_PEERS, QUARTER.days) == (5, 13 * 7)
    assert "five or more comparable reps" in GUIDE
    assert "thirteen weeks" in GUIDE


def test_the_indicator_of_the_guide_loads(tmp_path: Path) -> None:
    """It can be copied."""
    found = re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert found
    (tmp_path / "offers_discussed.yml").write_text(found[1], "utf-8")
    (indicator,) = (one for one in starter_indicators(tmp_path) if one.id == "offers_discussed")
    assert (indicator.goal, indicator.per, indicator.counts.once) == (6, "week", "deal")
    assert "docs/write-an-indicator.md" in (ROOT / "README.md").read_text("utf-8")
