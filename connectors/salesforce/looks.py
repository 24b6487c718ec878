"""A look at records by their ids: what is there, what is in the recycle bin, and what is out of our sight."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from connectors.errors import RetryLater
from connectors.salesforce.client import Client
from connectors.salesforce.values import Row, literal

T = TypeVar("T")
ROWS_A_READ = 2000
IDS_A_QUERY = 400


def by_id(client: Client, name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Row]:
    """The records of these ids, those in the recycle bin with IsDeleted; nothing for what we may not see.

    Read from the records themselves, since an index can lag behind them; what is not there gets a second look.
    """
    rows: dict[str, Row] = {}
    for batch in chunks(ids, ROWS_A_READ):
        body = {"ids": list(batch), "fields": list(fields)}
        answer = client.call("POST", f"composite/sobjects/{name}", body=body, harmless=True)
        if not isinstance(answer, list) or len(answer) != len(batch):
            raise RetryLater(f"Salesforce did not answer for each of {len(batch)} records; they are read again later.")
        rows |= {row["Id"]: row for row in answer if row}
    for batch in chunks([i for i in ids if i not in rows], IDS_A_QUERY):
        among, columns = ", ".join(map(literal, batch)), ", ".join((*fields, "IsDeleted"))
        found = client.rows(f"SELECT {columns} FROM {name} WHERE Id IN ({among})")
        rows |= {row["Id"]: row for row in found}
    return rows


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Runs of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
