"""Whether coaching happens: what each manager planned in the last weeks, and what came of it."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from app.cli.desk import now, opened, out, read_settings, say
from app.cli.options import AsJson, Name
from app.gate import named
from app.store import canonical, scorecards


def scorecard(
    name: Name,
    weeks: Annotated[int, typer.Option(help="How many weeks back.", min=1)] = 8,
    as_json: AsJson = False,
) -> None:
    """Coaching by manager and week, from what the CRM last told us. Changes nothing."""
    since = (now() - timedelta(weeks=weeks)).date()
    with opened(read_settings()) as store:
        org = named(store, name)
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
    out.print(table if cards else f"No plan was made for '{name}' since {since}.")
