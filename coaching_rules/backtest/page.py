"""A backtest as one HTML page that needs nothing else: no network, no script, and it prints."""

from collections.abc import Iterable, Mapping
from html import escape

from coaching_rules.backtest.compare import Compared
from coaching_rules.backtest.picture import fates, prompts
from coaching_rules.backtest.report import Report, RuleReport
from coaching_rules.backtest.words import caveats, comparison, how_to_read, lead, overlap, rate, span

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #111 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top;
padding: .3rem .6rem; border-bottom: 1px solid #ccc; min-width: 4rem } td.wide { min-width: 10rem }
.box { overflow-x: auto; margin: 1rem 0 } svg { min-width: 40rem; max-width: 100%; height: auto }
.warn { font-weight: bold } small { color: #444; font-weight: normal; white-space: nowrap }
@media print { .box { overflow-x: visible } svg { min-width: 0 } }
"""


def page(report: Report, name: str) -> str:
    """The page about the org called `name`. Every text in it is escaped."""
    body = "".join(
        [
            f"<h1>Backtest of {len(report.rules)} rules: {escape(name)}</h1>",
            _paragraphs([span(report)]),
            "<h2>How to read this</h2>",
            _list(how_to_read()),
            _paragraphs(caveats(report)),
            _box(fates(report.rules)),
            _box(prompts(report.rules)),
            _rules(report),
            *map(_rule, report.rules),
        ]
    )
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Backtest: {escape(name)}</title><style>{STYLE}</style>"
    )
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _paragraphs(texts: Iterable[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def _list(texts: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def _box(content: str) -> str:
    """What is wider than a telephone scrolls by itself, and the text beside it stays."""
    return f'<div class="box">{content}</div>' if content else ""


def _named(rule: RuleReport) -> str:
    return f"{escape(rule.title)} <small>({escape(rule.rule)}, {rule.grain}, {rule.status})</small>"


def _rules(report: Report) -> str:
    rows = [
        (_named(rule), str(rule.subjects), *map(escape, (rate(rule), _share(rule), lead(rule))))
        for rule in report.rules
    ]
    return _table(("Rule", "Distinct subjects", "Prompts a manager and week", "Share lost", "First flagged"), rows)


def _share(rule: RuleReport) -> str:
    return comparison(rule.fate.all) if rule.fate and rule.flagged else ""


def _rule(rule: RuleReport) -> str:
    """Each rule, also one that flags nothing: then that is what there is to say of it."""
    said = "".join(f'<p class="warn">{escape(warning)}</p>' for warning in rule.warnings)
    also = _paragraphs(filter(None, [_share(rule), overlap(rule)]))
    fate = rule.fate if rule.flagged else None
    groups = _groups("Segment", fate.segments) + _groups("Tenure of the owner", fate.tenures) if fate else ""
    return f"<h2>{_named(rule)}</h2>{said}{also}{groups}"


def _groups(title: str, groups: Mapping[str, Compared]) -> str:
    rows = [
        (escape(name), str(one.flagged), str(one.comparable), escape(comparison(one))) for name, one in groups.items()
    ]
    return _table((title, "Flagged", "Comparable", "Share lost"), rows) if rows else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table whose cells are HTML already."""
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "".join("<tr>" + "".join(f"<td{_wide(cell)}>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return _box(f"<table><tr>{cells}</tr>{lines}</table>")


def _wide(cell: str) -> str:
    return ' class="wide"' if len(cell) > 40 else ""
