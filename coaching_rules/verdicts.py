"""What every rule says of every subject, as columns: for looking back, where a finding's evidence is not wanted."""

from collections.abc import Sequence
from contextlib import closing

import pyarrow as pa

from coaching_rules import conditions
from coaching_rules.engine import Facts, sealed
from coaching_rules.model import Rule
from coaching_rules.vocabulary import SUBJECT, WORDS, Grain


def verdicts(rules: Sequence[Rule], facts: Facts, grain: Grain, *, beside: Sequence[str] = ()) -> pa.Table:
    """A row for each subject that `evaluate` would judge, by its id: the words `beside`, and a column for each rule.

    A rule's column is named by its id: true, false, or NULL for not enough data. Raises as `evaluate` does.
    """
    judged = {rule.id: conditions.parse(rule.when, grain) for rule in rules if rule.grain == grain}
    named = {SUBJECT[grain], *beside, *(word for condition in judged.values() for word in condition.words)}
    columns = ", ".join(conditions.column(word) for word in WORDS[grain].values() if word.name in named)
    said = [f'{condition.sql} AS "{rule_id}"' for rule_id, condition in judged.items()]
    words = ", ".join([f'"{SUBJECT[grain]}" AS subject_id', *(f'"{word}"' for word in beside), *said])
    only = "WHERE is_open" if grain == "deal" else ""
    with closing(sealed()) as connection:
        connection.register("arrived", facts.tables[grain])
        rows = f"(SELECT {columns} FROM arrived {only})"
        return connection.sql(f"SELECT {words} FROM {rows} ORDER BY subject_id").to_arrow_table()
