"""The journal's tables and how they came to be: one entry a version, applied in order, never edited afterwards.

The index (table `file`) lives in the same file as the deliveries, so that one small SQLite file is all the state
there is; it is a cache and may be dropped at will.
"""

from __future__ import annotations

import sqlite3

from fedisched.engine.broken import WrittenByNewer, is_busy

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE delivery (
        id           INTEGER PRIMARY KEY,
        path         TEXT    NOT NULL,
        target       TEXT    NOT NULL,
        account      TEXT    NOT NULL,
        key          TEXT    NOT NULL,
        state        TEXT    NOT NULL CHECK (state IN
                     ('waiting', 'sending', 'unsure', 'published', 'refused', 'held', 'cancelled')),
        due          INTEGER NOT NULL,
        digest       TEXT    NOT NULL,
        armed_at     INTEGER NOT NULL,
        attempts     INTEGER NOT NULL DEFAULT 0,
        first_try    INTEGER,
        since        INTEGER,
        last_try     INTEGER,
        next_try     INTEGER,
        published_at INTEGER,
        error        TEXT    NOT NULL DEFAULT '',
        hint         TEXT    NOT NULL DEFAULT '',
        problem      INTEGER NOT NULL DEFAULT 0,
        written      TEXT    NOT NULL DEFAULT '',
        uploads      TEXT    NOT NULL DEFAULT '[]',
        sent         TEXT    NOT NULL DEFAULT '',
        UNIQUE (account, path)
    ) STRICT;
    CREATE INDEX delivery_open ON delivery (state) WHERE state NOT IN ('published', 'cancelled');
    CREATE INDEX delivery_path ON delivery (path);
    CREATE INDEX delivery_key ON delivery (key);
    CREATE TABLE part (
        delivery INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
        number   INTEGER NOT NULL,
        key      TEXT    NOT NULL,
        url      TEXT    NOT NULL,
        id       TEXT    NOT NULL,
        uri      TEXT    NOT NULL,
        cid      TEXT    NOT NULL,
        PRIMARY KEY (delivery, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE account (
        name       TEXT PRIMARY KEY,
        server     TEXT NOT NULL,
        credential TEXT NOT NULL,
        account_id TEXT NOT NULL DEFAULT '',
        handle     TEXT NOT NULL DEFAULT '',
        limits     TEXT NOT NULL DEFAULT '',
        paused     TEXT NOT NULL DEFAULT '',
        error      TEXT NOT NULL DEFAULT '',
        failures   INTEGER NOT NULL DEFAULT 0,
        next_try   INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE request (
        id          INTEGER PRIMARY KEY,
        asked_at    INTEGER NOT NULL,
        question    TEXT NOT NULL,
        answer      TEXT
    ) STRICT;
    CREATE TABLE file (
        path     TEXT PRIMARY KEY,
        size     INTEGER NOT NULL,
        mtime    INTEGER NOT NULL,
        ctime    INTEGER NOT NULL,
        inode    INTEGER NOT NULL,
        device   INTEGER NOT NULL,
        digest   TEXT NOT NULL,
        status   TEXT NOT NULL,
        due      INTEGER,
        time     TEXT NOT NULL,
        targets  TEXT,
        title    TEXT NOT NULL,
        claims   TEXT NOT NULL,
        problem  TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX file_open ON file (due) WHERE status NOT IN ('published', 'draft');
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """,
    # What an entry needs was not read before, so every file is read again.
    """
    DELETE FROM file;
    ALTER TABLE file ADD COLUMN needs TEXT NOT NULL DEFAULT '[]'
    """,
    # Nor was it read whether an entry says all there is to know. What came of reading those whole that do not is kept.
    """
    DELETE FROM file;
    ALTER TABLE file ADD COLUMN longest INTEGER;
    CREATE TABLE verdict (
        path      TEXT PRIMARY KEY,
        made_with TEXT NOT NULL,
        files     TEXT NOT NULL,
        problems  TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
)


AHEAD = "SELECT value FROM meta WHERE name = 'ahead'"
"""The row in which the index keeps, as a JSON object, the paths of files that say they are done with though their time
is later than that, each with a key from its results, empty where it has none: few, however long the history."""
AHEAD_PATHS = f"SELECT key FROM json_each(({AHEAD}))"  # noqa: S608
OWNERS_OF_AHEAD = f"SELECT id FROM delivery WHERE key IN (SELECT value FROM json_each(({AHEAD})))"  # noqa: S608
"""The deliveries whose keys these have: their own, or those of the files that they were copied from."""


def open_files(until: int | None) -> str:
    """The query for the paths of files that are neither published nor drafts; with `until`, of those that fall due by
    then or have no time. The index over them is by their time, so that what is far off is not gone through."""
    files = "SELECT path FROM file WHERE status NOT IN ('published', 'draft')"
    return files if until is None else f"{files} AND due <= {until:d} UNION ALL {files} AND due IS NULL"


def write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL. Two who do so to a new file at once may both be told that it is locked, without the
    wait that the connection allows; taking the write lock does wait, until the other is through."""
    for last in [False] * 20 + [True]:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if last or not is_busy(error):
                raise
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        else:
            return


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to this version, each step in a transaction of its own; a half-done step leaves no trace.

    Raises `WrittenByNewer` for a file with a version that is not known here.
    """
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise WrittenByNewer(f"version {version}, this one knows {len(MIGRATIONS)}")
    while version < len(MIGRATIONS):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have been quicker between the look and the lock.
            version = _version(connection)
            if version < len(MIGRATIONS):
                for statement in MIGRATIONS[version].split(";"):
                    connection.execute(statement)
                version += 1
                connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
        except BaseException:
            # On a full disk SQLite has taken it back by itself.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
