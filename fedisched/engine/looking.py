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
