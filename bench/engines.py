"""What it costs to hold 50 rules against open deals: `python -m bench engines [DEALS [SECONDS]]`.

*DuckDB alone* runs the same expressions over the same table and fetches who was flagged. *Decided* is what a backtest
asks of the judge: true, false or unknown for every rule and deal. *With evidence* is what a morning asks: a finding for
everything that is flagged. The other engines decide the same rows, each for at most SECONDS, and are held against us
row by row; what they did not come to is not in their throughput. Throughput is by processor time: DuckDB takes all the
processors there are, each of the others one.
"""

import json
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter, process_time

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from bench import table
from bench.peers import dialects, others
from coaching_rules import conditions
from coaching_rules.engine import Facts, evaluate, sealed
from coaching_rules.loader import starter
from coaching_rules.model import Rule
from coaching_rules.verdicts import verdicts
from coaching_rules.vocabulary import DEAL, Word

NOW = datetime(2026, 5, 4, 6, tzinfo=UTC)
RULES, TIMES = 50, 5
HERE = Path(__file__).parent / "peers"
PEERS = {
    "zen-engine": dialects.WORDS,
    "rule-engine": dialects.WORDS,
    "cel-python": dialects.TYPES,
    "common-expression-language": dialects.SIGNS,
}
TEMPLATES = (
    "is_early and {word} >= {much} and amount >= segment_median_amount and age_days < 30",
    "not has_future_meeting and ({word} < {little} or {word} is null) and age_days between 30 and 36",
    "is_early and stage_position = 2 and (coalesce({word}, 0) > {much} or {word} / 2 < {little} and age_days > 90)",
)
SIZES = {"days": 120, "count": 7, "money": 90_000, "share": 1, "": 100}
"""Numbers run from 0 up to this, by their unit."""
TYPES = {"boolean": "BOOLEAN", "integer": "INTEGER", "number": "DOUBLE", "text": "VARCHAR", "date": "DATE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What deciding so many deals cost, and how many of them were decided as by us."""

    deals: int
    flagged: int
    seconds: float
    cpu: float
    agreed: int | None = None

    @property
    def pace(self) -> float:
        """Deals for a second of one processor."""
        return self.deals / self.cpu


def main(deals: str = "100000", most: str = "20") -> None:
    """Print a row for DuckDB alone, for us, and for each of the others."""
    facts, rules = _facts(int(deals)), _rules()
    table.head(
        "who", "deals", "flagged", "seconds", "CPU s", "deals a CPU s", "DuckDB alone is", "coachsync is", "agreed"
    )
    alone = _timed(len(facts), lambda: sum(_alone(facts, rules)))
    ours = _timed(len(facts), lambda: _flagged(_decided(facts, rules), rules))
    judged = Facts(as_of=NOW, tables={"deal": facts})
    found = _timed(len(facts), lambda: len(evaluate(rules, judged).findings))
    for who, ran in {"DuckDB alone": alone, "coachsync, decided": ours, "coachsync, with evidence": found}.items():
        _row(who, ran, alone, ours)
    said = _strings(_decided(facts, rules), rules)
    rows = _in_order(facts, rules)
    for name in PEERS:
        _row(name, _peer(name, rules, rows, said, most), alone, ours)


def _row(who: str, ran: Ran, alone: Ran, ours: Ran) -> None:
    cost = f"{ran.seconds:.2f}", f"{ran.cpu:.2f}", f"{ran.pace:,.0f}"
    times = (f"{base.pace / ran.pace:,.2f} x" for base in (alone, ours))
    table.row(who, f"{ran.deals:,}", f"{ran.flagged:,}", *cost, *times, "" if ran.agreed is None else f"{ran.agreed:,}")


def _facts(deals: int) -> pa.Table:
    """Open deals with every word of the vocabulary; a word that may be NULL is so for one deal in 13."""
    columns = ", ".join(f"{_made(at, word)}::{TYPES[word.type]} AS {word.name}" for at, word in enumerate(DEAL))
    with closing(duckdb.connect()) as duck:
        duck.execute("CREATE MACRO dice(i, salt, sides) AS (hash(i * 131 + salt) % sides)::BIGINT")
        return duck.sql(f"SELECT {columns} FROM range({deals}) t(i)").to_arrow_table()


def _made(at: int, word: Word) -> str:
    if word.name in ("deal_id", "is_open"):
        return "'D' || i" if word.name == "deal_id" else "true"
    if word.type in ("integer", "number"):
        made = f"dice(i, {at}, 1024) / 1024 * {SIZES[word.unit]}"
        made = f"floor({made})" if word.type == "integer" else made
    else:
        made = {"boolean": f"dice(i, {at}, 3) = 0", "date": f"DATE '2026-05-01' + dice(i, {at}, 90)::INT"}.get(
            word.type, f"'Text ' || dice(i, {at}, 5)"
        )
    return made if word.null == "never" else f"if(dice(i, {at} + 1000, 13) = 0, NULL, {made})"


def _rules() -> list[Rule]:
    """The starter rules about deals, and one more for each number a deal has until there are enough."""
    pack = [rule for rule in starter().rules if rule.grain == "deal"]
    numbers = [word for word in DEAL if word.type in ("integer", "number") and word.unit]
    conditions_of = zip(cycle(numbers), cycle(TEMPLATES))
    more = (
        replace(pack[0], id=f"generated_{at}", when=_condition(word, template))
        for at, (word, template) in enumerate(conditions_of)
    )
    return [*pack, *islice(more, RULES - len(pack))]


def _condition(word: Word, template: str) -> str:
    size = SIZES[word.unit]
    much, little = (0.95 * size, 0.05 * size) if word.type == "number" else (0.9 * size // 1, max(0.05 * size // 1, 1))
    return template.format(word=word.name, much=f"{much:g}", little=f"{little:g}")


def _timed(deals: int, deed: Callable[[], int]) -> Ran:
    """The cheapest of some runs; the deed returns how much it flagged."""
    runs = []
    for _ in range(TIMES):
        began, worked = perf_counter(), process_time()
        flagged = deed()
        spent = perf_counter() - began, process_time() - worked
        runs.append(Ran(deals=deals, flagged=flagged, seconds=spent[0], cpu=spent[1]))
    return min(runs, key=lambda ran: ran.cpu)


def _alone(facts: pa.Table, rules: list[Rule]) -> list[int]:
    """How many deals each rule flags; who they are is fetched and dropped."""
    held = [conditions.parse(rule.when, "deal").sql for rule in rules]
    said = ", ".join(f"{condition} AS verdict_{at}" for at, condition in enumerate(held))
    with closing(duckdb.connect()) as duck:
        duck.register("facts", facts)
        duck.execute(f"CREATE TABLE judged AS SELECT deal_id, {said} FROM facts WHERE is_open")
        flagged = [f"SELECT deal_id FROM judged WHERE verdict_{at}" for at in range(len(rules))]
        return [len(duck.sql(query).to_arrow_table()) for query in flagged]


def _decided(facts: pa.Table, rules: list[Rule]) -> pa.Table:
    with closing(sealed()) as duck:
        duck.register("deal_facts", facts)
        return verdicts(rules, duck, "deal")


def _flagged(said: pa.Table, rules: list[Rule]) -> int:
    return sum(pc.sum(said[rule.id]).as_py() or 0 for rule in rules)


def _strings(said: pa.Table, rules: list[Rule]) -> list[str]:
    """A string of 0 and 1 for each deal, in the order of their ids."""
    columns = [said[rule.id].fill_null(False).to_pylist() for rule in rules]
    return ["".join("01"[held] for held in row) for row in zip(*columns)]


def _in_order(facts: pa.Table, rules: list[Rule]) -> list[dict[str, object]]:
    """The words that the rules read, a dict a deal, numbers as floats, in the order of their ids."""
    words = dict.fromkeys(word for rule in rules for word in conditions.parse(rule.when, "deal").words)
    kept = facts.sort_by("deal_id").select(list(words))
    return [
        {name: float(value) if type(value) is int else value for name, value in row.items()} for row in kept.to_pylist()
    ]


def _peer(name: str, rules: list[Rule], rows: list[dict[str, object]], ours: list[str], most: str) -> Ran:
    """Another engine, as far as it came."""
    condition = "[" + ", ".join(PEERS[name].condition(rule.when) for rule in rules) + "]"
    with tempfile.TemporaryDirectory() as folder:
        task = Path(folder) / "task.json"
        task.write_text(json.dumps({"condition": condition, "rows": rows}), "utf-8")
        line = [others.engines(), HERE / "by_engine.py", name, task, most]
        told = json.loads(subprocess.run(line, check=True, stdout=subprocess.PIPE).stdout)
    said = told["said"]
    return Ran(
        deals=len(said),
        flagged=sum(one.count("1") for one in said),
        seconds=told["seconds"],
        cpu=told["cpu"],
        agreed=sum(one == other for one, other in zip(said, ours)),
    )
