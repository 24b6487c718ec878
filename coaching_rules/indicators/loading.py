"""Folders of YAML become indicators, or one list of everything that is wrong with them."""

from collections.abc import Iterable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from coaching_rules.errors import RuleError, RuleErrors
from coaching_rules.form import Page
from coaching_rules.indicators.model import Indicator
from coaching_rules.indicators.reading import read_indicator
from coaching_rules.loader import gather, pages
from coaching_rules.model import RuleSet


def starter_indicators(own: Path | None = None) -> tuple[Indicator, ...]:
    """The indicators we ship, by id; one of the folder `own` takes the place of ours with its id.

    Raises RuleErrors with every mistake of every file; then nothing is loaded.
    """
    ours = resources.files("coaching_rules") / "packs" / "indicators"
    folders: list[tuple[Traversable, str]] = [(ours, "indicators")]
    if own:
        folders.append((own, str(own)))
    found: dict[str, Indicator] = {}
    errors = list[RuleError]()
    for folder, name in folders:
        no_mapping = "an indicator file is one mapping, from `id` to `ask`"
        found |= gather(pages(folder, name, errors), read_indicator, no_mapping, errors)
    if errors:
        raise RuleErrors(errors)
    return tuple(found[name] for name in sorted(found))


def named_apart(indicators: Iterable[Indicator], rules: RuleSet) -> None:
    """Raise RuleErrors where an indicator has the id of a rule, since what is found is known by it."""
    by_id = {indicator.id: indicator for indicator in indicators}
    said = "a rule and an indicator are both called `{}` ({}); give one of them another id"
    errors = [
        Page(file=rule.source, text=rule.text).place(0, said.format(rule.id, by_id[rule.id].source))
        for rule in rules.rules
        if rule.id in by_id
    ]
    if errors:
        raise RuleErrors(errors)
