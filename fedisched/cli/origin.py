"""Which commit of fedisched is at work here, so that a workflow can be written that runs the same."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fedisched import __version__

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def revision(installed: Distribution | None = None) -> str:
    """The commit that was installed, where that can be told and others can have it; else the release's tag, or the main
    branch for what was installed from a folder. https://packaging.python.org/specifications/direct-url/"""
    try:
        told = (installed or distribution("fedisched")).read_text("direct_url.json")
    except PackageNotFoundError:
        return _of_folder(Path(__file__).resolve().parent.parent.parent)
    if not told:
        return f"v{__version__}"
    found = json.loads(told)
    commit = str(found.get("vcs_info", {}).get("commit_id", ""))
    if _COMMIT.fullmatch(commit):
        return commit
    address = urlsplit(found.get("url", ""))
    return _of_folder(Path(unquote(address.path))) if address.scheme == "file" else f"v{__version__}"


def _of_folder(folder: Path) -> str:
    """The commit of a clone, if it has been pushed."""
    commit = _git(folder, "rev-parse", "HEAD")
    if _COMMIT.fullmatch(commit) and _git(folder, "branch", "--remotes", "--contains", commit):
        return commit
    return "main"


def _git(folder: Path, *arguments: str) -> str:
    try:
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
