"""From a form to a rule: which fields a rule has, and what each of them must be."""

import re
from typing import get_args

from coaching_rules import conditions
from coaching_rules.casebook import read_cases
from coaching_rules.errors import ConditionErrors, Problem, RuleError, suggestion
from coaching_rules.form import Form, Node, Page
from coaching_rules.model import (
    Area,
    Engagement,
    Event,
    Hygiene,
    Kind,
    Meeting,
    Moment,
    Place,
    Rule,
    Status,
    Trigger,
)
from coaching_rules.sentences import PLACEHOLDER
from coaching_rules.vocabulary import WORDS, Grain

_SLUG = re.compile(r"[a-z][a-z0-9_]{2,59}")
_BRACES = re.compile(r"\{[^{}]*\}|[{}]")
_ONLY_COACHING = ("coach", "rest_days", "max_per_week")
_ONLY_HYGIENE = ("why", "fix")


def read_rule(node: Node, page: Page) -> Rule | None:
    """The rule on this page; None when anything about it is wrong, and then `page` has the mistakes."""
    form = Form(node, page)
    grain: Grain = form.choice("grain", get_args(Grain))
    kind: Kind = form.choice("kind", ("coaching", "hygiene"), default="coaching")
    status: Status = form.choice("status", get_args(Status))
    when, words = _when(form, grain)
    cases = read_cases(form, words, grain, required=status != "draft")
    rule = Rule(
        id=_id(form),
        grain=grain,
        title=form.text("title"),
        status=status,
        owner=form.text("owner"),
        review_by=form.day("review_by"),
        when=when,
        on=_triggers(form, grain),
        severity=form.integer("severity", 1, 3),
        coach=_engagement(form, grain) if kind == "coaching" else None,
        hygiene=_hygiene(form, grain) if kind == "hygiene" else None,
        rest_days=form.integer("rest_days", 0, 365, default=14) if kind == "coaching" else 14,
        max_per_week=form.integer("max_per_week", 1, 50, default=3) if kind == "coaching" else 3,
        cases=cases,
        warnings=tuple(page.warnings),
        source=page.file,
        text=page.text,
    )
    _misplaced(form, kind)
    form.finish(also=(*_ONLY_COACHING, *_ONLY_HYGIENE))
    return None if page.errors else rule


def _misplaced(form: Form, kind: Kind) -> None:
    for name in _ONLY_HYGIENE if kind == "coaching" else _ONLY_COACHING:
        node = form.node(name, required=False)
        if node and kind == "coaching":
            form.page.note(node, f"`{name}` belongs to a rule of `kind: hygiene`, or inside `coach`")
        elif node:
            form.page.note(node, f"a hygiene rule makes a list, never a task; it has no `{name}`")


def _id(form: Form) -> str:
    node = form.node("id")
    rule_id = form.text("id", required=False)
    stem = form.page.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    if node and rule_id and not _SLUG.fullmatch(rule_id):
        form.page.note(node, "an id is 3 to 60 small letters, digits and underscores, a letter first")
    elif node and rule_id and rule_id != stem:
        form.page.note(node, f"the id is `{rule_id}` and the file is named `{stem}`; name them alike")
    return rule_id


def _when(form: Form, grain: Grain) -> tuple[str, tuple[str, ...] | None]:
    """The condition and the words it reads; no words when it cannot be read."""
    node = form.node("when")
    when = form.text("when", required=False)
    if not node or not when:
        return "", None
    try:
        condition = conditions.parse(when, grain)
    except ConditionErrors as wrong:
        form.page.errors.extend(_placed(form.page, node, problem) for problem in wrong.problems)
        return when, None
    form.page.warnings.extend(_placed(form.page, node, warning) for warning in condition.warnings)
    return when, condition.words


def _placed(page: Page, node: Node, problem: Problem) -> RuleError:
    """What was noticed about a condition, at its place in the file."""
    lead = len(str(node.value)) - len(str(node.value).lstrip())
    first = page.inside(node, lead + problem.offset)
    last = page.inside(node, lead + problem.offset + problem.length - 1)
    return page.place(first, problem.message, last - first + 1)


def _triggers(form: Form, grain: Grain) -> tuple[Trigger, ...]:
    node = form.node("on", required=False)
    if node is None:
        return ()
    if grain != "deal":
        form.page.note(node, f"events are about deals; a rule about a {grain} is judged each morning")
    if node.value == []:
        form.page.note(node, "`on` names no event; leave it out for a rule that looks at all deals every time")
    entries = node.value if isinstance(node.value, list) else [node]
    return tuple(trigger for entry in entries if (trigger := _trigger(entry, form.page)))


def _trigger(entry: Node, page: Page) -> Trigger | None:
    chosen = next((trigger for trigger in get_args(Trigger) if trigger == entry.value), None)
    if chosen is None:
        listed = ", ".join(get_args(Trigger))
        page.note(entry, f"`on` names events out of {listed}" + suggestion(str(entry.value), get_args(Trigger)))
    return chosen


def _engagement(form: Form, grain: Grain) -> Engagement | None:
    coach = form.form("coach", "`coach` is missing: a rule says why, when and where, for how long and what to ask")
    if coach is None:
        return None
    engagement = Engagement(
        why=_sentence(coach, "why", grain),
        when=_moment(coach),
        where=coach.choice("where", get_args(Place)),
        minutes=coach.integer("minutes", 1, 120),
        ask=_questions(coach, grain),
        prepare=tuple(_said(coach, "prepare", grain, required=False)),
        area=coach.choice("area", get_args(Area)),
        competency=coach.text("competency", required=False) or None,
    )
    coach.finish()
    return engagement


def _hygiene(form: Form, grain: Grain) -> Hygiene:
    return Hygiene(why=_sentence(form, "why", grain), fix=_sentence(form, "fix", grain))


def _moment(coach: Form) -> Moment:
    node = coach.node("when")
    first, _, rest = " ".join(coach.text("when", required=False).split()).partition(" ")
    meeting = next((option for option in get_args(Meeting) if option == rest), None)
    event = next((option for option in get_args(Event) if option == rest), None)
    if first == "next" and meeting:
        return Moment(meeting=meeting)
    if first == "before" and event:
        return Moment(event=event)
    days = re.fullmatch(r"(\d{1,3}) (working )?days?", rest)
    if first == "within" and days and 1 <= int(days[1]) <= 90:
        return Moment(days=int(days[1]), working=bool(days[2]))
    if node:
        meetings, events = (", ".join(get_args(options)) for options in (Meeting, Event))
        coach.page.note(
            node,
            f"`when` is `next` one of {meetings}; or `within <1 to 90> (working) days`; or `before` one of {events}"
            + suggestion(rest, (*get_args(Meeting), *get_args(Event))),
        )
    return Moment(days=1)


def _sentence(form: Form, name: str, grain: Grain) -> str:
    node = form.node(name)
    text = form.text(name, required=False)
    if node and text:
        _check_braces(form.page, node, grain)
    return " ".join(text.split())


def _said(form: Form, name: str, grain: Grain, *, required: bool = True) -> list[str]:
    entries = form.texts(name, at_most=3, required=required)
    for text, node in entries:
        if text:
            _check_braces(form.page, node, grain)
    return [" ".join(text.split()) for text, _ in entries]


def _questions(coach: Form, grain: Grain) -> tuple[str, ...]:
    questions = _said(coach, "ask", grain)
    node = coach.node("ask", required=False)
    for question in questions:
        if node and question and not question.endswith("?"):
            coach.page.note(node, f"`{question[:40]}` tells; everything under `ask` is a question")
    return tuple(questions)


def _check_braces(page: Page, node: Node, grain: Grain) -> None:
    text = str(node.value)
    for brace in _BRACES.finditer(text):
        name = PLACEHOLDER.fullmatch(brace[0])
        if name is None or name[1] not in WORDS[grain]:
            near = suggestion(brace[0].strip("{} "), WORDS[grain])
            page.note(page.inside(node, brace.start()), f"`{brace[0]}` is no word of a {grain}{near}", len(brace[0]))
