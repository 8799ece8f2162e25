"""The journal's file, looked at and left exactly as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def looked_at(file: Path, within: float = 1.0) -> Iterator[sqlite3.Connection]:
    """A connection that only reads; `within` in seconds. Raises `sqlite3.Error`.

    SQLite would make a log and its index beside a file that nobody has open. Without a log nobody is at work on it, so
    it is read as one that does not change (https://sqlite.org/uri.html#uriimmutable).
    """
    alone = not file.with_name(f"{file.name}-wal").exists()
    address = f"{file.absolute().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    with closing(sqlite3.connect(address, uri=True, timeout=within)) as connection:
        yield connection


def try_to_write(file: Path, within: float) -> None:
    """Raises `sqlite3.Error` where another process keeps everybody from writing for longer than so many seconds.

    Nothing is written. Whoever is the last to close a journal brings its log into it; so one that only reads is open
    until the one that would write is closed.
    """
    with looked_at(file, within) as reading, closing(_writing(file, within)) as writing:
        reading.execute("SELECT 1 FROM sqlite_master").fetchone()
        writing.execute("BEGIN IMMEDIATE")
        writing.execute("ROLLBACK")


def _writing(file: Path, within: float) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=within, isolation_level=None)
