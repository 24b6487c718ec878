"""Each detector says how unlikely so few events are, and says nothing where it cannot know."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma, nbinom, poisson

from coaching_rules.indicators.detectors import (
    Question,
    Seen,
    Series,
    Window,
    dispersion,
    pace,
    peer,
    see,
    trend,
    weekday_shares,
)
from coaching_rules.indicators.evidence import look

WEEKS = 20
TODAY = 7 * (WEEKS - 1)
WORK = np.tile([1.0, 1, 1, 1, 1, 0, 0], WEEKS)
ASKED = Question(day=TODAY, fresh=np.zeros(8, dtype=np.int64), period=(TODAY - 14, TODAY + 7), goal=np.nan)
SEEDS = st.integers(0, 10_000)


def counts_of(seed: int, reps: int = 8, weekly: float = 8, variance: float = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = (reps, 7 * WEEKS)
    luck = rng.gamma(weekly, 1 / weekly, (reps, WEEKS)).repeat(7, axis=1) if variance > 1 else np.ones(shape)
    return rng.poisson(luck * WORK * weekly / 5).astype(float)


def series_of(counts: np.ndarray, worked: np.ndarray | None = None, peers: np.ndarray | None = None) -> Series:
    reps = len(counts)
    days = np.tile(WORK, (reps, 1)) if worked is None else worked
    return Series.of(counts, days, np.zeros(reps, dtype=np.int64) if peers is None else peers)


def windows(count: float, worked: float, before: float, noise: float = 1) -> Seen:
    one, past = (
        Window(count=np.array([float(c)]), worked=np.array([float(w)]), due=np.array([float(w)]))
        for c, w in ((count, worked), (before, 60))
    )
    return Seen(fresh=one, recent=one, before=past, dispersion=np.array([float(noise)]), season=np.ones(1))


def test_for_poisson_counts_the_trend_is_the_gamma_poisson_prediction() -> None:
    """12 in 15 days after 96 in 60: the Poisson chance, averaged over what the rate may be."""
    rates = np.linspace(0.5, 3.5, 20_001)
    chance = np.trapezoid(poisson.cdf(12, 15 * rates) * gamma.pdf(rates, 96, scale=1 / 60), rates)
    assert trend(windows(12, 15, 96)).p[0] == pytest.approx(chance, rel=1e-4)


def test_overdispersion_widens_the_band_and_calms_the_alarm() -> None:
    """What is a surprise for Poisson counts is less of one where weeks differ."""
    calm, wild = (trend(windows(12, 15, 96, noise)) for noise in (1, 2))
    assert wild.p[0] > 2 * calm.p[0]
    assert wild.band()[0][0] < calm.band()[0][0]
    assert wild.band()[1][0] > calm.band()[1][0]


def test_the_band_is_that_of_the_negative_binomial() -> None:
    """Mean 24 and variance 1.25 times 24, nine tenths of it."""
    low, high = trend(windows(12, 15, 96)).band()
    assert (low[0], high[0]) == (nbinom.ppf(0.05, 96, 0.8), nbinom.ppf(0.95, 96, 0.8))


@pytest.mark.parametrize("seen", [windows(0, 0, 96), windows(0, 3, 96), windows(0, 15, 0)])
def test_little_to_expect_is_no_evidence(seen: Seen) -> None:
    """Nothing worked, fewer than five events expected, nothing known from before."""
    assert np.isnan(trend(seen).p[0])


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, rep=st.integers(0, 7), ago=st.integers(1, 14), more=st.integers(1, 9))
def test_more_events_never_raise_an_alarm(seed: int, rep: int, ago: int, more: int) -> None:
    """An event that is added to the last two weeks makes that rep less suspect, to all detectors together."""
    counts = counts_of(seed)
    fewer = look(series_of(counts), ASKED)
    counts[rep, TODAY - ago] += more
    assert look(series_of(counts), ASKED).p[rep] >= fewer.p[rep] - 1e-12


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, order=st.permutations(range(12)))
def test_the_order_of_reps_does_not_matter(seed: int, order: list[int]) -> None:
    """Permuting reps, with the groups they belong to, permutes what is said of them."""
    counts, peers = counts_of(seed, reps=12), np.array([0, 1] * 6)
    asked = replace(ASKED, fresh=np.zeros(12, dtype=np.int64))
    straight = look(series_of(counts, peers=peers), asked)
    mixed = look(series_of(counts[order], peers=peers[order]), asked)
    np.testing.assert_allclose(mixed.p, straight.p[order])


def test_a_week_off_is_not_a_bad_week() -> None:
    """A rep on leave last week is as little suspect as the peers; the same counts without leave are suspect."""
    counts, worked = np.tile(WORK * 1.6, (8, 1)), np.tile(WORK, (8, 1))
    counts[0, TODAY - 14 : TODAY] = 0
    without = look(series_of(counts), ASKED)
    worked[0, TODAY - 14 : TODAY] = 0
    assert without.alarms[0]
    assert not look(series_of(counts, worked), ASKED).alarms.any()


def test_who_did_not_work_at_all_is_not_judged() -> None:
    """No day worked is no evidence, whatever the detector."""
    worked = np.tile(WORK, (8, 1))
    worked[0] = 0
    seen = look(series_of(counts_of(1), worked), ASKED)
    assert np.isnan(seen.p[0])
    assert not seen.alarms[0]


def test_four_comparable_reps_are_too_few() -> None:
    """The peer detector needs five others; with them it sees a rep who does half."""
    counts = np.tile(WORK * 1.6, (6, 1))
    counts[0] /= 2
    asked = replace(ASKED, fresh=np.zeros(6, dtype=np.int64))
    five = series_of(counts)
    assert peer(five, see(five, asked)).p[0] < 0.05
    asked = replace(ASKED, fresh=np.zeros(5, dtype=np.int64))
    four = series_of(counts[:5])
    assert np.isnan(peer(four, see(four, asked)).p).all()


def test_peers_who_differ_make_a_low_count_less_odd() -> None:
    """The same count below the same mean: suspect among equals, not among reps who differ as much."""
    equal, unequal = np.tile(WORK * 1.6, (9, 1)), np.tile(WORK * 1.6, (9, 1))
    equal[0] = unequal[0] = WORK * 0.9
    unequal[1:5], unequal[5:] = WORK * 0.8, WORK * 2.4
    asked = replace(ASKED, fresh=np.zeros(9, dtype=np.int64))
    odd, usual = (peer(series, see(series, asked)).p[0] for series in map(series_of, (equal, unequal)))
    assert odd < 0.05 < usual


def test_the_chance_of_missing_a_goal_is_that_of_the_rest_falling_short() -> None:
    """Two weeks of three are over, 12 of 24 are there, and a rep of 8 a week is not likely to do 12 in the last."""
    counts = np.tile(WORK * 1.6, (8, 1))
    counts[0, TODAY - 14 : TODAY] = WORK[:14] * 1.2
    asked = replace(ASKED, goal=1.6)
    series = series_of(counts)
    verdict = pace(series, see(series, asked), asked)
    rate, factor = (96 + 8 + 12) / 75, 1 + 5 / 75
    assert verdict.miss is not None
    assert verdict.miss[0] == pytest.approx(nbinom.cdf(11, 5 * rate / (factor - 1), 1 / factor))
    assert (verdict.count[0], verdict.expected[0]) == (pytest.approx(12), pytest.approx(16))


def test_days_that_raised_an_alarm_are_not_evidence_again() -> None:
    """A rep who was spoken to yesterday starts anew; only new days count."""
    counts = np.tile(WORK * 1.6, (8, 1))
    counts[:, TODAY - 21 : TODAY] /= 2
    peers = np.arange(8)
    assert look(series_of(counts, peers=peers), ASKED).alarms.all()
    again = replace(ASKED, fresh=np.full(8, TODAY - 1))
    assert not look(series_of(counts, peers=peers), again).alarms.any()


def test_dispersion_is_that_of_weeks_about_each_reps_own_mean() -> None:
    """About 1 for Poisson counts, about 2 where a week's variance is twice its mean, whatever the reps' means."""
    counts = [counts_of(3, reps=400, variance=variance) for variance in (1, 2)]
    calm, wild = (dispersion(series_of(c), TODAY)[0] for c in counts)
    assert calm == pytest.approx(1, abs=0.08)
    assert wild == pytest.approx(2, abs=0.16)


def test_a_weekday_counts_what_comparable_reps_do_on_it() -> None:
    """Fridays of twice the events count twice; where nothing was counted, all days are alike."""
    counts, weekday = np.tile(WORK, (8, 1)), np.arange(7 * WEEKS) % 7
    counts[:, weekday == 4] = 2
    shares = weekday_shares(counts, np.tile(WORK, (8, 1)), weekday, np.zeros(8, dtype=np.int64))
    assert shares[0, 4] / shares[0, 0] == pytest.approx(2, abs=0.15)
    assert (weekday_shares(counts * 0, counts * 0, weekday, np.zeros(8, dtype=np.int64)) == 1).all()


@pytest.mark.parametrize("variance", [1, 2])
def test_reps_on_track_look_suspect_no_more_often_than_said(variance: float) -> None:
    """Of 4,000 reps who work as ever, at most one in twenty has a p of one in twenty, but for chance."""
    series = series_of(counts_of(5, reps=4_000, variance=variance), peers=np.arange(4_000) // 8)
    p = look(series, replace(ASKED, fresh=np.zeros(4_000, dtype=np.int64))).p
    assert (p <= 0.05).mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4_000)
