"""What is set for each person and which days their countries work, as tables beside the CRM's rows."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from app.calendar import DAY, working_days, zone_of
from app.config import Coaching, Person, RepCoaching
from coaching_rules.indicators.detectors import LOOKBACK

TEXT, DAYS = pa.string(), pa.date32()
SETTINGS = pa.schema([(name, TEXT) for name in ("id", "profile", "focus", "zone", "country")])


def settings_of(users: pa.Table, coaching: Coaching, today: date) -> dict[str, pa.Table]:
    """Tables by name: `settings` (a row a user), `leave` (id, day) and `working_days` (country, day).

    A country is its code, or empty where holidays are not known; a zone is one that exists. Days run from 26 weeks
    before `today` to the end of its month.
    """
    people = [(row, coaching.of_rep(row["id"], row["name"], row["role"])) for row in users.to_pylist()]
    settings = [
        {
            "id": row["id"],
            "profile": own.profile,
            "focus": own.focus,
            "zone": zone_of(own.time_zone or row["time_zone"]).key,
            "country": own.holidays(row["country"]) or "",
        }
        for row, own in people
    ]
    first, last = today - LOOKBACK * DAY, (today.replace(day=1) + timedelta(days=31)).replace(day=1) - DAY
    worked = [(code, day) for code in {row["country"] for row in settings} for day in working_days(code, first, last)]
    return {
        "settings": pa.Table.from_pylist(settings, schema=SETTINGS),
        "leave": _pairs("id", [(row["id"], day) for row, own in people for day in _days(own)]),
        "working_days": _pairs("country", worked),
    }


def unmatched(users: Iterable[Mapping[str, Any]], coaching: Coaching) -> list[str]:
    """What coaching.toml says that is true of no user, and countries whose holidays nobody knows, as sentences.

    A user has id, name, role, country and active.
    """
    people = list(users)
    names = {str(row[key]) for row in people for key in ("id", "name")}
    roles = {row["role"] for row in people}
    told = [f'[{kind}."{name}"] is nobody in the CRM.' for kind in ("managers", "reps")
            for name in getattr(coaching, kind) if name not in names]  # fmt: skip
    told += [f'[profiles] "{role}" is nobody\'s role in the CRM.' for role in coaching.profiles if role not in roles]
    return told + [
        f'The holidays of "{country}" are not known: say whose count under [countries].'
        for country in sorted({row["country"] for row in people if row["active"] and row["country"]})
        if Person(countries=coaching.countries).holidays(country) is None
    ]


def _days(own: RepCoaching) -> Iterator[date]:
    for entry in own.leave:
        first, last = entry if isinstance(entry, tuple) else (entry, entry)
        yield from (first + n * DAY for n in range((last - first).days + 1))


def _pairs(key: str, rows: list[tuple[str, date]]) -> pa.Table:
    keys, days = ([row[at] for row in rows] for at in (0, 1))
    return pa.table({key: pa.array(keys, TEXT), "day": pa.array(days, DAYS)})
