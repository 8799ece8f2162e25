"""SQLite's errors as ours: what is damaged is not what is full or locked, and a mistake of ours is neither."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fedisched.engine.holder import holder
from fedisched.model.errors import JournalCorrupt, StateUnusable
from fedisched.model.lacking import FULL, HOW_TO_OPEN_MORE, TOO_MANY_FILES


class WrittenByNewer(Exception):
    """A newer fedisched wrote the file: it is sound, and must not be guessed at nor put aside."""


@contextmanager
def told_apart(file: Path) -> Iterator[None]:
    """Raise `JournalCorrupt` or `StateUnusable` for what is wrong with the journal's file. A broken constraint or a
    closed connection is a bug of ours: putting a sound journal aside would not mend it, so it passes as it is."""
    try:
        yield
    except WrittenByNewer as error:
        raise StateUnusable(
            f"The journal {file} was written by a newer fedisched ({error})",
            "Install that version again, or move the file away: the state is rebuilt from the posts and the networks.",
        ) from error
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise
    except sqlite3.OperationalError as error:
        if _code(error) == sqlite3.SQLITE_ERROR:
            # No such table, no such column: another program's file.
            raise _corrupt(file, error) from error
        raise _unusable(file, error, busy=is_busy(error)) from error
    except OSError as error:
        raise _unusable(file, error, busy=False) from error
    except sqlite3.DatabaseError as error:
        raise _corrupt(file, error) from error


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Whether another connection holds what this one needs."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _code(error: sqlite3.OperationalError) -> int:
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CANTOPEN)
    return code & 0xFF


def _corrupt(file: Path, error: Exception) -> JournalCorrupt:
    return JournalCorrupt(
        f"The journal {file} is damaged or not ours: {error}",
        "Move the file away: the state is rebuilt from the posts and the networks.",
    )


_MOVE = "FEDISCHED_STATE moves it"
_ROOM = 256 * 1024
"""Bytes: with less than that left on its disk, SQLite and the files beside it soon have none."""
_FILES = 6
"""The journal, its log and its index, and what is open beside them for a moment."""


def _unusable(file: Path, error: Exception, *, busy: bool) -> StateUnusable:
    if busy:
        who = holder(file)
        end = f"end {who} with `kill {who.number}`" if who else "close what works on that file"
        hint = f"Another process is holding it: try again in a moment. Nothing is lost; if it stays so, {end}."
        return StateUnusable(f"The journal {file} cannot be used: {error}", hint)
    why, hint = _why(file, error)
    return StateUnusable(f"The journal {file} cannot be used: {why}", hint)


def _why(file: Path, error: Exception) -> tuple[str, str]:
    """SQLite says "disk I/O error" and "unable to open database file" for most of what a machine can lack, so the
    machine is asked."""
    number = error.errno if isinstance(error, OSError) else None
    if number in TOO_MANY_FILES or not _can_open_more():
        return "too many files are open", HOW_TO_OPEN_MORE
    folder = file.parent
    try:
        space = os.statvfs(folder)
    except OSError as missing:
        return f"{folder}: {missing.strerror}", f"Make the folder, or name another ({_MOVE})."
    if number == errno.EROFS or space.f_flag & os.ST_RDONLY:
        return "the file system is read-only", f"Mount it for writing, or name another folder ({_MOVE})."
    full = space.f_blocks and (space.f_bavail * space.f_frsize < _ROOM or (space.f_files and not space.f_favail))
    if number in FULL or full:
        return "the disk is full", f"Free disk space where {folder} is: `df -h {folder}` shows how much there is."
    if not os.access(folder, os.W_OK | os.X_OK) or (file.exists() and not os.access(file, os.R_OK | os.W_OK)):
        whose = f"`sudo chown -R $(id -un) {folder}`"
        return (
            "you may not write there",
            f"Give the folder to the user who runs fedisched ({whose}), or move it ({_MOVE}).",
        )
    return f"{error}", f"Free disk space, or make the folder writable ({_MOVE}), then try again."


def _can_open_more() -> bool:
    """Whether there is room for the files that SQLite keeps open: when it has failed, those it had are free again."""
    with ExitStack() as opened:
        try:
            for _ in range(_FILES):
                opened.callback(os.close, os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            return error.errno not in TOO_MANY_FILES
    return True
