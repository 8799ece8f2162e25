"""Which commits of a clone are not on the remote, and whether they are results only: those can always be made again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fedisched.git.command import Git
from fedisched.git.message import Change, is_ours, message
from fedisched.git.objects import Blob, blobs_at, commit_tree, read_blobs, records, tree_with, write_blobs
from fedisched.git.repository import Repository
from fedisched.model.said import Said, Wording, is_news, merged


@dataclass(frozen=True, slots=True)
class Local:
    """The commits that only this clone has, the last one first. `paths` are the posts whose results are in them;
    `base` is what they stand on. `theirs` counts the commits that are not results alone: a person's."""

    commits: tuple[str, ...]
    theirs: int
    base: str
    paths: tuple[str, ...]


def local_commits(repository: Repository, head: str, known: Sequence[str], wording: Wording) -> Local:
    """What is in `head` and not in the commits that are known to be, or to have been, on the remote."""
    git = repository.git
    words = ("log", "-z", "--topo-order", "--format=%H %P%n%B", head, "--not", *known, "--")
    out = git(*words, settings=("log.showSignature=false",))
    commits: list[str] = []
    paths: dict[str, None] = {}
    theirs, base = 0, head
    for record in records(out):
        line, _, body = record.partition("\n")
        commit, *parents = line.split()
        commits.append(commit)
        base = parents[0] if parents else ""
        touched = _results_in(repository, commit, parents, wording) if is_ours(body) else None
        if touched is None:
            theirs += 1
        else:
            paths |= dict.fromkeys(touched)
    return Local(tuple(commits), theirs, base, tuple(paths))


def others_results(repository: Repository, since: str, upstream: str, known: Sequence[str]) -> tuple[str, ...]:
    """The subjects of the result commits that came to the remote since a commit and are not in those known to be ours:
    another publisher's."""
    if not since:
        return ()
    words = ("log", "-z", "--format=%s%n%B", f"{since}..{upstream}", "--not", *known, "--")
    out = repository.git(*words, settings=("log.showSignature=false",))
    found = (record.partition("\n") for record in records(out))
    return tuple(subject for subject, _, body in found if is_ours(body))


def is_ancestor(git: Git, older: str, newer: str) -> bool:
    """Whether a commit is another one, or in its history."""
    return git.run("merge-base", "--is-ancestor", older, newer)[0] == 0


def made_again(repository: Repository, head: str, local: Local, upstream: str, wording: Wording) -> str:
    """A commit on top of `upstream` with the results of the local commits in it; `upstream` itself if it has them."""
    git = repository.git
    if not local.paths:
        return upstream
    ours, base = blobs_at(git, head, local.paths), blobs_at(git, local.base, local.paths)
    place = dict(_renamed(git, local.base, upstream))
    place = {path: place.get(path, path) for path in local.paths}
    theirs = blobs_at(git, upstream, place.values())
    contents = read_blobs(git, [blob.id for found in (ours, base, theirs) for blob in found.values()])

    def said(blobs: Mapping[str, Blob], path: str) -> Said | None:
        return wording.read(contents[blobs[path].id]) if path in blobs else None

    changes: list[Change] = []
    new: dict[str, bytes] = {}
    for path, now in place.items():
        mine, before, other = said(ours, path), said(base, path), said(theirs, now)
        if mine is None or other is None:
            continue
        # Of two that weigh the same, the one that is on the remote stays.
        both = merged(before or Said(), other, mine)
        data = wording.write(contents[theirs[now].id], both) if is_news(other, both) else None
        if data is not None:
            new[now] = data
            changes.append(Change(repository.as_content(now), other, both))
    if not new:
        return upstream
    ids = write_blobs(git, list(new.values()))
    blobs = {path: Blob(theirs[path].mode, name) for path, name in zip(new, ids, strict=True)}
    return commit_tree(git, tree_with(git, upstream, blobs), upstream, message(changes), repository.author())


def _results_in(repository: Repository, commit: str, parents: Sequence[str], wording: Wording) -> list[str] | None:
    """The posts that a commit gives results to, those of other content folders in this repository, too; None if it
    does anything else, whatever its message says: somebody may have amended it."""
    git = repository.git
    if len(parents) != 1:
        return None
    fields = list(records(git("diff-tree", "-r", "-z", "--no-renames", parents[0], commit)))
    paths = fields[1::2]
    if not all(path.endswith(".md") for path in paths):
        return None
    before, after = blobs_at(git, parents[0], paths), blobs_at(git, commit, paths)
    contents = read_blobs(git, [blob.id for found in (before, after) for blob in found.values()])
    for path in paths:
        if path not in before or path not in after:
            return None
        new = contents[after[path].id]
        said = wording.read(new)
        if said is None or wording.write(contents[before[path].id], said) != new:
            return None
    return paths


def _renamed(git: Git, old: str, new: str) -> Iterator[tuple[str, str]]:
    """Where files went from one commit to another."""
    out = git("diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", old, new)
    fields = list(records(out))
    yield from zip(fields[1::3], fields[2::3], strict=True)
