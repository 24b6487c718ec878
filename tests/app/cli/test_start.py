"""Every command begins with importing, so what few of them need is not imported by all."""

import subprocess
import sys


def test_no_command_waits_for_what_draws_and_fits_curves() -> None:
    """Pictures and statistical distributions take a second between them."""
    script = "import sys, app.cli.commands; print({'altair', 'vl_convert', 'scipy.stats'} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"
