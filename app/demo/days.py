"""The story of the demo: each day a morning run, then people and customers at work, then the evening's run."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from app.demo.market import Market
from app.demo.people import People
from app.demo.tally import Tally, tally
from app.demo.world import DAY, World, working_from
from app.run import Report
from app.store import canonical, plans
from app.store.plans import Item

MORNING, EVENING = time(7), time(17)
HOURS = tuple(time(hour) for hour in range(9, 17))


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day as it went. `waiting` are the conversations asked for after the morning run; `names` name their ids."""

    day: date
    morning: Report
    waiting: tuple[Item, ...]
    names: dict[str, str]
    people: Counter[str]
    deals: Counter[str]
    evening: Report


class Life:
    """A company's working days, one after another, all decided by `seed`."""

    def __init__(self, world: World, *, seed: int) -> None:
        rng = Random(f"{seed} {world.moment:%Y-%m-%d}")
        self._world = world
        self._next = working_from(world.moment.date())
        self._market = Market(world.org, rng)
        self.people = People(world.org, rng, self._market.respond)
        self._mornings: list[Report] = []
        self._evenings: list[Report] = []

    def day(self) -> Day:
        """Live the next working day."""
        today, self._next = self._next, working_from(self._next + DAY)
        self._at(today, MORNING)
        morning = self._world.morning()
        waiting, names = self._waiting()
        people, deals = self._work(today)
        self._at(today, EVENING)
        evening = self._world.often()
        self._mornings.append(morning)
        self._evenings.append(evening)
        return Day(
            day=today, morning=morning, waiting=waiting, names=names, people=people, deals=deals, evening=evening
        )

    def tally(self) -> Tally:
        """What all days so far came to."""
        return tally(self._world, self.people, self._mornings, self._evenings)

    def _at(self, day: date, hour: time) -> None:
        self._world.at(datetime.combine(day, hour, UTC))

    def _waiting(self) -> tuple[tuple[Item, ...], dict[str, str]]:
        with self._world.store.read() as transaction:
            stored = plans.items(transaction, self._world.connection_id)
            items = tuple(item for item in stored if item.state == "open")
            ids = {i for item in items for i in (item.subject_id, item.manager_id, item.rep_id)}
            names = canonical.names(transaction, self._world.connection_id, sorted(ids))
        return items, dict(names)

    def _work(self, today: date) -> tuple[Counter[str], Counter[str]]:
        """The hours between the runs: each task and each deal has its hour, and a few minutes of its own."""
        people: Counter[str] = Counter()
        deals: Counter[str] = Counter()
        tasks, open_deals = self.people.tasks(), self._market.open_deals()
        for n, hour in enumerate(HOURS):
            self._at(today, hour)
            deals += self._market.live(open_deals[n :: len(HOURS)])
            for minute, task in enumerate(tasks[n :: len(HOURS)], start=1):
                self._world.at(datetime.combine(today, hour, UTC) + timedelta(minutes=min(minute, 59)))
                people += self.people.live([task])
        return people, deals
