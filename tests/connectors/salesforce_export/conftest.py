"""An empty folder that becomes an export."""

from pathlib import Path

import pytest
from exporting import Export


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path)
