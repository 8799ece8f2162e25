"""A bare repository beside a clone of it, to be pushed to: made, kept in order, never taken from a person."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from fedisched.git.command import Git
from fedisched.model.errors import GitError

MARK = "# Written by `fedisched init --server`"
"""How the second line of a hook of ours begins; any other hook is a person's."""


class Hook(Enum):
    """What became of a hook's file."""

    MADE = "made"
    KEPT = "kept"
    MENDED = "mended"
    THEIRS = "theirs"


def beside(top: Path) -> Path:
    """Where a work tree's bare repository is: `~/posts.git` for `~/posts`."""
    return top.with_name(f"{top.name}.git")


def is_bare(path: Path, environ: Mapping[str, str]) -> bool:
    """Whether a bare repository is at a path. Raises GitError if something else is."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return False
    code, out, err = Git(path.parent, environ).run("--git-dir", str(path), "rev-parse", "--is-bare-repository")
    if "dubious ownership" in err:
        raise GitError(f"{path} belongs to another user", "Run this as that user: hooks and daemon have to be one's.")
    if code != 0 or out.strip() != b"true":
        raise GitError(f"{path} is there, and is no bare repository", "Move it out of the way, then try again.")
    return True


def make_bare(path: Path, branch: str, environ: Mapping[str, str]) -> None:
    """Make an empty bare repository whose branch is this one. Raises GitError."""
    git = Git(path.parent, environ)
    git("init", "-q", "--bare", str(path))
    git("--git-dir", str(path), "symbolic-ref", "HEAD", f"refs/heads/{branch}")


def has_branch(path: Path, branch: str, environ: Mapping[str, str]) -> bool:
    """Whether a bare repository has a branch."""
    words = ("--git-dir", str(path), "rev-parse", "-q", "--verify", f"refs/heads/{branch}^{{commit}}")
    return Git(path.parent, environ).run(*words)[0] == 0


def branch_of(path: Path, environ: Mapping[str, str]) -> str:
    """The branch that a clone of a bare repository would be on; empty if it has no commit."""
    named = Git(path.parent, environ).text("--git-dir", str(path), "symbolic-ref", "-q", "--short", "HEAD", ok=(0, 1))
    return named if named and has_branch(path, named, environ) else ""


def connect(git: Git, bare: Path) -> str:
    """The name of the remote in a clone that leads to the bare repository; there is one afterwards.

    It is `origin`, or `server` where `origin` is somewhere else. Raises GitError if both are.
    """
    for name in ("origin", "server"):
        url = git.text("config", f"remote.{name}.url", ok=(0, 1))
        if not url:
            git("remote", "add", name, str(bare))
            return name
        if _leads_to(url, git.folder, bare):
            return name
    raise GitError(
        f"the remotes origin and server of {git.folder} are both somewhere else than {bare}",
        f"Rename one (`git remote rename server …`), or point it there (`git remote set-url server {bare}`).",
    )


def write_hook(bare: Path, name: str, text: str) -> Hook:
    """Write one of our hooks; a person's is left alone. Raises OSError."""
    path = bare / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    before = _text_of(path)
    if before is not None and MARK not in before:
        return Hook.THEIRS
    if before == text and os.access(path, os.X_OK):
        return Hook.KEPT
    partial = path.with_name(f".{name}.new")
    partial.write_text(text, encoding="utf-8", errors="surrogateescape")
    partial.chmod(0o755)
    partial.replace(path)
    return Hook.MADE if before is None else Hook.MENDED


def use_own_hooks(bare: Path, environ: Mapping[str, str]) -> None:
    """A `core.hooksPath` of the user's would have git pass over the repository's hooks; it is set aside here."""
    git = Git(bare.parent, environ)
    # Without a home there is no such file to be asked: that is an answer, too.
    asked = [git.run("config", place, "core.hooksPath") for place in ("--global", "--system")]
    if any(code == 0 for code, _, _ in asked):
        git("--git-dir", str(bare), "config", "core.hooksPath", "hooks")


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        # A link to nothing is something of a person's, too.
        return "" if path.is_symlink() else None


def _leads_to(url: str, folder: Path, bare: Path) -> bool:
    url = url.removeprefix("file://")
    return "://" not in url and (folder / url).resolve() == bare.resolve()
