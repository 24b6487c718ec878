"""Every subject at every look, a row each, as numbers; and what became of the deals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from coaching_rules.model import Rule

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Looks from `since` on, `every` so many days, before `until`; what happened later is nobody's business."""

    since: datetime
    until: datetime
    every: int = 7

    @property
    def instants(self) -> tuple[datetime, ...]:
        looks = max(-((self.since - self.until) // timedelta(days=self.every)), 0)
        return tuple(self.since + timedelta(days=self.every * n) for n in range(looks))


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """A text per row, as numbers that lead to its `names`, the last of which is of rows without one."""

    of: Ints
    names: tuple[str, ...]

    @property
    def known(self) -> Flags:
        """Which rows have a text."""
        return self.of < len(self.names) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """By deal id, of what was decided by the end: whether it was lost, and how many days before the end."""

    lost: Mapping[str, bool]
    days_before_end: Mapping[str, float]


class Panel:
    """The looks at one grain: tables of verdicts (subject_id, manager_id, words, a column a rule) in order of time."""

    def __init__(self, looks: Sequence[pa.Table]) -> None:
        encoded = [_encoded(look) for look in looks]
        self.table = pa.concat_tables(encoded).unify_dictionaries().combine_chunks()
        self.look: Ints = np.repeat(np.arange(len(looks)), [len(look) for look in looks])
        self.looks = len(looks)

    def codes(self, column: str) -> Codes:
        """A text column; rows without a text are `unknown`."""
        if not len(self.table):
            return Codes(of=np.empty(0, dtype=np.int64), names=(UNKNOWN,))
        held = self.table.column(column).chunk(0)
        names = tuple(held.dictionary.to_pylist())
        of = held.indices.fill_null(len(names)).to_numpy(zero_copy_only=False).astype(np.int64)
        return Codes(of=of, names=(*names, UNKNOWN))

    def banded(self, column: str, edges: Sequence[float]) -> Codes:
        """A column of days, by bands that begin at these edges."""
        days = self.table.column(column).to_numpy().astype(np.float64)
        of = np.searchsorted(edges, days, side="right") - 1
        ends = [f"{low:g} to {high - 1:g} days" for low, high in pairwise(edges)]
        names = (*ends, f"{edges[-1]:g} days and more", UNKNOWN)
        return Codes(of=np.where(days >= edges[0], of, len(names) - 1), names=names)

    @cached_property
    def subjects(self) -> Codes:
        return self.codes("subject_id")

    @cached_property
    def managers(self) -> Codes:
        return self.codes("manager_id")

    def says(self, rule: Rule) -> tuple[Flags, Flags]:
        """For each row whether the rule held, and whether it could be told."""
        verdict = self.table.column(rule.id)
        held = verdict.fill_null(False).to_numpy(), verdict.is_valid().to_numpy()
        return held[0].astype(bool), held[1].astype(bool)


def _encoded(look: pa.Table) -> pa.Table:
    for at, field in enumerate(look.schema):
        if pa.types.is_string(field.type):
            look = look.set_column(at, field.name, look.column(at).dictionary_encode())
    return look
