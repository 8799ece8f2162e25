"""Objects of the repository, read and made without touching work tree or index."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fedisched.git.command import Git

_MANY = 200
"""Paths in one command line; the system's limit is far off."""
_PLAIN_INDEX = ("core.splitIndex=false", "index.sparse=false")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file in a commit: its mode (`100644` or `100755`) and its object's id."""

    mode: str
    id: str


def read_blobs(git: Git, ids: Iterable[str]) -> dict[str, bytes]:
    """The contents of blobs by their ids; of what is no blob, nothing."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    out = git("cat-file", "--batch", data="".join(f"{name}\n" for name in wanted).encode())
    found: dict[str, bytes] = {}
    at = 0
    while at < len(out):
        end = out.index(b"\n", at)
        header = out[at:end].decode().split()
        at = end + 1
        if len(header) != 3:
            continue
        size = int(header[2])
        if header[1] == "blob":
            found[header[0]] = out[at : at + size]
        at += size + 1
    return found


def write_blobs(git: Git, contents: Sequence[bytes]) -> list[str]:
    """Make blobs of these bytes as they are; gives their ids in the same order."""
    if not contents:
        return []
    with tempfile.TemporaryDirectory(prefix="fedisched-") as folder:
        paths = [Path(folder) / str(number) for number in range(len(contents))]
        for path, data in zip(paths, contents, strict=True):
            path.write_bytes(data)
        listed = "".join(f"{path}\n" for path in paths).encode()
        return git("hash-object", "-w", "--no-filters", "--stdin-paths", data=listed).decode().split()


def blobs_at(git: Git, commit: str, paths: Iterable[str]) -> dict[str, Blob]:
    """The plain files among these paths (relative to the top) in a commit."""
    wanted = list(paths)
    found: dict[str, Blob] = {}
    for start in range(0, len(wanted), _MANY):
        out = git("ls-tree", "-z", "--full-tree", commit, "--", *wanted[start : start + _MANY])
        for line in records(out):
            facts, _, path = line.partition("\t")
            mode, kind, name = facts.split(" ")
            if kind == "blob" and mode.startswith("100"):
                found[path] = Blob(mode, name)
    return found


def tree_with(git: Git, commit: str, blobs: Mapping[str, Blob]) -> str:
    """The id of a commit's tree with these files in place of its own."""
    with tempfile.TemporaryDirectory(prefix="fedisched-") as folder:
        own = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git("read-tree", commit, environ=own, settings=_PLAIN_INDEX)
        git("update-index", "-z", "--index-info", data=index_lines(blobs), environ=own, settings=_PLAIN_INDEX)
        return git("write-tree", environ=own, settings=_PLAIN_INDEX).decode().strip()


def index_lines(blobs: Mapping[str, Blob]) -> bytes:
    """What `update-index -z --index-info` takes."""
    return b"".join(f"{blob.mode} {blob.id}\t".encode() + os.fsencode(path) + b"\0" for path, blob in blobs.items())


def commit_tree(git: Git, tree: str, parent: str, text: str, author: Mapping[str, str]) -> str:
    """Make a commit that no branch knows of yet; gives its id."""
    words = ("commit-tree", tree, "-p", parent, "-F", "-")
    return git(*words, data=text.encode(), environ=author, settings=("i18n.commitEncoding=UTF-8",)).decode().strip()


def records(out: bytes) -> Iterator[str]:
    """The fields of a `-z` answer."""
    return (os.fsdecode(field) for field in out.split(b"\0") if field)
