"""Folders of YAML become indicators, or one list of everything that is wrong with them."""

from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml

from coaching_rules.errors import RuleError, RuleErrors
from coaching_rules.form import Node, Page
from coaching_rules.indicators.model import Indicator
from coaching_rules.indicators.reading import read_indicator
from coaching_rules.loader import _events, _node, _pages, _refusal


def load_indicators(folders: Sequence[Path]) -> tuple[Indicator, ...]:
    """The indicators of `folders` by id; a later folder's takes the place of an earlier one's with its id.

    Raises RuleErrors with every mistake of every file; then nothing is loaded.
    """
    return _load([(folder, str(folder)) for folder in folders])


def starter_indicators() -> tuple[Indicator, ...]:
    """The indicators we ship."""
    return _load([(resources.files("coaching_rules") / "packs" / "indicators", "indicators")])


def _load(folders: Sequence[tuple[Traversable, str]]) -> tuple[Indicator, ...]:
    found: dict[str, Indicator] = {}
    errors = list[RuleError]()
    for folder, name in folders:
        for page in _pages(folder, name, errors):
            tree = _tree(page)
            indicator = read_indicator(tree, page) if tree else None
            if indicator:
                found[indicator.id] = indicator
            errors.extend(page.errors)
    if errors:
        raise RuleErrors(errors)
    return tuple(found[name] for name in sorted(found))


def _tree(page: Page) -> Node | None:
    try:
        refused = [(event, why) for event, depth in _events(page.text) if (why := _refusal(event, depth))]
        tree = None if refused else yaml.compose(page.text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        page.note(
            min(mark.index, len(page.text)) if mark else 0, f"not YAML: {getattr(error, 'problem', None) or error}"
        )
        return None
    if refused:
        event, why = refused[0]
        page.note(event.start_mark.index if event.start_mark else 0, why)
    elif not isinstance(tree, yaml.MappingNode):
        page.note(0, "an indicator file is one mapping, from `id` to `ask`")
    return _node(tree, page) if isinstance(tree, yaml.MappingNode) else None
