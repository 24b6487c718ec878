"""Whether coaching happens: what each manager planned in the last weeks, and what came of it."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated

import typer
from rich.table import Table

from app.cli.desk import now, opened, out, read_settings, say
from app.cli.options import AsJson, Name
from app.gate import is_read_only, judged_as_of, named
from app.store import canonical, scorecards
from app.store.connections import Org


def scorecard(
    name: Name,
    weeks: Annotated[int, typer.Option(help="How many weeks back.", min=1)] = 8,
    as_json: AsJson = False,
) -> None:
    """Coaching by manager and week, from what the CRM last told us. Changes nothing."""
    with opened(read_settings()) as store:
        org = named(store, name)
        since = (judged_as_of(store, org, now()) - timedelta(weeks=weeks)).date()
        with store.read() as transaction:
            cards = scorecards.count(transaction, org.id, since)
            called = canonical.names(transaction, org.id, [card.manager_id for card in cards])
    if as_json:
        say({"since": since, "weeks": [asdict(card) | {"manager": called.get(card.manager_id)} for card in cards]})
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


def _nothing(org: Org, since: date) -> str:
    if is_read_only(org):
        return f"'{org.name}' can only be read: its plans are shown and not kept, so that there is nothing to count."
    return f"No plan was made for '{org.name}' since {since}."
