"""One small picture of one indicator of one rep, as SVG: what was counted, what was to be expected, where it is off."""

import textwrap
from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

import altair as alt
import vl_convert

from coaching_rules.indicators.course import JUDGED, Week

WIDTH, HEIGHT = 300, 120
"""In pixels, without axes: with them as wide as a phone, and low enough for four of them on one page."""
LETTERS, SMALL_LETTERS = 48, 58
"""What fits into a line of the title, and into one below it."""
BAND = "Between the dashed lines: likely in nine weeks of ten."


def draw(title: str, said: str, weeks: Sequence[Week], *, alarm: bool) -> str:
    """The SVG, with a line that says what was seen and by what it was measured.

    Counts are dots on a line, what was likely is a band between dashed lines, an alarm puts diamonds on the last weeks.
    Shape and line tell them apart, so that it reads in black and white; its text for screen readers says the same.
    """
    judged = len(weeks) - JUDGED if alarm else len(weeks)
    rows = [
        {"week": week.until.isoformat(), "count": week.count, "low": week.low, "high": week.high, "alarm": at >= judged}
        for at, week in enumerate(weeks)
    ]
    chart = alt.layer(*_marks(alt.Chart(alt.InlineData(values=rows), title=_title(title, said))))
    svg = str(vl_convert.vegalite_to_svg(chart.properties(width=WIDTH, height=HEIGHT).to_dict()))
    return svg.replace("<svg ", f'<svg role="img" aria-label={quoteattr(_aloud(title, said, weeks, alarm))} ', 1)


def _marks(chart: alt.Chart) -> list[alt.Chart]:
    time = alt.Axis(format="%-d %b", tickCount=5, title=None, grid=False)
    base = chart.encode(x=alt.X("week:T", scale=alt.Scale(type="utc"), axis=time))
    band = base.mark_area(color="#dddddd").encode(
        y=alt.Y("low:Q", title="a week", axis=alt.Axis(tickMinStep=1, tickCount=4)), y2="high:Q"
    )
    edges = [
        base.mark_line(color="#777777", strokeDash=[4, 3], strokeWidth=1).encode(y=f"{edge}:Q")
        for edge in ("low", "high")
    ]
    count = base.encode(y="count:Q")
    line = count.mark_line(color="black", strokeWidth=1)
    dots = count.transform_filter("!datum.alarm").mark_point(color="black", filled=True, size=22)
    marks = count.transform_filter("datum.alarm").mark_point(
        color="black", filled=False, shape="diamond", size=90, strokeWidth=2
    )
    return [band, *edges, line, dots, marks]


def _title(title: str, said: str) -> alt.TitleParams:
    below = [*textwrap.wrap(said, SMALL_LETTERS), BAND]
    return alt.Title(
        textwrap.wrap(title, LETTERS), subtitle=below, anchor="start", frame="bounds", fontSize=12, subtitleFontSize=10
    )


def _aloud(title: str, said: str, weeks: Sequence[Week], alarm: bool) -> str:
    last = weeks[-JUDGED:]
    counts = ", ".join(f"{week.count:g}{_likely(week)}" for week in last)
    return f"{title}. {said} The last {len(last)} weeks: {counts}. {'Off track.' if alarm else 'On track.'}"


def _likely(week: Week) -> str:
    return "" if week.low is None else f" ({week.low:g} to {week.high:g} likely)"
