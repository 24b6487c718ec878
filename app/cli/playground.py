"""A company to play with: the sandbox as a server to connect to, and the demo that lives some days in it."""

import errno
import json
import shlex
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.cli.desk import err, now, out, read_settings, say
from app.cli.options import AsJson
from app.demo.days import Life
from app.demo.telling import summed, told
from app.demo.world import Loading, fill, world
from app.errors import NotReady
from connectors.sandbox.company import Batch, company
from connectors.sandbox.maven import maven
from connectors.sandbox.org import Org
from connectors.sandbox.server import HOST, serve

DEFAULT_PORT = 8788
DEFAULT_SEED = 7
DATA, ORIGIN, CONNECTION = "org.sqlite3", "origin.json", "connection.json"
ANSWERS_AFTER_SECONDS = 0.05

CompanySeed = Annotated[int | None, typer.Option("--company", help="Seed of a made-up company. Default: 7.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Folder of the Maven CRM Sales Opportunities files.")]


def sandbox(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = DEFAULT_PORT,
    csv: Csv = None,
    seed: CompanySeed = None,
    scale: Annotated[float, typer.Option(help="Size of the made-up company; 1 has 2,400 deals.", min=0.01)] = 1.0,
    plain: Annotated[bool, typer.Option("--plain", help="HTTP instead of HTTPS.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Where its data and keys are kept. Default: HOME/sandbox.")
    ] = None,
    no_key_field: Annotated[bool, typer.Option("--no-key-field", help="Without our external-id field.")] = False,
) -> None:
    """Serve a small Salesforce with a company in it, until Ctrl-C. The same folder goes on where it stopped."""
    if csv and seed is not None:
        raise NotReady("Give either --csv or --company, not both.")
    folder = (folder or read_settings().home / "sandbox").resolve()
    origin = {
        "csv": str(csv.resolve()) if csv else None,
        "company": DEFAULT_SEED if seed is None else seed,
        "scale": scale,
        "key_field": not no_key_field,
    }
    if (folder / DATA).exists():
        origin = _kept_origin(folder)
    else:
        _build(folder, origin)
    fields = bool(origin["key_field"])
    with closing(Org(folder / DATA, key_field=fields)) as org, _announced(folder, fields):
        _serve(org, port, plain, folder)
    out.print("Stopped; the same command goes on with this company.")


def _serve(org: Org, port: int, plain: bool, folder: Path) -> None:
    try:
        serve(org=org, port=port, tls=not plain, key_dir=folder)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise NotReady(f"Port {port} cannot be had; choose another with --port, or 0 for a free one.") from error


def _kept_origin(folder: Path) -> dict[str, Any]:
    out.print(f"Going on with the company in {folder}; give another --dir for a new one.", soft_wrap=True)
    try:
        return dict(json.loads((folder / ORIGIN).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise NotReady(f"{folder / ORIGIN} cannot be read; give another --dir to begin anew.") from error


def _build(folder: Path, origin: dict[str, Any]) -> None:
    """Load beside the place and move in at the end, so that a company is whole or not there."""
    batches = _batches(origin)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = folder / f"{DATA}.part"
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)  # the keys of the sandbox lie in it, too
    with closing(Org(unfinished, key_field=origin["key_field"])) as org, _loading("Loading the company") as loading:
        fill(org, batches, loading)
    (folder / ORIGIN).write_text(json.dumps(origin), encoding="utf-8")
    unfinished.rename(folder / DATA)


def _batches(origin: dict[str, Any]) -> Iterator[Batch]:
    """The company's rows; what is wrong with the files is said before anything is made."""
    today = now().date()
    if not origin["csv"]:
        return company(origin["company"], today=today, scale=origin["scale"])
    rows = maven(Path(origin["csv"]), today=today)
    try:
        return chain([next(rows)], rows)
    except ValueError as error:
        raise NotReady(str(error)) from error


@contextmanager
def _announced(folder: Path, key_field: bool) -> Iterator[None]:
    """Beside the server: a thread that waits for it to answer, and then tells how to connect."""
    (folder / CONNECTION).unlink(missing_ok=True)
    stopped = threading.Event()
    teller = threading.Thread(target=_announce, args=(folder, key_field, stopped))
    teller.start()
    try:
        yield
    finally:
        stopped.set()
        teller.join()


def _announce(folder: Path, key_field: bool, stopped: threading.Event) -> None:
    while not stopped.wait(ANSWERS_AFTER_SECONDS):
        if given := _answering(folder):
            out.print(_invitation(given, key_field), soft_wrap=True)
            return


def _invitation(given: dict[str, Any], key_field: bool) -> str:
    words = ["coachsync", "connect", "salesforce", "sandbox", "--login-url", given["url"]]
    words += ["--client-id", given["client_id"], "--username", given["username"]]
    words += ["--private-key-file", given["private_key_file"]]
    words += ["--ca-file", given["ca_file"]] if given["ca_file"] else []
    words += [] if key_field else ["--key-field", ""]
    lines = [f"The sandbox answers at {given['url']} until Ctrl-C."]
    lines += [f"Its certificate authority: {given['ca_file']}"] if given["ca_file"] else []
    return "\n".join([*lines, "Connect to it with", "", shlex.join(words), ""])


def _answering(folder: Path) -> dict[str, Any] | None:
    """What the server wrote about itself, once it answers there."""
    with suppress(OSError, ValueError):
        given: dict[str, Any] = json.loads((folder / CONNECTION).read_text(encoding="utf-8"))
        with closing(socket.create_connection((HOST, urlsplit(given["url"]).port or 0))):
            return given
    return None


def demo(
    days: Annotated[int, typer.Option(help="Working days to live.", min=1)] = 10,
    seed: Annotated[int, typer.Option(help="Another seed is another company with other days.")] = DEFAULT_SEED,
    scale: Annotated[float, typer.Option(help="Size of the company; 1 has 2,400 deals.", min=0.01)] = 1.0,
    database_url: Annotated[
        str | None, typer.Option(help="Keep the demo's store in this database. Default: a temporary one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Live some working days with a made-up company: plans, tasks, people's answers, and what it all came to."""
    read_settings()
    found, seconds = _lived(now().date(), days, seed, scale, database_url, as_json)
    if as_json:
        say({**found, "seconds": round(seconds, 1)})


def _lived(
    today: date, days: int, seed: int, scale: float, database_url: str | None, quiet: bool
) -> tuple[dict[str, Any], float]:
    began = time.monotonic()
    with ExitStack() as held:
        home = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="coachsync-demo-")))
        with _loading("Making the company") as loading:
            made = world(home, seed=seed, today=today, scale=scale, database_url=database_url, loading=loading)
            life = Life(held.enter_context(made), seed=seed)
        for n in range(1, days + 1):
            with _loading(f"Day {n} of {days}"):
                day = life.day()
            if not quiet:
                out.print(told(day))
        found, seconds = life.tally(), time.monotonic() - began
    if not quiet:
        out.print(summed(found, seconds))
    return asdict(found), seconds


@contextmanager
def _loading(title: str) -> Iterator[Loading]:
    """A line on the terminal that says how far it is; nothing where nobody watches."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        line = progress.add_task(title)

        def show(name: str, rows: int) -> None:
            progress.update(line, description=f"{title}: {rows:,} rows, {name}")

        yield show
