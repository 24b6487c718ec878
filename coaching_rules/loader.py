"""Folders of YAML become rules, or one list of everything that is wrong with them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Protocol, TypeVar

import yaml

from coaching_rules.errors import RuleError, RuleErrors
from coaching_rules.form import Node, Page, Scalar, TooManyMistakes
from coaching_rules.letters import shown, unwelcome
from coaching_rules.model import RuleSet
from coaching_rules.reading import read_rule
from coaching_rules.unreadable import not_yaml

Read = TypeVar("Read")


class _Named(Protocol):
    """What a file is read into: known by its id, and says where it came from."""

    @property
    def id(self) -> str: ...
    @property
    def source(self) -> str: ...


Known = TypeVar("Known", bound=_Named)

LARGEST_FILE = 32 * 1024
LARGEST_FOLDER = 4 * 1024 * 1024
MOST_FILES = 1_000
DEEPEST = 8
"""Limits on what is read: bytes of a file and of a folder, files of a folder, nesting of a file."""
_PLAIN = re.compile(r"[-+]?(0|[1-9]\d*|(0|[1-9]\d*)?\.\d*([eE][-+]?\d+)?)")
"""A number that is read as it is written."""


def load(folders: Path | Sequence[Path], over: RuleSet | None = None) -> RuleSet:
    """The rules of `folders`; a later folder's rule takes the place of an earlier one's with its id, or of `over`'s.

    Raises RuleErrors with every mistake of every file; then nothing is loaded.
    """
    errors = list[RuleError]()
    listed = [folders] if isinstance(folders, Path) else list(folders)
    return _load([pages(folder, str(folder), errors) for folder in listed], errors, over or RuleSet(rules=()))


def starter() -> RuleSet:
    """The rules we ship."""
    errors = list[RuleError]()
    folder = resources.files("coaching_rules") / "packs" / "starter"
    return _load([pages(folder, "starter", errors)], errors, RuleSet(rules=()))


def load_texts(texts: Mapping[str, str], name: str) -> RuleSet:
    """The rules whose files are kept elsewhere, by rule id; `name` stands for their folder in what is said of them."""
    kept = (Page(file=f"{name}/{rule_id}.yml", text=text) for rule_id, text in sorted(texts.items()))
    return _load([kept], [], RuleSet(rules=()))


def _load(folders: Iterable[Iterable[Page]], errors: list[RuleError], over: RuleSet) -> RuleSet:
    """`errors` is where those who bring the pages note what they could not bring."""
    rules = over
    for folder in folders:
        found = gather(folder, read_rule, "a rule file is one mapping, from `id` to `cases`", errors)
        rules = rules.overridden_by(tuple(found.values()))
    if errors:
        raise RuleErrors(errors)
    return rules


def gather(
    found: Iterable[Page], reader: Callable[[Node, Page], Known | None], no_mapping: str, errors: list[RuleError]
) -> dict[str, Known]:
    """What `reader` makes of these pages, by id; `errors` gets their mistakes, and an id that two of them have."""
    known: dict[str, Known] = {}
    for page in found:
        one = read(page, reader, no_mapping)
        if one and one.id in known:
            page.note(0, f"the id `{one.id}` is also in {known[one.id].source}; ids are never shared")
        elif one:
            known[one.id] = one
        errors.extend(page.errors)
    return known


def ignored(folder: Path) -> tuple[str, ...]:
    """What lies in `folder` and is not read, so that it can be named; nothing of it counts as a rule."""
    if not folder.is_dir():
        return ()
    others = (entry for entry in folder.iterdir() if not (entry.name.startswith(".") or _is_page(entry)))
    return tuple(sorted(shown(entry.name) + "/" * entry.is_dir() for entry in others))


def _is_page(entry: Traversable) -> bool:
    return entry.name.lower().endswith((".yml", ".yaml")) and not entry.is_dir()


def pages(folder: Traversable, name: str, errors: list[RuleError]) -> Iterator[Page]:
    """The YAML files of `folder` that are text, within the limits; `errors` gets what is wrong with the others.

    `folder` may be a single file.
    """
    if not folder.is_dir() and not folder.is_file():
        errors.append(RuleError(file=name, line=1, column=1, message="there is no such folder"))
        return
    listed = folder.iterdir() if folder.is_dir() else [folder]
    files = sorted(filter(_is_page, listed), key=lambda file: file.name)
    if len(files) > MOST_FILES:
        said = f"{len(files)} rules in one folder; {MOST_FILES} is the most that is read"
        errors.append(RuleError(file=name, line=1, column=1, message=said))
        return
    left = LARGEST_FOLDER
    for file in files:
        page = Page(file=name if file == folder else f"{name}/{shown(file.name)}", text="")
        page.text = _text(file, page)
        left -= len(page.text)
        if left < 0:
            page.note(0, f"the folder is larger than {LARGEST_FOLDER // 1024} kB; nothing from here on was read")
        if page.errors:
            errors.extend(page.errors)
        else:
            yield page
        if left < 0:
            return


def _text(file: Traversable, page: Page) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            page.note(0, f"larger than {LARGEST_FILE // 1024} kB; a rule fits on a page")
        return content[:LARGEST_FILE].decode("utf-8-sig")
    except UnicodeDecodeError:
        page.note(0, "not UTF-8 text; save it as UTF-8")
    except OSError as error:
        page.note(0, f"cannot be opened: {error.strerror}")
    return ""


def read(page: Page, reader: Callable[[Node, Page], Read | None], no_mapping: str) -> Read | None:
    """What `reader` makes of the mapping on the page; None when anything is wrong, and the page has the mistakes."""
    try:
        tree = _Careful(page.text).get_single_node()
        if isinstance(tree, yaml.MappingNode):
            return reader(_node(tree, page), page)
        page.note(0, no_mapping)
    except _Refused as refused:
        page.note(refused.at, str(refused))
    except yaml.MarkedYAMLError as error:
        mark, opened = error.problem_mark or error.context_mark, error.context_mark
        at = min(mark.index, len(page.text)) if mark else 0
        at, said = not_yaml(page.text, error.problem or "", at, opened.index if opened else None)
        page.note(at, f"not YAML: {said}")
    except yaml.YAMLError:
        page.note(0, "not YAML: it holds a character that YAML does not allow")
    except TooManyMistakes:
        pass  # they are on the page
    return None


class _Refused(Exception):
    """YAML that a rule has no use for."""

    def __init__(self, event: yaml.Event, message: str) -> None:
        super().__init__(message)
        self.at = event.start_mark.index if event.start_mark else 0


class _Careful(yaml.SafeLoader):
    """Looks at each event before anything is built from it: a handful of anchors can unfold into gigabytes."""

    depth = 0

    def get_event(self) -> yaml.Event:
        event: yaml.Event = super().get_event()  # type: ignore[no-untyped-call]
        self.depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if self.depth > DEEPEST:
            raise _Refused(event, f"nested more than {DEEPEST} levels deep")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            said = "anchors and aliases are refused; write it out, or quote a text that starts with & or *"
            raise _Refused(event, said)
        if getattr(event, "tag", None):
            raise _Refused(event, "tags are refused; quote a text that starts with !")
        return event


def _node(tree: yaml.Node, page: Page) -> Node:
    start, end = tree.start_mark.index, tree.end_mark.index
    if isinstance(tree, yaml.SequenceNode):
        return Node(value=[_node(item, page) for item in tree.value], start=start, end=end)
    if isinstance(tree, yaml.MappingNode):
        return _mapping(tree, page)
    return Node(value=_scalar(tree, page), start=start, end=end, style=getattr(tree, "style", None) or "")


def _mapping(tree: yaml.MappingNode, page: Page) -> Node:
    fields: dict[str, Node] = {}
    keys: dict[str, int] = {}
    for key, value in tree.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if not name or name in fields:
            page.note(key.start_mark.index, f"`{name}` is there twice" if name else "a name is needed here")
        fields[name] = _node(value, page)
        keys[name] = key.start_mark.index
    return Node(value=fields, start=tree.start_mark.index, end=tree.end_mark.index, keys=keys)


def _scalar(tree: yaml.Node, page: Page) -> Scalar:
    try:
        value: Scalar = yaml.SafeLoader("").construct_object(tree)
    except (ValueError, yaml.YAMLError):
        page.note(tree.start_mark.index, f"`{str(tree.value)[:40]}` is no value that exists; quote it if it is a text")
        return None
    wrong = unwelcome(value) if isinstance(value, str) else _odd_number(value, str(tree.value))
    if wrong:
        page.note(tree.start_mark.index, wrong, len(str(tree.value)))
    return value


def _odd_number(value: Scalar, spelling: str) -> str | None:
    """YAML reads 010 as 8 and 1:30 as 90; nobody who writes a rule means that."""
    if isinstance(value, (bool, str, date)) or value is None or _PLAIN.fullmatch(spelling):
        return None
    return f"`{spelling}` would be read as {value}; write a number in digits, without a zero in front, or quote a text"
