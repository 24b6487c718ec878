"""Leads a program that signs in to login.salesforce.com, and lets nobody say otherwise, to the sandbox instead."""

import os
from typing import Any

from requests.adapters import HTTPAdapter

LOGIN = "https://login.salesforce.com"
_send = HTTPAdapter.send


def _led(adapter: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:
    request.url = request.url.replace(LOGIN, os.environ["SANDBOX_URL"], 1)
    return _send(adapter, request, *args, **kwargs)


HTTPAdapter.send = _led  # type: ignore[method-assign, assignment]
