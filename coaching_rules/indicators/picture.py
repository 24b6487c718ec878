"""One small picture of one indicator of one rep, as SVG: what was counted, what was to be expected, where it is off."""

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

import altair as alt
import vl_convert

from coaching_rules.indicators.course import JUDGED, Week

WIDTH, HEIGHT = 320, 120
"""In pixels: as wide as a phone, and low enough for four of them on one page."""


def draw(title: str, weeks: Sequence[Week], *, alarm: bool) -> str:
    """The SVG. Counts are dots on a line, what was usual is a dashed band, an alarm puts diamonds on the last weeks.

    Shape and line tell them apart, so that it reads in black and white; its text for screen readers says the same.
    """
    judged = len(weeks) - JUDGED if alarm else len(weeks)
    rows = [
        {"week": week.until.isoformat(), "count": week.count, "low": week.low, "high": week.high, "alarm": at >= judged}
        for at, week in enumerate(weeks)
    ]
    base = alt.Chart(alt.InlineData(values=rows), title=alt.Title(title, anchor="start", fontSize=12)).encode(
        x=alt.X(
            "week:T", scale=alt.Scale(type="utc"), axis=alt.Axis(format="%-d %b", tickCount=5, title=None, grid=False)
        )
    )
    count = base.encode(y="count:Q")
    band = base.mark_area(color="#dddddd", line={"color": "#777777", "strokeDash": [4, 3], "strokeWidth": 1}).encode(
        y=alt.Y("low:Q", title="a week", axis=alt.Axis(tickMinStep=1, tickCount=4)), y2="high:Q"
    )
    line = count.mark_line(color="black", strokeWidth=1)
    dots = count.transform_filter("!datum.alarm").mark_point(color="black", filled=True, size=22)
    marks = count.transform_filter("datum.alarm").mark_point(
        color="black", filled=False, shape="diamond", size=90, strokeWidth=2
    )
    chart = alt.layer(band, line, dots, marks).properties(width=WIDTH, height=HEIGHT)
    said = quoteattr(_said(title, weeks, alarm))
    return str(vl_convert.vegalite_to_svg(chart.to_dict())).replace("<svg ", f'<svg role="img" aria-label={said} ', 1)


def _said(title: str, weeks: Sequence[Week], alarm: bool) -> str:
    last = weeks[-JUDGED:]
    counts = ", ".join(f"{week.count:g} (usual {week.low:g} to {week.high:g})" for week in last)
    return f"{title}. The last {len(last)} weeks: {counts}. {'Off track.' if alarm else 'On track.'}"
