"""A rule file as a form: each field is read with its place, and mistakes are noted instead of ending the reading."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from coaching_rules.errors import RuleError, suggestion
from coaching_rules.letters import shown
from coaching_rules.vocabulary import EARLIEST, LATEST

MOST_MISTAKES = 50
"""What is noted about one file; after that it is not read on."""
_LONGEST_MESSAGE = 400
_WIDEST = 300
"""Characters of a line that is still worth showing; an endless one must not flood the terminal."""
Scalar = bool | int | float | str | date | None
Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A piece of a file: its value, and where it stands there (`start` up to `end`, in characters)."""

    value: "Scalar | list[Node] | dict[str, Node]"
    start: int
    end: int
    style: str = ""
    """For text: `'` or `"` when quoted, `|` or `>` when a block."""
    keys: dict[str, int] = field(default_factory=dict)
    """For a mapping: where each key starts."""

    @property
    def unquoted(self) -> str:
        """The end of a message about something that should be no text: quotes make a text of anything."""
        return "; drop the quotes" if self.style in ("'", '"') else ""


class TooManyMistakes(Exception):
    """A page has so many mistakes that reading on helps nobody."""


@dataclass(slots=True, kw_only=True)
class Page:
    """One file, the mistakes found in it so far, and what is probably not meant."""

    file: str
    text: str
    errors: list[RuleError] = field(default_factory=list)
    warnings: list[RuleError] = field(default_factory=list)

    def note(self, at: int | Node, message: str, length: int = 1) -> None:
        """Note a mistake: a whole node, or `length` characters, `at` so many characters into the file.

        Raises TooManyMistakes when the page is full.
        """
        self.errors.append(self.place(at, message, length))
        if len(self.errors) >= MOST_MISTAKES:
            raise TooManyMistakes

    def place(self, at: int | Node, message: str, length: int = 1) -> RuleError:
        """Something to say about a place of the file, which it does not keep."""
        start, length = (at.start, at.end - at.start) if isinstance(at, Node) else (at, length)
        line_start = self.text.rfind("\n", 0, start) + 1
        line_text = self.text[line_start:].split("\n", 1)[0].rstrip()
        return RuleError(
            file=self.file,
            line=self.text.count("\n", 0, start) + 1,
            column=start - line_start + 1,
            message=shown(message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"),
            excerpt=shown(line_text) if len(line_text) <= _WIDEST else "",
            length=max(1, min(length, line_start + len(line_text) - start)),
        )

    def inside(self, node: Node, offset: int) -> int:
        """Where the character `offset` of a text stands in the file; folding moves spaces, so others are counted."""
        ahead = sum(not character.isspace() for character in str(node.value)[:offset])
        begin = node.start + (node.style in ("'", '"'))
        if node.style in ("|", ">"):
            begin = self.text.find("\n", node.start)
        for at in range(begin, node.end):
            if not self.text[at].isspace():
                if ahead == 0:
                    return at
                ahead -= 1
        return node.start


class Form:
    """One mapping of a page. A field that is missing or wrong is noted, and a harmless value takes its place."""

    def __init__(self, node: Node, page: Page) -> None:
        self.page = page
        self.start = node.start
        self._keys = node.keys
        self._fields = node.value if isinstance(node.value, dict) else {}
        self._asked: list[str] = []

    def node(self, name: str, *, required: bool = True) -> Node | None:
        """The field as it stands in the file; None when it is missing, or empty, which nobody means."""
        again = name in self._asked
        self._asked.append(name)
        found = self._fields.get(name)
        if found is not None and found.value is not None:
            return found
        if found is not None and not again:
            hint = "" if required else ", or leave the line out"
            self.page.note(self._keys[name], f"`{name}` is empty; give it a value{hint}", len(name))
        elif required and found is None:
            self.page.note(self.start, f"`{name}` is missing")
        return None

    def text(self, name: str, *, required: bool = True) -> str:
        """Text on one line or several, without space around it."""
        node = self.node(name, required=required)
        return self._text(name, node) if node else ""

    def texts(self, name: str, at_most: int, *, required: bool = True) -> list[tuple[str, Node]]:
        """A list of texts, each with its place."""
        node = self.node(name, required=required)
        items = self._items(name, node)
        if node and len(items) > at_most:
            self.page.note(node, f"`{name}` has {len(items)} entries; {at_most} is the most a person reads")
        return [(self._text(name, item), item) for item in items]

    def forms(self, name: str, *, required: bool = True) -> Iterator["Form"]:
        """A list of mappings."""
        for item in self._items(name, self.node(name, required=required)):
            if isinstance(item.value, dict):
                yield Form(item, self.page)
            else:
                self.page.note(item, f"each entry of `{name}` is a mapping of names to values")

    def form(self, name: str, missing: str) -> "Form | None":
        """A mapping; `missing` is what to say when it is not there."""
        node = self.node(name, required=False)
        if node and isinstance(node.value, dict):
            return Form(node, self.page)
        if node or name not in self._fields:
            self.page.note(node or self.start, missing)
        return None

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number between `low` and `high`."""
        node = self.node(name, required=default is None)
        if node is None:
            return low if default is None else default
        if isinstance(node.value, bool) or not isinstance(node.value, int) or not low <= node.value <= high:
            self.page.note(node, f"`{name}` is a whole number from {low} to {high}{node.unquoted}")
            return low
        return node.value

    def choice(self, name: str, options: Sequence[Choice], default: Choice | None = None) -> Choice:
        """One of `options`."""
        node = self.node(name, required=default is None)
        if node is None:
            return options[0] if default is None else default
        chosen = next((option for option in options if option == node.value), None)
        if chosen is None:
            listed = ", ".join(options)
            near = suggestion(str(node.value), options)
            self.page.note(node, f"`{name}` is `{_shown(node)}`, not one of {listed}{near}")
        return chosen or options[0]

    def day(self, name: str) -> date:
        """A calendar day."""
        node = self.node(name)
        if node is None:
            return EARLIEST
        if type(node.value) is not date:
            self.page.note(node, f"`{name}` is a day, written 2027-03-31")
        elif not EARLIEST <= node.value <= LATEST:
            self.page.note(node, f"a day before {EARLIEST} or after {LATEST} is a slip")
        else:
            return node.value
        return EARLIEST

    def finish(self, also: Iterable[str] = ()) -> None:
        """Note every field that nobody asked for: a misspelt name must not be passed over in silence."""
        known = [*self._asked, *also]
        for name, start in self._keys.items():
            if name not in known:
                self.page.note(start, f"unknown field `{name}`" + suggestion(name, known), len(name))

    def _items(self, name: str, node: Node | None) -> list[Node]:
        if node is None:
            return []
        if isinstance(node.value, list) and node.value:
            return node.value
        self.page.note(node, f"`{name}` is a list with at least one entry")
        return []

    def _text(self, name: str, node: Node) -> str:
        if isinstance(node.value, str) and node.value.strip():
            return node.value.strip()
        self.page.note(node, f"`{name}` is a text; put quotes around it")
        return ""


def _shown(node: Node) -> str:
    if isinstance(node.value, list):
        return "a list"
    return "a mapping" if isinstance(node.value, dict) else str(node.value)
