"""Folders of YAML become indicators, or one list of everything that is wrong with them."""

from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from coaching_rules.errors import RuleError, RuleErrors
from coaching_rules.indicators.model import Indicator
from coaching_rules.indicators.reading import read_indicator
from coaching_rules.loader import pages, read


def load_indicators(folders: Sequence[Path]) -> tuple[Indicator, ...]:
    """The indicators of `folders` by id; a later folder's takes the place of an earlier one's with its id.

    Raises RuleErrors with every mistake of every file; then nothing is loaded.
    """
    return _load([(folder, str(folder)) for folder in folders])


def starter_indicators(own: Path | None = None) -> tuple[Indicator, ...]:
    """The indicators we ship, with those of the folder `own` over them."""
    starter = (resources.files("coaching_rules") / "packs" / "indicators", "indicators")
    return _load([starter, *([(own, str(own))] if own else [])])


def _load(folders: Sequence[tuple[Traversable, str]]) -> tuple[Indicator, ...]:
    found: dict[str, Indicator] = {}
    errors = list[RuleError]()
    for folder, name in folders:
        for page in pages(folder, name, errors):
            indicator = read(page, read_indicator, "an indicator file is one mapping, from `id` to `ask`")
            if indicator:
                found[indicator.id] = indicator
            errors.extend(page.errors)
    if errors:
        raise RuleErrors(errors)
    return tuple(found[name] for name in sorted(found))
