"""Runs the measurements of docs/benchmarks.md. `python -m bench morning 12.5` runs one, at a scale of its own."""

import sys
from collections.abc import Callable

from bench import convergence, detectors, measure, morning

BENCHES: dict[str, Callable[..., None]] = {
    "measure": measure.main,
    "morning": morning.main,
    "convergence": convergence.main,
    "detectors": detectors.main,
}


def run(arguments: list[str]) -> None:
    """Run the named measurement with its arguments, or each with its own defaults."""
    if arguments:
        BENCHES[arguments[0]](*arguments[1:])
        return
    for bench in BENCHES.values():
        bench()


if __name__ == "__main__":
    run(sys.argv[1:])
