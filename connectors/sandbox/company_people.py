"""Who works at the sandbox company, and on which days: territories, calendars, teams, users and roles."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import holidays

from connectors.sandbox.ids import make_id

Row = dict[str, object]

PAST_DAYS, AHEAD_DAYS = 1_250, 130
TEAM = 7
TERRITORIES = (
    ("America/New_York", "US"),
    ("Europe/Berlin", "DE"),
    ("Asia/Singapore", "SG"),
    ("America/Chicago", "US"),
)
ROLES = ("VP Sales", "Sales Manager", "Account Executive", "Sales Development Rep", "Account Manager")
VP, MANAGER, EXECUTIVE, DEVELOPMENT, ACCOUNTS = range(len(ROLES))
FIRST = (
    "Ada", "Bela", "Cleo", "Dario", "Edda", "Finn", "Gala", "Hugo", "Ilka", "Juno", "Kaya", "Levi", "Mira", "Nilo",
    "Orla", "Pio", "Quin", "Rena", "Silas", "Tova", "Ugo", "Vera", "Wim", "Xenia", "Yara", "Zeno", "Alma", "Bruno",
    "Cora", "Emil", "Faye", "Gus", "Hedda", "Ivo", "Jada", "Kian", "Lio",
)  # fmt: skip
LAST = (
    "Fernbrook", "Ashgrove", "Millstone", "Larkspur", "Thistledown", "Pebblewick", "Harrowgate", "Winterbourne",
    "Copperleaf", "Driftwood", "Elderberry", "Foxglove", "Goldfinch", "Hazelmere", "Inkwell", "Juniper", "Kestrel",
    "Lanternby", "Marrow", "Nettlefield", "Oakenshaw", "Plumtree", "Quillfeather", "Rushwater", "Sandpiper", "Teasel",
    "Underhill", "Violet", "Wrenfield", "Yarrow", "Zephyrine",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The working days of one territory; `opens` is nine in the morning there, and `last` the last day before today."""

    zone: str
    country: str
    days: list[date]
    opens: list[datetime]
    last: int

    def index(self, day: date) -> int:
        """Position of the first working day on or after `day`."""
        return bisect_left(self.days, day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rep:
    """One seller; `hired` and `last` are positions in the calendar, `logs` the share of work that reaches the CRM."""

    id: str
    name: str
    role: int
    manager_id: str | None
    active: bool
    hired: int
    last: int
    logs: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """One manager's people. The first of `owners` has been there longer than any deal; `developer` opens deals."""

    calendar: Calendar
    owners: tuple[Rep, ...]
    developer: Rep


def calendar(zone: str, country: str, today: date) -> Calendar:
    """Weekdays of about four years around `today` without the country's public holidays."""
    start = today - timedelta(days=PAST_DAYS)
    off = holidays.country_holidays(country, years=range(start.year, today.year + 2))
    span = (start + timedelta(days=n) for n in range(PAST_DAYS + AHEAD_DAYS))
    days = [day for day in span if day.weekday() < 5 and day not in off]
    opens = [datetime.combine(day, time(9), ZoneInfo(zone)).astimezone(UTC) for day in days]
    return Calendar(zone=zone, country=country, days=days, opens=opens, last=bisect_left(days, today) - 1)


def person_name(n: int) -> str:
    """The n-th made-up name; the first 1,147 differ."""
    return f"{FIRST[n % len(FIRST)]} {LAST[n % len(LAST)]}"


def role_rows(today: date) -> list[Row]:
    """Five roles in three levels."""
    above = (None, VP, MANAGER, MANAGER, MANAGER)
    made = _morning(today - timedelta(days=3_300))
    return [
        {
            "Id": role_id(n),
            "Name": name,
            "ParentRoleId": None if parent is None else role_id(parent),
            "LastModifiedDate": made,
            "SystemModstamp": made,
        }
        for n, (name, parent) in enumerate(zip(ROLES, above))
    ]


def role_id(role: int) -> str:
    """Id of one of ROLES."""
    return make_id("00E", role + 1)


def hire(rng: Random, size: int, today: date) -> tuple[list[Team], list[Row]]:
    """Teams of seven under `size` managers, ten managers under a VP, and everybody's User rows, bosses first."""
    calendars = [calendar(zone, country, today) for zone, country in TERRITORIES]
    bosses = -(-size // 10)
    rows = [
        _user(n, VP, None if n == 0 else user_id(0), calendars[0], today - timedelta(days=3_200)) for n in range(bosses)
    ]
    teams, reps = [], []
    for m in range(size):
        where = calendars[m % len(calendars)]
        since = today - timedelta(days=rng.randrange(900, 3_000))
        rows.append(_user(bosses + m, MANAGER, user_id(m // 10), where, since))
        first = bosses + size + m * TEAM
        people = [_rep(rng, first + n, m * TEAM + n, user_id(bosses + m), where, today) for n in range(TEAM)]
        reps += [row for _, row in people]
        hired = [rep for rep, _ in people]
        owners = tuple(rep for rep in hired if rep.role != DEVELOPMENT)
        teams.append(Team(calendar=where, owners=owners, developer=hired[5]))
    return teams, rows + reps


def user_id(n: int) -> str:
    """Id of the n-th user, from 0."""
    return make_id("005", n + 1)


def _rep(rng: Random, user: int, n: int, manager: str, where: Calendar, today: date) -> tuple[Rep, Row]:
    """In every four teams two reps log little, one has left, one has no manager and two are new."""
    turn = n % (4 * TEAM)
    role = (EXECUTIVE,) * 5 + (DEVELOPMENT, ACCOUNTS)
    since = today - timedelta(days=_tenure(rng, turn))
    left = turn == 2
    last = where.last - 30 if left else where.last
    above = None if turn == 3 else manager
    row = _user(user, role[n % TEAM], above, where, since)
    if left:
        row |= {"IsActive": False, "LastModifiedDate": where.opens[last + 1], "SystemModstamp": where.opens[last + 1]}
    rep = Rep(
        id=user_id(user),
        name=str(row["Name"]),
        role=role[n % TEAM],
        manager_id=above,
        active=not left,
        hired=where.index(since) + 1 if since >= where.days[0] else 0,
        last=last,
        logs=0.06 if turn in (1, 9) else 1.0,
    )
    return rep, row


def _tenure(rng: Random, turn: int) -> int:
    if turn % TEAM == 0 or turn == 2:
        return 2_920 if turn == 0 else rng.randrange(1_500, 2_800)
    return {4: 30, 11: 75}.get(turn) or rng.randrange(180, 2_400)


def _user(n: int, role: int, manager: str | None, where: Calendar, since: date) -> Row:
    name, made = person_name(n), _morning(since)
    first, last = name.split(" ")
    return {
        "Id": user_id(n),
        "Username": f"{first}.{last}.{n}@example.invalid".lower(),
        "FirstName": first,
        "LastName": last,
        "Name": name,
        "Alias": last[:8].lower(),
        "Title": ROLES[role],
        "IsActive": True,
        "UserType": "Standard",
        "UserRoleId": role_id(role),
        "ManagerId": manager,
        "TimeZoneSidKey": where.zone,
        "Country": where.country,
        "CreatedDate": made,
        "LastModifiedDate": made,
        "SystemModstamp": made,
    }


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(8), UTC)
