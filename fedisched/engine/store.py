"""The journal's file: one SQLite connection, and transactions that are synced before they are over."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from fedisched.engine.broken import told_apart
from fedisched.engine.tables import migrate, write_ahead

# macOS keeps what fsync wrote in the drive's cache unless it is asked for more; elsewhere fullfsync changes nothing.
# https://sqlite.org/pragma.html#pragma_fullfsync
_PRAGMAS = ("cache_size = -512", "synchronous = FULL", "fullfsync = ON", "foreign_keys = ON")

PATIENCE = 10.0
"""Seconds for which a journal that another process holds is waited for."""
_PROBE = 64 * 1024
"""Bytes: more than what records the sending of a post."""


class Store:
    """One SQLite file. Used by any thread."""

    def __init__(self, file: Path) -> None:
        """Open the journal, make it if it is not there.

        Raises `JournalCorrupt` if the file is damaged or not ours, `StateUnusable` if it cannot be opened or written,
        or if a newer fedisched wrote it.
        """
        self.file = file
        self._lock = RLock()
        self._version: list[tuple[object, ...]] = []
        with told_apart(file):
            self._connection = sqlite3.connect(file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            try:
                for pragma in _PRAGMAS:
                    self._connection.execute(f"PRAGMA {pragma}")
                write_ahead(self._connection)
                migrate(self._connection)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside is written, and synced, or nothing is."""
        with self._lock, told_apart(self.file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def try_writing(self) -> None:
        """Raises `StateUnusable` if nothing more can be written beside the journal: the disk is full, or read-only.
        SQLite itself finds out late, since it writes into what it has already."""
        probe = self.file.with_name(f".{self.file.name}-{os.getpid()}.part")
        with told_apart(self.file):
            try:
                probe.write_bytes(bytes(_PROBE))
            finally:
                probe.unlink(missing_ok=True)

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """The rows of a query that only reads."""
        with self._lock, told_apart(self.file):
            return self._connection.execute(query, values).fetchall()

    def each(self, query: str) -> Iterator[tuple[object, ...]]:
        """The same, one at a time, for what is many. Nobody else uses the journal until the last one is taken."""
        with self._lock, told_apart(self.file):
            yield from self._connection.execute(query)

    def others_wrote(self) -> bool:
        """Whether another connection (another process, most often) wrote anything since this was last asked."""
        # https://www.sqlite.org/pragma.html#pragma_data_version
        before, self._version = self._version, self.rows("PRAGMA data_version")
        return before != self._version
