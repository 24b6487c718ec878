"""The only door to the CRMs: reads the manifests, and connects by name."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module, resources
from typing import Any, cast

import yaml

from connectors.base import Connector
from connectors.errors import Refused


@cache
def manifests() -> dict[str, dict[str, Any]]:
    """What each CRM we speak declares of itself, by name."""
    root = resources.files("connectors")
    found = (entry / "manifest.yml" for entry in root.iterdir() if entry.is_dir())
    read = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in found if file.is_file())
    return {manifest["name"]: manifest for manifest in read}


def get(
    crm: str,
    settings: Mapping[str, Any],
    secrets: Callable[[], Mapping[str, str]],
    *,
    save: Callable[[Mapping[str, str]], None],
    share: float,
    spent_before: int,
    overlap: timedelta,
    clock: Callable[[], datetime] | None = None,
) -> Connector:
    """A connector to one org; raises Refused for a CRM that has no folder here."""
    if crm not in manifests():
        raise Refused(f"There is no connector '{crm}'; there are: {', '.join(sorted(manifests()))}.")
    module = import_module(f"connectors.{crm}")
    given = {"save": save, "share": share, "spent_before": spent_before, "overlap": overlap, "clock": clock}
    return cast(Connector, module.connect(settings, secrets, **given))
