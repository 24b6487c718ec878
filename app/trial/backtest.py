"""What would these rules have said, week by week, and what became of the deals they would have said it about?"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from app.config import Stated
from app.errors import NotReady
from app.gate import must_hold_rows
from app.stages.measure import laid_out, measure_frames, rows_of
from app.store.connections import Org
from app.store.session import Store
from app.trial.past import Past
from coaching_rules.backtest.panel import Outcomes, Span
from coaching_rules.backtest.report import Report, report
from coaching_rules.model import Rule, RuleSet
from coaching_rules.verdicts import asked, verdicts
from coaching_rules.vocabulary import WORDS, Grain

BESIDE: Mapping[Grain, tuple[str, ...]] = {
    "deal": ("manager_id", "stage", "age_days", "segment", "owner_tenure_days"),
    "rep": ("manager_id", "open_deals"),
    "manager": ("leader_id", "open_deals"),
}
NO_HISTORY = (
    "No deal has a history by then, and a backtest looks at nothing else: the CRM's own is needed, which in an export"
    " is OpportunityHistory.csv."
)
Look = Mapping[Grain, pa.Table]


def backtest(store: Store, org: Org, rules: RuleSet, span: Span, *, now: datetime, stated: Stated = Stated()) -> Report:
    """Try all rules that are not retired on what is stored. Raises NotReady when nothing was pulled yet."""
    must_hold_rows(store, org)
    rows = rows_of(store, org.id, now, stated)
    return replay(rows, [rule for rule in rules.rules if rule.status != "retired"], span)


def replay(rows: Mapping[str, pa.Table], rules: Sequence[Rule], span: Span) -> Report:
    """The same from rows already read; what happened after `span.until` changes nothing of it."""
    past = Past(rows, span.until)
    if not len(past.at(span.until)["deals"]):
        raise NotReady(NO_HISTORY)
    untold = {rule.id: hidden for rule in rules if (hidden := past.hides(rule))}
    tried = [rule for rule in rules if rule.id not in untold]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = list(pool.map(lambda instant: look(past, tried, instant), span.instants))
    by_grain: dict[Grain, list[pa.Table]] = {grain: [one[grain] for one in looks] for grain in WORDS}
    todays = {rule.id: past.of_today(rule) for rule in tried}
    ends = outcomes(past, span.until)
    return report(rules, by_grain, ends, span, untold=untold, todays=todays, caveats=past.caveats)


def look(past: Past, rules: Sequence[Rule], instant: datetime) -> Look:
    """What the rules say of everybody as of `instant`, by grain, with the words beside that the report sorts by."""
    words = asked(rules, BESIDE)
    with laid_out(past.at(instant), as_of=instant, known_at=instant, asked=words, threads=1) as facts:
        said = {grain: verdicts(rules, facts, grain, beside=words) for grain, words in BESIDE.items()}
    return {
        "deal": said["deal"].filter(pc.is_valid(said["deal"]["stage"])),
        "rep": said["rep"].filter(pc.greater(said["rep"]["open_deals"], 0)),
        "manager": _of_leaders(said["manager"].filter(pc.greater(said["manager"]["open_deals"], 0))),
    }


def outcomes(past: Past, until: datetime) -> Outcomes:
    """How the deals stood at the end."""
    deals = measure_frames(past.at(until), as_of=until, known_at=until).tables["deal"]
    closed = deals.filter(pc.and_(pc.is_valid(deals["stage"]), pc.invert(deals["is_open"])))
    stages = past.rows["stages"]
    won = set(stages.filter(stages["won"])["name"].to_pylist())
    ids, stage, days = (closed[name].to_pylist() for name in ("deal_id", "stage", "days_in_stage"))
    return Outcomes(
        lost={deal: name not in won for deal, name in zip(ids, stage)},
        days_before_end=dict(zip(ids, days)),
    )


def _of_leaders(managers: pa.Table) -> pa.Table:
    return managers.rename_columns(["manager_id" if name == "leader_id" else name for name in managers.column_names])
