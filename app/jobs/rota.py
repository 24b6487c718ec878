"""Who looks what is due and does it, one connection at a time; both engines only call this."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from app.config import Coaching
from app.errors import Interrupted, Stop
from app.jobs.catalog import CATALOG, Job
from app.jobs.due import Due, Standing, due
from app.run import Loop
from app.store import connections, requests, runs, turns
from app.store.connections import Org
from app.store.session import Busy, Store, Transaction
from app.store.turns import Turn
from connectors.errors import GateError

log = structlog.get_logger(__name__)

REMEMBERED = timedelta(days=30)
"""No holidays are longer: a morning before that is never the last one."""


PAUSE = timedelta(hours=1)
"""How often a paused connection is tried again, since the CRM may have been wrong, or mended where nobody told us."""


class OutOfTime(Interrupted):
    """The run has used up its time, or the process is told to end; the next run goes on from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """The catalogue at work on one store.

    `opened` lays out a connection by name; `ending` says that the process was told to end.
    """

    store: Store
    coaching: Callable[[], Coaching]
    opened: Callable[[str], Loop]
    clock: Callable[[], datetime]
    ending: Callable[[], bool] = lambda: False
    catalog: tuple[Job, ...] = CATALOG

    def look(self) -> list[str]:
        """The names of the connections on which something is due; none when that cannot be told now."""
        try:
            return self._due_now()
        except Stop as stop:
            log.warning("looked_in_vain", reason=str(stop))
            return []

    def _due_now(self) -> list[str]:
        coaching, now = self.coaching(), self.clock()
        with self.store.read() as transaction:
            asked = requests.asked(transaction)
            standings = [standing(transaction, org, asked, now) for org in connections.every(transaction)]
        return [one.name for one in standings if any(due(job, one, coaching, now) for job in self.catalog)]

    def work(self, name: str) -> None:
        """Do what is due on a connection, the most urgent first, until nothing is or somebody else is at work on it.

        Who gives way to somebody can be sure that they look again when they are done, so nothing waits for the next
        look.
        """
        try:
            while not self.ending() and (found := self._first(name)) and self._taken(name, found):
                pass
        except Busy:
            log.debug("somebody_is_at_work", connection=name)
        except Stop as stop:
            log.warning("looked_in_vain", connection=name, reason=str(stop))

    def _first(self, name: str) -> Due | None:
        coaching, now = self.coaching(), self.clock()
        with self.store.read() as transaction:
            org = connections.find(transaction, name)
            if org is None:
                return None
            one = standing(transaction, org, requests.asked(transaction), now)
        return next((found for job in self.catalog if (found := due(job, one, coaching, now))), None)

    def _taken(self, name: str, found: Due) -> bool:
        """Run what is due, alone where it has to be; whether to look for more at once. Raises Busy."""
        if not found.job.alone:
            return self._done(name, found)
        with self.store.lock(f"{name}.rota"):
            with self.store.lock(name):  # or a connection would be laid out for nothing
                pass
            still = self._first(name)  # who was here before may have done it
            return still is None or self._done(name, still)

    def _done(self, name: str, found: Due) -> bool:
        """Run it once and keep how it went; whether to look for more at once. Raises Busy."""
        job, began = found.job, self.clock()
        try:
            self._run(replace(self.opened(name), between=lambda: self._in_time(job, began)), found)
        except Busy:
            raise
        except OutOfTime as over:
            log.info("job_goes_on_later", job=job.name, connection=name, reason=str(over))
            return False
        except Exception as error:  # the edge: whatever one connection does, the others have their turn
            self._in_vain(name, job, error)
        return True

    def _run(self, loop: Loop, found: Due) -> None:
        job, org = found.job, loop.org
        with self.store.read() as transaction:
            asked = {request.id for request in requests.waiting(transaction, org.id, job.name)}
            before = turns.of(transaction, org.id).get(job.name, Turn())
        report = job.run(loop, **({"managers": found.mornings} if found.mornings else {}))
        with self.store.begin() as transaction:
            turns.keep(transaction, org.id, job.name, Turn(slot=found.slot))
            left = [r.id for r in requests.waiting(transaction, org.id, job.name) if r.id in asked]
            requests.answer(transaction, left, self.clock(), run_id=report.run_id, answer=report.counts())
        if before.attempts:
            log.info("job_recovered", job=job.name, connection=org.name, attempts=before.attempts)

    def _in_time(self, job: Job, began: datetime) -> None:
        if self.ending():
            raise OutOfTime("The service ends; the next run goes on from here.")
        if self.clock() - began > job.limit:
            raise OutOfTime(f"The run took longer than {job.limit}; the next one goes on from here.")

    def _in_vain(self, name: str, job: Job, error: Exception) -> None:
        ours = isinstance(error, (Stop, GateError))
        reason = str(error) if ours else f"Something unexpected happened ({type(error).__name__})."
        with self.store.begin() as transaction:
            org = connections.find(transaction, name)
            if org is None:
                return
            before = turns.of(transaction, org.id).get(job.name, Turn())
            wait = min(job.first_wait * 2 ** min(before.attempts, 16), job.most_wait)
            # what paused the connection is due as soon as a person has acted, or when its pause has an end
            again = None if org.paused == reason else self.clock() + wait
            failed = replace(before, attempts=before.attempts + 1, not_before=again, reason=reason)
            turns.keep(transaction, org.id, job.name, failed)
        if not before.attempts:
            log.warning("job_failed", job=job.name, connection=name, reason=reason)


def standing(transaction: Transaction, org: Org, asked: set[tuple[int, str]], now: datetime) -> Standing:
    """How this connection stands."""
    return Standing(
        name=org.name,
        paused_until=_paused_until(transaction, org),
        made_at=turns.made_at(transaction, org.id),
        turns=turns.of(transaction, org.id),
        managers=turns.managers(transaction, org.id),
        planned=turns.planned(transaction, org.id, (now - REMEMBERED).date()),
        asked={job for connection_id, job in asked if connection_id == org.id},
    )


def _paused_until(transaction: Transaction, org: Org) -> datetime | None:
    last = runs.last(transaction, org.id) if org.paused else None
    return (last.finished_at or last.started_at) + PAUSE if last else None
