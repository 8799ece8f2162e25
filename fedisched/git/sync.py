"""Two-way sync with the remote.

Result commits can always be made again, so there is nothing to rebase: those that the remote does not have are made
anew on top of what it has, pushed, and only when it has taken them does this clone move there. So whatever fails on the
way, branch, index and work tree are as they were. A person's own commits and unfinished edits are never moved.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fedisched.git.command import REMOTE, in_short
from fedisched.git.history import Local, is_ancestor, local_commits, made_again, others_results
from fedisched.git.objects import Blob, index_lines, records
from fedisched.git.remote import fetch, push, remote_branch
from fedisched.git.repository import Repository, Standing
from fedisched.git.results import Committed, commit_results, move_branch, refresh_index
from fedisched.model.errors import GitBusy, GitError, Unreachable
from fedisched.model.said import Wording

TRIES = 4
"""How often a push is tried while others are quicker."""

_QUOTED = re.compile(r'^"|\n')
_IN_THE_WAY = re.compile(r"(?:Entry|Untracked working tree file|Updating) '(.+?)'")


@dataclass(frozen=True, slots=True)
class Synced:
    """What came of a sync. `pulled`: this clone has what the remote has, and `moved` to it; `pushed`: the remote has
    our results. `waits` says what has to be mended or waited for, with what to type; empty if nothing has.
    `postponed`: the work tree was to be left alone just now. `others` are the subjects of the result commits that
    another publisher brought there."""

    committed: Committed | None = None
    pulled: bool = False
    moved: bool = False
    pushed: bool = False
    waits: str = ""
    postponed: bool = False
    others: tuple[str, ...] = ()


def sync(
    repository: Repository, wording: Wording, ready: Callable[[], bool] = lambda: True, limit: float = REMOTE
) -> Synced:
    """Commit results, fetch, make results that the remote lacks anew on top of it, push them, and follow.

    `ready` is asked before the work tree is touched; `limit` is in seconds for each request to the remote. Raises
    Unreachable, GitBusy (wait for it) and GitError; the results are committed by then, if they could be.
    """
    settings = repository.settings.git
    committed = commit_results(repository, wording) if settings.commit else None
    standing = repository.at_rest()
    if not settings.remote or not standing.head:
        return Synced(committed)
    branch = remote_branch(repository, standing.branch)
    for _ in range(TRIES):
        upstream = fetch(repository, branch, limit)
        if not upstream:
            words = f"git push -u {settings.remote} {standing.branch}"
            return Synced(committed, waits=f"{settings.remote} has no branch {branch} yet. Type `{words}`.")
        known = [upstream, *_followed(repository, standing.branch)]
        local = local_commits(repository, standing.head, known, wording)
        if local.theirs and not local.paths and is_ancestor(repository.git, upstream, standing.head):
            # Nothing of ours, and nothing new: when to push is the person's own affair.
            return Synced(committed, pulled=True)
        if local.theirs:
            return Synced(committed, waits=_words_about_theirs(repository, local, standing, upstream))
        new = _to_follow(repository, standing, local, upstream, wording)
        refused = ""
        others = _by_others(repository, standing.branch, upstream)
        if new != upstream and settings.commit:
            repository.git("update-ref", _pushing_ref(standing.branch), new)
            try:
                if not push(repository, new, branch, limit):
                    continue
            except Unreachable as error:
                # The remote may be one that we can only read: what it has is followed all the same.
                refused = str(error)
        pushed = new != upstream and settings.commit and not refused
        if new != standing.head and not ready():
            return Synced(committed, pushed=pushed, waits=refused, postponed=True, others=others)
        held_up = _follow(repository, standing, new, upstream if refused else new)
        moved = new != standing.head and not held_up
        return Synced(committed, not held_up, moved, pushed, refused or held_up, others=others)
    raise GitBusy("others push all the time", "It is tried again.")


def _to_follow(repository: Repository, standing: Standing, local: Local, upstream: str, wording: Wording) -> str:
    """The commit in which this clone and the remote are to meet."""
    git = repository.git
    if is_ancestor(git, upstream, standing.head) and is_ancestor(git, local.base, upstream):
        return standing.head
    return made_again(repository, standing.head, local, upstream, wording)


# --- following the remote --------------------------------------------------------------------------------------


def _base_ref(branch: str) -> str:
    # Branches `a` and, later, `a/b` must not be in each other's way.
    return f"refs/worktree/fedisched/{branch.replace('/', '%2F')}"


def _pushing_ref(branch: str) -> str:
    return f"refs/worktree/fedisched-pushing/{branch.replace('/', '%2F')}"


def _by_others(repository: Repository, branch: str, upstream: str) -> tuple[str, ...]:
    """The result commits on the remote that this clone has not followed yet and did not push itself, even if it died
    before it was told that they had arrived."""
    words = ("rev-parse", "-q", "--verify", f"{_pushing_ref(branch)}^{{commit}}")
    ours = repository.git.text(*words, ok=(0, 1, 128))
    since = next(iter(_followed(repository, branch)), "")
    return others_results(repository, since, upstream, [ours] if ours else [])


def _followed(repository: Repository, branch: str) -> list[str]:
    """What the remote had when it was last followed: who rewrites its history does not make that our own commits."""
    found = repository.git.text("rev-parse", "-q", "--verify", f"{_base_ref(branch)}^{{commit}}", ok=(0, 1, 128))
    return [found] if found else []


def _follow(repository: Repository, standing: Standing, new: str, on_remote: str) -> str:
    """Bring branch, index and work tree to a commit, and remember what the remote has; gives in words what holds it
    up, empty if nothing does."""
    git = repository.git
    if new != standing.head:
        now = repository.at_rest()
        if (now.head, now.branch) != (standing.head, standing.branch):
            raise GitBusy("somebody committed meanwhile", "It is tried again.")
        refresh_index(repository)
        _adopt(repository, standing.head, new)
        code, _, err = git.run("read-tree", "-m", "-u", standing.head, new)
        if code != 0:
            return _words_about_edits(repository, err)
        move_branch(repository, standing.branch, new, standing.head, f"fedisched: follow {on_remote[:12]}")
    git("update-ref", _base_ref(standing.branch), on_remote)
    return ""


def _adopt(repository: Repository, old: str, new: str) -> None:
    """Let the index have what is in the work tree already just as it is to be: somebody was cut off while following,
    or the same results came from elsewhere. git would take it for unfinished edits."""
    git = repository.git
    wanted = dict(_changed_files(repository, old, new))
    status = git("status", "--porcelain=v2", "-z", "-uno", "--no-renames")
    unlike_head = {line.split(" ", 8)[8] for line in records(status) if line.startswith("1 ")}
    there = [
        path
        for path, (added, _) in wanted.items()
        if not _QUOTED.search(path) and (added or path in unlike_head) and _is_plain(repository, path)
    ]
    if not there:
        return
    listed = b"".join(os.fsencode(path) + b"\n" for path in there)
    ids = git("hash-object", "--stdin-paths", data=listed).decode().split()
    same = {path: wanted[path][1] for path, name in zip(there, ids, strict=True) if wanted[path][1].id == name}
    if same:
        git("update-index", "--add", "-z", "--index-info", data=index_lines(same))
        refresh_index(repository)


def _is_plain(repository: Repository, path: str) -> bool:
    full = repository.top / path
    return full.is_file() and not full.is_symlink()


def _changed_files(repository: Repository, old: str, new: str) -> Iterator[tuple[str, tuple[bool, Blob]]]:
    """The files that are other ones in the new commit, each with whether it is new altogether."""
    fields = list(records(repository.git("diff-tree", "-r", "-z", "--no-renames", old, new)))
    for facts, path in zip(fields[::2], fields[1::2], strict=True):
        _, mode, _, name, kind = facts.split(" ")
        if mode.startswith("100"):
            yield path, (kind == "A", Blob(mode, name))


# --- words -----------------------------------------------------------------------------------------------------


def _words_about_edits(repository: Repository, err: str) -> str:
    remote = repository.settings.git.remote
    paths = sorted(set(_IN_THE_WAY.findall(err)))
    if not paths:
        if ".lock'" in err:
            raise GitBusy(f"the index is locked: {in_short(err)}", "If no other git is running, delete the lock file.")
        raise GitError(f"what {remote} has could not be brought here: {in_short(err)}", "Type `git pull` to see more.")
    named = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    return (
        f"{remote} has changes to {named}, which you are editing here and have not committed. "
        f"Commit and `git push`, or put yours away with `git stash`; until then nothing is pulled."
    )


def _words_about_theirs(repository: Repository, local: Local, standing: Standing, upstream: str) -> str:
    remote = repository.settings.git.remote
    count = "a commit of yours that is" if local.theirs == 1 else f"{local.theirs} commits of yours that are"
    there = f"{repository.top} has {count} not on {remote}"
    if is_ancestor(repository.git, upstream, standing.head):
        return f"{there}. Type `git push`; results are pushed after that."
    how = "Type `git pull --no-rebase`, then `git push`; until then nothing is pulled."
    return f"{there}, which has new ones itself. {how}"
