"""Whether coaching happens: what each manager planned in the last weeks, what came of it, and what rules say of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from app.cli.desk import now, opened, out, read_settings, rules_of, say
from app.cli.options import AsJson, Name
from app.gate import is_read_only, judged_as_of, named
from app.store import canonical, judgements, scorecards
from app.store.connections import Org
from coaching_rules.model import RuleSet
from coaching_rules.sentences import render


def scorecard(
    name: Name,
    weeks: Annotated[int, typer.Option(help="How many weeks back.", min=1)] = 8,
    as_json: AsJson = False,
) -> None:
    """Coaching by manager and week, and what rules find about managers, as the CRM last told. Changes nothing."""
    settings = read_settings()
    with opened(settings) as store:
        org, rules = named(store, name), rules_of(settings, store, None)
        since = (judged_as_of(store, org, now()) - timedelta(weeks=weeks)).date()
        with store.read() as transaction:
            cards = scorecards.count(transaction, org.id, since)
            found = list(_said(judgements.about_managers(transaction, org.id), rules))
            whose = {card.manager_id for card in cards} | {one["manager_id"] for one in found}
            called = canonical.names(transaction, org.id, sorted(whose))
    if as_json:
        say({"since": since, "weeks": _named(map(asdict, cards), called), "found": _named(found, called)})
        return
    table = Table(
        "Week", "Manager", "Planned", "Held", "Minutes", "Reps reached", "On early deals", "Prepared", "Ignored"
    )
    for card in cards:
        reached, early = f"{card.coached_reps} of {card.reps}", f"{card.held_early} of {card.held_on_deals}"
        counts = (card.planned, card.held, f"{card.held_minutes} of {card.budget_minutes}", reached, early)
        numbers = map(str, (*counts, card.prepared, card.ignored))
        table.add_row(f"{card.week:%Y-%m-%d}", called.get(card.manager_id, card.manager_id), *numbers)
    out.print(table if cards else _nothing(org, since), soft_wrap=True)
    _stands_out(found, called)


def _named(rows: Iterable[dict[str, Any]], called: Mapping[str, str]) -> list[dict[str, Any]]:
    return [row | {"manager": called.get(row["manager_id"])} for row in rows]


def _said(found: Iterable[Mapping[str, Any]], rules: RuleSet) -> Iterable[dict[str, str]]:
    """What live rules found about managers, each as its sentence."""
    live = {rule.id: rule for rule in rules.rules if rule.status == "live"}
    for one in found:
        rule = live.get(one["rule_id"])
        if rule and rule.coach:
            said = {"title": rule.title, "why": render(rule.coach.why, one["facts"])}
            yield {"manager_id": one["subject_id"], "rule": rule.id, **said}


def _stands_out(found: Sequence[Mapping[str, str]], called: Mapping[str, str]) -> None:
    if found:
        table = Table("Manager", "What stands out", title="Found by rules", title_justify="left")
        for one in found:
            table.add_row(called.get(one["manager_id"], one["manager_id"]), f"{one['title']}. {one['why']}")
        out.print(table)


def _nothing(org: Org, since: date) -> str:
    if is_read_only(org):
        return f"'{org.name}' can only be read: its plans are shown and not kept, so that there is nothing to count."
    return f"No plan was made for '{org.name}' since {since}."
