"""Another rule engine deciding rows: `python by_engine.py ENGINE TASK SECONDS`, in an environment that has it.

It is given all conditions at once, as one list, so that it takes over the values of a row once. The task is JSON:
`condition`, the list in its language, and `rows`. Prints the seconds it took, by the clock and of a processor, and for
each row it came to within SECONDS a string of 0 and 1, one a condition. Only the standard library and the engine are
here.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Decide = Callable[[Mapping[str, Any]], Sequence[Any]]
ROUND = 50


def zen_engine(condition: str) -> Decide:
    decide: Decide = importlib.import_module("zen").compile_expression(condition).evaluate
    return decide


def rule_engine(condition: str) -> Decide:
    engine = importlib.import_module("rule_engine")
    decide: Decide = engine.Rule(condition, context=engine.Context(default_value=None)).evaluate
    return decide


def cel_python(condition: str) -> Decide:
    cel = importlib.import_module("celpy")
    environment = cel.Environment()
    program = environment.program(environment.compile(condition))
    return lambda row: program.evaluate(cel.json_to_cel(row))


def common_expression_language(condition: str) -> Decide:
    decide: Decide = importlib.import_module("cel").compile(condition).execute
    return decide


def main(engine: str, task: str, most: str) -> None:
    """Decide the rows in rounds, until all are or the time is over."""
    with open(task, encoding="utf-8") as file:
        told = json.load(file)
    decide, rows = globals()[engine.replace("-", "_")](told["condition"]), told["rows"]
    said: list[Sequence[Any]] = []
    began, worked = time.perf_counter(), time.process_time()
    while len(said) < len(rows) and time.perf_counter() - began < float(most):
        said += [decide(row) for row in rows[len(said) : len(said) + ROUND]]
    cost = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - worked}
    print(json.dumps(cost | {"said": ["".join("1" if one else "0" for one in row) for row in said]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
