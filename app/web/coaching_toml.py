"""coaching.toml, changed from outside: what people wrote into it beside the settings stays."""

import hashlib
import os
import tomllib
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import tomlkit

from app.config import FILE_NAME, Coaching


def etag(home: Path) -> str:
    """Changes with every letter of the file, also where there is none yet."""
    path = home / FILE_NAME
    content = path.read_bytes() if path.exists() else b""
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


def keep(home: Path, coaching: Coaching) -> None:
    """Make the file say this, in one step; the comments on what stays are kept where TOML lets us."""
    path, values = home / FILE_NAME, settings_of(coaching)
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
    _merge(document, values)
    text = tomlkit.dumps(document)
    if not _says(text, coaching):
        text = tomlkit.dumps(values)
    beside = path.with_name(f"{FILE_NAME}.new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


def settings_of(coaching: Coaching) -> dict[str, Any]:
    """What is set, without the defaults."""
    return coaching.model_dump(exclude_unset=True, exclude_none=True)


def _merge(table: MutableMapping[str, Any], values: Mapping[str, Any]) -> None:
    for name in [name for name in table if name not in values]:
        del table[name]
    for name, value in values.items():
        if isinstance(value, Mapping) and isinstance(table.get(name), MutableMapping):
            _merge(table[name], value)
        elif name not in table or table[name] != value:
            table[name] = value


def _says(text: str, coaching: Coaching) -> bool:
    return settings_of(Coaching.model_validate(tomllib.loads(text))) == settings_of(coaching)
