"""One episode: a team, some days of people at work with runs in between, and trouble for those runs.

When the trouble stops, the loop ends where an undisturbed one would have. Every seed is an episode, always the same.
"""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from app import pipeline
from app.config import Coaching
from app.errors import Interrupted, NotReady
from app.gate import named, open_gate
from app.run import Loop, Report
from app.store import connections
from app.store.connections import Vault
from app.store.ledger import intents
from app.store.session import Busy, Store
from bench import trouble
from bench.causes import NO_CAUSES, Causes, draw_causes
from bench.promises import broken, rows_of
from bench.team import MONDAY, Deed, Row, Team, draw_deed, furnish
from bench.trouble import Trouble, draw_trouble
from coaching_rules.loader import starter
from coaching_rules.model import RuleSet
from connectors.sandbox.org import Org
from connectors.sandbox.server import start
from connectors.sandbox.sign_in import enroll

RHYTHMS: dict[str, Callable[[Loop], Report]] = {
    "often": pipeline.often, "morning": pipeline.morning, "nightly": pipeline.nightly,
}  # fmt: skip
COACHING = Coaching.model_validate({"api_share": 1, "planning": {"minutes_a_month": 480, "prompts_a_week": 12}})
IMPATIENT = {"tries": 1, "first_wait": 0.01, "read_seconds": 2, "page_size": 40}
AT_ONCE = 0.25
FIRST_WITH_CAUSES = 7000
"""Earlier seeds were lived before there were causes, and stay the episodes that they were."""
CERTAIN_MINUTES = 12
"""A create whose answer was lost may still be under way for eleven minutes; only then it is sent again."""
ENDINGS = {0: "completed", -signal.SIGKILL: "killed", Interrupted.exit_code: "stopped", NotReady.exit_code: "stopped"}
"""How a run may end that trouble befalls, by its exit code."""
WRITTEN = ("Task", "ContentDocument", "ContentVersion", "ContentDocumentLink")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Some time passes, people do things, a rhythm runs, and this befalls it while these causes hold."""

    hours: int
    deeds: tuple[Deed, ...]
    rhythm: str
    trouble: Trouble
    causes: Causes = NO_CAUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One episode. `at_once`: a run that was disturbed is repeated before anybody does anything else."""

    seed: int
    key_field: bool
    at_once: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of an episode: the promises that were broken, if any, and how often what happened."""

    seed: int
    broken: tuple[str, ...]
    tally: Counter[str]


def draw(seed: int) -> Script:
    """The episode of this seed, always the same."""
    lots = random.Random(f"script {seed}")
    lots.random()  # it once decided something; without it every seed would be another episode than it was
    at_once = lots.random() < AT_ONCE
    steps = [_step(n, lots) for n in range(lots.randint(2, 4) if at_once else lots.randint(4, 9))]
    causes = random.Random(f"causes {seed}")
    if seed >= FIRST_WITH_CAUSES:
        steps = [replace(step, causes=draw_causes(causes, mild=at_once)) for step in steps]
    return Script(seed=seed, key_field=lots.random() < 0.8, at_once=at_once, steps=tuple(steps))


def _step(n: int, lots: random.Random) -> Step:
    return Step(
        hours=lots.choice((0, 1, 5, 24, 24, 72)) if n else 0,
        deeds=tuple(draw_deed(lots) for _ in range(lots.randint(0, 5) if n else 0)),
        rhythm="morning" if not n else lots.choice(("often", "often", "morning")),
        trouble=draw_trouble(lots),
    )


def episode(seed: int, store: Store, folder: Path) -> Verdict:
    """Live through it and see what holds.

    The org's tasks are compared with those of the same people without trouble only where a disturbed run is repeated
    at once: a run that comes a day late plans a day late, and may well find something else to talk about.
    """
    script = draw(seed)
    with _life(script, store, folder, "rough") as rough:
        rough.live(troubled=True)
        wrong, ends = list(rough.wrong()), rough.told()
    if script.at_once and not wrong:
        with _life(script, store, folder, "calm") as calm:
            calm.live(troubled=False)
            wrong += _apart(rough.team.done, calm.team.done, ends, calm.told())
    return Verdict(seed=seed, broken=tuple(wrong), tally=rough.tally + rough.made())


def _apart(did: list[Any], would: list[Any], ends: list[str], undisturbed: list[str]) -> Iterator[str]:
    if did != would:
        yield f"people found other things to do: {Counter(did) - Counter(would)}, {Counter(would) - Counter(did)}"
        return
    yield from (f"only with trouble: {task}" for task in (Counter(ends) - Counter(undisturbed)).elements())
    yield from (f"only without trouble: {task}" for task in (Counter(undisturbed) - Counter(ends)).elements())


class _Life:
    """One team, one org, one connection, from the first morning to the last."""

    def __init__(self, script: Script, store: Store, name: str, team: Team, vault: Vault) -> None:
        self.script, self.store, self.name, self.team, self.vault = script, store, name, team, vault
        self.tally = Counter[str]()

    def live(self, *, troubled: bool) -> None:
        """Go through the script, then on in peace: learn what lost answers said, act on it, and hear of that."""
        for step in self.script.steps:
            self.team.later(hours=step.hours)
            for deed in step.deeds:
                self.team.act(deed)
            if troubled:
                self._disturbed(step)
            if self.script.at_once or not troubled:
                self._run(step.rhythm)
                self.team.later(minutes=CERTAIN_MINUTES)
                self._run("often")
        self.team.later(hours=24)  # by then no create is under way, and what was refused is offered again
        missed = any(step.causes.unseen is not None for step in self.script.steps)
        # what happened out of our sight is told by no delta, only by the comparison of the night
        for rhythm in ("nightly", "morning", "often") if missed else ("morning", "often"):
            self._run(rhythm)

    def wrong(self) -> Iterator[str]:
        """The promises that do not hold, as sentences."""
        yield from broken(self.team, self.store, self._id)
        before = self._everything()
        self._run("morning")
        if self._everything() != before:
            yield "another morning at the same instant wrote something"

    def _everything(self) -> list[Any]:
        ours = [self.team.org.rows(f"SELECT * FROM {name} ORDER BY Id") for name in WRITTEN]
        return [ours, rows_of(self.store, intents, self._id)]

    @property
    def _id(self) -> int:
        return named(self.store, self.name).id

    def made(self) -> Counter[str]:
        """What people and we left in the org."""
        notes = {note["Id"] for note in self.team.our_notes()}
        return Counter({"edits": len(self.team.done), "tasks": len(self.team.our_tasks()), "notes": len(notes)})

    def told(self) -> list[str]:
        """Our tasks as the org holds them in the end, by all that people see of them."""
        return sorted(self._said(row) for row in self.team.our_tasks())

    def _said(self, row: Row) -> str:
        subject = row["Subject"].partition(" [coach:")[0]
        state = "deleted" if row["IsDeleted"] else row["Status"]
        return f"{self.team.role(row)} {row['WhatId']} {row['OwnerId']} {row['ActivityDate']} {state} {subject}"

    def _disturbed(self, step: Step) -> None:
        run, dies_at = partial(self._run, step.rhythm), step.trouble.dies_at
        known = [row["crm_id"] for row in rows_of(self.store, intents, self._id) if row["crm_id"]]
        ordered = step.trouble.order(self.team.org) + step.causes.begin(self.team.org, known)
        ended = trouble.ending_killed(self.store, dies_at, run) if dies_at else trouble.ending(run)
        step.trouble.relieve(self.team.org)
        step.causes.end(self.team.org)
        if ended not in ENDINGS:
            raise RuntimeError(f"a run ended with {ended}")
        self.tally += Counter(fault.effect for fault in ordered for _ in range(fault.met))
        self.tally += Counter({"runs": 1, ENDINGS[ended]: 1}) + Counter(step.causes.names())

    def _run(self, rhythm: str) -> None:
        """A PostgreSQL needs a moment to notice that a killed process has let go of its lock."""
        for _ in range(500):
            try:
                RHYTHMS[rhythm](self._loop())
                return
            except Busy:
                time.sleep(0.02)
        raise Busy(f"'{self.name}' is still at work ten seconds after its process was killed.")

    def _loop(self) -> Loop:
        org = named(self.store, self.name)
        gate = open_gate(self.store, self.vault, org, COACHING, self.team.now)
        return Loop(
            store=self.store, org=org, connector=gate, coaching=COACHING, rules=_rules(), clock=lambda: self.team.now
        )


@cache
def _rules() -> RuleSet:
    return starter()


@contextmanager
def _life(script: Script, store: Store, folder: Path, kind: str) -> Iterator[_Life]:
    """A furnished org that answers, and a connection to it that is forgotten in the end."""
    org, name, vault = Org(now=MONDAY, key_field=script.key_field), f"{kind}{script.seed}", Vault(folder, None)
    enroll(org)
    furnish(org, random.Random(f"team {script.seed}"))
    running = start(org=org, tls=False)
    settings = {"login_url": running.url, "client_id": running.client_id, **IMPATIENT}
    settings["key_field"] = "Coaching_Key__c" if script.key_field else None
    with store.begin() as transaction:
        secrets = {"client_secret": running.client_secret}
        connections.save(transaction, vault, name, "salesforce", settings, secrets, MONDAY)
    try:
        yield _Life(script, store, name, Team(org, script.key_field), vault)
    finally:
        with store.begin() as transaction:
            connections.remove(transaction, named(store, name))
        threading.Thread(target=running.stop).start()  # beside the next episode: a server takes a moment to end
