"""The customers of the sandbox company and the people who work there, all made up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from connectors.sandbox.company_people import Row, Team, person_name
from connectors.sandbox.ids import make_id

COLOURS = (
    "Amber", "Birch", "Cobalt", "Dapple", "Ember", "Fallow", "Gilded", "Heather", "Indigo", "Jasper", "Keen", "Lilac",
    "Mellow", "Northern", "Opal", "Painted", "Quiet", "Russet", "Silver", "Tawny", "Umber", "Velvet", "Willow", "Young",
    "Zinc", "Bright", "Clover", "Dusky", "Early",
)  # fmt: skip
THINGS = (
    "Lantern", "Anchor", "Bridge", "Compass", "Drum", "Echo", "Feather", "Garden", "Harbour", "Island", "Jetty",
    "Kettle", "Ladder", "Meadow", "Needle", "Orchard", "Paddle", "Quarry", "River", "Saddle", "Tower", "Umbrella",
    "Valley", "Windmill", "Yard", "Acorn", "Beacon", "Cradle", "Dovecote", "Engine", "Fiddle",
)  # fmt: skip
INDUSTRIES = (
    ("Transportation", ("Freight", "Couriers"), 38_000.0),
    ("Manufacturing", ("Tools", "Castings"), 62_000.0),
    ("Healthcare", ("Clinics", "Dental"), 45_000.0),
    ("Retail", ("Stores", "Bakeries"), 18_000.0),
    ("Finance", ("Mutual", "Savings"), 90_000.0),
    ("Education", ("Academy", "Press"), 14_000.0),
)
TITLES = ("Head of Operations", "Finance Lead", "Buyer", "IT Lead", "Plant Lead", "Office Lead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """An account as deals see it; `typical` is the usual amount of a deal there."""

    id: str
    name: str
    typical: float
    contacts: tuple[str, ...]


def customers(
    rng: Random, size: int, teams: list[Team], books: list[list[Customer]]
) -> Iterator[tuple[Row, list[Row]]]:
    """`size` accounts, dealt out to the teams; each with its contacts, and added to its team's book."""
    met = 0
    for n in range(size):
        team = teams[n % len(teams)]
        people = 2 + (n % 5 < 2)
        row, customer = _account(rng, n, team, tuple(make_id("003", met + k + 1) for k in range(people)))
        books[n % len(teams)].append(customer)
        yield row, [_contact(contact, met + k, row) for k, contact in enumerate(customer.contacts)]
        met += people


def _account(rng: Random, n: int, team: Team, contacts: tuple[str, ...]) -> tuple[Row, Customer]:
    industry, trades, typical = INDUSTRIES[int(rng.random() * len(INDUSTRIES))]
    name = f"{COLOURS[n % len(COLOURS)]} {THINGS[n % len(THINGS)]} {trades[int(rng.random() * 2)]}"
    owner = team.owners[n // 7 % len(team.owners)]
    made = team.calendar.opens[int(rng.random() * 60)] + timedelta(minutes=int(rng.random() * 400))
    size = int(rng.lognormvariate(5.5, 1.0))
    row: Row = {
        "Id": make_id("001", n + 1),
        "Name": name,
        "Type": None
        if n % 11 == 4
        else ("Customer - Direct", "Prospect", "Customer - Channel")[int(rng.random() ** 2 * 3)],
        "Industry": None if n % 13 == 6 else industry,
        "OwnerId": owner.id,
        "AnnualRevenue": size * 150_000,
        "NumberOfEmployees": size,
        "BillingCountry": team.calendar.country,
        "CreatedDate": made,
        "CreatedById": team.owners[0].id,
        "LastModifiedDate": made,
        "LastModifiedById": team.owners[0].id,
        "SystemModstamp": made,
    }
    return row, Customer(id=str(row["Id"]), name=name, typical=typical, contacts=contacts)


def _contact(contact_id: str, n: int, account: Row) -> Row:
    first, last = person_name(n * 5 + 3).split(" ")
    return {
        "Id": contact_id,
        "AccountId": account["Id"],
        "FirstName": first,
        "LastName": last,
        "Name": f"{first} {last}",
        "Title": TITLES[n % len(TITLES)],
        "OwnerId": account["OwnerId"],
        "CreatedDate": account["CreatedDate"],
        "CreatedById": account["CreatedById"],
        "LastModifiedDate": account["CreatedDate"],
        "LastModifiedById": account["CreatedById"],
        "SystemModstamp": account["CreatedDate"],
    }
