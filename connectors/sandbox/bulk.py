"""Bulk API 2.0, its query half: jobs are ordered, watched, read page by page and cleared away."""

import base64
import binascii
import time
from typing import Any

from connectors.sandbox import bulk_results
from connectors.sandbox.bulk_jobs import Job
from connectors.sandbox.bulk_results import DELIMITERS, LINE_ENDINGS
from connectors.sandbox.call import Answer, Call
from connectors.sandbox.errors import Rejected, not_found
from connectors.sandbox.org import Org
from connectors.sandbox.soql import parse
from connectors.sandbox.values import instant

UNSUPPORTED = frozenset({"taskstatus", "taskpriority"})
RESULT_PAGES_SINCE = 58
PAGES_LISTED = 5

_CHOICES: dict[str, tuple[str, ...]] = {
    "operation": ("query", "queryAll"),
    "contentType": ("CSV",),
    "columnDelimiter": tuple(DELIMITERS),
    "lineEnding": tuple(LINE_ENDINGS),
}
_DEFAULTS = {"contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}


def create(org: Org, call: Call, version: str, _parts: tuple[str, ...]) -> Answer:
    """POST: a new job, in the state in which every job begins."""
    wish = _wish(call.record)
    object_name = _bulk_object(org, call, wish)
    limit = org.settings.bulk_job_limit
    if org.jobs.made_today(org.now()) >= limit:
        raise Rejected("LIMIT_EXCEEDED", f"Max bulk v2 query jobs ({limit}) per 24 hrs has been reached")
    job = Job(
        id=org.new_key("750"),
        user_id=call.actor.user_id,
        operation=wish["operation"],
        query=wish["query"],
        object_name=object_name,
        version=version,
        delimiter=wish["columnDelimiter"],
        line_ending=wish["lineEnding"],
        created=org.now(),
        changed=org.now(),
        began=time.monotonic(),
    )
    org.jobs.add(job)
    return Answer(value=_basics(job))


def _wish(body: dict[str, Any]) -> dict[str, str]:
    wish = {name: str(value) for name, value in {**_DEFAULTS, **body}.items()}
    for name, choices in _CHOICES.items():
        if wish.get(name) not in choices:
            raise Rejected("API_ERROR", f"{name} must be one of {', '.join(choices)}")
    if not wish.get("query"):
        raise Rejected("API_ERROR", "query must be provided")
    return wish


def _bulk_object(org: Org, call: Call, wish: dict[str, str]) -> str:
    """The object asked for, if a job may read it and the query holds nothing that only REST can answer."""
    query = parse(wish["query"])
    if query.object_name.lower() in UNSUPPORTED:
        raise Rejected("INVALIDENTITY", f"Entity '{query.object_name}' is not supported by the Bulk API.")
    if query.aggregates or query.offset:
        raise Rejected("API_ERROR", "Implementation restriction: aggregates and OFFSET are not supported in Bulk Query")
    found = bulk_results.planned(org, call.actor.user_id, wish["query"], wish["operation"])
    if any(output.type == "base64" for output in found.outputs):
        raise Rejected("API_ERROR", f"{found.object_name}: binary fields are not supported in Bulk Query")
    return found.object_name


def info(org: Org, _call: Call, _version: str, parts: tuple[str, ...]) -> Answer:
    """GET: how far the job is."""
    return Answer(value=_whole(org.jobs.get(parts[0])))


def listing(org: Org, _call: Call, _version: str, _parts: tuple[str, ...]) -> Answer:
    """GET: all jobs there are."""
    return Answer(value={"done": True, "records": [_whole(job) for job in org.jobs.all()], "nextRecordsUrl": None})


def abort(org: Org, call: Call, _version: str, parts: tuple[str, ...]) -> Answer:
    """PATCH {"state": "Aborted"}: the only change a job allows."""
    job = org.jobs.get(parts[0])
    if call.record.get("state") != "Aborted":
        raise Rejected("API_ERROR", "state can only be changed to Aborted")
    if job.over:
        raise Rejected("INVALIDJOBSTATE", f"Aborting already completed Job not allowed: {job.state}")
    job.state, job.changed = "Aborted", org.now()
    return Answer(value=_whole(job))


def remove(org: Org, _call: Call, _version: str, parts: tuple[str, ...]) -> Answer:
    """DELETE: a job that is over, with its result."""
    job = org.jobs.get(parts[0])
    if not job.over:
        raise Rejected("API_ERROR", f"A job in the state {job.state} cannot be deleted; abort it first.")
    bulk_results.remove(org, job)
    return Answer(status=204)


def results(org: Org, call: Call, version: str, parts: tuple[str, ...]) -> Answer:
    """GET: one page as CSV; Sforce-Locator names the next, the word null says there is none."""
    job = _complete(org, version, parts[0])
    start, count = _start(job, call), _count(org, call)
    end = min(job.rows, start + count)
    headers = {
        "Content-Type": "text/csv; charset=UTF-8",
        "Sforce-NumberOfRecords": str(end - start),
        "Sforce-Locator": _locator(end) if end < job.rows else "null",
    }
    return Answer(value=bulk_results.page(org, job, start, count), headers=headers)


def result_pages(org: Org, call: Call, version: str, parts: tuple[str, ...]) -> Answer:
    """GET: addresses of up to five pages, to be read side by side."""
    if int(version[1:-2]) < RESULT_PAGES_SINCE:
        raise not_found()
    job = _complete(org, version, parts[0])
    base, size = f"/services/data/{version}/jobs/query/{job.id}", org.settings.bulk_page_rows
    starts = range(_start(job, call), max(job.rows, 1), size)
    listed = [{"resultUrl": f"{base}/results?locator={_locator(start)}"} for start in starts[:PAGES_LISTED]]
    answer: dict[str, Any] = {"resultPages": listed, "done": len(starts) <= PAGES_LISTED}
    if not answer["done"]:
        answer["nextRecordsUrl"] = f"{base}/resultPages?locator={_locator(starts[PAGES_LISTED])}"
    return Answer(value=answer)


def _complete(org: Org, version: str, key: str) -> Job:
    job = org.jobs.get(key)
    if job.version != version:
        message = f"The job was made with API version {job.version[1:]}; its results cannot be read with {version[1:]}."
        raise Rejected("API_ERROR", message, 409)
    if job.state != "JobComplete":
        raise Rejected("INVALIDJOBSTATE", f"The job has no results in the state {job.state}.")
    return job


def _locator(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")


def _start(job: Job, call: Call) -> int:
    given = call.query.get("locator", "")
    try:
        start = int(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4))) if given else 0
    except (binascii.Error, ValueError):
        start = -1
    if not 0 <= start <= job.rows:
        raise Rejected("API_ERROR", "invalid locator")
    return start


def _count(org: Org, call: Call) -> int:
    given = call.query.get("maxRecords", str(org.settings.bulk_page_rows))
    if not given.isdecimal() or int(given) < 1:
        raise Rejected("API_ERROR", "maxRecords must be a number above 0")
    return int(given)


def _basics(job: Job) -> dict[str, Any]:
    return {
        "id": job.id, "operation": job.operation, "object": job.object_name, "createdById": job.user_id,
        "createdDate": instant(job.created), "systemModstamp": instant(job.changed), "state": job.state,
        "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": float(job.version[1:]),
        "lineEnding": job.line_ending, "columnDelimiter": job.delimiter,
    }  # fmt: skip


def _whole(job: Job) -> dict[str, Any]:
    whole = {
        **_basics(job), "jobType": "V2Query", "numberRecordsProcessed": job.rows, "retries": 0,
        "totalProcessingTime": job.took, "isPkChunkingSupported": "order by" not in job.query.lower(),
    }  # fmt: skip
    return whole | ({"errorMessage": job.error} if job.error else {})
