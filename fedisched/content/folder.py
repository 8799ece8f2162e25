"""The folder of posts: which files are posts, which are not and why, and reading one without leaving the folder.

Whoever can push to the repository can put a symbolic link, a FIFO or an odd name there, so nothing is opened before
it is known to be a plain file inside the content folder.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from heapq import merge
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fedisched.content.fences import FILE_CAP, too_large
from fedisched.model.problem import Problem, Severity

_ENDING = ".md"
_SPELLINGS = frozenset((".md", ".markdown", ".mdown", ".mkd", ".mkdn", ".mdwn", ".mdtext"))
# Names with nothing odd about them, as most have: the short way.
_PLAIN_NAME = re.compile(r"(?!README)[A-Za-z0-9][A-Za-z0-9 ._-]*\.md", re.ASCII)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Controls, ends of lines, and turns of direction: a message with one shows another name than the file's."""
_LEFT_OUT = "Move it out of the posts folder, or start its name with a dot."


class FoundFile(NamedTuple):
    """A post's file as the folder has it. `path` is relative to the content folder, with `/`; `size` in bytes, the
    times in nanoseconds since 1970. For a symbolic link all but the path are those of the file it names. A tuple,
    since 10,000 of them are made at each start."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int


def scan(folder: Path, posts: str) -> Iterator[FoundFile | Problem]:
    """Every post below `posts` in the content folder, in order of path; a problem in the place of each file that
    looks like a post and cannot be one. Opens no file, and follows no link out of the content folder."""
    path = PurePosixPath(posts).as_posix()
    walk = _Walk(os.path.realpath(folder), os.path.realpath(folder / posts))
    if not _is_inside(walk.posts, walk.root):
        hint = "Set `posts` in the config to a folder inside the content folder."
        yield _problem(path, "outside-folder", "the posts folder is outside the content folder", hint)
    elif not os.path.isdir(walk.posts):  # noqa: PTH112
        hint = f"Make it (`mkdir {path}`), or set `posts` in the config."
        yield _problem(path, "no-such-folder", "there is no posts folder", hint)
    else:
        yield from walk.directory(str(folder / posts), "" if path == "." else f"{path}/")


def read_file(folder: Path, path: str) -> tuple[bytes, os.stat_result] | Problem:
    """A file's bytes and its stat as of the reading; the problem if it is not there, is no plain file, leads out of
    the content folder, may not be read, or is larger than any post may be (it is not read whole then)."""
    try:
        data, found = _read_plain(folder, path) or _read_closely(folder, path)
    except _LeadsOut:
        return _leads_out(path)
    except (OSError, ValueError) as error:
        return _unreadable(path, error)
    if data is None:
        return _no_plain_file(path, found.st_mode)
    return too_large(path) if len(data) > FILE_CAP else (data, found)


class _LeadsOut(Exception):
    """The file is outside of the content folder."""


_Read = tuple[bytes | None, os.stat_result]


def _read_plain(folder: Path, path: str) -> _Read | None:
    """A plain file that is no link itself, the short way: it is opened, and then the kernel is asked where it is. None
    for what needs a closer look, and where the kernel cannot be asked."""
    name = f"{folder}/{path}"
    try:
        if not stat.S_ISREG(os.lstat(name).st_mode):
            return None
        handle = os.open(name, _OPEN)
    except OSError:
        return None
    try:
        where = os.readlink(f"/proc/self/fd/{handle}")  # noqa: PTH115
        root = _root(folder)
        if not _is_inside(where, root) or _is_nobodys(where, root):
            return None
        return _read_open(handle)
    except OSError:
        return None
    finally:
        os.close(handle)


def _read_closely(folder: Path, path: str) -> _Read:
    """Any file: every link on the way to it is followed, anew each time, and must stay in the content folder."""
    real = os.path.realpath(f"{folder}/{path}", strict=True)
    root = os.path.realpath(folder)
    if not _is_inside(real, root) or _is_nobodys(real, root):
        raise _LeadsOut
    # Looked at before it is opened: to open a device may do something, to open a FIFO may wait for ever.
    found = os.lstat(real)
    if not stat.S_ISREG(found.st_mode):
        return None, found
    handle = os.open(real, _OPEN)
    try:
        return _read_open(handle)
    finally:
        os.close(handle)


_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY


def _read_open(handle: int) -> _Read:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        return None, found
    # One byte more than there should be: less than that comes only at the end of the file.
    data = os.read(handle, min(found.st_size, FILE_CAP) + 1)
    return (data if len(data) <= found.st_size else data + _read_up_to(handle, FILE_CAP + 1 - len(data))), found


@lru_cache(maxsize=8)
def _root(folder: Path) -> str:
    """Where the content folder really is. Once it is moved, nothing is inside, and all is looked at closely."""
    return os.path.realpath(folder)


def _is_inside(real: str, root: str) -> bool:
    """Whether a real path is a folder's, or below it."""
    return real == root or real.startswith(root if root.endswith("/") else f"{root}/")


def _is_nobodys(real: str, root: str) -> bool:
    """Whether a path inside the folder is where git and we keep our own."""
    return not _NOBODYS.isdisjoint(real[len(root) :].lower().split("/"))


_NOBODYS = frozenset((".git", ".fedisched"))


def _read_up_to(handle: int, size: int) -> bytes:
    pieces = []
    while size > 0 and (piece := os.read(handle, size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


@dataclass(slots=True)
class _Walk:
    """One scan. All paths here are real ones. `linked` are those that links led to: a file that is found under two
    paths would be published twice."""

    root: str
    posts: str
    linked: list[str] = field(default_factory=list)

    def directory(self, where: str, path: str) -> Iterator[FoundFile | Problem]:
        """What is in a directory and below it; `path` is its own, with a `/` behind it."""
        try:
            with os.scandir(where) as found:
                plain, others = _sorted_out(found, path)
        except OSError as error:
            yield _unreadable(path.rstrip("/"), error)
            return
        plain.sort()
        if not others:
            yield from plain
            return
        others.sort(key=_sort_key)
        both: tuple[Iterable[FoundFile | os.DirEntry[str]], ...] = (plain, others)
        for one in merge(*both, key=partial(_name_of, path)):
            if isinstance(one, FoundFile):
                yield one
            elif not _is_passed_over(one.name):
                yield from self.entry(one, f"{path}{one.name}")

    def entry(self, entry: os.DirEntry[str], path: str) -> Iterator[FoundFile | Problem]:
        try:
            if entry.is_symlink():
                yield from self.link(entry, path)
            elif entry.is_dir(follow_symlinks=False):
                if _looks_like_a_post(entry.name):
                    yield _directory(path)
                yield from [_bad_name(path)] if _is_unspeakable(entry.name) else self.directory(entry.path, f"{path}/")
            elif _looks_like_a_post(entry.name):
                yield _file(entry.name, path, entry.stat(follow_symlinks=False))
        except OSError as error:
            yield _unreadable(path, error)

    def link(self, entry: os.DirEntry[str], path: str) -> Iterator[FoundFile | Problem]:
        try:
            real = os.path.realpath(entry.path, strict=True)
            found = os.lstat(real)
        except OSError as error:
            if _looks_like_a_post(entry.name):
                yield _unreadable(path, error)
            return
        is_directory = stat.S_ISDIR(found.st_mode)
        if not is_directory and not _looks_like_a_post(entry.name):
            return
        if not _is_inside(real, self.root) or _is_nobodys(real, self.root):
            yield _leads_out(path)
        elif self.is_found_otherwise(real):
            yield _twice(path, os.path.relpath(real, self.root))
        elif not is_directory:
            self.linked.append(real)
            yield _file(entry.name, path, found)
        elif _is_unspeakable(entry.name):
            yield _bad_name(path)
        else:
            self.linked.append(real)
            yield from self.directory(entry.path, f"{path}/")

    def is_found_otherwise(self, real: str) -> bool:
        """Whether the walk gets there without this link: following it would find posts twice, or never end."""
        ways = (self.posts, *self.linked)
        return any(_is_inside(real, way) or _is_inside(way, real) for way in ways)


def _sorted_out(entries: Iterable[os.DirEntry[str]], path: str) -> tuple[list[FoundFile], list[os.DirEntry[str]]]:
    """The posts that are plain files in this very folder, and whatever needs a closer look. In one loop, since it goes
    round 10,000 times at each start."""
    plain, others = [], []
    is_plain = _PLAIN_NAME.fullmatch
    for entry in entries:
        try:
            if is_plain(entry.name) and entry.is_file(follow_symlinks=False):
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(found.st_mode):
                    plain.append(_found_file(path + entry.name, found))
                    continue
        except OSError:
            pass  # It is said what is wrong where it is looked at closely.
        others.append(entry)
    return plain, others


def _name_of(path: str, one: FoundFile | os.DirEntry[str]) -> str:
    return one.path[len(path) :] if isinstance(one, FoundFile) else _sort_key(one)


def _found_file(path: str, found: os.stat_result) -> FoundFile:
    # SQLite keeps 63 bits of a number, and some file systems give inodes of 64.
    inode = found.st_ino & 0x7FFF_FFFF_FFFF_FFFF
    return FoundFile(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, inode, found.st_dev)


def _sort_key(entry: os.DirEntry[str]) -> str:
    """What makes the order of the walk the order of whole paths: a folder's name ends in `/` there."""
    try:
        return f"{entry.name}/" if entry.is_dir() else entry.name
    except OSError:
        return entry.name


def _looks_like_a_post(name: str) -> bool:
    return name[name.rfind(".") :].lower() in _SPELLINGS


def _is_passed_over(name: str) -> bool:
    return name.startswith((".", "#", "README")) or name.endswith("~")


def _is_unspeakable(name: str) -> bool:
    """Whether a name cannot be written into a message, a JSON document or a commit as it is."""
    if name.isascii():
        return not name.isprintable()
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return bool(_CONTROL.search(name))


def _file(name: str, path: str, found: os.stat_result) -> FoundFile | Problem:
    if _is_unspeakable(name):
        return _bad_name(path)
    if not stat.S_ISREG(found.st_mode):
        return _no_plain_file(path, found.st_mode)
    if not name.endswith(_ENDING):
        message = f"the file is passed over: its name does not end in `{_ENDING}`"
        hint = f"Rename it to `{name[: name.rfind('.')]}{_ENDING}` if it is a post."
        return _problem(path, "other-ending", message, hint, "warning")
    return _found_file(path, found)


def _problem(path: str, code: str, message: str, hint: str, severity: Severity = "error") -> Problem:
    return Problem(_speakable(path), 1, 1, code, message, hint, severity)


def _speakable(path: str) -> str:
    """A path with escapes in the place of what cannot be shown."""
    shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), shown)


def _bad_name(path: str) -> Problem:
    message = "the name holds control characters, or is not UTF-8"
    return _problem(path, "file-name", message, "Rename the file.")


def _directory(path: str) -> Problem:
    return _problem(
        path, "not-a-file", "this is a directory, not a post", f"Rename it, so that it does not end in `{_ENDING}`."
    )


def _no_plain_file(path: str, mode: int) -> Problem:
    if stat.S_ISDIR(mode):
        return _directory(path)
    kinds = ((stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"))
    kind = next((name for is_kind, name in kinds if is_kind(mode)), "a device")
    return _problem(path, "not-a-file", f"this is {kind}, not a file", _LEFT_OUT)


def _leads_out(path: str) -> Problem:
    hint = "Put the file itself there: what lies outside is not in the repository, and is not read."
    return _problem(path, "outside-folder", "the path leads out of the content folder", hint)


def _twice(path: str, other: str) -> Problem:
    hint = "Delete the link: a post under two paths would be published twice."
    return _problem(path, "found-twice", f"this is a link to what is found as {_speakable(other)}", hint)


def _unreadable(path: str, error: OSError | ValueError) -> Problem:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOENT:
        message = "the file is not there, or is a link to nothing"
        return _problem(path, "no-such-file", message, "Put the file back, or delete the link.")
    if number == errno.ELOOP:
        return _problem(path, "link-loop", "the link leads back to itself", "Delete the link.")
    if number in (errno.EACCES, errno.EPERM):
        hint = "Give the user that runs fedisched the right to read it (`chmod u+r`)."
        return _problem(path, "not-readable", "the file may not be read", hint)
    why = error.strerror if isinstance(error, OSError) and error.strerror else "its name cannot be used"
    return _problem(path, "not-readable", f"the file cannot be read: {why}", "Look at the file and its disk.")
