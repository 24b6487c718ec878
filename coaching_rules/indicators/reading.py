"""From a form to an indicator: which fields an indicator has, and what each of them must be."""

import re
from typing import get_args

from coaching_rules import conditions
from coaching_rules.errors import ConditionErrors, suggestion
from coaching_rules.form import Choice, Form, Node, Page
from coaching_rules.indicators.model import (
    Channel,
    Counted,
    Counting,
    Indicator,
    Layer,
    Once,
    Period,
    Profile,
)
from coaching_rules.model import Area, Status

_SLUG = re.compile(r"[a-z][a-z0-9_]{2,59}")
LONGEST_RAMP, LONGEST_QUIET, LONGEST_TALK = 24, 366, 60
"""Months, days and minutes."""
_ACTIVITY_ONLY = ("channels", "two_way", "once", "quiet_days")


def read_indicator(node: Node, page: Page) -> Indicator | None:
    """The indicator on this page; None when anything about it is wrong, and then `page` has the mistakes."""
    form = Form(node, page)
    layer: Layer = form.choice("layer", get_args(Layer))
    goal, per = _goal(form)
    indicator = Indicator(
        id=_id(form),
        title=form.text("title"),
        status=_status(form),
        owner=form.text("owner"),
        review_by=form.day("review_by"),
        process=_process(form),
        layer=layer,
        counts=_counts(form),
        per=per,
        goal=goal,
        profiles=tuple(_listed(form, "profiles", get_args(Profile))),
        ramp=_ramp(form),
        minutes=form.integer("minutes", 5, LONGEST_TALK, default=15),
        ask=_questions(form, required=layer == "activity"),
        source=page.file,
    )
    form.finish()
    return None if page.errors else indicator


def _id(form: Form) -> str:
    node = form.node("id")
    name = form.text("id", required=False)
    stem = form.page.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    if node and name and not (_SLUG.fullmatch(name) and name == stem):
        form.page.note(
            node.start, f"an id is small letters, digits and underscores, and the file's name; this is `{stem}`"
        )
    return name


def _status(form: Form) -> Status:
    return form.choice("status", get_args(Status))


def _process(form: Form) -> Area:
    return form.choice("process", get_args(Area))


def _goal(form: Form) -> tuple[float | None, Period]:
    goal = form.form("goal", "`goal` is missing: a number or `peers`, per week or month")
    if goal is None:
        return None, "week"
    per: Period = goal.choice("per", get_args(Period))
    node = goal.node("number")
    goal.finish()
    if node and isinstance(node.value, (int, float)) and not isinstance(node.value, bool) and 0 < node.value <= 10_000:
        return float(node.value), per
    if node and node.value != "peers":
        form.page.note(node.start, "`number` is above 0 and at most 10000, or `peers` for what comparable reps achieve")
    return None, per


def _counts(form: Form) -> Counted:
    counts = form.form("counts", "`counts` is missing: it says what is counted, of activities or of deals")
    if counts is None:
        return Counted(of="activity")
    of: Counting = counts.choice("of", get_args(Counting))
    counted = Counted(
        of=of,
        channels=tuple(_listed(counts, "channels", get_args(Channel))),
        two_way=_flag(counts, "two_way"),
        when=_condition(counts),
        once=_once(counts),
        quiet_days=counts.integer("quiet_days", 0, LONGEST_QUIET, default=0),
    )
    for name in _ACTIVITY_ONLY if of == "deal" else ():
        node = counts.node(name, required=False)
        if node:
            form.page.note(node.start, f"`{name}` chooses among activities; this counts deals")
    if counted.quiet_days and counted.once == "each":
        form.page.note(counts.start, "`quiet_days` needs `once`, which says what was quiet: a deal, account or contact")
    counts.finish()
    return counted


def _once(counts: Form) -> Once:
    return counts.choice("once", get_args(Once), default="each")


def _condition(counts: Form) -> str:
    """A condition over the words of the deal that it was about."""
    node = counts.node("when", required=False)
    when = counts.text("when", required=False)
    try:
        if node and when:
            conditions.parse(when, "counted")
    except ConditionErrors as wrong:
        for problem in wrong.problems:
            counts.page.note(
                counts.page.inside(node or Node(value="", start=0, end=0), problem.offset), problem.message
            )
    return when


def _flag(form: Form, name: str) -> bool:
    node = form.node(name, required=False)
    if node and not isinstance(node.value, bool):
        form.page.note(node.start, f"`{name}` is true or false")
    return bool(node and node.value is True)


def _listed(form: Form, name: str, options: tuple[Choice, ...]) -> list[Choice]:
    chosen = []
    for text, node in form.texts(name, at_most=len(options), required=False):
        found = next((option for option in options if option == text), None)
        if found:
            chosen.append(found)
        elif text:
            form.page.note(node.start, f"`{text}` is not one of {', '.join(options)}{suggestion(text, options)}")
    return chosen


def _ramp(form: Form) -> tuple[float, ...]:
    node = form.node("ramp", required=False)
    if node is None:
        return ()
    months = [month.value for month in node.value] if isinstance(node.value, list) else []
    shares = tuple(float(m) for m in months if isinstance(m, (int, float)) and not isinstance(m, bool) and 0 < m <= 1)
    if not shares or len(shares) < len(months) or len(shares) > LONGEST_RAMP:
        form.page.note(
            node.start, f"`ramp` lists what is expected each month, as shares up to 1, at most {LONGEST_RAMP}"
        )
    return shares


def _questions(form: Form, *, required: bool) -> tuple[str, ...]:
    questions = form.texts("ask", at_most=3, required=required)
    for question, node in questions:
        if question and not question.endswith("?"):
            form.page.note(node.start, f"`{question[:40]}` tells; everything under `ask` is a question")
    return tuple(" ".join(question.split()) for question, _ in questions)
