"""What a run logs can be found by its number."""

from pathlib import Path

from small_org import NAME, open_company
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from app import pipeline
from app.store.ledger import runs
from app.store.session import Store


def test_every_line_of_a_run_has_its_number(sqlite: Store, tmp_path: Path) -> None:
    """And what is logged after it has none."""
    company = open_company(sqlite, tmp_path)
    with capture_logs(processors=[merge_contextvars]) as first:
        pipeline.nightly(company.loop())
        company.later(days=1)
        pipeline.nightly(company.loop())
    numbers = [row["id"] for row in company.rows(runs)]
    assert {(line["connection"], line["run"]) for line in first} == {(NAME, number) for number in numbers}
    company.close()
