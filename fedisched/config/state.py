"""The state folder: where the journal and everything else that must not travel with the posts is kept."""

from __future__ import annotations

import errno
import hashlib
import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from fedisched.config.places import MOUNTS, mount_of, unfit_for_state
from fedisched.model.errors import StateUnusable

VARIABLE = "FEDISCHED_STATE"
PLAIN_NAME = ".fedisched"

_REASONS = {
    errno.ENOSPC: "The disk is full: make room on it.",
    errno.EDQUOT: "Your disk quota is used up: make room.",
    errno.EROFS: f"The file system is read-only: set {VARIABLE} to a folder that can be written.",
}


def state_folder(folder: Path, environ: Mapping[str, str]) -> Path:
    """Where the state of a content folder is kept; nothing is created.

    `FEDISCHED_STATE` where it is set. Else a sub-folder of `fedisched/` in the git directory of the repository that
    the content folder is in, one for each content folder: there it survives `git clean` and cannot be pushed over.
    Else `.fedisched/` in the content folder. git is not run, and `GIT_DIR` is not looked at: a hook that starts us
    sets it, to whatever repository was pushed to.
    """
    if named := environ.get(VARIABLE, "").strip():
        return Path(os.path.abspath(Path(named).expanduser()))  # noqa: PTH100
    real = folder.resolve()
    for top in (real, *real.parents):
        git = _git_directory(top)
        if git is not None:
            return git / "fedisched" / _name_in_repository(real.relative_to(top).as_posix())
    return real / PLAIN_NAME


def make_state_folder(state: Path, mounts: Path = MOUNTS) -> Path:
    """Create the state folder, readable by its owner only, and give it back; one that exists is made private.

    Raises StateUnusable when it cannot be created, belongs to somebody else, or is in a place where a journal cannot
    be kept (by what is mounted where, `mounts`): nothing is created there.
    """
    if why := unfit_for_state(state, mounts):
        raise StateUnusable(f"The state folder cannot be {state}: {why}", how_to_move_state(state, mounts))
    try:
        _make_private(state)
        if state.name == PLAIN_NAME and not (ignore := state / ".gitignore").exists():
            ignore.write_text("*\n", encoding="ascii")
    except OSError as error:
        hint = _REASONS.get(error.errno or 0) or _how_to_be_let_in(state)
        raise StateUnusable(f"the state folder {state} cannot be used ({error.strerror or error})", hint) from error
    return state


def suggested_state(state: Path, mounts: Path = MOUNTS) -> Path | None:
    """A place of this machine's own for what would be kept in `state`; None where the home folder is no such place."""
    home = Path("~").expanduser()
    beside = home / ".local" / "state" / "fedisched"
    if unfit_for_state(beside, mounts, home):
        return None
    names = [part for part in state.parts if part not in ("/", ".git", "fedisched", "top", PLAIN_NAME)]
    return beside / (names[-1] if names else "posts")


def how_to_move_state(state: Path, mounts: Path = MOUNTS) -> str:
    """The command that has the state kept elsewhere."""
    found = mount_of(state, mounts)
    if found is not None and found.is_shown:
        return (
            f"Keep it in a volume: `docker run -v fedisched-state:/state -e {VARIABLE}=/state …`, or set {VARIABLE} to "
            "another folder inside the container or virtual machine."
        )
    place = suggested_state(state, mounts)
    if place is None:
        return f"Set {VARIABLE} to a folder on a disk of this machine, for every fedisched that works on these posts."
    example = f"export {VARIABLE}={shlex.quote(str(place))}"
    return f"Set {VARIABLE} to a folder on a disk of this machine, wherever fedisched is started: `{example}`."


def _how_to_be_let_in(state: Path) -> str:
    if not os.path.lexists(state):
        return f"Make its parent writable for you, or set {VARIABLE} to another folder."
    if not state.is_dir():
        return f"Move what is in its place away, or set {VARIABLE} to another folder."
    owner = f"`sudo chown -R $(id -un) {shlex.quote(str(state))}`"
    return f"Run fedisched as the user whose it is, give it to yours ({owner}), or set {VARIABLE} to another folder."


def _make_private(state: Path) -> None:
    # Each missing level by itself: `mkdir(parents=True)` would leave the upper ones open to others.
    missing = [level for level in (state, *state.parents) if not level.exists()]
    for level in reversed(missing):
        level.mkdir(mode=0o700, exist_ok=True)
    found = state.stat()
    if not state.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(state))
    if found.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to another user", str(state))
    if found.st_mode & 0o777 != 0o700:
        state.chmod(0o700)


def _git_directory(top: Path) -> Path | None:
    """The git directory of the work tree at `top`: `.git` itself, or what a worktree's or submodule's file names."""
    entry = top / ".git"
    if entry.is_dir():
        return entry if (entry / "HEAD").exists() else None
    try:
        text = entry.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    if not text.startswith("gitdir:"):
        return None
    named = top / text.removeprefix("gitdir:").strip()
    return named.resolve() if (named / "HEAD").exists() else None


def _name_in_repository(relative: str) -> str:
    """A name for a content folder that stays when the repository moves, and that no other folder in it can have."""
    if relative == ".":
        return "top"
    digest = hashlib.sha256(relative.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    word = "".join(c if c.isascii() and c.isalnum() else "-" for c in relative)[-40:].strip("-")
    return f"{word}-{digest}" if word else digest
