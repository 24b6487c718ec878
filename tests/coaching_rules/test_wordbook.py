"""The documents say what the code does: words, fields, choices, limits and the words of an error."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from coaching_rules.cases import check_cases
from coaching_rules.conditions import DEEPEST, FUNCTIONS, LONGEST
from coaching_rules.errors import RuleErrors
from coaching_rules.form import MOST_MISTAKES
from coaching_rules.loader import LARGEST_FILE, LARGEST_FOLDER, MOST_FILES, load
from coaching_rules.model import Area, Engagement, Event, Hygiene, Meeting, Place, Rule, Status, Trigger
from coaching_rules.vocabulary import WORDS, Grain
from coaching_rules.wordbook import words_page
from connectors import records
from connectors.salesforce.sources import SOURCES

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "write-a-rule.md").read_text("utf-8")
WORDS_PAGE = (DOCS / "words.md").read_text("utf-8")
RECORDS = {
    "account": records.Account, "activity": records.Activity, "deal": records.Deal, "deal_change": records.DealChange,
    "deal_contact": records.DealContact, "stage": records.Stage, "user": records.User,
}  # fmt: skip


def example() -> str:
    found = re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert found
    return found[1]


def test_the_page_of_words_is_what_the_code_says() -> None:
    """`coachsync rules words` writes it; what follows is where Salesforce keeps it."""
    assert WORDS_PAGE.startswith(words_page())


@pytest.mark.parametrize("grain", WORDS)
def test_a_word_says_where_it_comes_from(grain: Grain) -> None:
    """From fields that records have and that the page places in Salesforce, or from our own coaching."""
    known = {f"{kind}.{field.name}" for kind, record in RECORDS.items() for field in fields(record)}
    known |= {"field_change.next_step", "field_change.owner_id"}
    for word in WORDS[grain].values():
        assert word.meaning.endswith(".")
        assert word.null
        for read in word.reads.split():
            assert read == "coaching" or (read in known and f"\n| {read} | " in WORDS_PAGE)


def test_the_fields_named_on_the_page_are_read() -> None:
    """Each `Object.Field` of the page is among what is asked of Salesforce."""
    asked = {f"{source.object}.{name}" for sources in SOURCES.values() for source in sources for name in source.fields}
    asked |= {f"{source.object}.Id" for sources in SOURCES.values() for source in sources}
    asked |= {path for sources in SOURCES.values() for source in sources for path in source.fields if "." in path}
    named = set(re.findall(r"\b(?:[A-Z][a-z]+)+\.[A-Z][A-Za-z]+\b", WORDS_PAGE))
    assert named - asked == set()


def test_the_guide_names_every_field_and_choice() -> None:
    """What a rule may say stands in the guide."""
    said = [
        *get_args(Grain),
        *get_args(Status),
        *get_args(Trigger),
        *get_args(Meeting),
        *get_args(Place),
        *get_args(Area),
    ]
    said += [*get_args(Event), *(f.name for f in FUNCTIONS)]
    said += [
        f.name
        for kind in (Rule, Engagement, Hygiene)
        for f in fields(kind)
        if f.name not in ("warnings", "source", "text")
    ]
    missing = [name for name in said if not re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", GUIDE)]
    assert missing == []


def test_the_guide_names_the_limits() -> None:
    """As large as they are."""
    limits = (f"{LONGEST:,} characters and {DEEPEST} levels", f"{LARGEST_FILE // 1024} kB", f"{MOST_FILES:,} files")
    for limit in (*limits, f"{LARGEST_FOLDER // 1024**2} MB", f"{MOST_MISTAKES} mistakes"):
        assert limit in GUIDE


def test_the_rule_of_the_guide_loads_and_keeps_its_cases(tmp_path: Path) -> None:
    """It can be copied."""
    (tmp_path / "proposal_gone_quiet.yml").write_text(example(), "utf-8")
    rules = load(tmp_path)
    assert check_cases(rules) == ()
    assert rules.rules[0].warnings == ()


def test_the_mistake_of_the_guide_reads_as_it_says(tmp_path: Path) -> None:
    """Word for word."""
    folder = tmp_path / "rules"
    folder.mkdir()
    wrong = example().replace("days_since_two_way >= 7", "days_since_two_wy >= 7")
    (folder / "proposal_gone_quiet.yml").write_text(wrong, "utf-8")
    with pytest.raises(RuleErrors) as refused:
        load(folder)
    assert str(refused.value).replace(f"{tmp_path}/", "") in GUIDE
