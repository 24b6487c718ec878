"""Runs the measurements of docs/benchmarks.md. `python -m bench morning 12.5` runs one, at a scale of its own."""

import sys
from importlib import import_module

BENCHES = (
    "pull",
    "calls",
    "tick",
    "writing",
    "failures",
    "morning",
    "review",
    "events",
    "judgement",
    "convergence",
    "detectors",
    "export",
    "thresholds",
    "backtest",
    "hooks",
    "serving",
    "workers",
    "engines",
)


def run(arguments: list[str]) -> None:
    """Run the named measurement with its arguments, or each with its own defaults."""
    if arguments and arguments[0] not in BENCHES:
        sys.exit(f"There is no measurement '{arguments[0]}'; there are: {', '.join(BENCHES)}.")
    for name in arguments[:1] or BENCHES:
        import_module(f"bench.{name}").main(*arguments[1:])


if __name__ == "__main__":
    run(sys.argv[1:])
