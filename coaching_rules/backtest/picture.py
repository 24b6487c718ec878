"""Two pictures of a backtest, as SVG: what became of flagged deals, and how many prompts a manager would have had."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import quoteattr

import altair as alt
import vl_convert

from coaching_rules.backtest.report import RuleReport

WIDTH, STEP = 420, 20
"""Pixels: of a picture, and of a rule in it."""
NAMES = alt.Axis(title=None, labelLimit=260)
Row = Mapping[str, object]


def fates(rules: Sequence[RuleReport]) -> str:
    """For each rule with enough data a dot, the difference in the share lost, on its interval; filled when it is not 0.

    A dashed line stands where flagged deals are lost as often as comparable ones. Empty without such rules.
    """
    shown = [(rule.rule, rule.fate.all.lost) for rule in rules if rule.fate and rule.fate.all.lost]
    rows = [
        {"rule": name, "low": lost.low, "difference": lost.difference, "high": lost.high, "separate": lost.separate}
        for name, lost in shown
    ]
    base = _base(rows)
    line = base.mark_rule(color="black").encode(x=alt.X("low:Q", axis=_shares()), x2="high:Q")
    sure = base.mark_point(color="black", filled=True, size=70).transform_filter("datum.separate")
    unsure = base.mark_point(color="black", filled=False, size=70).transform_filter("!datum.separate")
    nothing = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color="#777777", strokeDash=[4, 3])
    dots = (dot.encode(x="difference:Q") for dot in (sure, unsure))
    said = "; ".join(f"{name} {lost.difference:+.0%} ({lost.low:+.0%} to {lost.high:+.0%})" for name, lost in shown)
    title = "Share lost: flagged deals less comparable ones"
    return _svg(alt.layer(nothing.encode(x="at:Q"), line, *dots), rows, title, said)


def prompts(rules: Sequence[RuleReport]) -> str:
    """For each rule that spoke, prompts a manager and week: a cross before its cap, a bar after it."""
    spoken = [(rule.rule, rule.prompts) for rule in rules if rule.prompts and rule.prompts.a_manager_and_week]
    rows = [{"rule": name, "before": spoke.a_manager_and_week, "after": spoke.capped} for name, spoke in spoken]
    base = _base(rows)
    axis = alt.Axis(title="prompts a manager and week: bar after the rule's cap, cross before")
    bars = base.mark_bar(color="#bbbbbb", height=8).encode(x=alt.X("after:Q", axis=axis))
    crosses = base.mark_point(color="black", shape="cross", filled=True, size=50).encode(x="before:Q")
    said = "; ".join(f"{row['rule']} {row['before']:.2f}, {row['after']:.2f} after its cap" for row in rows)
    return _svg(alt.layer(bars, crosses), rows, "Prompts a manager and week", said)


def _base(rows: Sequence[Row]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(rows))).encode(y=alt.Y("rule:N", axis=NAMES, sort=None))


def _shares() -> alt.Axis:
    return alt.Axis(title="lost less often ← → lost more often", format="+.0%")


def _svg(chart: alt.LayerChart | alt.FacetChart, rows: Sequence[Row], title: str, said: str) -> str:
    if not rows:
        return ""
    sized = chart.properties(width=WIDTH, height=STEP * len(rows) + STEP, title=alt.Title(title, anchor="start"))
    drawn = str(vl_convert.vegalite_to_svg(sized.to_dict()))
    return drawn.replace("<svg ", f'<svg role="img" aria-label={quoteattr(f"{title}: {said}")} ', 1)
