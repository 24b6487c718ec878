"""Notice: what has happened to deals since somebody last looked at them? Each event is looked at once."""

from collections.abc import Collection
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from app.store import events
from app.store.session import Transaction
from coaching_rules.model import RuleSet


def notice(
    transaction: Transaction,
    connection_id: int,
    happened: pa.Table,
    rules: RuleSet,
    *,
    as_of: datetime,
    only: Collection[str] | None = None,
) -> dict[str, frozenset[str]]:
    """The events by deal that a rule names and that nobody had looked at, of these deals or of all."""
    named = sorted({trigger for rule in rules.judged for trigger in rule.on})
    worth_keeping = happened.filter(pc.is_in(happened["event"], pa.array(named, pa.string())))
    events.keep(transaction, connection_id, worth_keeping.to_pylist(), as_of)
    return events.look(transaction, connection_id, only, as_of)
