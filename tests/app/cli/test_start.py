"""Every command begins with importing, so what few of them need is not imported by all."""

import subprocess
import sys

SLOW = ("altair", "vl_convert", "scipy.stats", "fastapi")


def test_no_command_waits_for_what_draws_fits_curves_and_serves() -> None:
    """Pictures, statistical distributions and pages take two seconds between them."""
    script = f"import sys, app.cli.commands; print({{*{SLOW!r}}} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"
