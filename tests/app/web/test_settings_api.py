"""Settings over the API: read, changed by one person at a time, and never made unusable."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.config import read_coaching

SETTINGS = "/api/v1/settings"
FILE = """# agreed with the works council in May
api_share = 0.2  # ask Dana first

[planning]
prompts_a_week = 4

[reps."Dana Reed"]  # on parental leave
leave = [[2026-12-01, 2026-12-24]]
"""


@pytest.fixture
def ops(as_role: Callable[..., httpx.Client], tmp_path: Path) -> httpx.Client:
    (tmp_path / "coaching.toml").write_text(FILE)
    return as_role("ops")


def put(ops: httpx.Client, settings: Any, etag: str | None) -> httpx.Response:
    return ops.put(SETTINGS, json=settings, headers={"If-Match": etag} if etag else {})


def test_what_is_read_can_be_put_back_changed(ops: httpx.Client, tmp_path: Path) -> None:
    """What is set comes without the defaults; people's comments stay, and so does what nobody changed."""
    read = ops.get(SETTINGS)
    assert read.json()["planning"] == {"prompts_a_week": 4}
    changed = read.json() | {"api_share": 0.3, "goals": {"meetings_held": 8}}
    done = put(ops, changed, read.headers["etag"])
    assert (done.status_code, done.json()) == (200, changed)
    assert ops.get(SETTINGS).headers["etag"] == done.headers["etag"] != read.headers["etag"]
    text = (tmp_path / "coaching.toml").read_text()
    assert "# agreed with the works council in May" in text
    assert "# on parental leave" in text
    assert read_coaching(tmp_path).api_share == 0.3


def test_nobody_overwrites_what_they_have_not_read(ops: httpx.Client) -> None:
    """Without If-Match, or with that of an earlier reading, nothing changes."""
    read = ops.get(SETTINGS)
    assert put(ops, {}, None).status_code == 428
    first = put(ops, {"api_share": 0.3}, read.headers["etag"])
    assert put(ops, {"api_share": 0.4}, read.headers["etag"]).status_code == 412
    assert ops.get(SETTINGS).json() == first.json() == {"api_share": 0.3}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"api_share": 2}, "body.api_share"),
        ({"planning": {"minutes": 5}}, "body.planning.minutes"),
        ({"goals": {"lanterns_lit": 3}}, "goals.lanterns_lit"),
        ({"managers": {"Mona": {"time_zone": "Middle/Earth"}}}, "time_zone"),
    ],
)
def test_what_would_stop_the_next_run_is_refused(
    ops: httpx.Client, tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    """The problem says where; the file stays as it was."""
    refused = put(ops, wrong, ops.get(SETTINGS).headers["etag"])
    assert refused.status_code == 422
    assert said in refused.text
    assert (tmp_path / "coaching.toml").read_text() == FILE


def test_a_file_that_cannot_be_read_says_so(ops: httpx.Client, tmp_path: Path) -> None:
    """Somebody mistyped in it by hand."""
    (tmp_path / "coaching.toml").write_text("api_share = 7")
    refused = ops.get(SETTINGS)
    assert refused.status_code == 409
    assert "api_share" in refused.json()["detail"]
