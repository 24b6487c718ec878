"""A backtest as one HTML page that needs nothing else: no network, no script, and it prints."""

from collections.abc import Iterable, Mapping
from html import escape

from coaching_rules.backtest.compare import Compared
from coaching_rules.backtest.picture import fates, prompts
from coaching_rules.backtest.report import Report, RuleReport
from coaching_rules.backtest.words import caveats, comparison, lead, overlap, rate, span

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #111 }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 } th, td { text-align: left; vertical-align: top;
padding: .3rem .6rem; border-bottom: 1px solid #ccc } svg { max-width: 100%; height: auto } .warn { font-weight: bold }
"""


def page(report: Report, name: str) -> str:
    """The page about the org called `name`. Every text in it is escaped."""
    body = "".join(
        [
            f"<h1>Backtest of {len(report.rules)} rules: {escape(name)}</h1>",
            _paragraphs([span(report), *caveats(report)]),
            fates(report.rules),
            prompts(report.rules),
            _rules(report),
            *(_rule(rule) for rule in report.rules if rule.fate and rule.flagged),
        ]
    )
    head = f'<meta charset="utf-8"><title>Backtest: {escape(name)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _paragraphs(texts: Iterable[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def _rules(report: Report) -> str:
    rows = [
        (rule.rule, str(rule.subjects), rate(rule), comparison(rule.fate.all) if rule.fate else "", lead(rule))
        for rule in report.rules
    ]
    return _table(("Rule", "Distinct subjects", "Prompts a manager and week", "Share lost", "Lead time"), rows)


def _rule(rule: RuleReport) -> str:
    assert rule.fate is not None
    said = "".join(f'<p class="warn">{escape(warning)}</p>' for warning in rule.warnings)
    also = f"<p>{escape(overlap(rule))}</p>" if overlap(rule) else ""
    groups = _groups("Segment", rule.fate.segments) + _groups("Tenure of the owner", rule.fate.tenures)
    return f"<h2>{escape(rule.title)} <small>({escape(rule.rule)})</small></h2>{said}{also}{groups}"


def _groups(title: str, groups: Mapping[str, Compared]) -> str:
    rows = [(name, str(one.flagged), str(one.comparable), comparison(one)) for name, one in groups.items()]
    return _table((title, "Flagged", "Comparable", "Share lost"), rows) if rows else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{lines}</table>"
