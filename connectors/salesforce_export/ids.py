"""Ids of 15 characters, as reports and older tools write them, made those of 18 that the other files have."""

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.values import long_id

SHORT = 15
OF_FIELDS = ("OldValue", "NewValue")
"""Columns that hold an id where an owner changed, and the words of a next step elsewhere."""
OF_OWNERS = ("005", "00G")


def lengthened(rows: pa.Table) -> pa.Table:
    """The same rows, so that a child finds its deal whichever way either of them names it."""
    for at, name in enumerate(rows.column_names):
        if name.endswith("Id") or name in OF_FIELDS:
            short = pc.equal(pc.utf8_length(rows.column(at)), SHORT)
            if pc.any(short).as_py():
                rows = rows.set_column(at, name, _long(rows.column(at), name in OF_FIELDS))
    return rows


def _long(column: pa.ChunkedArray, only_owners: bool) -> pa.ChunkedArray:
    told = column.combine_chunks().dictionary_encode()
    ids = [
        text if only_owners and not text.startswith(OF_OWNERS) else long_id(text) or text
        for text in told.dictionary.to_pylist()
    ]
    return pa.chunked_array([pa.array(ids, pa.string()).take(told.indices)])
