"""Which files of a folder differ from a commit."""

from __future__ import annotations

import os
from pathlib import Path

from fedisched.git.command import Git, in_short
from fedisched.model.errors import GitError


def changed_since(folder: Path, revision: str) -> set[str]:
    """The paths of files below the folder that were added, changed or renamed since a revision, in its commits or not
    yet committed; relative to the folder, with `/`. Files that git does not know yet are among them.

    Raises GitError where there is no repository or no such revision.
    """
    git = Git(folder, os.environ)
    # A revision may come from a person or a workflow: one that begins with a dash must not become an option.
    code, commit, said = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if code:
        words = in_short(said) if said.strip() else "there is no such revision"
        raise GitError(f"git rev-parse failed: {words}", "Name a commit, branch or tag of this folder's repository.")
    begin = os.fsdecode(commit).strip()
    differing = git("diff", "--name-only", "-z", "--no-renames", "--diff-filter=d", "--relative", begin, "--")
    unknown = git("ls-files", "--others", "--exclude-standard", "-z")
    return {path for path in os.fsdecode(differing + unknown).split("\0") if path}
