"""simple-salesforce as its users use it: `rest` iterates records, `bulk2` parses the CSV of query jobs."""

import csv
import io
import sys

import requests
from simple_salesforce.api import Salesforce

from bench.peers.task import Task, told


def read(task: Task, way: str) -> int:
    """How many rows there are."""
    with requests.Session() as session:
        session.trust_env, session.verify = False, task.facts["ca_file"]
        sf = Salesforce(instance_url=task.facts["url"], session_id=task.token, session=session, version="66.0")
        count = _by_rest if way == "rest" else _by_job
        return sum(count(sf, name, soql) for name, soql in task.queries.items())


def _by_rest(sf: Salesforce, _name: str, soql: str) -> int:
    return sum(1 for _ in sf.query_all_iter(soql, include_deleted=True))


def _by_job(sf: Salesforce, name: str, soql: str) -> int:
    pages = getattr(sf.bulk2, name).query_all(soql, wait=0)
    return sum(1 for page in pages for _ in csv.DictReader(io.StringIO(page, newline="")))


if __name__ == "__main__":
    told(lambda: read(Task.of(sys.argv[1]), sys.argv[2]))
