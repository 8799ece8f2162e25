"""Which commit of fedisched is at work here, so that a workflow can be written that runs the same."""

from __future__ import annotations

import json
import os
import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fedisched import __version__
from fedisched.git.command import Git
from fedisched.model.errors import GitError

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
    git = Git(folder, os.environ)
    try:
        commit = git.text("rev-parse", "HEAD")
        is_there = _COMMIT.fullmatch(commit) and git("branch", "--remotes", "--contains", commit)
    except GitError:
        return "main"
    return commit if is_there else "main"
