"""Brings the programs of others here, into a folder of their own outside the repository, once."""

import shutil
import subprocess
import sys
from pathlib import Path

from platformdirs import user_cache_path

HERE = Path(__file__).parent
JSFORCE, TAP = "jsforce@3.10.16", "tap-salesforce==2.8.1"
ENGINES = ["zen-engine==2.1.3", "rule-engine==5.1.0", "cel-python==0.5.0", "common-expression-language==0.10.0"]
NPM = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]


def jsforce() -> Path:
    """The folder from which node finds jsforce. Raises OSError or CalledProcessError where it cannot be had."""
    folder = _folder(JSFORCE)
    if not (folder / "node_modules" / "jsforce").exists():
        subprocess.run([*NPM, JSFORCE], cwd=folder, check=True, capture_output=True)
    return folder


def tap() -> Path:
    """The program tap-salesforce, in an environment of its own: its licence keeps it out of ours. Raises as above."""
    return _environment(TAP, [TAP], "tap-salesforce")


def engines() -> Path:
    """A Python that has the other rule engines. Raises as above."""
    return _environment("engines", ENGINES, "zenengine").with_name("python")


def _environment(name: str, packages: list[str], program: str) -> Path:
    folder = _folder(name)
    found = folder / "bin" / program
    if not found.exists():
        shutil.rmtree(folder)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
        subprocess.run([folder / "bin" / "pip", "install", *packages], check=True, capture_output=True)
    return found


def _folder(name: str) -> Path:
    folder: Path = user_cache_path("coachsync-bench") / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
