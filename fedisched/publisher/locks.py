"""One process at a time: locks that the kernel frees when their holder dies, however it dies."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from pathlib import Path

from fedisched.model.errors import StateUnusable

_NO_LOCKS_HERE = frozenset({errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""What flock says of a folder on a network mount: https://man7.org/linux/man-pages/man2/flock.2.html."""


class Lock:
    """A file or a folder locked with flock; a file that is not there is made. Python opens it close-on-exec, so no
    child inherits it. Where the file system has no locks to give, the file `instead` is locked, if there is one."""

    def __init__(self, file: Path, instead: Path | None = None) -> None:
        self._file = file
        self._instead = instead
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def try_acquire(self) -> bool:
        """Take the lock, if nobody has it. Raises `StateUnusable` where the file system has no locks to give."""
        if self._descriptor is not None:
            return True
        try:
            if self._file.is_dir():
                descriptor = os.open(self._file, os.O_RDONLY | os.O_DIRECTORY)
            else:
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unusable(self._file, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError as error:
            os.close(descriptor)
            if self._instead is None or error.errno not in _NO_LOCKS_HERE:
                raise _unusable(self._file, error) from error
            self._file, self._instead = self._instead, None
            return self.try_acquire()
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def discard(self) -> None:
        """Let it go for good, file and all: for a lock that nobody else will ever take."""
        self._file.unlink(missing_ok=True)
        self.release()

    def is_free(self) -> bool:
        """Whether nobody holds it just now."""
        if self.try_acquire():
            self.release()
            return True
        return False


def account_lock(state: Path, network: str, server: str, name: str) -> Lock:
    """The lock of one account of a content folder: its holder alone publishes to it."""
    word = hashlib.sha256(f"{network}\0{server}\0{name}".encode()).hexdigest()[:16]
    return Lock(state / "locks" / f"{word}.lock")


def daemon_lock(folder: Path, state: Path | None = None) -> Lock:
    """The lock of the one daemon of a content folder: the folder itself, so that a second daemon is refused wherever
    it would keep its state (a `git init` moves that); a file in the state folder where posts are on a network mount."""
    return Lock(folder, state / "locks" / "daemon.lock" if state else None)


class PidFile:
    """Which process the daemon is, for people. The folder's lock has no place for it, and the file of one that is dead
    must not name whoever has its number by now: so it is locked itself."""

    def __init__(self, state: Path) -> None:
        self._file = state / "locks" / "daemon.pid"
        self._lock = Lock(self._file)

    def note(self) -> None:
        """This process is the daemon, until `release`."""
        if self._lock.try_acquire():
            try:
                self._file.write_text(f"{os.getpid()}\n", encoding="ascii")
            except OSError:
                # A full disk: nobody is told the number, and that is all.
                self._lock.release()

    def release(self) -> None:
        self._lock.release()

    def read(self) -> int | None:
        """The daemon's process id; None if it is not known."""
        if not self._file.exists() or self._lock.is_free():
            return None
        words = self._file.read_text(encoding="ascii", errors="replace").strip()
        return int(words) if words.isdecimal() else None


def asker_lock(state: Path, name: str) -> Lock:
    """The lock that somebody holds who waits for an answer."""
    return Lock(state / "locks" / f"asker-{name}.lock")


def _unusable(file: Path, error: OSError) -> StateUnusable:
    return StateUnusable(
        f"The lock {file} cannot be taken: {error.strerror}",
        "Put the state folder on a local disk that you may write to (FEDISCHED_STATE moves it).",
    )
