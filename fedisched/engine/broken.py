"""SQLite's errors as ours: what is damaged is not what is full or locked, and a mistake of ours is neither."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fedisched.model.errors import JournalCorrupt, StateUnusable


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


def _unusable(file: Path, error: Exception, *, busy: bool) -> StateUnusable:
    return StateUnusable(
        f"The journal {file} cannot be used: {error}",
        "Another process is holding it: try again in a moment."
        if busy
        else "Free disk space, or make the folder writable (FEDISCHED_STATE moves it), then try again.",
    )
