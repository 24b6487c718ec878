"""A company of any size, stored without a CRM: `python -m bench.company URL OPEN_DEALS`, the same every time.

For each open deal there are two closed ones, nine snapshots, ten activities and two contacts with a role; each rep has
30 open deals, each manager eight reps. It has a process of its own, since ADBC may not share one with our SQLite.
"""

import sys
from datetime import UTC, datetime

import adbc_driver_manager.dbapi as adbc
import adbc_driver_postgresql
import adbc_driver_sqlite
import duckdb
from sqlalchemy import Boolean, Column, Date, Integer, make_url

from app.store.canonical import metadata
from app.store.tables import Instant

NOW = datetime(2026, 5, 4, 6, tzinfo=UTC)
BATCH = 200_000
MACROS = """
CREATE MACRO deals() AS {deals}; CREATE MACRO reps() AS greatest({deals} // 30, 1);
CREATE MACRO managers() AS greatest({deals} // 240, 1);
CREATE MACRO id(prefix, i) AS prefix || lpad(i::VARCHAR, 12, '0') || 'AAA';
CREATE MACRO owner(deal) AS id('005', 1 + managers() + (deal // 3) % reps());
CREATE MACRO dice(i, salt, sides) AS (hash(i * 31 + salt) % sides)::BIGINT;
CREATE MACRO ago(days) AS to_timestamp({now} - 86400 * days);
CREATE MACRO stage(n) AS
    ['Prospecting', 'Qualification', 'Proposal', 'Negotiation', 'Closed Won', 'Closed Lost'][n];
CREATE MACRO stage_of(deal) AS
    CASE deal % 3 WHEN 0 THEN 1 + dice(deal, 1, 4) ELSE 4 + deal % 3 END;
CREATE MACRO begun(deal) AS ago(if(stage_of(deal) = 1, 30, 60 + dice(deal, 6, 300)) - dice(deal, 13, 28));
"""
ROWS = {
    "users": """SELECT id('005', i) AS id, 'User ' || i AS name, true AS active,
        ago(1 + dice(i, 2, 2000)) AS created_at, CASE WHEN i = 0 THEN NULL WHEN i <= managers() THEN id('005', 0)
        ELSE id('005', 1 + i % managers()) END AS manager_id FROM range(1 + managers() + reps()) t(i)""",
    "stages": """SELECT stage(i) AS id, id AS name, name AS label, i AS sort_order, true AS active, i > 4 AS closed,
        i = 5 AS won FROM range(1, 7) t(i)""",
    "accounts": """SELECT id('001', i) AS id, 'Account ' || i AS name, 'Segment ' || i % 5 AS segment
        FROM range(deals()) t(i)""",
    "deals": """SELECT id('006', i) AS id, 'Deal ' || i AS name, id('001', i // 3) AS account_id, owner(i) AS owner_id,
        stage(stage_of(i)) AS stage, 1000.0 + dice(i, 3, 90000) AS amount, i % 3 > 0 AS closed, i % 3 = 1 AS won,
        ago(if(i % 3 = 0, 5, 100) - dice(i, 4, 90))::DATE AS close_date,
        ['Pipeline', 'Best Case', 'Commit'][1 + dice(i, 5, 3)] AS forecast_category,
        'Agree on the date' AS next_step, begun(i) AS created_at FROM range(3 * deals()) t(i)""",
    "deal_changes": """SELECT id('008', i) AS id, id('006', i // 3) AS deal_id,
        stage(least(1 + i % 3, stage_of(i // 3))) AS stage,
        (1000.0 + dice(i // 3, 3, 90000)) * if(dice(i, 7, 20) = 0, 1.5, 1) AS amount,
        ago(-dice(i, 8, 90))::DATE AS close_date, 'Pipeline' AS forecast_category,
        begun(i // 3) + to_days((i % 3 * (5 + dice(i, 9, 10)))::INT) AS valid_from FROM range(9 * deals()) t(i)""",
    "field_changes": """SELECT id('017', i) AS id, id('006', 3 * i) AS deal_id, 'next_step' AS field, 'Call' AS old,
        'Agree on the date' AS new, ago(dice(i, 10, 60)) AS valid_from FROM range(deals() // 2) t(i)""",
    "deal_contacts": """SELECT id('00K', i) AS id, id('006', 3 * (i // 2)) AS deal_id, id('003', i) AS contact_id,
        ['Decision Maker', 'Evaluator', NULL][1 + i % 3] AS role, false AS "primary", ago(50) AS created_at
        FROM range(2 * deals()) t(i)""",
    "activities": """SELECT id('00T', i) AS id, ['call', 'meeting', 'email'][1 + i % 3] AS type,
        owner(deal) AS owner_id, id('006', deal) AS deal_id, id('003', 2 * (deal // 3) + i % 2) AS contact_id,
        starts_at, starts_at AS ends_at, i % 10 > 0 AS done, i % 2 = 0 AS two_way, starts_at AS created_at FROM (
        SELECT i, dice(i, 12, 3 * deals()) AS deal, ago(dice(i, 11, if(deal % 3 = 0, 21, 300))) AS starts_at
        FROM range(10 * deals()) t(i))""",
}


def main(url: str, deals: int) -> None:
    """Fill a database that has our tables and connection 1."""
    where = make_url(url)
    sqlite = where.get_backend_name() == "sqlite"
    driver = adbc_driver_sqlite if sqlite else adbc_driver_postgresql
    target = where.database if sqlite else where.render_as_string(hide_password=False)
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    duck.execute(MACROS.format(deals=deals, now=NOW.timestamp()))
    with adbc.connect(driver._driver_path(), db_kwargs={"uri": target}) as connection, connection.cursor() as cursor:
        for name, query in ROWS.items():
            made = duck.sql(f"SELECT 1 AS connection_id, *, ago(1) AS changed_at, ago(1) AS observed_at FROM ({query})")
            columns = [_stored(metadata.tables[name].c[column], sqlite) for column in made.columns]
            cursor.adbc_ingest(name, made.project(", ".join(columns)).to_arrow_reader(BATCH), mode="append")
        connection.commit()


def _stored(column: Column[object], sqlite: bool) -> str:
    """The column in the type in which its database keeps it."""
    if sqlite and isinstance(column.type, Instant):
        return f"strftime({column.name}, '%Y-%m-%d %H:%M:%S.%f') AS {column.name}"
    if sqlite and isinstance(column.type, Date):
        return f'"{column.name}"::VARCHAR AS {column.name}'
    if isinstance(column.type, Integer) or (sqlite and isinstance(column.type, Boolean)):
        return f'"{column.name}"::INTEGER AS "{column.name}"'
    return f'"{column.name}"::DOUBLE AS "{column.name}"' if column.name == "amount" else f'"{column.name}"'


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
