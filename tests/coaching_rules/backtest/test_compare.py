"""Two shares and an interval that can be believed, or a reason why there is none."""

import numpy as np
import pytest

from coaching_rules.backtest.compare import Rows, compare

KINDS = 4


def rows(deal: object, stratum: object, flagged: object, lost: object, decided: object = True) -> Rows:
    size = len(np.asarray(deal))
    return Rows(
        deal=np.asarray(deal), stratum=np.asarray(stratum), kinds=KINDS, flagged=np.asarray(flagged),
        lost=np.asarray(lost), decided=np.broadcast_to(np.asarray(decided), size).copy(),
    )  # fmt: skip


def arms(flagged: tuple[int, int], comparable: tuple[int, int]) -> Rows:
    """So many lost of so many, all in one stratum."""
    is_flagged = np.repeat([True, False], [flagged[1], comparable[1]])
    lost = np.r_[np.arange(flagged[1]) < flagged[0], np.arange(comparable[1]) < comparable[0]]
    return rows(np.arange(len(lost)), np.zeros(len(lost), dtype=int), is_flagged, lost)


def test_in_one_stratum_it_is_the_plain_difference() -> None:
    """30 of 50 against 20 of 100, with the interval that its binomial errors give."""
    found = compare(arms((30, 50), (20, 100))).lost
    assert found
    assert (found.flagged, found.comparable, found.difference) == pytest.approx((0.6, 0.2, 0.4))
    error = (0.6 * 0.4 / 50 + 0.2 * 0.8 / 100) ** 0.5
    assert (found.high - found.low) / 2 == pytest.approx(2.01 * error, rel=0.02)
    assert found.separate


def test_only_the_like_are_compared() -> None:
    """A stage in which more is lost, and more is flagged, makes no difference of its own."""
    stratum = np.repeat([0, 1], 200)
    flagged = np.r_[np.arange(200) < 20, np.arange(200) < 180]
    lost = np.r_[np.arange(200) % 10 < 1, np.arange(200) % 10 < 7]
    found = compare(rows(np.arange(400), stratum, flagged, lost)).lost
    assert found
    assert found.difference == pytest.approx(0, abs=1e-9)
    assert not found.separate


def test_who_is_still_open_was_neither_won_nor_lost() -> None:
    """Open deals are counted apart and change no share; a flagged deal without its like is counted, too."""
    plain = arms((30, 50), (20, 100))
    still_open, alone = np.repeat([True, False], [60, 3]), np.repeat([False, True], [60, 3])
    more = rows(
        deal=np.arange(213),
        stratum=np.r_[plain.stratum, np.where(alone, 1, 0)],
        flagged=np.r_[plain.flagged, alone | (np.arange(63) < 40)],
        lost=np.r_[plain.lost, np.zeros(63, dtype=bool)],
        decided=np.r_[np.ones(150, dtype=bool), ~still_open],
    )
    found = compare(more)
    assert found.lost == compare(plain).lost
    assert (found.flagged_open, found.comparable_open, found.flagged_alone) == (40, 20, 3)


@pytest.mark.parametrize(
    ("flagged", "comparable", "why"),
    [((10, 19), (50, 99), "19 flagged"), ((20, 50), (9, 19), "19 comparable"), ((2, 50), (2, 50), "4 of 100")],
)
def test_too_few_are_no_result(flagged: tuple[int, int], comparable: tuple[int, int], why: str) -> None:
    """Few deals, or hardly any lost, give a reason and no share."""
    found = compare(arms(flagged, comparable))
    assert found.lost is None
    assert found.why_not.startswith(why)


def test_one_deal_seen_often_is_one_deal() -> None:
    """The same comparable deals at ten instants are not ten times as many: the interval does not narrow by them."""
    once = arms((20, 40), (20, 40))
    again = [once.deal[~once.flagged]] * 10
    deal = np.r_[once.deal[once.flagged], *again]
    flagged = np.arange(len(deal)) < 40
    stratum = np.r_[np.arange(40) % 10, np.repeat(np.arange(10), 40)] * KINDS
    lost = np.r_[np.arange(40) // 10 % 2 == 0, np.tile(once.lost[~once.flagged], 10)]
    often, plain = compare(rows(deal, stratum, flagged, lost)), compare(once)
    assert often.comparable == plain.comparable == 40
    assert often.lost
    assert plain.lost
    assert often.lost.high - often.lost.low == pytest.approx(plain.lost.high - plain.lost.low, rel=0.05)


def test_an_interval_holds_as_often_as_it_says() -> None:
    """Where flagging means nothing, 95 % of intervals have 0 in them, though deals are seen at several instants."""
    chance = np.random.default_rng(3)
    missed = sum(_separates(chance) for _ in range(400))
    assert 6 <= missed <= 36


def _separates(chance: np.random.Generator) -> bool:
    deals, looks = 120, 6
    kind, lost = chance.integers(KINDS, size=deals), chance.random(deals) < 0.4
    when = np.where(chance.random(deals) < 0.4, chance.integers(looks, size=deals), looks)
    deal, look = np.repeat(np.arange(deals), looks), np.tile(np.arange(looks), deals)
    at = look <= when[deal]
    deal, look = deal[at], look[at]
    found = compare(rows(deal, look * KINDS + kind[deal], look == when[deal], lost[deal])).lost
    return bool(found and found.separate)
