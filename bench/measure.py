"""How long facts take: `python -m bench measure` prints seconds for the SQL and, from a SQLite file, for the frames.

100,000 deals, 300,000 snapshots of them, 1,000,000 activities; made up by DuckDB, the same every time.
"""

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import duckdb
import pyarrow as pa

from app.stages.measure import measure_frames
from app.store.frames import READ, frames
from app.store.session import open_store
from app.store.tables import metadata

NOW = datetime(2026, 5, 1, tzinfo=UTC)
STAGES = ["Prospecting", "Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost"]
CONNECTION = "INSERT INTO connections VALUES (1, 'bench', 'sandbox', '{}', '', '2026-01-01 00:00:00.000000', NULL)"
BEFORE = f"to_timestamp({NOW.timestamp()} - 86400 *"
ROWS = {
    "users": f"""SELECT 'user ' || i AS id, id AS name, true AS active, 'user ' || i // 8 AS manager_id,
        {BEFORE} (1 + i % 2000)) AS created_at FROM range(3400) t(i)""",
    "stages": f"""SELECT {STAGES}[i + 1] AS id, id AS name, name AS label, i AS sort_order, true AS active,
        i > 3 AS closed, i = 4 AS won FROM range(6) t(i)""",
    "accounts": "SELECT 'account ' || i AS id, id AS name, 'segment ' || i % 5 AS segment FROM range(30000) t(i)",
    "deals": f"""SELECT 'deal ' || i AS id, id AS name, 'account ' || i % 30000 AS account_id,
        'user ' || i % 3400 AS owner_id, {STAGES}[1 + i % 6] AS stage, i % 6 > 3 AS closed, i % 6 = 4 AS won,
        hash(i) % 90000 + 1.0 AS amount, DATE '2026-04-01' + (hash(i) % 90)::INT AS close_date,
        {BEFORE} (60 + i % 600)) AS created_at, {BEFORE} 1) AS changed_at FROM range(100000) t(i)""",
    "deal_changes": f"""SELECT 'snapshot ' || i AS id, 'deal ' || i % 100000 AS deal_id,
        {STAGES}[1 + (hash(i) % 4)::INT] AS stage, hash(i) % 9 + 1.0 AS amount, DATE '2026-04-01' + (hash(i) % 90)::INT
        AS close_date, {BEFORE} (2 + hash(i) % 60)) AS valid_from FROM range(300000) t(i)""",
    "field_changes": f"""SELECT 'field ' || i AS id, 'deal ' || i % 40000 AS deal_id, 'next_step' AS field,
        'call' AS old, 'meet' AS new, {BEFORE} (hash(i) % 60)) AS valid_from FROM range(50000) t(i)""",
    "deal_contacts": """SELECT 'part ' || i AS id, 'deal ' || i % 100000 AS deal_id, 'contact ' || i AS contact_id,
        ['Decision Maker', 'Evaluator', NULL][1 + i % 3] AS role, false AS primary FROM range(200000) t(i)""",
    "activities": f"""SELECT 'activity ' || i AS id, 'deal ' || hash(i) % 100000 AS deal_id, 'user ' || i % 3400
        AS owner_id, 'contact ' || i % 200000 AS contact_id, ['call', 'meeting', 'email'][1 + i % 3] AS type,
        {BEFORE} (hash(i) % 300)) AS starts_at, starts_at AS ends_at, i % 10 > 0 AS done, i % 2 = 0 AS two_way,
        starts_at AS created_at FROM range(1000000) t(i)""",
}  # fmt: skip


def made_up() -> dict[str, pa.Table]:
    connection = duckdb.connect()
    stamped = f"SELECT 1 AS connection_id, {BEFORE} 1) AS changed_at, {BEFORE} 1) AS observed_at"
    return {
        name: connection.sql(f"{stamped}, * FROM (SELECT * EXCLUDE (changed_at) FROM ({query}))"
                             if name == "deals" else f"{stamped}, * FROM ({query})").to_arrow_table()
        for name, query in ROWS.items()
    }  # fmt: skip


def fill(path: Path, rows: Mapping[str, pa.Table]) -> None:
    store = open_store(f"sqlite:///{path}")
    metadata.create_all(store.engine)
    with store.begin() as connection:
        connection.exec_driver_sql(CONNECTION)
        for name, table in rows.items():
            for batch in table.to_batches(50_000):
                connection.execute(metadata.tables[name].insert(), batch.to_pylist())


def main() -> None:
    """Print how many seconds reading the frames and making the facts took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.sqlite3"
        fill(path, made_up())
        begin = perf_counter()
        rows = frames(open_store(f"sqlite:///{path}"), 1, NOW)
        read = perf_counter()
        facts = measure_frames(rows, as_of=NOW, known_at=NOW)
        print(f"rows { ({table.name: rows[table.name].num_rows for table in READ}) }")
        print(f"frames {read - begin:.2f} s, facts {perf_counter() - read:.2f} s")
        print({grain: table.num_rows for grain, table in facts.tables.items()})
