"""Looks at a few deals that a test writes line by line, and the report on them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from coaching_rules.backtest.panel import Outcomes, Span
from coaching_rules.backtest.report import Report, report
from coaching_rules.model import Rule
from coaching_rules.vocabulary import Grain

SINCE = datetime(2026, 1, 5, tzinfo=UTC)
BESIDE = {"stage": "Qualify", "age_days": 10, "segment": "Retail", "owner_tenure_days": 400}
Verdicts = Mapping[str, Sequence[bool | None]]
NOBODY = Outcomes(lost={}, days_before_end={})


def rule(name: str = "a_rule", grain: Grain = "deal", max_per_week: int = 3, title: str = "A rule") -> Rule:
    return Rule(
        id=name, grain=grain, title=title, status="draft", owner="sales-ops", review_by=date(2027, 3, 31), when="true",
        severity=2, max_per_week=max_per_week,
    )  # fmt: skip


def looked(held: Sequence[Mapping[str, bool | None]], managers: Mapping[str, str | None]) -> list[pa.Table]:
    """For each look and deal whether `a_rule` held; a deal that is not there is left out."""
    schema = pa.schema([
        ("subject_id", pa.string()), ("manager_id", pa.string()), ("stage", pa.string()), ("age_days", pa.int64()),
        ("segment", pa.string()), ("owner_tenure_days", pa.int64()), ("a_rule", pa.bool_()),
    ])  # fmt: skip
    rows = [
        [{"subject_id": deal, "manager_id": managers.get(deal), "a_rule": says} | BESIDE for deal, says in look.items()]
        for look in held
    ]
    return [pa.Table.from_pylist(look, schema=schema) for look in rows]


def told(
    held: Sequence[Mapping[str, bool | None]],
    managers: Mapping[str, str | None],
    outcomes: Outcomes = NOBODY,
    rules: Sequence[Rule] = (rule(),),
    **more: Mapping[str, tuple[str, ...]],
) -> Report:
    """The report on weekly looks."""
    looks: dict[Grain, list[pa.Table]] = {"deal": looked(held, managers)}
    span = Span(since=SINCE, until=SINCE + timedelta(days=7 * len(held)))
    return report(rules, looks, outcomes, span, **{"untold": {}, "todays": {}} | more)
