"""Processing query jobs: the result is set aside as it is at that moment, and handed out as CSV in pages."""

import csv
import io
import time

from connectors.sandbox.bulk_jobs import KEPT, Job
from connectors.sandbox.errors import Rejected
from connectors.sandbox.org import Actor, Org
from connectors.sandbox.plan import Output, Plan, plan
from connectors.sandbox.queries import sight
from connectors.sandbox.soql import parse

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


def advance(org: Org) -> None:
    """Bring every job to where the clock says it is; one that is due is processed now.

    A job waits half of `bulk_delay_seconds` and is in progress for the other half, by the clock of the org or by real
    time, whichever goes faster.
    """
    for job in org.jobs.all():
        if org.now() - job.created > KEPT:
            remove(org, job)
        elif not job.over:
            _advance(org, job)


def remove(org: Org, job: Job) -> None:
    """The job and its result are gone."""
    org.execute(f"DROP TABLE IF EXISTS {job.table}")
    org.jobs.forget(job)


def planned(org: Org, user_id: str, query: str, operation: str) -> Plan:
    """How to answer the query, as this user sees the org now."""
    return plan(parse(query), sight(org, Actor(user_id=user_id), operation == "queryAll"))


def _advance(org: Org, job: Job) -> None:
    waited = max((org.now() - job.created).total_seconds(), time.monotonic() - job.began)
    if waited < org.settings.bulk_delay_seconds / 2:
        return
    job.state = "InProgress"
    if waited >= org.settings.bulk_delay_seconds and not org.settings.bulk_stuck:
        _end(org, job)


def _end(org: Org, job: Job) -> None:
    started = time.monotonic()
    job.changed = org.now()
    if org.settings.bulk_abort:
        job.state = "Aborted"
        return
    try:
        if org.settings.bulk_fail:
            raise Rejected("API_ERROR", org.settings.bulk_fail)
        _process(org, job)
    except Rejected as error:
        job.state, job.error = "Failed", f"{error.code}: {error.message}"
    job.took = int((time.monotonic() - started) * 1000)


def _process(org: Org, job: Job) -> None:
    found = planned(org, job.user_id, job.query, job.operation)
    columns = ", ".join(f"{_written(output)} AS c{number}" for number, output in enumerate(found.outputs))
    select = f"SELECT {columns} {found.source} WHERE {found.condition} {found.ending}"
    with org.transaction():
        # A temporary table lies in a file of its own: a result of millions of rows costs no memory.
        org.execute(f"CREATE TABLE {job.table} AS {select}", found.params)
    job.rows = org.execute(f"SELECT count(*) FROM {job.table}").fetchone()[0]
    job.header = tuple(".".join(output.names) for output in found.outputs)
    job.state = "JobComplete"


def _written(output: Output) -> str:
    """The column as CSV has it: instants end in Z, booleans are words."""
    if output.type == "datetime":
        return f"substr({output.sql}, 1, 23) || 'Z'"
    if output.type == "boolean":
        return f"CASE {output.sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    return output.sql


def page(org: Org, job: Job, after: int, count: int) -> bytes:
    """The header and up to `count` rows behind the first `after`, every value in quotes, null as an empty one."""
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=DELIMITERS[job.delimiter],
        lineterminator=LINE_ENDINGS[job.line_ending],
        quoting=csv.QUOTE_ALL,
    )
    writer.writerow(job.header)
    sql = f"SELECT * FROM {job.table} WHERE rowid > ? AND rowid <= ? ORDER BY rowid"
    writer.writerows(org.execute(sql, (after, after + count)))
    return text.getvalue().encode()
