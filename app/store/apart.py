"""Reads SQLite through ADBC in a process of its own: `python -m app.store.apart ADDRESS QUERY...`.

Answers on stdout with one Arrow stream a query, all of one snapshot; app.store.sqlite_rows asks, and says why. The
first row of an answer is there for ADBC only, which guesses types from the rows that come first.
"""

import sys

import adbc_driver_manager.dbapi as adbc
import adbc_driver_sqlite
import pyarrow as pa

BATCH = "50000"


def main(address: str, *queries: str) -> None:
    """Answer, and end; what went wrong is said on stderr."""
    try:
        # without autocommit, so that the first query begins the one transaction that all read in
        with adbc.connect(adbc_driver_sqlite._driver_path(), db_kwargs={"uri": address}) as connection:
            for query in queries:
                _answer(connection, query)
    except (adbc.Error, OSError) as error:
        sys.exit(str(error).splitlines()[0])  # the others are the query


def _answer(connection: adbc.Connection, query: str) -> None:
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": BATCH})
        cursor.execute(query)
        rows = cursor.fetch_record_batch()
        with pa.ipc.new_stream(sys.stdout.buffer, rows.schema) as answer:
            for batch in rows:
                answer.write_batch(batch)
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
