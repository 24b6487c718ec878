"""Answers that people give over the API: outcomes like those that come home from the CRM.

Such an outcome is known by the request that brought it, not by the task: the next reconcile then closes the tasks,
which it leaves alone where it saw a person complete them.
"""

from datetime import date

from sqlalchemy import Connection, select, update

from app.store.endings import never_there, rewrite
from app.store.ledger import intents
from app.store.ledger import outcomes as table
from app.store.outcomes import Outcome, add, end_item, snooze_item


def given(connection: Connection, connection_id: int, reference: str) -> Outcome | None:
    """What was answered under this reference before."""
    columns = [table.c[name] for name in Outcome.__dataclass_fields__]
    where = (table.c.connection_id == connection_id, table.c.reference == reference)
    row = connection.execute(select(*columns).where(*where)).one_or_none()
    return Outcome(**row._mapping) if row else None


def give(connection: Connection, connection_id: int, answer: Outcome) -> None:
    """Keep an answer and what it does to its conversation. Hold the connection's lock: a run may be writing there."""
    add(connection, connection_id, [answer], answer.at)
    if answer.due:
        snooze_item(connection, answer.item_id, answer.due)
        _move_task(connection, connection_id, answer.item_id, answer.due)
    else:
        end_item(connection, answer.item_id, answer.kind, answer.at)
        _withdraw(connection, answer.item_id)


def _withdraw(connection: Connection, item_id: int) -> None:
    """What never reached the CRM need not go there any more."""
    own = (intents.c.item_id == item_id, intents.c.role != "note")
    connection.execute(update(intents).where(*own, never_there()).values(state="withdrawn"))


def _move_task(connection: Connection, connection_id: int, item_id: int, until: date) -> None:
    """The manager's task takes the new day with the next push; a day that a person has set there meanwhile stays."""
    columns = intents.c
    where = (columns.item_id == item_id, columns.role == "manager_task", columns.state != "withdrawn")
    for row in connection.execute(select(columns.reference, columns.content).where(*where)):
        rewrite(connection, connection_id, row.reference, {**row.content, "due": until.isoformat()})
