"""What a backtest found, in sentences; the terminal and the page say the same."""

from collections.abc import Iterator

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


def comparison(one: Compared) -> str:
    """The two shares with their difference, or why there is none."""
    if not one.lost:
        return f"not enough data: {one.why_not}"
    shares = one.lost
    alone = f"; {one.flagged_alone} had no comparable deal" if one.flagged_alone else ""
    return (
        f"lost: {shares.flagged:.0%} of {one.flagged}, comparable {shares.comparable:.0%} of {one.comparable}:"
        f" {100 * shares.difference:+.0f} points ({100 * shares.low:+.0f} to {100 * shares.high:+.0f}){alone}"
    )


def rate(rule: RuleReport) -> str:
    """Prompts a manager and week, before and after the rule's cap."""
    spoke = rule.prompts
    if not rule.flagged or not spoke or spoke.a_manager_and_week is None or spoke.capped is None:
        return ""
    nobody = f"; {spoke.to_nobody} had nobody to go to" if spoke.to_nobody else ""
    return f"{spoke.a_manager_and_week:.2f}, capped {spoke.capped:.2f}; {spoke.at_once} at the first look{nobody}"


def lead(rule: RuleReport) -> str:
    """How long before the loss of a deal it was first flagged."""
    if not rule.fate or rule.fate.lead_days is None:
        return ""
    return f"{rule.fate.lead_days:.0f} days before {rule.fate.lead_deals} losses"


def overlap(rule: RuleReport) -> str:
    """The rules that flag most of what this one does."""
    others = sorted((-share, name) for name, share in rule.overlap.items() if share >= WORTH_SAYING)
    return "also flagged by " + ", ".join(f"{name} ({-share:.0%})" for share, name in others) if others else ""
