"""The one gate for conditions: a stranger's text becomes DuckDB SQL, or a list of what is wrong with it.

Words are read from a table in which every number is a finite DOUBLE or NULL (see `column`). NULL behaves as in SQL,
except that `least` and `greatest` skip it, and so does `coalesce`.
"""

from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from coaching_rules.conditions.check import LARGEST, Desk, truth
from coaching_rules.conditions.evidence import Clause, clauses
from coaching_rules.conditions.functions import FUNCTIONS, Function
from coaching_rules.conditions.syntax import DEEPEST, LONGEST, place, problem, tree_of
from coaching_rules.errors import ConditionErrors, Problem
from coaching_rules.vocabulary import VOCABULARIES, Vocabulary, Word

__all__ = ["DEEPEST", "FUNCTIONS", "LARGEST", "LONGEST", "Clause", "Condition", "Function", "column", "parse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition that has passed the gate: its SQL, the words it reads, and what it can give as evidence.

    `warnings` are what is allowed and probably not meant, such as days held against money.
    """

    sql: str
    words: tuple[str, ...]
    clauses: tuple[Clause, ...]
    warnings: tuple[Problem, ...] = ()


@lru_cache(maxsize=8192)
def parse(text: str, vocabulary: Vocabulary) -> Condition:
    """The condition in `text` over these words. Raises ConditionErrors with all that is wrong at once."""
    tree = tree_of(text)
    desk = Desk(text=text, words=VOCABULARIES[vocabulary])
    sql = truth(tree, desk)
    words = tuple(dict.fromkeys(column.name for column in sorted(tree.find_all(exp.Column), key=place)))
    if not words:
        desk.problems.append(problem(text, 0, "this reads no word, so it says nothing about anyone", len(text)))
    if desk.problems:
        raise ConditionErrors(sorted(desk.problems, key=lambda wrong: wrong.offset))
    warnings = tuple(desk.warnings)
    return Condition(sql=sql, words=words, clauses=tuple(clauses(tree, False, desk)), warnings=warnings)


def column(word: Word) -> str:
    """The SQL that takes a word from a table of facts for conditions: a number becomes a finite DOUBLE or NULL.

    DuckDB counts NaN as larger than any number; an integer is always finite.
    """
    if word.type not in ("integer", "number"):
        return f'"{word.name}"'
    number = f'CAST("{word.name}" AS DOUBLE)'
    if word.type == "number":
        number = f"CASE WHEN abs({number}) <= {LARGEST!r} THEN {number} END"
    return f'{number} AS "{word.name}"'
