"""What is being pushed to a bare repository and is not taken yet, read as git's objects.

Nothing of it is checked out, so nothing that it contains can take effect: no filter, attribute, submodule or
configuration. Until the push is taken, its objects are in a quarantine that git names to its hooks in the environment.
https://git-scm.com/docs/git-receive-pack#_quarantine_environment
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from fedisched.git.command import Git
from fedisched.git.objects import read_blobs, records

_QUARANTINE = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH")
_BATCH = 16_000_000
"""Bytes that are in memory at once, but for a single file that is larger."""
_LONGEST_LINK = 4096
# What a name alone can be the reason of: too long, not in the disk's encoding, the same as another but for its case.
_UNFIT = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)
LINK = "120000"


@dataclass(frozen=True, slots=True)
class Update:
    """A line that git gives to pre-receive: a ref's name, its commit before and after; empty where there is none."""

    ref: str
    old: str
    new: str

    @property
    def branch(self) -> str:
        """The branch's name; empty for a tag or anything else."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else ""


@dataclass(frozen=True, slots=True)
class File:
    """A file or symbolic link in a commit: its mode, its object's id and its size in bytes."""

    mode: str
    id: str
    size: int


@dataclass(frozen=True, slots=True)
class Change:
    """A file that differs between two commits: its object before and after, empty where it is not there; `is_link`
    if what is there afterwards is a symbolic link."""

    path: str
    before: str
    after: str
    is_link: bool = False


def updates(lines: Iterable[bytes]) -> list[Update]:
    """What git says on pre-receive's standard input."""
    found = []
    for line in lines:
        old, new, ref = os.fsdecode(line).rstrip("\n").split(" ", 2)
        found.append(Update(ref, old if old.strip("0") else "", new if new.strip("0") else ""))
    return found


class Pushed:
    """The objects of a push. Paths are relative to `place` (the content folder's in the repository, with a `/` at its
    end; empty for the top). Raises GitError."""

    def __init__(self, bare: Path, place: str, environ: Mapping[str, str]) -> None:
        self.place = place
        self._git = _Quarantined(bare, environ)

    def changes(self, old: str, new: str, paths: Sequence[str]) -> list[Change]:
        """The files at or below these paths that differ between two commits; without an old one, all. A rename is a
        file that went and one that came."""
        before = old or self._git("hash-object", "-t", "tree", "--stdin").decode().strip()
        words = (
            "diff-tree",
            "-r",
            "-z",
            "--no-renames",
            "--no-ext-diff",
            "--ignore-submodules=none",
            before,
            new,
            "--",
        )
        fields = records(self._git(*words, *self._below(paths)))
        found = []
        for facts in fields:
            _, mode, was, now, _ = facts.split(" ")
            path = next(fields)
            is_file = mode.startswith("100") or mode == LINK
            old_one, new_one = was if was.strip("0") else "", now if is_file else ""
            found.append(Change(self._inside(path), old_one, new_one, mode == LINK))
        return found

    def files(self, commit: str) -> dict[str, File]:
        """All files and symbolic links of a commit in the content folder, by path."""
        below = self._below([""])
        out = self._git("ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", *below)
        found = {}
        for line in records(out):
            facts, _, path = line.partition("\t")
            mode, kind, name, size = facts.split()
            if kind == "blob" and _is_sane(path):
                found[self._inside(path)] = File(mode, name, int(size))
        return found

    def contents(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Blobs by their ids."""
        return read_blobs(self._git, ids)

    def sizes(self, ids: Iterable[str]) -> dict[str, int]:
        """How many bytes these objects have."""
        asked = "".join(f"{name}\n" for name in dict.fromkeys(ids)).encode()
        out = self._git("cat-file", "--batch-check=%(objectname) %(objectsize)", data=asked).decode()
        return {name: int(size) for name, size in (line.split(" ") for line in out.splitlines()) if size.isdigit()}

    def read(self, files: Mapping[str, File]) -> Iterator[tuple[str, bytes]]:
        """Files with their contents, some at a time, so that many need no more memory than few."""
        for batch in batches(files):
            found = self.contents(file.id for file in batch.values())
            for path, file in batch.items():
                yield path, found.get(file.id, b"")

    def lay_out(self, files: Mapping[str, File], folder: Path, cap: Mapping[str, int]) -> dict[str, str]:
        """Write files into an empty folder; those in `cap` get no more than so many bytes, and these empty.

        Gives those whose names this disk does not bear, and why. Links come last, so that nothing is written through
        one. Raises OSError for anything else.
        """
        plain = {path: file for path, file in files.items() if file.mode != LINK}
        small = {path: file for path, file in plain.items() if file.size <= _BATCH and path not in cap}
        laying = _Laying(folder)
        for path, file in plain.items():
            if path in cap:
                laying.put(path, partial(_make_empty, size=min(file.size, cap[path])))
            elif path not in small:
                laying.put(path, partial(self._unpack, file.id))
        links = {path: file for path, file in files.items() if file.mode == LINK and file.size < _LONGEST_LINK}
        for path, data in self.read(small):
            laying.put(path, partial(_write, data=data))
        for path, data in self.read(links):
            laying.put(path, partial(_link, data=data))
        return laying.unfit

    def _unpack(self, name: str, target: Path) -> None:
        # git writes it itself, into the folder that it stands in: no need to hold a film in memory.
        (self._git.folder / self._git.text("unpack-file", name)).replace(target)

    def _below(self, paths: Sequence[str]) -> list[str]:
        below = [f"{self.place}{path}".rstrip("/") for path in paths]
        # A path that says nothing is the whole repository, as is no path at all.
        return below if all(below) else []

    def _inside(self, path: str) -> str:
        return path.removeprefix(self.place)


class _Quarantined(Git):
    """git for the repository that is being pushed to, its quarantine included."""

    def __init__(self, bare: Path, environ: Mapping[str, str]) -> None:
        super().__init__(bare, environ)
        named = {name: environ[name] for name in _QUARANTINE if environ.get(name)}
        if where := named.get("GIT_OBJECT_DIRECTORY"):
            named["GIT_OBJECT_DIRECTORY"] = str(bare / where)
        self._environ = {**self._environ, **named, "GIT_DIR": str(bare)}


def _is_sane(path: str) -> bool:
    """Whether a path stays where it is put: a tree can be made by hand, with any names in it."""
    return not any(part in ("", ".", "..") for part in path.split("/"))


@dataclass(slots=True)
class _Laying:
    """Files on their way into a folder; `unfit` are those that cannot be there by their names, and why."""

    folder: Path
    unfit: dict[str, str] = field(default_factory=dict)

    def put(self, path: str, make: Callable[[Path], object]) -> None:
        target = self.folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            make(target)
        except OSError as error:
            if error.errno not in _UNFIT:
                raise
            self.unfit[path] = os.strerror(error.errno)


def _make_empty(target: Path, size: int) -> None:
    with target.open("xb") as file:
        file.truncate(size)


def _write(target: Path, data: bytes) -> None:
    with target.open("xb") as file:
        file.write(data)


def _link(target: Path, data: bytes) -> None:
    if data and b"\0" not in data:
        target.symlink_to(os.fsdecode(data))


def batches(files: Mapping[str, File]) -> Iterator[dict[str, File]]:
    """The files in portions that memory bears."""
    batch: dict[str, File] = {}
    size = 0
    for path, file in files.items():
        if batch and size + file.size > _BATCH:
            yield batch
            batch, size = {}, 0
        batch[path] = file
        size += file.size
    if batch:
        yield batch
