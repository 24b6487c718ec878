"""The page says of every rule what there is to say, in words that nobody has to look up."""

import re
from datetime import timedelta

import pytest
from looking import SINCE

from coaching_rules.backtest import words
from coaching_rules.backtest.compare import Compared, Shares
from coaching_rules.backtest.fate import Fate
from coaching_rules.backtest.page import page
from coaching_rules.backtest.report import Prompts, Report, RuleReport

SHARES = Shares(flagged=0.3, comparable=0.304, difference=-0.004, low=-0.2, high=0.1)
COMPARED = Compared(flagged=40, comparable=60, lost=SHARES)
FATE = Fate(
    all=COMPARED, lead_days=30.0, lead_deals=1, won_lead_days=1.0, won_lead_deals=7,
    segments={"<Retail>": COMPARED}, tenures={"0 to 119 days": COMPARED},
)  # fmt: skip
PROMPTS = Prompts(at_once=3, after=9, to_nobody=0, a_manager_and_week=0.5, capped=0.4, busiest=2)


def made(*rules: RuleReport) -> Report:
    return Report(
        since=SINCE, until=SINCE + timedelta(days=70), every_days=7, looks=10, deals=100, lost=30, won=50, open=20,
        rules=rules, caveats=("Stages are today's.",),
    )  # fmt: skip


TOLD = RuleReport(
    rule="quiet", title="Quiet <early>", grain="deal", status="shadow", judged=100, flagged=50, prompts=PROMPTS,
    fate=FATE, warnings=("4 flagged deals are still open",),
)  # fmt: skip
SILENT = RuleReport(
    rule="silent", title="Never", grain="deal", status="draft", judged=9, prompts=PROMPTS, fate=FATE,
    warnings=("it flags nothing",),
)  # fmt: skip
OF_A_REP = RuleReport(
    rule="uncoached", title="Uncoached", grain="rep", status="live", judged=9, flagged=9, prompts=PROMPTS,
    warnings=("it flags nearly everything: 100%",),
)  # fmt: skip
UNTOLD = RuleReport(rule="late", title="Late", grain="rep", status="live", warnings=("not tried: no history",))


def test_every_rule_is_there_with_its_warnings() -> None:
    """Also one that flags nothing, that is not about deals, or that was not tried."""
    rules = (TOLD, SILENT, OF_A_REP, UNTOLD)
    found = page(made(*rules), "acme")
    for rule in rules:
        assert f"({rule.rule}, {rule.grain}, {rule.status})</small></h2>" in found
        assert all(f'<p class="warn">{warning}</p>' in found for warning in rule.warnings)
    assert "Quiet &lt;early&gt;" in found
    assert "&lt;Retail&gt;" in found
    assert "Stages are today" in found


def test_it_says_how_to_read_it_and_fits_a_telephone() -> None:
    """Three lines for the dots, the shares and the prompts; what is wide scrolls in a box of its own."""
    found = page(made(TOLD), "acme")
    assert all(word in found for word in ("A filled dot", "An open dot", "dashed line is 0", "“Capped”", "weighs by"))
    assert found.count("<li>") == 3
    assert '<meta name="viewport" content="width=device-width' in found
    assert all('<div class="box">' in before[-40:] for before in re.split("<table|<svg", found)[:-1])


def test_0_is_in_the_middle_of_the_picture() -> None:
    """Where the words below it, lost less often and more often, part."""
    found = page(made(TOLD), "acme")
    ends = re.findall(r">([−+]\d+|0)</text>", found)
    assert "0" in ends
    assert sorted(end.strip("−+") for end in ends if end[0] == "−") == sorted(
        end.strip("−+") for end in ends if end[0] == "+"
    )


@pytest.mark.parametrize(("share", "said"), [(-0.004, "0"), (0.004, "0"), (0.12, "+12"), (-0.126, "-13")])
def test_nothing_has_no_sign(share: float, said: str) -> None:
    """A difference that rounds to nothing is neither more nor less."""
    assert words.points(share) == said


def test_one_is_not_many() -> None:
    """Lead times of losses and of wins, in words."""
    assert words.lead(TOLD) == "30 days before 1 loss, 1 day before 7 wins"
    assert "-0" not in words.comparison(COMPARED)
