"""The arguments and options that mean the same to every command."""

from pathlib import Path
from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(help="Name of the connection.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        help="Judge as of this instant (ISO 8601; without a zone: UTC). Default: now, or the newest row of an export.",
    ),
]
Rules = Annotated[
    Path | None,
    typer.Option("--rules", help="Folder of rules, over the starter pack. Default: what was pushed, else HOME/rules."),
]
