"""What holds for every test: none is left with what another set up for the whole process."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_of_its_own() -> Iterator[None]:
    """A command makes logs go to standard error as it finds it, which ends with its test."""
    yield
    structlog.reset_defaults()
