"""What the judge refuses, named by what is wrong, each with the place to look at.

ValueError
├── ConditionErrors   a condition that cannot be judged
├── RuleErrors        rule files that do not load
└── FactsError        tables that are not what the vocabulary promises
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a condition, `offset` characters into it; `line` and `column` count from 1."""

    message: str
    offset: int
    line: int
    column: int


class ConditionErrors(ValueError):
    """The condition cannot be judged; `problems` says why, each with its place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(f"{p.line}:{p.column}: {p.message}" for p in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleError:
    """One thing wrong with a rule file; `line` and `column` count from 1, `excerpt` is that line of the file."""

    file: str
    line: int
    column: int
    message: str
    excerpt: str = ""

    def __str__(self) -> str:
        said = f"{self.file}:{self.line}:{self.column}: {self.message}"
        # A file of one endless line must not flood the terminal.
        if not self.excerpt.strip() or len(self.excerpt) > 300:
            return said
        return f"{said}\n    {self.excerpt}\n    {' ' * (self.column - 1)}^"


class RuleErrors(ValueError):
    """Everything wrong with the rules that were read, in the order of files and lines."""

    def __init__(self, errors: Sequence[RuleError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: (error.file, error.line, error.column)))
        count = f"{len(self.errors)} mistakes" if len(self.errors) > 1 else "1 mistake"
        super().__init__("\n".join([*map(str, self.errors), f"{count}; no rule was loaded"]))


class FactsError(ValueError):
    """These tables are not what the vocabulary promises; the message lists every difference."""
