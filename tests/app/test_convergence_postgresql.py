"""The same as in test_convergence.py, on PostgreSQL: a file of its own, so that both are lived beside one another."""

from pathlib import Path

import pytest

from app.store.session import Store
from bench.episode import episode


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
@pytest.mark.parametrize("seed", [10, 16, 21, 23, 24, 7013, 7025, 7029, 7036, 7037])
def test_the_loop_converges_on_postgresql_too(store: Store, tmp_path: Path, seed: int) -> None:
    """Other seeds, the same promises."""
    assert episode(seed, store, tmp_path).broken == ()
