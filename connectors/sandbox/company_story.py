"""How a deal of the sandbox company lives: stages, amounts and close dates over working days, and when it falls silent.

What is planted here is what coaching should find: deals that fall silent while early are lost far more often.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple

from connectors.sandbox.company_accounts import Customer
from connectors.sandbox.company_people import DEVELOPMENT, Calendar, Rep, Team

MINUTES = tuple(timedelta(minutes=n) for n in range(480))
"""A working day, counted from when it opens."""
MORNING = 180
LONGEST, USUAL_END = 230, 12
"""Working days that no closed deal outlives, and those it usually still has once it reached its last open stage."""
ALIVE = 1_000_000


class Stage(NamedTuple):
    """One row of OpportunityStage; `days` is how many working days a deal usually spends there."""

    name: str
    order: int
    probability: int
    category: str
    days: float = 0.0
    active: bool = True


STAGES = (
    Stage("Prospecting", 10, 10, "Pipeline", 6.0),
    Stage("Qualification", 20, 20, "Pipeline", 8.0),
    Stage("Needs Analysis", 30, 35, "Pipeline", 9.0),
    Stage("Value Proposition", 40, 50, "BestCase", 9.0),
    Stage("Proposal", 60, 65, "BestCase", 9.0),
    Stage("Negotiation", 70, 85, "Forecast", 8.0),
    Stage("Closed Won", 80, 100, "Closed"),
    Stage("Closed Lost", 90, 0, "Omitted"),
    Stage("Proof of Concept", 50, 50, "BestCase", 9.0, active=False),
)
VALUE, NEGOTIATION, WON, LOST, RETIRED = 3, 5, 6, 7, 8
FORECAST_NAMES = {"Forecast": "Commit", "BestCase": "Best Case"}


class Step(NamedTuple):
    """The deal as it stands from working day `day` on."""

    day: int
    at: datetime
    stage: int
    amount: float | None
    close: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One deal from its first to its last working day; `opener` owned it before day `handed`."""

    calendar: Calendar
    customer: Customer
    owner: Rep
    opener: Rep
    handed: int
    last: int
    outcome: int | None
    silent: tuple[int, int]
    steps: list[Step]

    def owner_on(self, day: int) -> Rep:
        """Who owned the deal on this working day."""
        return self.opener if day < self.handed else self.owner


def closed_story(rng: Random, team: Team, owner: Rep, customer: Customer, today: date) -> Story:
    """A deal that was won or lost within the last 24 months."""
    oldest = team.calendar.index(today - timedelta(days=730))
    last = oldest + int(rng.random() * (owner.last + 1 - oldest))
    early = rng.random() < 0.27
    outcome = WON if rng.random() < (0.12 if early else 0.54) else LOST
    pace = 1.5 if early else 0.75 if outcome == WON else 1.2
    moves = _path(rng, pace, outcome, early)
    first = last - moves[-1][0]
    return _tell(rng, team, owner, customer, [(first + offset, stage) for offset, stage in moves], outcome, early, last)


def open_story(rng: Random, team: Team, owner: Rep, customer: Customer) -> Story:
    """A deal that is still open; one in a hundred is much older than the rest."""
    last = owner.last
    age = 300 + int(rng.random() * 150) if rng.random() < 0.01 else min(int(rng.expovariate(1 / 38)), LONGEST)
    early = age >= 300 or rng.random() < 0.22
    path = _path(rng, 1.8 if early else 1.1, None, early)
    if age >= 300:
        path = [(0, 0), (12, 1), (30, VALUE if rng.random() < 0.5 else RETIRED)]
    elif age > path[-1][0] + USUAL_END and rng.random() < 0.8:
        age = int(rng.random() * (path[-1][0] + USUAL_END))
    moves = [(last - age + day, stage) for day, stage in path if day <= age]
    return _tell(rng, team, owner, customer, moves, None, early, last)


def _path(rng: Random, pace: float, outcome: int | None, early: bool) -> list[tuple[int, int]]:
    """Stages with the working day, from 0, on which each is entered; an open deal ends in Negotiation at the latest."""
    stage, day = int(rng.random() < 0.15), 0
    moves = [(day, stage)]
    left = 1 + int(rng.random() * (2 if early else 5))
    while True:
        day += 1 + int(rng.expovariate(1 / (STAGES[stage].days * pace))) + (14 if early and len(moves) == 1 else 0)
        left -= 1
        stage = _next(rng, stage)
        if (outcome == LOST and left <= 0) or stage > NEGOTIATION or day >= LONGEST:
            break
        moves.append((day, stage))
    return moves if outcome is None else [*moves, (min(day, LONGEST), outcome)]


def _next(rng: Random, stage: int) -> int:
    chance = rng.random()
    if chance < 0.04 and stage > 0:
        return stage - 1
    return stage + 2 if chance < 0.10 and stage < NEGOTIATION - 1 else stage + 1


def _tell(
    rng: Random,
    team: Team,
    owner: Rep,
    customer: Customer,
    moves: list[tuple[int, int]],
    outcome: int | None,
    early: bool,
    last: int,
) -> Story:
    calendar, first = team.calendar, moves[0][0]
    if first < calendar.last - 260 and rng.random() < 0.3:
        moves = [(day, RETIRED if stage == VALUE else stage) for day, stage in moves]
    opener, handed = _opener(rng, team, owner, moves, last)
    if handed > last:
        owner, handed = opener, first
    return Story(
        calendar=calendar,
        customer=customer,
        owner=owner,
        opener=opener,
        handed=handed,
        last=last,
        outcome=outcome,
        silent=_silence(rng, first, last, outcome, early),
        steps=_steps(rng, calendar, moves, customer.typical, outcome, last),
    )


def _opener(rng: Random, team: Team, owner: Rep, moves: list[tuple[int, int]], last: int) -> tuple[Rep, int]:
    """Who had the deal first, and the day the owner took over: new owners inherit, developers pass on."""
    first = moves[0][0]
    if owner.hired >= first:
        return team.owners[0], owner.hired + 2
    if team.developer.hired < first and owner.role != DEVELOPMENT and rng.random() < 0.15:
        return team.developer, next((day for day, stage in moves if stage > 1), last + 1)
    return owner, first


def _silence(rng: Random, first: int, last: int, outcome: int | None, early: bool) -> tuple[int, int]:
    """From which to which working day nothing happens with the customer."""
    if early:
        begins = first + 2 + int(rng.random() * 5)
        return begins, begins + 16 + int(rng.random() * 8) if outcome == WON else ALIVE
    if outcome != WON and rng.random() < (0.25 if outcome == LOST else 0.12):
        return last - 10 - int(rng.random() * 15), ALIVE
    return ALIVE, ALIVE


def _steps(
    rng: Random, calendar: Calendar, moves: list[tuple[int, int]], typical: float, outcome: int | None, last: int
) -> list[Step]:
    """The moves with amounts and close dates, and between them the days on which the close date was pushed."""
    first, stage = moves[0]
    amount = float(round(typical * rng.lognormvariate(0.0, 0.7), -2))
    shown = None if stage == 0 and rng.random() < 0.08 else amount
    close = calendar.days[first] + timedelta(days=30 + int(rng.random() * 75))
    steps = [Step(first, calendar.opens[first] + MINUTES[int(rng.random() * MORNING)], stage, shown, close)]
    for day, stage in moves[1:]:
        close = _push(rng, calendar, steps, close, day)
        amount = _changed(rng, amount)
        if stage == outcome:
            close = calendar.days[day]
        steps.append(Step(day, calendar.opens[day] + MINUTES[int(rng.random() * 480)], stage, amount, close))
    if outcome is None:
        _push(rng, calendar, steps, close, last + 1)
    return steps


def _changed(rng: Random, amount: float) -> float:
    chance = rng.random()
    if chance < 0.05:
        return round(amount * (0.4 + 0.4 * rng.random()), -2)
    return round(amount * (0.9 + 0.4 * rng.random()), -2) if chance < 0.20 else amount


def _push(rng: Random, calendar: Calendar, steps: list[Step], close: date, until: int) -> date:
    """Push the close date each time it comes up before working day `until`, or leave it overdue."""
    while rng.random() < 0.8:
        day = max(steps[-1].day + 1, calendar.index(close))
        if day >= until:
            break
        close = max(close, calendar.days[day]) + timedelta(days=20 + int(rng.random() * 40))
        at = calendar.opens[day] + MINUTES[int(rng.random() * 480)]
        steps.append(Step(day, at, steps[-1].stage, steps[-1].amount, close))
    return close
