"""Several detectors become one p, and many p a few that are believed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from coaching_rules.indicators.evidence import discoveries, joined

P = st.floats(1e-9, 0.5)


@given(p=st.lists(P, min_size=1, max_size=5))
def test_one_p_lies_between_the_smallest_and_bonferroni(p: list[float]) -> None:
    """Agreement costs nothing and a lone voice costs what Bonferroni would take, but for what is above one half."""
    one = joined(np.array([p]).T)[0]
    assert min(p) * (1 - 1e-6) <= one <= min(0.5, min(p) * len(p)) * (1 + 1e-6)


@given(p=P)
def test_a_detector_that_says_nothing_takes_no_part(p: float) -> None:
    """NaN is left out, and all NaN stays NaN."""
    assert np.isclose(joined(np.array([[p], [np.nan]]))[0], p)
    assert np.isnan(joined(np.array([[np.nan], [np.nan]]))[0])


@settings(max_examples=60)
@given(tests=st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1)), min_size=1, max_size=40))
def test_discoveries_are_those_of_benjamini_and_hochberg_in_each_family(tests: list[tuple[int, float]]) -> None:
    """The same as scipy's adjusted p at or below the share, family by family."""
    family, p = np.array([f for f, _ in tests]), np.array([p for _, p in tests])
    believed = discoveries(p, family, 0.3)
    for one in np.unique(family):
        adjusted = false_discovery_control(p[family == one])
        certain = np.abs(adjusted - 0.3) > 1e-9
        assert (believed[family == one] == (adjusted <= 0.3))[certain].all()


def test_what_was_not_tested_does_not_count_as_a_test() -> None:
    """A p of 0.25 is believed alone, and not beside three others; NaN is not another."""
    assert discoveries(np.array([0.25, np.nan, np.nan]), np.zeros(3, dtype=np.int64), 0.3).tolist() == [
        True,
        False,
        False,
    ]
    assert not discoveries(np.array([0.25, 0.9, 0.9, 0.9]), np.zeros(4, dtype=np.int64), 0.3).any()
