"""The floor: order the same query jobs, download their pages and parse them; nothing is kept."""

import sys
import time
from collections.abc import Iterator, Mapping
from io import BytesIO

import requests
from pyarrow import csv

from bench.peers.task import Task, told


def read(task: Task) -> int:
    """How many rows there are."""
    with requests.Session() as session:
        session.trust_env, session.verify = False, task.facts["ca_file"]
        session.headers["Authorization"] = f"Bearer {task.token}"
        jobs = f"{task.facts['url']}/services/data/v66.0/jobs/query"
        return sum(
            _rows(page) for soql in task.queries.values() for page in _pages(session, jobs, soql, task.page_rows)
        )


def _pages(session: requests.Session, jobs: str, soql: str, page_rows: int) -> Iterator[bytes]:
    wish = {"operation": "queryAll", "query": soql, "contentType": "CSV", "lineEnding": "LF"}
    job = f"{jobs}/{session.post(jobs, json=wish, timeout=60).json()['id']}"
    while session.get(job, timeout=600).json()["state"] != "JobComplete":
        time.sleep(0.1)
    locator = ""
    while locator != "null":
        params: Mapping[str, str | int] = {"maxRecords": page_rows} | ({"locator": locator} if locator else {})
        answer = session.get(f"{job}/results", params=params, timeout=600)
        locator = answer.headers["Sforce-Locator"]
        yield answer.content
    session.delete(job, timeout=60)


def _rows(page: bytes) -> int:
    return int(csv.read_csv(BytesIO(page)).num_rows)


if __name__ == "__main__":
    told(lambda: read(Task.of(sys.argv[1])))
