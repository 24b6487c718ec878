"""What the judge refuses, named by what is wrong, each with the place to look at.

ValueError
├── ConditionErrors   a condition that cannot be judged
├── RuleErrors        rule files that do not load
└── FactsError        tables that are not what the vocabulary promises
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a condition: `length` characters, `offset` into it; `line` and `column` count from 1."""

    message: str
    offset: int
    line: int
    column: int
    length: int = 1


class ConditionErrors(ValueError):
    """The condition cannot be judged; `problems` says why, each with its place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(f"{p.line}:{p.column}: {p.message}" for p in problems))
        self.problems = tuple(problems)


_LONGEST_NAME = 60
"""Characters of a name that are compared with those that are known; comparing costs their square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleError:
    """One thing wrong, or probably not meant, in a rule file.

    `line` and `column` count from 1; `excerpt` is that line of the file unless it is endless, `length` how much of it
    is meant.
    """

    file: str
    line: int
    column: int
    message: str
    excerpt: str = ""
    length: int = 1

    def __str__(self) -> str:
        said = f"{self.file}:{self.line}:{self.column}: {self.message}"
        if not self.excerpt.strip():
            return said
        margin = f"{self.line:>5}"
        mark = " " * (self.column - 1) + "^" * self.length
        return f"{said}\n{margin} | {self.excerpt}\n{' ' * len(margin)} | {mark}"


class RuleErrors(ValueError):
    """Everything wrong with the rules that were read, in the order of files and lines."""

    def __init__(self, errors: Sequence[RuleError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: (error.file, error.line, error.column)))
        count = f"{len(self.errors)} mistakes" if len(self.errors) > 1 else "1 mistake"
        super().__init__("\n".join([*map(str, self.errors), f"{count}; no rule was loaded"]))


class FactsError(ValueError):
    """These tables are not what the vocabulary promises; the message lists every difference."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, if any is near."""
    near = difflib.get_close_matches(name.lower()[:_LONGEST_NAME], list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""
