"""One run of the loop: what it is given, what it did, and how it begins and ends, whatever happens in between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars

from app.config import Coaching
from app.errors import Interrupted, NotReady, Stop
from app.stages.judge import Judged
from app.stages.plan import PlanResult
from app.stages.pull import Progress, Pulled
from app.stages.push import Pushed
from app.stages.recount import Recounted
from app.stages.refresh import Refreshed
from app.stages.watch import Watched
from app.store import connections, runs
from app.store.connections import Org
from app.store.scorecards import Scorecard
from app.store.session import Store, Transaction
from coaching_rules.indicators.model import Indicator
from coaching_rules.model import RuleSet
from connectors.base import Connector
from connectors.errors import GateError, OverBudget, Reconnect, RetryLater

log = structlog.get_logger(__name__)

CALLS_A_NOTE = 20
"""A note is a write; so many calls may go uncounted when a run is killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Everything one connection's rhythms need. `clock` tells when we learn things; nothing below reads another.

    `between` is called between two pages or batches, and may raise Interrupted to end the run there.
    """

    store: Store
    org: Org
    connector: Connector
    coaching: Coaching
    rules: RuleSet
    indicators: tuple[Indicator, ...] = ()
    clock: Callable[[], datetime]
    progress: Progress = lambda kind, rows, expected: None
    between: Callable[[], None] = lambda: None


@dataclass(slots=True, kw_only=True)
class Report:
    """What a run did. A stage that was not reached is None."""

    rhythm: str
    as_of: datetime
    run_id: int | None = None
    pulled: Pulled | None = None
    refreshed: Refreshed | None = None
    recounted: Recounted | None = None
    outcomes: dict[str, int] = field(default_factory=dict)
    watched: Watched | None = None
    judged: Judged | None = None
    planned: PlanResult | None = None
    pushed: Pushed | None = None
    scored: list[Scorecard] = field(default_factory=list)
    api_calls: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Note how long a stage took, so that a slow morning says where its time went."""
        began = perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = round(perf_counter() - began, 3)

    def counts(self) -> dict[str, Any]:
        """The numbers of it, as the ledger keeps them and --json prints them."""
        found: dict[str, Any] = {"api_calls": self.api_calls, "outcomes": self.outcomes, "seconds": self.seconds}
        if self.pulled:
            found |= {"pulled": self.pulled.rows, "skipped": self.pulled.skipped, "left_out": self.pulled.left_out}
            found["waiting"] = self.pulled.waiting
        if self.refreshed:
            found |= {"deals": len(self.refreshed.deals), "refreshed": self.refreshed.rows}
        if self.recounted:
            found["recounted"] = asdict(self.recounted)
        if self.watched:
            found["indicators_off_track"] = dict(self.watched.off_track)
        if self.judged:
            judged = self.judged
            found |= {"findings_opened": judged.opened, "findings_open": judged.opened + judged.persisting}
            found |= {"findings_cleared": judged.cleared}
            found |= {"not_enough_data": {rule: tally.not_enough_data for rule, tally in judged.tallies.items()}}
        if self.planned:
            planned = self.planned
            found |= {"plan_items": len(planned.new), "items_updated": len(planned.updated)}
            found |= {"items_cleared": len(planned.cleared), "not_planned": len(planned.left_out)}
        if self.pushed:
            found["pushed"] = asdict(self.pushed)
        if self.scored:
            found["scorecards"] = len(self.scored)
        return found


@contextmanager
def one_run(loop: Loop, rhythm: str, as_of: datetime) -> Iterator[tuple[Report, int]]:
    """One run: alone on its connection, recorded from beginning to end, and ended by a sentence if it must stop."""
    report = Report(rhythm=rhythm, as_of=as_of)
    with loop.store.lock(loop.org.name), bound_contextvars(connection=loop.org.name, run=None):
        with loop.store.begin() as transaction:
            report.run_id = run_id = runs.start(transaction, loop.org.id, rhythm, as_of, loop.clock())
        bind_contextvars(run=run_id)
        error: Stop | None = None
        try:
            yield report, run_id
        except GateError as refusal:
            error = _stop(refusal)
        except Stop as stop:
            error = stop
        except Exception as crash:  # the edge: it is over and its calls count, though nobody foresaw it
            with loop.store.begin() as transaction:
                reason = f"Something unexpected happened ({type(crash).__name__})."
                _finish(loop, transaction, report, run_id, reason)
            raise
        with loop.store.begin() as transaction:
            _finish(loop, transaction, report, run_id, str(error) if error else None)
            paused = str(error) if isinstance(error, NotReady) else None
            connections.pause(transaction, loop.org, paused)
    if error is not None:
        log.warning("stopped", connection=loop.org.name, run=run_id, rhythm=rhythm, reason=str(error))
        raise error


def _finish(loop: Loop, transaction: Transaction, report: Report, run_id: int, error: str | None) -> None:
    report.api_calls = loop.connector.usage().calls
    runs.finish(transaction, run_id, loop.clock(), report.counts(), error)


def _stop(refusal: GateError) -> Stop:
    if isinstance(refusal, RetryLater):
        return Interrupted(f"{refusal} Nothing is lost: run the same command again.")
    if isinstance(refusal, OverBudget):
        return Interrupted(str(refusal))
    if isinstance(refusal, Reconnect):
        return NotReady(f"{refusal} Then run `coachsync check`.")
    return NotReady(str(refusal))


def pauses(loop: Loop, report: Report) -> Callable[[], None]:
    """What the loop wants between two pages or batches; and now and then how many calls were made is noted.

    Those of a run that is killed count in the org's 24 hours as well.
    """

    def pause() -> None:
        calls = loop.connector.usage().calls
        if report.run_id and calls - report.api_calls >= CALLS_A_NOTE:
            with loop.store.begin() as transaction:
                runs.note_calls(transaction, report.run_id, calls)
            report.api_calls = calls
        loop.between()

    return pause
