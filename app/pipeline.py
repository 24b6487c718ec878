"""THE STORY: the loop's rhythms. Read this first.

often:    pull what changed, reconcile what people did, push what is pending
nightly:  often, and compare all we hold with all the CRM shows
morning:  pull, reconcile, measure, watch, notice, judge, plan, push
review:   refresh the deals that somebody asked about; then all from reconcile to push as a morning, for them alone
weekly:   pull, reconcile, score
preview:  measure, watch, judge and plan as a morning would, and write nothing

Where a CRM can only be read, a morning plans without keeping the plan, and nothing is pushed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import structlog

from app.calendar import calendar_of
from app.config import Coaching
from app.errors import NotReady
from app.gate import judged_as_of, must_hold_rows
from app.run import Loop, Report, one_run, pauses
from app.stages.answer import Asked, answer, hear
from app.stages.judge import judge
from app.stages.measure import Observed, measure_deals, observe
from app.stages.notice import notice
from app.stages.plan import plan
from app.stages.pull import pull
from app.stages.push import push
from app.stages.reconcile import reconcile
from app.stages.recount import recount
from app.stages.refresh import refresh
from app.stages.score import score
from app.stages.watch import watch
from app.store import benchmarks, turns
from app.store.connections import Org
from app.store.session import Store, Transaction
from coaching_rules.indicators.model import Indicator
from coaching_rules.indicators.prompting import prompt
from coaching_rules.model import Rule, RuleSet
from coaching_rules.vocabulary import Grain

log = structlog.get_logger(__name__)


def often(loop: Loop, *, sweep: bool = False, push_too: bool = True) -> Report:
    """Bring home what changed, see what people did, and send what is pending."""
    with one_run(loop, "often", loop.clock()) as (report, _):
        _bring_home(loop, report, sweep)
        if push_too:
            _send(loop, report)
    return report


def nightly(loop: Loop) -> Report:
    """As often, and mend whatever deltas could not tell."""
    return often(loop, sweep=True)


def morning(loop: Loop, *, as_of: datetime | None = None, managers: Mapping[str, date] | None = None) -> Report:
    """The whole loop once. `as_of` is when the facts are judged; by default now, after the pull,
    or when the newest row of an export was changed.

    `managers` are those to plan for, each with the day whose morning it is, where they are; one that was had is not had
    again. By default it is everybody's morning of today, once more if it was had.
    """
    with one_run(loop, "morning", as_of or loop.clock()) as (report, run_id):
        _bring_home(loop, report, sweep=False)
        report.as_of = as_of or judged_as_of(loop.store, loop.org, loop.clock())
        with report.timed("measure"):
            seen = _observed(
                loop.store, loop.org, loop.coaching, [loop.rules], loop.indicators,
                as_of=report.as_of, known_at=loop.clock(),
            )  # fmt: skip
        with loop.store.begin() as transaction:
            with report.timed("watch"):
                report.watched = watch(transaction, loop.org.id, seen.facts, seen.counts, loop.indicators)
            with report.timed("judge"):
                watched = report.watched.findings
                news = notice(transaction, loop.org.id, seen.events, loop.rules, as_of=report.as_of)
                report.judged = judge(transaction, loop.org.id, run_id, seen.facts, loop.rules, watched, happened=news)
            benchmarks.keep(transaction, loop.org.id, seen.benchmarks, report.as_of)
        with report.timed("plan"), loop.store.begin() as transaction:
            rules = _live(loop.rules, loop.indicators)
            # nobody would learn of what is kept where nothing can be written, and it would stay open for ever
            dry = not loop.connector.writes
            days = _today(loop, transaction, report.as_of) if managers is None else managers
            fresh = turns.claim(transaction, loop.org.id, days, run_id)
            report.planned = plan(
                transaction,
                loop.org.id,
                as_of=report.as_of,
                coaching=loop.coaching,
                rules=rules,
                only_managers=None if managers is None else fresh,
                dry=dry,
            )
        _send(loop, report)
    return report


def weekly(loop: Loop) -> Report:
    """See what people did, and count it."""
    with one_run(loop, "weekly", loop.clock()) as (report, _):
        _bring_home(loop, report, sweep=False)
        with report.timed("score"):
            report.scored = score(loop.store, loop.org.id, as_of=loop.clock())
    return report


def review(loop: Loop) -> Report:
    """Look at once at the deals that somebody asks about, tell the CRM what comes of it, and answer all who asked."""
    with one_run(loop, "review", loop.clock()) as (report, run_id):
        with loop.store.begin() as transaction:
            asked = hear(transaction, loop.org.id, loop.connector, loop.clock())
        if asked.about:
            _look_again(loop, report, run_id, asked)
        _send(loop, report)
    return report


def _look_again(loop: Loop, report: Report, run_id: int, asked: Asked) -> None:
    store, org_id, rules = loop.store, loop.org.id, _live(loop.rules, loop.indicators)
    with report.timed("refresh"):
        report.refreshed = refresh(store, org_id, loop.connector, asked.deals, clock=loop.clock)
    deals, report.as_of = report.refreshed.deals, report.refreshed.as_of
    with report.timed("reconcile"):
        report.outcomes = reconcile(store, org_id, loop.coaching, as_of=loop.clock())
    with report.timed("measure"):
        stated = loop.coaching.stated(loop.org.name)
        seen = measure_deals(store, org_id, deals, as_of=report.as_of, known_at=loop.clock(), stated=stated)
    with store.begin() as transaction:
        with report.timed("judge"):
            news = notice(transaction, org_id, seen.events, loop.rules, as_of=report.as_of, only=deals)
            report.judged = judge(transaction, org_id, None, seen.facts, loop.rules, happened=news, only=deals)
        with report.timed("plan"):
            report.planned = plan(
                transaction, org_id, as_of=report.as_of, coaching=loop.coaching, rules=rules, only_subjects=set(deals)
            )
        answer(transaction, asked, deals, report.planned.about, run_id=run_id, now=loop.clock())


def send(loop: Loop) -> Report:
    """Only send what is pending. NotReady for a connection that can only be read."""
    if not loop.connector.writes:
        raise NotReady(
            f"'{loop.org.name}' can only be read; `coachsync plan {loop.org.name}` shows what is worth a talk."
        )
    with one_run(loop, "push", loop.clock()) as (report, _):
        _send(loop, report)
    return report


def preview(
    store: Store,
    org: Org,
    coaching: Coaching,
    rules: RuleSet,
    indicators: tuple[Indicator, ...] = (),
    *,
    as_of: datetime,
    now: datetime,
) -> Report:
    """What a morning would do, from what is stored; the CRM is not asked and nothing is kept."""
    return previews(store, org, coaching, [rules], indicators, as_of=as_of, now=now)[0]


def previews(
    store: Store,
    org: Org,
    coaching: Coaching,
    rulesets: Sequence[RuleSet],
    indicators: tuple[Indicator, ...] = (),
    *,
    as_of: datetime,
    now: datetime,
) -> list[Report]:
    """The same for each of several rule sets, all held against the same facts."""
    must_hold_rows(store, org)
    seen = _observed(store, org, coaching, rulesets, indicators, as_of=as_of, known_at=now)
    reports = []
    for rules in rulesets:
        report = Report(rhythm="preview", as_of=as_of)
        with store.rehearse() as transaction:
            report.watched = watch(transaction, org.id, seen.facts, seen.counts, indicators)
            watched = report.watched.findings
            news = notice(transaction, org.id, seen.events, rules, as_of=as_of)
            report.judged = judge(transaction, org.id, None, seen.facts, rules, watched, happened=news)
            live = _live(rules, indicators)
            report.planned = plan(transaction, org.id, as_of=as_of, coaching=coaching, rules=live, dry=True)
        reports.append(report)
    return reports


def _observed(
    store: Store,
    org: Org,
    coaching: Coaching,
    rulesets: Iterable[RuleSet],
    indicators: tuple[Indicator, ...],
    *,
    as_of: datetime,
    known_at: datetime,
) -> Observed:
    """What these rules and indicators ask for."""
    grains: set[Grain] = {rule.grain for rules in rulesets for rule in rules.judged}
    if indicators:
        grains.add("rep")
    stated = coaching.stated(org.name)
    return observe(store, org.id, indicators, coaching, as_of=as_of, known_at=known_at, stated=stated, grains=grains)


def _bring_home(loop: Loop, report: Report, sweep: bool) -> None:
    with report.timed("pull"):
        report.pulled = pull(
            loop.store,
            loop.org.id,
            loop.connector,
            clock=loop.clock,
            progress=loop.progress,
            between=pauses(loop, report),
        )
    with report.timed("recount"):
        report.recounted = recount(
            loop.store,
            loop.org.id,
            loop.connector,
            clock=loop.clock,
            everything=sweep,
            between=pauses(loop, report),
        )
    with report.timed("reconcile"):
        report.outcomes = reconcile(loop.store, loop.org.id, loop.coaching, as_of=loop.clock())


def _send(loop: Loop, report: Report) -> None:
    if not loop.connector.writes:
        return
    with report.timed("push"):
        report.pushed = push(loop.store, loop.org.id, loop.connector, clock=loop.clock, between=pauses(loop, report))


def _today(loop: Loop, transaction: Transaction, as_of: datetime) -> dict[str, date]:
    """The date at each manager's place."""
    return {
        one.id: calendar_of(loop.coaching.of(one.id, one.name), one.time_zone, one.country).day(as_of)
        for one in turns.managers(transaction, loop.org.id)
    }


def _live(rules: RuleSet, indicators: Iterable[Indicator]) -> dict[str, Rule]:
    """The rules that people are told about, by id, with what indicators ask for."""
    return {rule.id: rule for rule in (*rules.rules, *map(prompt, indicators)) if rule.status == "live"}
