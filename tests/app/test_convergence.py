"""Random people, random faults and random deaths: the loop ends where an undisturbed one would have."""

from pathlib import Path

import pytest

from app.store.session import Store
from bench.convergence import draw, episode

ON_SQLITE = range(30)
ON_POSTGRESQL = range(30, 40)


@pytest.mark.parametrize("seed", ON_SQLITE)
def test_whatever_happens_the_loop_converges(sqlite: Store, tmp_path: Path, seed: int) -> None:
    """Nothing twice, nothing lost, no edit of a person overwritten, and nothing left to write."""
    assert episode(seed, sqlite, tmp_path).broken == ()


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
@pytest.mark.parametrize("seed", ON_POSTGRESQL)
def test_the_same_holds_on_postgresql(store: Store, tmp_path: Path, seed: int) -> None:
    """Other seeds, the same promises."""
    assert episode(seed, store, tmp_path).broken == ()


def test_a_seed_is_always_the_same_episode() -> None:
    """A failing seed can be lived again; among the first are both kinds of death and both kinds of org."""
    scripts = [draw(seed) for seed in ON_SQLITE]
    assert scripts == [draw(seed) for seed in ON_SQLITE]
    assert {script.key_field for script in scripts} == {script.at_once for script in scripts} == {True, False}
    assert {step.trouble.for_real for script in scripts for step in script.steps} == {True, False}
