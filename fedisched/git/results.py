"""Results as commits: what the files say of their publishing and HEAD does not.

A file may hold our results and a person's unfinished edit at once. So no file is ever added as it is: HEAD's own
version gets the new `status` and `results`, and nothing else, in a commit that is made beside index and work tree.
What the person has staged gets the results, too, so that it does not take them back when it is committed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fedisched.git.message import Change, message
from fedisched.git.objects import Blob, commit_tree, index_lines, read_blobs, records, tree_with, write_blobs
from fedisched.git.repository import Entry, Repository
from fedisched.model.errors import GitBusy
from fedisched.model.said import Said, Wording, is_news

_CAP = 1_000_001
"""Bytes of a file that are read; a post is smaller."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A result commit: its id, and what is in it."""

    id: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    entry: Entry
    change: Change
    head: bytes
    """HEAD's version with the results in it."""
    index: bytes | None
    """The index's version with the results in it; None where it cannot have them."""


def commit_results(repository: Repository, wording: Wording) -> Committed | None:
    """Commit what fedisched wrote into tracked files; None if HEAD says all of it.

    Files that git ignores or that were never committed are not touched. Raises GitBusy if somebody else is at work in
    the repository (nothing was committed, try again later), GitError.
    """
    found = list(_found(repository, wording))
    if not found:
        return None
    standing = repository.at_rest()
    git = repository.git
    ids = write_blobs(git, [each.head for each in found])
    in_head = {each.entry.path: Blob(each.entry.head_mode, name) for each, name in zip(found, ids, strict=True)}
    changes = tuple(each.change for each in found)
    tree = tree_with(git, standing.head, in_head)
    made = commit_tree(git, tree, standing.head, message(changes), repository.author())
    # The index first: whoever is cut off in between leaves results that are staged, never results that are taken back.
    lines = index_lines(_in_index(repository, found, in_head))
    _require_index(repository, [each.entry for each in found])
    git("update-index", "-z", "--index-info", data=lines)
    move_branch(repository, standing.branch, made, standing.head, "fedisched: results")
    refresh_index(repository)
    return Committed(made, changes)


def move_branch(repository: Repository, branch: str, new: str, old: str, why: str) -> None:
    """Let the branch name another commit, if it still names the old one. Raises GitBusy if it does not."""
    if repository.status().branch != branch:
        raise GitBusy(f"another branch than {branch} was switched to meanwhile", "It is tried again.")
    repository.git("update-ref", "-m", why, f"refs/heads/{branch}", new, old)


def refresh_index(repository: Repository) -> None:
    """Let the index know the files that are as it has them. Nothing depends on it, it only saves others the reading."""
    repository.git.run("update-index", "-q", "--refresh")


def _require_index(repository: Repository, entries: list[Entry]) -> None:
    """Raises GitBusy if somebody staged one of the files since it was looked at."""
    out = repository.git("ls-files", "-s", "-z", "--", repository.prefix or ".")
    now = {path: facts.split(" ")[1] for facts, _, path in (line.partition("\t") for line in records(out))}
    if any(now.get(entry.path, "") != entry.index for entry in entries):
        raise GitBusy("something was staged meanwhile", "It is tried again.")


def _in_index(repository: Repository, found: list[_Found], in_head: Mapping[str, Blob]) -> dict[str, Blob]:
    staged = [each for each in found if each.entry.index != each.entry.head and each.index is not None]
    ids = write_blobs(repository.git, [each.index for each in staged if each.index is not None])
    lines = {each.entry.path: Blob(each.entry.index_mode, name) for each, name in zip(staged, ids, strict=True)}
    for each in found:
        if each.entry.index == each.entry.head:
            lines[each.entry.path] = Blob(each.entry.index_mode, in_head[each.entry.path].id)
    return lines


def _found(repository: Repository, wording: Wording) -> Iterator[_Found]:
    """The files that say something new, each with its versions as they are to be."""
    entries = [entry for entry in repository.changed() if entry.head and entry.in_work_tree]
    blobs = read_blobs(repository.git, [name for entry in entries for name in (entry.head, entry.index) if name])
    for entry in entries:
        said = _said_in_work_tree(repository, entry, wording)
        before = wording.read(blobs.get(entry.head, b""))
        if said is None or before is None or not is_news(before, said):
            continue
        head = wording.write(blobs[entry.head], said)
        if head is None or head == blobs[entry.head]:
            continue
        index = wording.write(blobs[entry.index], said) if entry.index in blobs else None
        yield _Found(entry, Change(repository.as_content(entry.path), before, said), head, index)


def _said_in_work_tree(repository: Repository, entry: Entry, wording: Wording) -> Said | None:
    try:
        descriptor = os.open(repository.top / entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(_CAP)
    except OSError:
        return None
    return None if len(data) >= _CAP else wording.read(data)
