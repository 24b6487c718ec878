"""The last line of defence: whatever stops a command becomes one sentence on standard error and an exit code."""

import os
from collections.abc import Callable
from typing import Any

import structlog
import typer
from typer.exceptions import TyperException

from app.cli.desk import err
from app.errors import Stop
from connectors.errors import GateError

log = structlog.get_logger(__name__)

USAGE = 2
INTERRUPTED = 130


def guarded(command: Callable[..., Any]) -> int:
    """Run a command and return its exit code: 0 done, 1 a fault of ours, 2 usage, from 3 on see app.errors."""
    try:
        result = command(standalone_mode=False)
        return result if isinstance(result, int) else 0
    except Stop as stop:
        return _said(str(stop), stop.exit_code)
    except GateError as refusal:
        return _said(str(refusal), Stop.exit_code)
    except TyperException as wrong:
        said = wrong.format_message().rstrip(".")
        return _said(f"{said}. Add --help to see what a command takes.", USAGE) if said else USAGE
    except (typer.Abort, KeyboardInterrupt):
        return _said("Stopped; everything done so far is kept, and the same command goes on from there.", INTERRUPTED)
    except OSError as error:
        return _said(f"{error.strerror or error}: {error.filename or 'a file'}. Free space or mend permissions.", 4)
    except Exception as error:  # the edge: a fault of ours must not spill secrets or texts with a traceback
        if os.environ.get("COACHSYNC_DEBUG"):
            raise
        log.exception("unexpected", exc_info=False, kind=type(error).__name__)
        return _said(f"Something unexpected happened ({type(error).__name__}); set COACHSYNC_DEBUG=1 to see where.", 1)


def _said(sentence: str, code: int) -> int:
    err.print(sentence, style="bold red" if err.is_terminal else None, soft_wrap=True)
    return code
