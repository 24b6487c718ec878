"""Two pictures of a backtest, as SVG: what became of flagged deals, and how many prompts a manager would have had."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import quoteattr

import altair as alt
import vl_convert

from coaching_rules.backtest.compare import Shares
from coaching_rules.backtest.report import RuleReport
from coaching_rules.backtest.words import points

WIDTH, STEP = 420, 34
"""Pixels: of a picture, and of a rule in it."""
NAMES = alt.Axis(title=None, labelLimit=300, labelExpr="split(datum.label, '\\n')", labelBaseline="middle")
SHARES = alt.Axis(
    title="lost less often ← → lost more often",
    labelExpr="abs(datum.value) < 0.001 ? '0' : format(100 * datum.value, '+.0f')",
)
Row = Mapping[str, object]


def fates(rules: Sequence[RuleReport]) -> str:
    """For each rule with enough data a dot, the difference in the share lost, on its interval; filled when it is not 0.

    A dashed line stands where flagged deals are lost as often as comparable ones. Empty without such rules.
    """
    shown = [(rule, rule.fate.all.lost) for rule in rules if rule.fate and rule.fate.all.lost]
    rows = [
        {"rule": _label(rule), "low": lost.low, "at": lost.difference, "high": lost.high, "separate": lost.separate}
        for rule, lost in shown
    ]
    base = _base(rows)
    line = base.mark_rule(color="black").encode(
        x=alt.X("low:Q", axis=SHARES, scale=_around_0([lost for _, lost in shown])), x2="high:Q"
    )
    sure = base.mark_point(color="black", filled=True, size=70).transform_filter("datum.separate")
    unsure = base.mark_point(color="black", fill="white", size=70).transform_filter("!datum.separate")
    nothing = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color="#777777", strokeDash=[4, 3])
    dots = (dot.encode(x="at:Q") for dot in (sure, unsure))
    said = "; ".join(
        f"{rule.rule} {points(lost.difference)} points ({points(lost.low)} to {points(lost.high)})"
        for rule, lost in shown
    )
    title = "Share lost: flagged deals less comparable ones, in percentage points"
    return _svg(alt.layer(nothing.encode(x="at:Q"), line, *dots), rows, title, said)


def prompts(rules: Sequence[RuleReport]) -> str:
    """For each rule that spoke, prompts a manager and week: a cross before its cap, a bar after it."""
    spoken = [(rule, rule.prompts) for rule in rules if rule.prompts and rule.prompts.a_manager_and_week]
    rows = [{"rule": _label(rule), "before": spoke.a_manager_and_week, "after": spoke.capped} for rule, spoke in spoken]
    base = _base(rows)
    axis = alt.Axis(title="prompts a manager and week: bar after the rule's cap, cross before")
    bars = base.mark_bar(color="#bbbbbb", height=8).encode(x=alt.X("after:Q", axis=axis))
    crosses = base.mark_point(color="black", shape="cross", filled=True, size=50).encode(x="before:Q")
    said = "; ".join(
        f"{rule.rule} {spoke.a_manager_and_week:.2f}, {spoke.capped:.2f} after its cap" for rule, spoke in spoken
    )
    return _svg(alt.layer(bars, crosses), rows, "Prompts a manager and week", said)


def _base(rows: Sequence[Row]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(rows))).encode(y=alt.Y("rule:N", axis=NAMES, sort=None))


def _label(rule: RuleReport) -> str:
    """The title, and below it the id, which alone is nobody else's."""
    return f"{rule.title}\n{rule.rule}"


def _around_0(shown: Sequence[Shares]) -> alt.Scale:
    """As wide on either side, so that 0 is in the middle and the axis' title stands at it."""
    reach = 1.05 * max((max(-shares.low, shares.high) for shares in shown), default=1.0)
    return alt.Scale(domain=[-reach, reach], nice=False)


def _svg(chart: alt.LayerChart | alt.FacetChart, rows: Sequence[Row], title: str, said: str) -> str:
    if not rows:
        return ""
    sized = chart.properties(width=WIDTH, height=STEP * len(rows) + STEP, title=alt.Title(title, anchor="start"))
    drawn = str(vl_convert.vegalite_to_svg(sized.to_dict()))
    return drawn.replace("<svg ", f'<svg role="img" aria-label={quoteattr(f"{title}: {said}")} ', 1)
