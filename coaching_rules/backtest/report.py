"""What a backtest says of each rule: how often it would have spoken, to whom, and what became of those deals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from coaching_rules.backtest.fate import Deals, Fate, fate_of
from coaching_rules.backtest.panel import Flags, Outcomes, Panel, Span
from coaching_rules.model import Rule
from coaching_rules.vocabulary import Grain

NEARLY = 0.8
MOSTLY_OPEN = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """How often a rule would have spoken, before and after its own cap a manager and week.

    It speaks of a subject when it holds and did not for `rest_days`. `at_once` is the first look, when it speaks of all
    that has piled up; the rates are of the looks after it, None where there is just one. `to_nobody` counts prompts of
    all looks about subjects without a manager, which the rates leave out.
    """

    at_once: int
    after: int
    to_nobody: int
    a_manager_and_week: float | None
    capped: float | None
    busiest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """One rule. Counts of `judged`, `flagged` and `not_enough_data` are of subjects at looks, `subjects` distinct.

    `fate` is of deals only.
    `overlap` is the share of what it flagged that another rule flagged at the same look.
    `untold` names words that keep it from being tried on the past; then there is nothing else.
    `todays` names words whose past nobody keeps.
    """

    rule: str
    title: str
    grain: Grain
    status: str
    judged: int = 0
    flagged: int = 0
    not_enough_data: int = 0
    subjects: int = 0
    prompts: Prompts | None = None
    fate: Fate | None = None
    overlap: Mapping[str, float] = field(default_factory=dict)
    untold: tuple[str, ...] = ()
    todays: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A backtest: the looks, the deals that were open at one of them, how they stood at the end, and each rule.

    `caveats` say what of the past nobody kept, for all rules alike.
    """

    since: datetime
    until: datetime
    every_days: int
    looks: int
    deals: int
    lost: int
    won: int
    open: int
    rules: tuple[RuleReport, ...]
    caveats: tuple[str, ...] = ()


def report(
    rules: Sequence[Rule],
    looks: Mapping[Grain, Sequence[pa.Table]],
    outcomes: Outcomes,
    span: Span,
    *,
    untold: Mapping[str, tuple[str, ...]],
    todays: Mapping[str, tuple[str, ...]],
    caveats: tuple[str, ...] = (),
) -> Report:
    """Report on `rules` from a table of verdicts for each grain and look (see Panel), whose columns are their ids."""
    panels = {grain: Panel(tables) for grain, tables in looks.items()}
    deals = Deals.of(panels["deal"], outcomes)
    tried = [rule for rule in rules if rule.id not in untold]
    held = {rule.id: panels[rule.grain].says(rule)[0] for rule in tried}
    told = [_tell(rule, panels[rule.grain], deals, held, tried, span, todays.get(rule.id, ())) for rule in tried]
    told += [_silent(rule, untold[rule.id]) for rule in rules if rule.id in untold]
    decided, lost = int(deals.decided.sum()), int(deals.lost.sum())
    return Report(
        since=span.since,
        until=span.until,
        every_days=span.every,
        looks=len(span.instants),
        deals=len(deals.decided),
        lost=lost,
        won=decided - lost,
        open=len(deals.decided) - decided,
        rules=tuple(sorted(told, key=lambda one: one.rule)),
        caveats=caveats,
    )


def _silent(rule: Rule, untold: tuple[str, ...]) -> RuleReport:
    why = f"not tried: the CRM keeps no history of {', '.join(untold)}"
    return RuleReport(
        rule=rule.id, title=rule.title, grain=rule.grain, status=rule.status, untold=untold, warnings=(why,)
    )


def _tell(
    rule: Rule,
    panel: Panel,
    deals: Deals,
    held: Mapping[str, Flags],
    tried: Sequence[Rule],
    span: Span,
    todays: tuple[str, ...],
) -> RuleReport:
    flagged, known = panel.says(rule)
    judged, found = len(flagged), int(flagged.sum())
    told = RuleReport(
        rule=rule.id,
        title=rule.title,
        grain=rule.grain,
        status=rule.status,
        judged=judged,
        flagged=found,
        not_enough_data=int((~known).sum()),
        subjects=int(np.count_nonzero(np.bincount(panel.subjects.of[flagged]))),
        prompts=_prompts(rule, panel, flagged, span.every),
        overlap={
            other.id: float((flagged & held[other.id]).sum() / found)
            for other in tried
            if found and other.grain == rule.grain and other.id != rule.id
        },
        todays=todays,
    )
    if rule.grain == "deal":
        told = replace(told, fate=fate_of(panel, deals, flagged, known, span))
    return replace(told, warnings=tuple(_warnings(told)))


def _prompts(rule: Rule, panel: Panel, flagged: Flags, every: int) -> Prompts:
    rows = np.flatnonzero(flagged)
    subject = panel.subjects.of[rows]
    rows = rows[np.argsort(subject, kind="stable")]
    subject, look = panel.subjects.of[rows], panel.look[rows]
    again = (np.diff(subject, prepend=-1) == 0) & (np.diff(look, prepend=0) * every <= max(rule.rest_days, every))
    spoken = rows[~again]
    later = panel.look > 0
    place = panel.look * len(panel.managers.names) + panel.managers.of
    counts = np.bincount(place[spoken[(later & panel.managers.known)[spoken]]])
    weeks = np.count_nonzero(np.bincount(place[later & panel.managers.known])) * every / 7
    cap = rule.max_per_week * max(every / 7, 1)
    after = int(later[spoken].sum())
    return Prompts(
        at_once=len(spoken) - after,
        after=after,
        to_nobody=int((~panel.managers.known)[spoken].sum()),
        a_manager_and_week=float(counts.sum() / weeks) if weeks else None,
        capped=float(np.minimum(counts, cap).sum() / weeks) if weeks else None,
        busiest=int(counts.max(initial=0)),
    )


def _warnings(told: RuleReport) -> list[str]:
    """What should stop somebody who is about to believe the numbers."""
    said = []
    if not told.judged:
        return ["nothing to judge in these weeks"]
    if not told.flagged:
        said.append("it flags nothing")
    if told.flagged > NEARLY * told.judged:
        said.append(f"it flags nearly everything: {told.flagged / told.judged:.0%}")
    if told.not_enough_data > NEARLY * told.judged:
        said.append(f"not enough data for {told.not_enough_data / told.judged:.0%} of what it judges")
    if told.fate and told.fate.all.lost and told.fate.all.flagged_open > MOSTLY_OPEN * told.fate.all.flagged:
        said.append(f"{told.fate.all.flagged_open} flagged deals are still open; the shares may move")
    if told.todays:
        said.append(f"read as of today, for want of history: {', '.join(told.todays)}")
    return said
