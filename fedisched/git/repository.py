"""The repository that the content folder is in: where it stands, and whether it may be worked on just now."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fedisched.git.command import REMOTE, Git
from fedisched.git.objects import records
from fedisched.model.errors import GitBusy, GitError
from fedisched.model.settings import Settings

if TYPE_CHECKING:
    from fedisched.git.results import Committed
    from fedisched.git.sync import Synced
    from fedisched.model.said import Wording

_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "BISECT_LOG": "a bisect",
    "sequencer": "a cherry-pick",
}
_LONGEST_MESSAGE = 600.0
"""Seconds for which somebody may sit before a commit's message; an aborted commit looks the same."""

NAME, EMAIL = "fedisched", "fedisched@localhost"
"""Who commits where nobody is configured."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A tracked file that is not as HEAD has it: `path` relative to the top; modes and ids in HEAD and in the index,
    empty where it is not there; whether the work tree has it as a plain file."""

    path: str
    head_mode: str
    head: str
    index_mode: str
    index: str
    in_work_tree: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """HEAD's commit (empty before the first one) and branch (empty if detached). `busy` says what is under way there,
    empty if nothing is."""

    head: str
    branch: str
    busy: str


class Repository:
    """One work tree. `top` is its top folder; `prefix` where the posts are in it, with a `/` at its end."""

    def __init__(self, git: Git, top: Path, git_dir: Path, settings: Settings) -> None:
        self.git = git
        self.top = top
        self.git_dir = git_dir
        self.settings = settings
        posts = Path(os.path.realpath(settings.posts_folder))
        inside = posts.relative_to(top).as_posix() if posts.is_relative_to(top) else None
        self.prefix = None if inside is None else "" if inside == "." else f"{inside}/"

    # --- what is done with it --------------------------------------------------------------------------------

    def commit_results(self, wording: Wording) -> Committed | None:
        """`fedisched.git.results.commit_results`."""
        from fedisched.git import results

        return results.commit_results(self, wording)

    def sync(self, wording: Wording, ready: Callable[[], bool] = lambda: True, limit: float = REMOTE) -> Synced:
        """`fedisched.git.sync.sync`."""
        from fedisched.git import sync

        return sync.sync(self, wording, ready, limit)

    def fetch(self, branch: str, limit: float = REMOTE) -> str:
        """`fedisched.git.remote.fetch`."""
        from fedisched.git import remote

        return remote.fetch(self, branch, limit)

    def push(self, commit: str, branch: str, limit: float = REMOTE) -> bool:
        """`fedisched.git.remote.push`."""
        from fedisched.git import remote

        return remote.push(self, commit, branch, limit)

    # --- where it stands -------------------------------------------------------------------------------------

    def status(self) -> Standing:
        """Where HEAD is, and what is under way. Raises GitError."""
        code, out, _ = self.git.run("symbolic-ref", "-q", "HEAD")
        branch = os.fsdecode(out).strip().removeprefix("refs/heads/") if code == 0 else ""
        head = self.git.text("rev-parse", "-q", "--verify", "HEAD^{commit}", ok=(0, 1, 128))
        return Standing(head, branch, self._busy())

    def at_rest(self) -> Standing:
        """Where it stands, on a branch with nothing under way. Raises GitBusy otherwise, GitError."""
        standing = self.status()
        if standing.busy:
            raise GitBusy(f"{standing.busy} is under way in {self.top}", "Results are committed when it is over.")
        if standing.head and not standing.branch:
            raise GitBusy(
                f"{self.top} is on no branch (detached HEAD)", "Results are committed when it is on one: `git switch`."
            )
        return standing

    def changed(self) -> Iterator[Entry]:
        """The tracked posts that are not as HEAD has them, but for those with a conflict. Raises GitError."""
        if self.prefix is None:
            return
        out = self.git("status", "--porcelain=v2", "-z", "-uno", "--no-renames", "--", self.prefix or ".")
        for line in records(out):
            if line.startswith("1 "):
                _, _, sub, in_head, in_index, in_tree, head, index, path = line.split(" ", 8)
                if sub.startswith("N") and self.is_post(path):
                    yield Entry(
                        path,
                        in_head,
                        "" if not head.strip("0") else head,
                        in_index,
                        "" if not index.strip("0") else index,
                        in_tree.startswith("100"),
                    )

    def is_post(self, path: str) -> bool:
        """Whether a path relative to the top is where posts are."""
        if self.prefix is None or not path.startswith(self.prefix) or not path.endswith(".md"):
            return False
        inner = PurePosixPath(path[len(self.prefix) :])
        return not any(part.startswith(".") for part in inner.parts) and not inner.name.startswith("README")

    def as_content(self, path: str) -> str:
        """A post's path, relative to the top, as the content folder has it; another folder's as it is."""
        if not self.is_post(path):
            return path
        return f"{self.settings.posts}/{path[len(self.prefix or '') :]}"

    def author(self) -> dict[str, str]:
        """Who makes result commits, as git's environment: `[git] author`, else who git says, else fedisched."""
        name, email = self.settings.git.author_name, self.settings.git.author_email
        if name:
            return _as(name, email)
        code, _, _ = self.git.run("var", "GIT_COMMITTER_IDENT", settings=("user.useConfigOnly=true",))
        return {} if code == 0 else _as(NAME, EMAIL)

    def _busy(self) -> str:
        for name, what in _UNDER_WAY.items():
            if (self.git_dir / name).exists():
                return what
        return "a commit" if self._is_message_open() else ""

    def _is_message_open(self) -> bool:
        """Whether somebody seems to sit before a commit's message: git writes it before the editor opens, and the log
        once the commit is made. To commit in between would make theirs fail."""
        try:
            begun = (self.git_dir / "COMMIT_EDITMSG").stat().st_mtime
            done = (self.git_dir / "logs" / "HEAD").stat().st_mtime
        except OSError:
            return False
        return begun > done and 0 <= time.time() - begun < _LONGEST_MESSAGE


def open_repository(settings: Settings, environ: Mapping[str, str]) -> Repository | None:
    """The repository of a content folder; None if there is none. git is not run to learn that there is none.

    Raises GitError if there is one and git is not there, or will not work on it.
    """
    real = settings.folder.resolve()
    level = next((level for level in (real, *real.parents) if (level / ".git").exists()), None)
    if level is None:
        return None
    # From there and not from the folder: files that look like a bare repository may have been pushed into that one.
    git = Git(level, environ)
    words = ("rev-parse", "--is-inside-work-tree", "--show-toplevel", "--absolute-git-dir")
    code, out, err = git.run(*words)
    if code != 0 and "not a git repository" in err:
        return None
    if code != 0:
        # Asked again for its error.
        git(*words)
    inside, *places = os.fsdecode(out).rstrip("\n").split("\n")
    if inside != "true" or len(places) != 2:
        raise GitError(f"{real} is in no work tree that git could name", "Keep the content folder in a plain one.")
    top, git_dir = map(Path, places)
    return Repository(Git(top, environ), top, git_dir, settings)


def _as(name: str, email: str) -> dict[str, str]:
    return {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
    }
