"""Put new bytes in a file's place, whole and synced, and only if it is still the file that was read.

A check of the digest followed by a rename leaves a moment in which an editor's save would be lost. Where the kernel
can swap two names in one step (renameat2 with RENAME_EXCHANGE, https://man7.org/linux/man-pages/man2/rename.2.html)
there is no such moment: the new file goes in, the old one comes out under a hidden name, and only then is it judged.
If what came out is not what was read, it goes back. A read lease on it (F_SETLEASE,
https://man7.org/linux/man-pages/man2/fcntl.2.html) tells whether an editor still has it open for writing, so that a
save in place which is under way is not lost either.

Where the file system or the system (macOS) knows no swap, the digest is checked once more right before the rename; a
save within those microseconds is overwritten. Where it knows no leases, or the file belongs to somebody else, a save
in place that was opened before the swap and first writes after it is lost.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import hashlib
import os
import re
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from fedisched.model.errors import CannotWrite, FileChanged
from fedisched.model.lacking import FORBIDDEN, FULL, HOW_TO_OPEN_MORE, TOO_MANY_FILES

if sys.platform == "linux":
    import fcntl

# Hidden, so that scan, watcher and people pass over them. A `.part` is ours and may be incomplete. A `.swap` is
# complete, and says in its name what it may hold: the bytes that were expected, or the new ones. Anything else in it
# is a person's save that a crash caught between two renames.
_PART = re.compile(r"\.fedisched-[0-9a-f]{16}\.part")
_SWAP = re.compile(r"\.fedisched-[0-9a-f]{16}-([0-9a-f]{16})-([0-9a-f]{16})\.swap")
_TAG = 16

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100
_NO_SWAP_HERE = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}


def replace_file(path: Path, expected_digest: str, data: bytes) -> None:
    """Replace a file's content, durably, if the sha-256 (hex) of what it holds is still `expected_digest`.

    Mode, owner, group and extended attributes are kept as far as the system lets us. A symbolic link stays a link;
    the file it points at is replaced. Of a file with several hard links only this name gets the new content: the
    others keep the old one.

    Raises FileChanged if the file holds something else, is gone, or is just being written; CannotWrite if the disk is
    full, read-only or not ours. In both cases the file is as its last writer left it and no temporary stays behind.
    """
    with _told_as_cannot_write(path):
        try:
            target = Path(os.path.realpath(path, strict=True))
            _require(path, target.is_file())
            with _synced_at_last(target.parent):
                with target.open("rb") as current:
                    _require(path, _digest(current) == expected_digest)
                    part = _written_beside(target, current.fileno(), data)
                _put_in_place(path, target, part, expected_digest, hashlib.sha256(data).hexdigest())
        except FileNotFoundError:
            raise _changed(path) from None


def try_replacing(path: Path, data: bytes) -> None:
    """Whether `replace_file` could write this just now: everything of it is done but the last step.

    Raises CannotWrite if it could not; the file is not touched and no temporary stays behind.
    """
    with _told_as_cannot_write(path):
        target = Path(os.path.realpath(path, strict=True))
        with target.open("rb") as current:
            _written_beside(target, current.fileno(), data).unlink()


def remove_stale_temporaries(folder: Path, now: int, older_than: int = 600_000_000) -> tuple[Path, ...]:
    """Remove what a killed process left below a folder; `now` and `older_than` are in microseconds (since 1970 UTC).

    Returns those left alone because they hold neither the old nor the new bytes: a person's save, caught by a crash.
    """
    rescued = []
    for temporary in _temporaries(folder):
        with contextlib.suppress(OSError):
            # The change time, since a file that was swapped out keeps its old modification time.
            found = temporary.lstat()
            # A link or a pipe of such a name was made by somebody else, and may lead anywhere.
            if not stat.S_ISREG(found.st_mode) or found.st_ctime_ns // 1000 > now - older_than:
                continue
            if _is_known(temporary):
                temporary.unlink()
            else:
                rescued.append(temporary)
    return tuple(rescued)


def _temporaries(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(root, name) for name in files if _PART.fullmatch(name) or _SWAP.fullmatch(name))


def _is_known(temporary: Path) -> bool:
    swap = _SWAP.fullmatch(temporary.name)
    return swap is None or hashlib.sha256(temporary.read_bytes()).hexdigest()[:_TAG] in swap.groups()


def _written_beside(target: Path, current: int, data: bytes) -> Path:
    """A complete, synced copy of the data in the target's folder, with the target's owner and mode."""
    part = target.with_name(f".fedisched-{os.urandom(8).hex()}.part")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            _write_all(fd, data)
            _take_after(current, fd)
            os.fsync(fd)
        finally:
            os.close(fd)
    except BaseException:
        part.unlink()
        raise
    return part


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _take_after(current: int, new: int) -> None:
    """Give the new file the current one's owner, group, mode and attributes, as far as we may."""
    facts = os.fstat(current)
    mine = os.fstat(new)
    if facts.st_uid != mine.st_uid:
        with contextlib.suppress(PermissionError):
            os.fchown(new, facts.st_uid, -1)
    if facts.st_gid != mine.st_gid:
        with contextlib.suppress(PermissionError):
            os.fchown(new, -1, facts.st_gid)
    os.fchmod(new, stat.S_IMODE(facts.st_mode))  # last: a change of owner clears bits of the mode
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for name in os.listxattr(current):
                with contextlib.suppress(OSError):
                    os.setxattr(new, name, os.getxattr(current, name))


def _put_in_place(path: Path, target: Path, part: Path, expected: str, new: str) -> None:
    swap = target.with_name(f"{part.stem}-{expected[:_TAG]}-{new[:_TAG]}.swap")
    try:
        part.rename(swap)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    try:
        exchanged = _exchange(swap, target)
        if not exchanged:
            _require(path, hashlib.sha256(target.read_bytes()).hexdigest() == expected)
            swap.rename(target)
    except BaseException:
        swap.unlink(missing_ok=True)
        raise
    if exchanged:
        _judge(path, target, swap, expected, new)


def _judge(path: Path, target: Path, swap: Path, expected: str, new: str) -> None:
    """Drop what came out of the swap if it is what was read; otherwise put it back."""
    came_out = ""
    try:
        with swap.open("rb") as old, _lease(old.fileno()) as still_ours:
            came_out = _digest(old)
            if came_out == expected and still_ours():
                swap.unlink()
                return
            _put_back(target, swap, came_out, new)  # before the lease ends: whoever waits to write finds it in place
    except OSError:
        if not came_out:
            _put_back(target, swap, came_out, new)
        raise
    raise _changed(path)


def _put_back(target: Path, swap: Path, newest: str, inside: str) -> None:
    """Swap until what comes out is what we put in: anything else was saved meanwhile, and the newest save stays.

    `newest` is the digest of what lies in the hidden file, `inside` of what we last put under the target's name.
    """
    while True:
        try:
            _exchange(swap, target)
        except FileNotFoundError:  # the target was removed or moved away; the save must not be
            swap.rename(target)
            return
        came_out = hashlib.sha256(swap.read_bytes()).hexdigest()
        if came_out == inside:
            swap.unlink()
            return
        newest, inside = came_out, newest


@contextlib.contextmanager
def _lease(fd: int) -> Iterator[Callable[[], bool]]:
    """Hold a read lease while judging; the value tells whether nobody has the file open for writing, nor wants to.

    Where leases are not to be had (another system, a network mount, somebody else's file) it is taken on trust.
    """
    if sys.platform != "linux":
        yield lambda: True
        return
    try:
        # A lease that is being broken sends SIGIO, which ends a process; SIGURG is ignored by default.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        being_written = error.errno == errno.EAGAIN
        yield lambda: not being_written
        return
    try:
        yield lambda: fcntl.fcntl(fd, fcntl.F_GETLEASE) == fcntl.F_RDLCK
    finally:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where this system or file system cannot."""
    renameat2 = _renameat2()
    if renameat2 is None:
        return False
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_SWAP_HERE:
        return False
    raise OSError(number, os.strerror(number), str(other))


@functools.cache
def _renameat2() -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    try:
        function = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # glibc before 2.28
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    function.restype = ctypes.c_int
    found: Callable[..., int] = function
    return found


def _digest(file: BinaryIO) -> str:
    return hashlib.sha256(file.read()).hexdigest()


@contextlib.contextmanager
def _synced_at_last(folder: Path) -> Iterator[None]:
    """The folder is opened first, so that nothing but the disk itself can fail once the names have changed."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield
        _sync(fd)
    finally:
        os.close(fd)


def _sync(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # some network mounts cannot, and need not
            raise


def _require(path: Path, unchanged: bool) -> None:
    if not unchanged:
        raise _changed(path)


def _changed(path: Path) -> FileChanged:
    return FileChanged(f"{path} has changed since it was read", "Nothing was written. Read it again.")


@contextlib.contextmanager
def _told_as_cannot_write(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror or error}", _hint(path, error)) from error


def _hint(path: Path, error: OSError) -> str:
    if error.errno in FULL:
        return f"Make room on the disk that holds {path.parent}."
    if error.errno in TOO_MANY_FILES:
        return HOW_TO_OPEN_MORE
    if error.errno == errno.EROFS:
        return f"The file system of {path.parent} is read-only: mount it for writing."
    if error.errno in FORBIDDEN:
        return f"Let the user who runs fedisched write in {path.parent}."
    return f"Look after the disk that holds {path.parent}."
