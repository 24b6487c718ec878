"""The words and functions of the rule language as a page to read; `docs/words.md` is what this says."""

from collections.abc import Iterator

from coaching_rules.conditions import FUNCTIONS
from coaching_rules.vocabulary import VOCABULARIES, WORDS, Grain, Word

_INTRO = """\
# The words of a rule

`coachsync rules words` prints this page but for its last table, where Salesforce keeps it. A condition may use the
words of its rule's grain. A word is NULL when the org gives us nothing to say it from; a condition that turns NULL
never fires, and its subject is counted as *not enough data*. *Made from* names records and their fields, whatever the
CRM; `coaching` is what coachsync planned and what people did with it.
"""
_ABOUT: dict[Grain, str] = {
    "deal": "A row is a deal. Only open deals are judged.",
    "rep": "A row is an active user who owns an open deal or has a manager.",
    "manager": "A row is an active user to whom an active user reports. What is found is for the leader's scorecard.",
}
_COUNTED = """\
## What an indicator counts

The `when` of an indicator is a condition over the deal that an activity was about, or that was made. It may use these
words of a deal, as they stood at that moment (segment and benchmarks: as they stand now):
"""
_UNITS = """\
## Units

A number without a unit fits any unit. Days, money, shares (0.25 is a quarter) and counts are compared and added with
their own kind; a rule that mixes them loads with a warning. A quantity times a share or a count stays what it is, a
quantity divided by one of its kind is a plain number.

Money is in the org's own currency where rates are known: every amount is turned by the latest rate of its currency,
whose day is `rate_date`; without one the money of the deal is NULL and `amount_gap` says why. Where no rates are known,
money is in the currency of the deal, and medians and percentiles are those of the same currency. Salesforce keeps its
rates in DatedConversionRate (IsoCode, StartDate, ConversionRate) or, without a day, in CurrencyType (IsoCode,
ConversionRate); they are read once a day.
"""


def words_page() -> str:
    """Every word with type, unit, meaning, when it is NULL and what it is made from; units; functions. Markdown."""
    grains = (_section(grain, list(words.values())) for grain, words in WORDS.items())
    counted = f"{_COUNTED}{', '.join(f'`{name}`' for name in VOCABULARIES['counted'])}.\n"
    return "\n".join([_INTRO, *grains, counted, _UNITS, _functions()])


def _section(grain: Grain, words: list[Word]) -> str:
    head = ("word", "type", "unit", "meaning", "NULL", "made from")
    rows = ((f"`{w.name}`", w.type, w.unit, w.meaning, w.null, w.reads.replace(" ", ", ")) for w in words)
    return f"## {grain.capitalize()}\n\n{_ABOUT[grain]}\n\n{_table(head, rows)}"


def _functions() -> str:
    head = ("function", "takes", "gives", "meaning")
    rows = ((f"`{f.name}`", f.takes, f.gives, f.meaning) for f in FUNCTIONS)
    return f"## Functions\n\n{_table(head, rows)}"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
