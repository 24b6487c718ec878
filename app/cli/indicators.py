"""How every leading indicator of every rep stands, as a table and as pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from app.cli.desk import coaching_of, indicators_of, judged, now, opened, out, read_settings, rules_of, say
from app.cli.options import AsJson, AsOf, Name
from app.gate import named
from app.stages.measure import observe
from app.stages.watch import told
from app.store import canonical
from coaching_rules.indicators.alarms import readings
from coaching_rules.indicators.course import course
from coaching_rules.indicators.model import Alarm, Indicator
from coaching_rules.indicators.observations import Observations
from coaching_rules.indicators.prompting import by_chance, in_short

Names = Mapping[str, str]


def indicators(
    name: Name,
    svg: Annotated[Path | None, typer.Option("--svg", help="Folder for a picture of each that is off track.")] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """How each leading indicator of each rep stands today, whether or not it was told already. Changes nothing."""
    settings = read_settings()
    coaching = coaching_of(settings)
    with opened(settings) as store:
        known = indicators_of(settings, coaching, rules_of(settings, store, None))
        watched = [one for one in known if one.status in ("live", "shadow")]
        org = named(store, name)
        moment = judged(store, org, as_of, now(), quiet=as_json)
        stated = coaching.stated(org.name)
        seen = observe(store, org.id, watched, coaching, as_of=moment, known_at=now(), stated=stated)
        with store.read() as transaction:
            called = canonical.names(transaction, org.id, seen.counts["reps"]["rep_id"].to_pylist())
    observed = Observations(told=told(()), **seen.counts)
    found = readings(watched, observed, moment.date())
    if as_json:
        say({"as_of": moment, "indicators": [_plain(one, called) for one in found]})
    else:
        out.print(_table(found, called))
    if svg:
        _draw(svg, [one for one in found if one.kind != "on_track"], {i.id: i for i in watched}, observed, called)


def _plain(one: Alarm, called: Names) -> dict[str, Any]:
    return asdict(one) | {"rep": called.get(one.rep_id)}


def _table(found: Sequence[Alarm], called: Names) -> Table:
    table = Table("Rep", "Indicator", "Count", "Likely", "Days", "By chance", "Going by", "")
    for one in found:
        seen = one.by[one.strongest]
        numbers = f"{seen.count:g}", f"{seen.expected:.1f}", f"{seen.worked:.0f}", by_chance(seen)
        table.add_row(called.get(one.rep_id), one.indicator_id, *numbers, one.strongest, one.kind.replace("_", " "))
    return table


def _draw(
    folder: Path, found: Sequence[Alarm], by_id: Mapping[str, Indicator], observed: Observations, called: Names
) -> None:
    # drawing takes a second to import, which every other command would wait for
    draw = import_module("coaching_rules.indicators.picture").draw
    folder.mkdir(parents=True, exist_ok=True)
    for one in found:
        indicator = by_id[one.indicator_id]
        title = f"{called.get(one.rep_id, one.rep_id)}: {indicator.title}"
        svg = draw(title, in_short(indicator, one), course(indicator, observed, one), alarm=True)
        (folder / f"{one.rep_id}-{one.indicator_id}.svg").write_text(svg, encoding="utf-8")
    out.print(f"Wrote {len(found)} pictures to {folder}.", soft_wrap=True)
