"""tap-salesforce as a pipeline runs it: discover, select the same fields, and print every record as JSON, by REST.

Its way of bulk is the first Bulk API, which the sandbox does not have. This process becomes the tap; its rows are
counted in what it prints.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.peers.task import Task

ASKED = re.compile(r"SELECT (.*) FROM (\w+)")


def main(task: Task, tap: str, folder: Path) -> None:
    """Prepare everything, then be the tap."""
    facts = task.facts
    config, catalog = folder / "config.json", folder / "catalog.json"
    wish = {"client_id": facts["client_id"], "client_secret": facts["client_secret"], "api_type": "REST"}
    wish |= {"refresh_token": facts["refresh_token"], "start_date": "2000-01-01T00:00:00Z"}
    config.write_text(json.dumps(wish), "utf-8")
    here = str(Path(__file__).parent / "to_sandbox")
    environment = os.environ | {"PYTHONPATH": here, "SANDBOX_URL": facts["url"], "REQUESTS_CA_BUNDLE": facts["ca_file"]}
    asked = [tap, "--config", str(config)]
    found = subprocess.run([*asked, "--discover"], env=environment, capture_output=True, check=True).stdout
    fields = {name: set(columns.split(", ")) for columns, name in map(_asked, task.queries.values())}
    catalog.write_text(json.dumps(_selected(json.loads(found), fields)), "utf-8")
    state = folder / "state.json"
    since = ["--state", str(state)] if state.exists() else []
    os.execve(tap, [*asked, "--properties", str(catalog), *since], environment)


def _asked(soql: str) -> tuple[str, str]:
    found = ASKED.match(soql)
    assert found
    return found[1], found[2]


def _selected(catalog: Any, fields: Mapping[str, set[str]]) -> Any:
    streams = [stream for stream in catalog["streams"] if stream["stream"] in fields]
    for stream in streams:
        for entry in stream["metadata"]:
            wanted = not entry["breadcrumb"] or entry["breadcrumb"][-1] in fields[stream["stream"]]
            entry["metadata"]["selected"] = wanted
            if not entry["breadcrumb"]:
                keys = entry["metadata"].get("valid-replication-keys")
                if keys:
                    entry["metadata"] |= {"replication-method": "INCREMENTAL", "replication-key": keys[0]}
    return {"streams": streams}


if __name__ == "__main__":
    main(Task.of(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
