"""Judge: which situations deserve attention? Findings open, persist, clear and reopen, each with its evidence."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from app.store import judgements
from app.store.session import Transaction
from app.uncollected import uncollected
from coaching_rules.engine import Facts, Judgement, Tally, evaluate
from coaching_rules.model import Evidence, Rule, RuleSet

Row = dict[str, Any]
CARRIED = (
    "deal_name",
    "owner_id",
    "owner_name",
    "rep_id",
    "rep_name",
    "manager_id",
    "is_early",
    "amount",
    "segment_median_amount",
    "days_since_coached",
)
"""Words that planning and `status` read in every finding, whatever its rule says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a judgement changed, and the tally of each rule."""

    opened: int
    persisting: int
    cleared: int
    tallies: Mapping[str, Tally]


@uncollected()
def judge(
    transaction: Transaction,
    connection_id: int,
    run_id: int | None,
    facts: Facts,
    rules: RuleSet,
    watched: Mapping[tuple[str, str], Row] = {},
    only: Collection[str] | None = None,
    happened: Mapping[str, frozenset[str]] | None = None,
) -> Judged:
    """Hold the facts against the rules and keep what was found, and `watched` with it: findings by rule and subject.

    Twice with the same facts changes nothing more. `only` says that the facts are of no other subjects than these, so
    that findings about others stay as they are; rules whose grain has no facts are then not judged. `happened` has the
    events by deal that nobody had looked at: a rule that names events finds something new only after one of them.
    Without it, every rule is held as if its events had just happened.
    """
    judged = [rule for rule in rules.judged if only is None or rule.grain in facts.tables]
    judgement = evaluate(judged, facts, carried=CARRIED)
    return keep(transaction, connection_id, run_id, judgement, judged, watched, only, happened)


def keep(
    transaction: Transaction,
    connection_id: int,
    run_id: int | None,
    judgement: Judgement,
    judged: Sequence[Rule],
    watched: Mapping[tuple[str, str], Row] = {},
    only: Collection[str] | None = None,
    happened: Mapping[str, frozenset[str]] | None = None,
) -> Judged:
    """The same from a judgement by these rules that is already passed, and that carries the words CARRIED."""
    by_id = {rule.id: rule for rule in judged}
    before = judgements.open_findings(transaction, connection_id, only)
    rows = {
        key: row
        for key, row in {**_rows(judgement, by_id), **watched}.items()
        if key in before or _may_be_new(by_id.get(key[0]), key[1], happened)
    }
    new = [_opened(row, connection_id) for key, row in rows.items() if key not in before]
    changed = {held.id: rows[key] for key, held in before.items() if key in rows and held.differs(rows[key])}
    gone = [held.id for key, held in before.items() if key not in rows]
    judgements.keep_versions(transaction, [_version(rule, judgement.as_of) for rule in judged])
    if run_id is not None:
        judgements.keep_counts(transaction, _counts(run_id, judged, judgement.tallies))
    judgements.renew(transaction, changed)
    judgements.add(transaction, new)
    judgements.clear(transaction, gone, judgement.as_of)
    return Judged(opened=len(new), persisting=len(rows) - len(new), cleared=len(gone), tallies=judgement.tallies)


def _may_be_new(rule: Rule | None, subject_id: str, happened: Mapping[str, frozenset[str]] | None) -> bool:
    """Whether a rule may find something new of this subject; what a rule did not make may always be."""
    if rule is None or not rule.on or happened is None:
        return True
    return not happened.get(subject_id, frozenset()).isdisjoint(rule.on)


def _rows(judgement: Judgement, rules: Mapping[str, Rule]) -> dict[tuple[str, str], Row]:
    return {
        (f.rule_id, f.subject_id): {
            "rule_id": f.rule_id,
            "subject_id": f.subject_id,
            "rule_version": f.rule_version,
            "grain": f.grain,
            "kind": rules[f.rule_id].kind,
            "severity": rules[f.rule_id].severity,
            "evidence": [_told(evidence) for evidence in f.evidence],
            "facts": {name: _plain(value) for name, value in f.values.items()},
            "seen_at": judgement.as_of,
        }
        for f in judgement.findings
    }


def _told(evidence: Evidence) -> Row:
    # not row_of: there is more evidence than anything else
    return {
        "word": evidence.word,
        "value": _plain(evidence.value),
        "op": evidence.op,
        "threshold": _plain(evidence.threshold),
        "threshold_source": evidence.threshold_source,
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _opened(row: Row, connection_id: int) -> Row:
    return row | {"connection_id": connection_id, "state": "open", "opened_at": row["seen_at"]}


def _version(rule: Rule, at: datetime) -> Row:
    said = {"when": rule.when, "title": rule.title, "texts": list(rule.texts), "severity": rule.severity}
    return {"rule_id": rule.id, "version": rule.version, "content": said, "first_used_at": at}


def _counts(run_id: int, rules: Sequence[Rule], tallies: Mapping[str, Tally]) -> list[Row]:
    versions = {rule.id: rule.version for rule in rules}
    return [
        {"run_id": run_id, "rule_id": rule_id, "rule_version": versions[rule_id], **asdict(tally)}
        for rule_id, tally in tallies.items()
    ]
