"""What is shipped: the image, the composition and the settings say what is true, and their commands run anywhere."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile_parse import DockerfileParser
from packaging.requirements import Requirement
from sqlalchemy import text
from typer.main import get_command

from app.cli.commands import cli
from app.config import Settings
from app.store.session import Store

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if name != "database"}
PATIENCE_SECONDS = 60
KEY = "Zm9yIHRlc3RzIG9ubHksIDMyIGJ5dGVzIHdpZGUhISE="


def stages() -> list[list[tuple[str, str]]]:
    """What the Dockerfile says: instructions and what they are given, stage by stage."""
    found: list[list[tuple[str, str]]] = []
    for step in DockerfileParser(str(ROOT / "Dockerfile")).structure:
        if step["instruction"] == "FROM":
            found.append([])
        if step["instruction"] != "COMMENT":
            found[-1].append((step["instruction"], step["value"]))
    return found


def given(stage: list[tuple[str, str]], name: str) -> list[str]:
    """What an instruction of this name is given, without its flags."""
    return [re.sub(r"^(--\S+ )+", "", value) for instruction, value in stage if instruction == name]


BUILD, LAST = stages()
COMMANDS = [*(service["command"] for service in OURS.values()), json.loads(given(LAST, "CMD")[0])]


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.lstrip("#").split("=", 1) for line in lines if re.match(r"#?[A-Z_]+=", line))


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), flags=re.M))


def test_the_composition_is_one() -> None:
    """It keeps to the schema of compose files."""
    command = ["check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(ROOT / "compose.yaml")]
    found = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


def test_the_image_is_not_root_and_holds_nothing_that_builds() -> None:
    """Two stages; in the last neither installers nor compilers, a user by number, and a look at its health."""
    assert given(BUILD, "FROM") == ["python:3.11-slim AS build"]
    assert given(LAST, "FROM") == ["python:3.11-slim"]
    assert given(LAST, "USER") == ["10001:10001"]
    assert len(given(LAST, "HEALTHCHECK")) == 1
    assert not re.search(r"\b(apt|apt-get|pip|gcc|make|curl|wget)\b", " ".join(given(LAST, "RUN")))
    assert "uninstall --yes setuptools pip" in given(BUILD, "RUN")[-1]


def test_the_image_gets_what_it_copies_and_nothing_else() -> None:
    """What is copied is there and is let through, and everything else, such as a .env, is kept out."""
    copied = {word for line in given(BUILD, "COPY") for word in line.split()[:-1]}
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignore
    assert {line[1:] for line in ignore if line.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)


def test_what_runs_is_locked_as_what_is_tested() -> None:
    """The image's packages are those of the tests, all that are needed, and none that is only for development."""
    runs, everything = pins("requirements-run.lock"), pins("requirements.lock")
    assert runs.items() <= everything.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {Requirement(line).name for line in project["dependencies"]}
    development = {Requirement(line).name for line in project["optional-dependencies"]["dev"]} - {"setuptools"}
    assert needed <= runs.keys()
    assert not development & runs.keys()


def test_every_variable_is_known_and_in_the_example() -> None:
    """`.env.example` names what the code reads, no more and no less, and holds no secret."""
    read = {f"COACHSYNC_{name.upper()}" for name in Settings.model_fields}
    for source in (ROOT / "app").rglob("*.py"):
        read |= set(re.findall(r"COACHSYNC_[A-Z_]+", source.read_text(encoding="utf-8")))
    assert example().keys() == read | {"POSTGRES_PASSWORD"}
    assert example()["COACHSYNC_SECRET_KEY"] == example()["POSTGRES_PASSWORD"] == ""
    shipped = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("compose.yaml", "Dockerfile"))
    assert set(re.findall(r"COACHSYNC_[A-Z_]+", shipped)) <= read
    assert set(re.findall(r"\$\{([A-Z_]+)", shipped)) <= example().keys()


def test_only_the_proxy_reaches_what_is_composed() -> None:
    """One port, on loopback; nobody is root or gains rights; work begins when the migration is through."""
    assert [service["ports"] for service in COMPOSE["services"].values() if "ports" in service] == [
        ["127.0.0.1:8000:8000"]
    ]
    for service in OURS.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"]
    for name in ("web", "worker"):
        assert OURS[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert OURS["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that these words name, and what they give it."""
    command: Any = get_command(cli)
    while words and hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_one(words: list[str]) -> None:
    """The command line knows what image and composition ask of it."""
    command, given_to_it = command_of(words)
    command.make_context("coachsync", list(given_to_it))


def typed(page: str) -> list[str]:
    """What a page says to type after `coachsync`, in its blocks of code and in its sentences."""
    prose_and_code = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ").split("```")
    in_prose = re.findall(r"`coachsync ([^`]+)`", " ".join(prose_and_code[::2]))
    in_code = re.findall(r"^coachsync ([^#\n]+)", "\n".join(prose_and_code[1::2]), flags=re.M)
    return in_prose + in_code


@pytest.mark.parametrize("page", ["README.md", "docs/run-it.md", "docs/hooks.md", "docs/api.md"])
def test_what_the_pages_say_to_type_can_be_typed(page: str) -> None:
    """Every command and every option in them is one."""
    assert typed(page)
    for line in typed(page):
        command, words = command_of(line.split())
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known | {"--help"}, line


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pip install .` puts into the image, and nothing of this checkout beside it."""
    place = tmp_path_factory.mktemp("installed")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, place / name)
    for name in ("app", "connectors", "coaching_rules", "migrations"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = "from setuptools import setup; setup(script_args=['-q', 'build', '--build-lib', 'lib'])"
    subprocess.run([sys.executable, "-W", "ignore", "-c", build], cwd=place, check=True, capture_output=True)
    return place / "lib"


def environment(installed: Path, home: Path, **more: str) -> dict[str, str]:
    """A container's: nothing of whoever runs the tests."""
    return {"PATH": os.defpath, "HOME": str(home), "COACHSYNC_HOME": str(home), "PYTHONPATH": str(installed), **more}


def coachsync(*words: str) -> list[str]:
    return [sys.executable, "-c", "import sys; from app.cli.commands import main; main()", *words]


@pytest.fixture
def composed(installed: Path, tmp_path: Path, postgresql: Store) -> dict[str, str]:
    """What a composed service finds: an empty PostgreSQL and a key."""
    with postgresql.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("CREATE DATABASE shipped"))
    url = postgresql.engine.url.set(drivername="postgresql", database="shipped").render_as_string(hide_password=False)
    return environment(installed, tmp_path, COACHSYNC_DATABASE_URL=url, COACHSYNC_SECRET_KEY=KEY)


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def healthy(port: int) -> bool:
    """What the image's own look at its health says."""
    python, *words = json.loads(given(LAST, "HEALTHCHECK")[0].removeprefix("CMD "))
    assert python == "python"
    words[-1] = words[-1].replace("8000", str(port))
    return subprocess.run([sys.executable, *words], env={}, stderr=subprocess.DEVNULL).returncode == 0


def test_the_composition_lives(
    composed: dict[str, str], installed: Path, tmp_path: Path, port: int, started: list[subprocess.Popen[bytes]]
) -> None:
    """Migration, web and worker run as composed, from what is installed, with an empty home; the image sees it."""
    assert not healthy(port)
    migrated = subprocess.run(coachsync(*OURS["migrate"]["command"]), env=composed, cwd=tmp_path, capture_output=True)
    assert migrated.returncode == 0, migrated.stderr
    web = [word.replace("0.0.0.0", "127.0.0.1") for word in OURS["web"]["command"]]
    for words in ([*web, "--port", str(port)], OURS["worker"]["command"]):
        started.append(subprocess.Popen(coachsync(*words), env=composed, cwd=tmp_path, stdout=subprocess.DEVNULL))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not healthy(port):
        assert time.monotonic() < deadline
    assert [process.poll() for process in started] == [None, None]
    for process in started:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(PATIENCE_SECONDS) for process in started] == [0, 0]
