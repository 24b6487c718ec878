"""What a backtest found, in sentences; the terminal and the page say the same."""

from collections.abc import Iterator, Mapping
from typing import Literal

from coaching_rules.backtest.compare import CONFIDENCE, Compared
from coaching_rules.backtest.report import Report, RuleReport

WORTH_SAYING = 0.5
"""Overlaps from this share on are named."""


def span(report: Report) -> str:
    """When was looked, at how many deals, and how they ended."""
    return (
        f"{report.looks} looks from {report.since:%Y-%m-%d}, every {report.every_days} days, before"
        f" {report.until:%Y-%m-%d}: {report.deals} deals were open at one of them; by the end {report.lost} were lost,"
        f" {report.won} won and {report.open} still open, which count as neither."
    )


def caveats(report: Report) -> Iterator[str]:
    """What a reader should know before believing a number."""
    tested = sum(bool(rule.fate and rule.fate.all.lost) for rule in report.rules)
    yield from report.caveats
    yield (
        "A deal counts once, as it stood when the rule first flagged it, beside all deals that were then in the same"
        " stage and about as old and that the rule had not flagged by then."
    )
    yield (
        f"Rules compared: {tested}. Each interval holds with {CONFIDENCE:.0%}, so that about"
        f" {tested * (1 - CONFIDENCE):.1f} of them would leave 0 out by chance. Nothing here says that coaching helps."
    )


def how_to_read() -> Iterator[str]:
    """The pictures and the tables, for who sees such a page for the first time."""
    yield (
        "Dots: how many percentage points more of the flagged deals were lost than of the comparable ones, on a line"
        " that is the interval. A filled dot's interval leaves 0 out: chance alone would seldom do that. An open dot's"
        " does not. The dashed line is 0, where flagged deals are lost as often as comparable ones."
    )
    yield (
        "Shares: each stage and age weighs by how many deals it has on both sides, so that like is compared with like;"
        " the shares are therefore not those of all deals that were lost."
    )
    yield (
        "Prompts: what a manager would have had a week. “Capped” is after the rule's own limit a week; “at the first"
        " look” is all that had piled up by then, which is in no rate."
    )


def comparison(one: Compared) -> str:
    """The two shares with their difference, or why there is none."""
    if not one.lost:
        return f"not enough data: {one.why_not}"
    shares = one.lost
    alone = f"; {one.flagged_alone} had no comparable deal" if one.flagged_alone else ""
    return (
        f"lost: {shares.flagged:.0%} of {one.flagged}, comparable {shares.comparable:.0%} of {one.comparable}:"
        f" {points(shares.difference)} points ({points(shares.low)} to {points(shares.high)}){alone}"
    )


def points(share: float) -> str:
    """A difference of shares in whole percentage points, with its sign; nothing has none."""
    return f"{whole:+d}" if (whole := round(100 * share)) else "0"


def rate(rule: RuleReport) -> str:
    """Prompts a manager and week, before and after the rule's cap."""
    spoke = rule.prompts
    if not rule.flagged or not spoke:
        return ""
    nobody = f"{spoke.to_nobody} had nobody to go to" if spoke.to_nobody else ""
    if spoke.a_manager_and_week is None or spoke.capped is None:
        return nobody
    told = f"{spoke.a_manager_and_week:.2f}, capped {spoke.capped:.2f}", f"{spoke.at_once} at the first look", nobody
    return "; ".join(filter(None, told))


def lead(rule: RuleReport) -> str:
    """How long before its loss, or its win, a deal was first flagged."""
    if not rule.fate:
        return ""
    of = (rule.fate.lead_days, rule.fate.lead_deals, "loss"), (rule.fate.won_lead_days, rule.fate.won_lead_deals, "win")
    return ", ".join(f"{_many(days, 'day')} before {_many(deals, end)}" for days, deals, end in of if days is not None)


def _many(count: float, what: str) -> str:
    ending = "" if round(count) == 1 else "es" if what.endswith("s") else "s"
    return f"{count:.0f} {what}{ending}"


def overlap(rule: RuleReport) -> str:
    """The rules that flag most of what this one does."""
    others = sorted((-share, name) for name, share in rule.overlap.items() if share >= WORTH_SAYING)
    return "also flagged by " + ", ".join(f"{name} ({-share:.0%})" for share, name in others) if others else ""


def groups(rule: RuleReport, by: Literal["segment", "tenure"]) -> Mapping[str, Compared]:
    """The comparison within each segment of the customers, or tenure of the owners."""
    if not rule.fate:
        return {}
    return rule.fate.segments if by == "segment" else rule.fate.tenures
