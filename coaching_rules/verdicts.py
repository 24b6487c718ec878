"""What every rule says of every subject, as columns: for looking back, where a finding's evidence is not wanted."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from coaching_rules import conditions
from coaching_rules.engine import AT_ONCE, Connection
from coaching_rules.model import Rule
from coaching_rules.vocabulary import SUBJECT, WORDS, Grain


def verdicts(rules: Sequence[Rule], facts: Connection, grain: Grain, *, beside: Sequence[str] = ()) -> pa.Table:
    """A row for each subject that `evaluate` would judge, by its id: the words `beside`, and a column for each rule.

    `facts` holds a table `<grain>_facts`, of which only what is needed is read. A rule's column is named by its id:
    true, false, or NULL for not enough data. Raises as `evaluate` does.
    """
    judged = [rule for rule in rules if rule.grain == grain]
    found = _told(judged[:AT_ONCE], facts, grain, beside)
    for start in range(AT_ONCE, len(judged), AT_ONCE):
        some = judged[start : start + AT_ONCE]
        more = _told(some, facts, grain, ())
        for rule in some:
            found = found.append_column(rule.id, more[rule.id])
    return found


def _told(rules: Sequence[Rule], facts: Connection, grain: Grain, beside: Sequence[str]) -> pa.Table:
    columns = ", ".join(conditions.column(WORDS[grain][word]) for word in asked(rules, {grain: beside}))
    said = [f'{conditions.parse(rule.when, grain).sql} AS "{rule.id}"' for rule in rules]
    words = ", ".join([f'"{SUBJECT[grain]}" AS subject_id', *(f'"{word}"' for word in beside), *said])
    only = "WHERE is_open" if grain == "deal" else ""
    rows = f"(SELECT {columns} FROM {grain}_facts {only})"
    return facts.sql(f"SELECT {words} FROM {rows} ORDER BY subject_id").to_arrow_table()


def asked(rules: Sequence[Rule], beside: Mapping[Grain, Sequence[str]]) -> frozenset[str]:
    """The words that verdicts of these grains are made of."""
    read = {word for rule in rules if rule.grain in beside for word in conditions.parse(rule.when, rule.grain).words}
    return frozenset(read.union(*beside.values(), (SUBJECT[grain] for grain in beside)))
