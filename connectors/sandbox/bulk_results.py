"""Processing query jobs: the result is set aside as it is at that moment, and handed out as CSV in pages."""

import time

from connectors.sandbox.bulk_jobs import KEPT, Job
from connectors.sandbox.errors import Rejected
from connectors.sandbox.org import Actor, Org
from connectors.sandbox.plan import Output, Plan, plan
from connectors.sandbox.queries import sight
from connectors.sandbox.schema import TEXT_TYPES
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
    line = DELIMITERS[job.delimiter].join('"%w"' if output.type in TEXT_TYPES else '"%s"' for output in found.outputs)
    values = ", ".join(map(_written, found.outputs))
    select = f"SELECT printf('{line}', {values}) AS line {found.source} WHERE {found.condition} {found.ending}"
    with org.transaction():
        # A temporary table lies in a file of its own: a result of millions of rows costs no memory.
        org.execute(f"CREATE TABLE {job.table} AS {select}", found.params)
    job.rows = org.execute(f"SELECT count(*) FROM {job.table}").fetchone()[0]
    job.header = DELIMITERS[job.delimiter].join(f'"{".".join(output.names)}"' for output in found.outputs)
    job.state = "JobComplete"


def _written(output: Output) -> str:
    """The value as CSV has it: null is an empty one, instants end in Z, booleans are words."""
    if output.type == "datetime":
        return f"substr({output.sql}, 1, 23) || 'Z'"
    if output.type == "boolean":
        return f"CASE {output.sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    return f"ifnull({output.sql}, '')" if output.type in TEXT_TYPES else output.sql


def page(org: Org, job: Job, after: int, count: int) -> bytes:
    """The header and up to `count` rows behind the first `after`."""
    sql = f"SELECT line FROM {job.table} WHERE rowid > ? AND rowid <= ? ORDER BY rowid"
    lines = [job.header, *(line for (line,) in org.execute(sql, (after, after + count)))]
    ending = LINE_ENDINGS[job.line_ending]
    return (ending.join(lines) + ending).encode()
