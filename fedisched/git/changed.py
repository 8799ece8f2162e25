"""Which files of a folder differ from a commit."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from fedisched.model.errors import GitError
from fedisched.model.secret import without_credentials

_SECONDS = 60


def changed_since(folder: Path, revision: str) -> set[str]:
    """The paths of files below the folder that were added, changed or renamed since a revision, in its commits or not
    yet committed; relative to the folder, with `/`. Files that git does not know yet are among them.

    Raises GitError where there is no repository or no such revision.
    """
    # A revision may come from a person or a workflow: one that begins with a dash must not become an option.
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    differing = _git(folder, "diff", "--name-only", "-z", "--no-renames", "--diff-filter=d", "--relative", commit, "--")
    unknown = _git(folder, "ls-files", "--others", "--exclude-standard", "-z")
    return {path for path in (differing + unknown).split("\0") if path}


def _git(folder: Path, *arguments: str) -> str:
    # A hook that starts us names its own repository in the environment; we mean the folder's.
    environ = {name: value for name, value in without_credentials(os.environ).items() if not name.startswith("GIT_")}
    environ |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    # Files in the folder can look like a bare repository, with a configuration that runs commands.
    settings = ("-c", "core.fsmonitor=", "-c", "safe.bareRepository=explicit")
    command = ["git", "-C", str(folder), *settings, *arguments]
    try:
        done = subprocess.run(command, env=environ, capture_output=True, timeout=_SECONDS, check=False)
    except FileNotFoundError as error:
        raise GitError("git is not installed", "Install git.") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git {arguments[0]} took longer than {_SECONDS} seconds", "Try again.") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or "there is no such revision"
        raise GitError(
            f"git {arguments[0]} failed: {said}", "Name a commit, branch or tag of this folder's repository."
        )
    return done.stdout.decode("utf-8", "surrogateescape")
