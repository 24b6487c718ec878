"""The objects and fields of the sandbox, read once from objects.txt."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

KEY_FIELD = "Coaching_Key__c"

TEXT_TYPES = frozenset({"string", "picklist", "combobox", "textarea", "email", "phone", "url", "anyType", "base64"})
NUMBER_TYPES = frozenset({"int", "double", "currency", "percent"})
UNGROUPED = frozenset({"datetime", "double", "currency", "percent"})

_AUDIT = """
CreatedDate datetime readonly required defaulted
CreatedById ref(User) readonly required defaulted
LastModifiedDate datetime readonly required defaulted
LastModifiedById ref(User) readonly required defaulted
SystemModstamp datetime readonly required defaulted
"""
_SHAPE = re.compile(r"(?P<type>\w+)(?:\((?P<arguments>[^)]*)\))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field, with the attributes a describe gives; `choices_from` names the object whose rows are its values."""

    name: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    refers_to: tuple[str, ...] = ()
    relationship: str | None = None
    words: frozenset[str] = frozenset()
    choices: tuple[str, ...] = ()
    choices_from: str | None = None
    default: str | bool | None = None

    @property
    def nillable(self) -> bool:
        return not (self.type in ("id", "boolean") or "required" in self.words)

    @property
    def createable(self) -> bool:
        return self.type != "id" and "readonly" not in self.words

    @property
    def updateable(self) -> bool:
        return self.createable and "createonly" not in self.words

    @property
    def defaulted(self) -> bool:
        return self.type in ("id", "boolean") or "defaulted" in self.words

    @property
    def long(self) -> bool:
        return self.type == "base64" or (self.type == "textarea" and self.length > 255)

    @property
    def filterable(self) -> bool:
        return not self.long and "nofilter" not in self.words

    @property
    def sortable(self) -> bool:
        return not self.long and "nosort" not in self.words

    @property
    def groupable(self) -> bool:
        return not self.long and self.type not in UNGROUPED and "nogroup" not in self.words

    @property
    def aggregatable(self) -> bool:
        return not self.long and self.type != "boolean" and "noagg" not in self.words

    @property
    def finds(self) -> bool:
        """May be used to find the record of an upsert."""
        return self.type == "id" or "lookup" in self.words

    @property
    def pointing(self) -> bool:
        return "pointing" in self.words


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """One object; `allows` holds create, update, delete, undelete, merge, query, retrieve, replicate."""

    name: str
    prefix: str
    allows: frozenset[str]
    label: str
    plural: str
    fields: dict[str, Field]
    lower: dict[str, Field]

    def field(self, name: str) -> Field | None:
        """The field of this name in any case, as the API reads names."""
        return self.lower.get(name.lower())

    def relationship(self, name: str) -> Field | None:
        """The reference field whose parent is reached as `name.`."""
        wanted = name.lower()
        return next((f for f in self.fields.values() if f.relationship and f.relationship.lower() == wanted), None)

    @property
    def stamp(self) -> str | None:
        """The field by which changes of this object are read."""
        return next((name for name in ("SystemModstamp", "CreatedDate") if name in self.fields), None)

    def has(self, name: str) -> bool:
        return name in self.fields


def _field(line: str) -> Field:
    head, _, choices = line.partition(" : ")
    name, shape, *words = head.split()
    parts = _SHAPE.match(shape)
    assert parts is not None, f"objects.txt: {line!r}"
    kind, arguments = parts["type"], (parts["arguments"] or "").split(",")
    options = dict(word.split("=", 1) for word in words if "=" in word)
    if kind == "ref":
        options.setdefault("rel", name.removesuffix("Id"))
    return Field(
        name=name,
        type="reference" if kind == "ref" else kind,
        **_sizes(kind, arguments),
        refers_to=tuple(arguments) if kind == "ref" else (),
        relationship=options["rel"] if options.get("rel", "-") != "-" else None,
        words=frozenset(word for word in words if "=" not in word),
        choices=tuple(choices.strip().split("|")) if choices else (),
        choices_from=options.get("from"),
        default=False if kind == "boolean" else options.get("default"),
    )


def _sizes(kind: str, arguments: list[str]) -> dict[str, int]:
    if kind in ("ref", "id"):
        return {"length": 18}
    if kind in ("currency", "double", "percent"):
        return {"precision": int(arguments[0]), "scale": int(arguments[1])}
    if kind == "int":
        return {"digits": int(arguments[0])}
    return {"length": int(arguments[0])} if arguments[0] else {}


def _object(head: str, lines: list[str]) -> Object:
    _, name, prefix, allows, labels = head.split(" ", 4)
    label, plural = labels.split("|")
    fields = {f.name: f for f in (_field("Id id"), *map(_field, _expanded(lines)))}
    return Object(
        name=name,
        prefix=prefix,
        allows=frozenset(allows.split(",")),
        label=label,
        plural=plural,
        fields=fields,
        lower={key.lower(): f for key, f in fields.items()},
    )


def _expanded(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if line == "+audit":
            yield from _AUDIT.strip().splitlines()
        elif line == "+bin":
            yield "IsDeleted boolean readonly"
        else:
            yield line


@cache
def objects() -> dict[str, Object]:
    """Every object by name, in an order in which owners come before what they own."""
    text = files("connectors.sandbox").joinpath("objects.txt").read_text("utf-8")
    blocks: list[list[str]] = []
    for line in (raw.strip() for raw in text.splitlines()):
        if line.startswith("object "):
            blocks.append([line])
        elif line and not line.startswith("#"):
            blocks[-1].append(line)
    return {found.name: found for found in (_object(block[0], block[1:]) for block in blocks)}


@cache
def by_prefix() -> dict[str, str]:
    """Which object an id belongs to, by its first three characters; a note is its document."""
    return {found.prefix: name for name, found in reversed(objects().items()) if name != "ContentNote"}


def without(found: Object, hidden: frozenset[str]) -> Object:
    """The object as somebody sees it from whom these fields are hidden."""
    fields = {name: f for name, f in found.fields.items() if name not in hidden}
    return Object(
        name=found.name,
        prefix=found.prefix,
        allows=found.allows,
        label=found.label,
        plural=found.plural,
        fields=fields,
        lower={key.lower(): f for key, f in fields.items()},
    )
