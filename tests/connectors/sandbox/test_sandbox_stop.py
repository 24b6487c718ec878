"""Stopping a sandbox that somebody is still connected to."""

import gc
import warnings

import requests

from connectors.sandbox.org import Org
from connectors.sandbox.server import start


def test_a_stopped_sandbox_leaves_no_socket_open():
    """A client that keeps its connection for later does not keep the server's end of it alive."""
    with requests.Session() as session, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ResourceWarning)
        with start(org=Org()) as running:
            assert session.get(f"{running.url}/services/data/", verify=running.ca_file).ok
        gc.collect()
    assert [str(warning.message) for warning in said if "unclosed" in str(warning.message)] == []
