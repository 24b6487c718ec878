"""What changed between two rule sets, rule by rule and field by field."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

from coaching_rules.model import Case, Rule, RuleSet

_NOT_MEANT = frozenset({"id", "warnings", "source", "text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A field of a rule, named as in its file, and what it said before and says now."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """What became of one rule; `fields` is empty unless it was changed."""

    rule_id: str
    deed: Literal["added", "removed", "changed"]
    title: str
    fields: tuple[FieldChange, ...] = ()


def changes(before: RuleSet, after: RuleSet) -> tuple[RuleChange, ...]:
    """Every rule that is not the same in both, by id; layout and comments of a file are no change."""
    old, new = ({rule.id: rule for rule in rules.rules} for rules in (before, after))
    found = []
    for rule_id in sorted(old.keys() | new.keys()):
        if rule_id not in old:
            found.append(RuleChange(rule_id=rule_id, deed="added", title=new[rule_id].title))
        elif rule_id not in new:
            found.append(RuleChange(rule_id=rule_id, deed="removed", title=old[rule_id].title))
        elif differing := _differing(old[rule_id], new[rule_id]):
            found.append(RuleChange(rule_id=rule_id, deed="changed", title=new[rule_id].title, fields=differing))
    return tuple(found)


def _differing(before: Rule, after: Rule) -> tuple[FieldChange, ...]:
    old, new = dict(_said(before)), dict(_said(after))
    return tuple(
        FieldChange(field=name, before=old.get(name, ""), after=new.get(name, ""))
        for name in dict.fromkeys((*old, *new))
        if old.get(name, "") != new.get(name, "")
    )


def _said(rule: Rule) -> Iterator[tuple[str, str]]:
    """The rule as it stands in its file: what is in `coach` or beside it, each field as one text."""
    for parts, prefix in ((rule, ""), (rule.coach, "coach."), (rule.hygiene, "")):
        for part in fields(parts) if parts else ():
            if part.name not in (*_NOT_MEANT, "coach", "hygiene"):
                yield prefix + part.name, _text(getattr(parts, part.name))


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(_text, value))
    if isinstance(value, Case):
        given = ", ".join(f"{word} {said}" for word, said in sorted(value.given.items()))
        return f"{value.name}: {value.expects} for {given}"
    return "" if value is None else " ".join(str(value).split())
