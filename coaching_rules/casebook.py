"""The cases of a rule, as they stand in its file: what is given, and what must come of it."""

import math
from datetime import date, datetime

from coaching_rules.conditions import LARGEST
from coaching_rules.conditions.units import odd_share
from coaching_rules.errors import suggestion
from coaching_rules.form import Form, Node, Page
from coaching_rules.model import Case, Expectation, Value
from coaching_rules.vocabulary import EARLIEST, LATEST, SUBJECT, WORDS, Grain, Type, Word

_SAID: dict[Type, str] = {
    "boolean": "yes or no (true, false)",
    "integer": "whole number",
    "number": "number",
    "text": "text",
    "date": "day (2027-03-31)",
}


def read_cases(form: Form, words: tuple[str, ...] | None, grain: Grain, *, required: bool) -> tuple[Case, ...]:
    """The cases of a rule whose condition reads these words; None when the condition itself cannot be read."""
    cases = tuple(_case(case, words, grain) for case in form.forms("cases", required=required))
    names = [case.name for case in cases]
    node = form.node("cases", required=False)
    if node and len(set(names)) < len(names):
        form.page.note(node, "two cases have the same name")
    if node and cases and required and not {"fires", "does not fire"} <= {case.expects for case in cases}:
        form.page.note(node, "`cases` needs one that fires and one that does not")
    return cases


def _case(form: Form, words: tuple[str, ...] | None, grain: Grain) -> Case:
    name, line = form.text("name"), form.page.place(form.start, "").line
    case = Case(name=name, expects=_expects(form), given=_given(form, words, grain), line=line)
    form.finish()
    return case


def _expects(form: Form) -> Expectation:
    node = form.node("fires")
    if node and node.value == "not enough data":
        return "not enough data"
    if node and not isinstance(node.value, bool):
        form.page.note(node, f"`fires` is true, false, or not enough data{node.unquoted}")
    return "fires" if node and node.value is True else "does not fire"


def _given(form: Form, words: tuple[str, ...] | None, grain: Grain) -> dict[str, Value]:
    node = form.node("given")
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        form.page.note(node, "`given` maps each word that `when` reads to a value")
        return {}
    for name in words or ():
        if name not in node.value:
            form.page.note(node, f"the case does not say `{name}`; write null when it is unknown")
    for name, cell in node.value.items():
        _check(form.page, name, node.keys[name], cell, words, grain)
    return {name: cell.value for name, cell in node.value.items() if not isinstance(cell.value, (list, dict))}


def _check(page: Page, name: str, at: int, cell: Node, words: tuple[str, ...] | None, grain: Grain) -> None:
    """One word of `given`. Where nobody knows which words `when` reads, it is one of the grain's at least."""
    known = WORDS[grain] if words is None else words
    wrong = _wrong(WORDS[grain][name], cell, grain) if name in known else None
    if name not in known:
        said = f"unknown word `{name}`" if words is None else f"`when` does not read `{name}`"
        page.note(at, said + suggestion(name, known), len(name))
    elif wrong:
        page.note(cell, wrong)
    elif WORDS[grain][name].unit == "share" and isinstance(cell.value, (int, float)) and (odd := odd_share(cell.value)):
        page.warnings.append(page.place(cell, odd))


def _wrong(word: Word, cell: Node, grain: Grain) -> str | None:
    """Why no row of facts can have this value; None when one can."""
    value = cell.value
    if value is None:
        never = f"`{word.name}` is never unknown; without it there is no {grain} to judge"
        return never if word.name == SUBJECT[grain] else None
    if not _fits(word.type, value):
        hint = "; put quotes around it" if word.type == "text" else cell.unquoted
        return f"`{word.name}` is a {_SAID[word.type]}; this is not{hint}"
    if isinstance(value, (int, float)) and LARGEST < abs(value) < math.inf:  # what is none is told by its spelling
        return "a number this large is a slip"
    if isinstance(value, date) and not EARLIEST <= value <= LATEST:
        return f"a day before {EARLIEST} or after {LATEST} is a slip"
    return None


def _fits(type_: Type, value: object) -> bool:
    if type_ in ("integer", "number"):
        allowed = int if type_ == "integer" else (int, float)
        return isinstance(value, allowed) and not isinstance(value, bool)
    if type_ == "date":
        return isinstance(value, date) and not isinstance(value, datetime)
    return isinstance(value, bool if type_ == "boolean" else str)
