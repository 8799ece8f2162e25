"""The journal: what is about to be done and what came of it, written and synced before and after every act.

Every move of a delivery is guarded in SQL: the row moves only if it is still in the state the mover saw, and the
method says with its answer whether it did. SQLite in WAL mode with `synchronous=FULL`: when a method returns, what
it wrote survives a power cut.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from threading import RLock
from typing import Any

from fedisched.engine.sent import from_text, to_text
from fedisched.engine.tables import migrate
from fedisched.model.delivery import Delivery, State
from fedisched.model.errors import JournalCorrupt, StateUnusable
from fedisched.model.network import Upload
from fedisched.model.outcome import SentPart
from fedisched.model.rendered import Rendered

FILE_NAME = "journal.sqlite3"
_COLUMNS = tuple(field.name for field in fields(Delivery) if field.name != "parts")


def open_journal(state: Path, now: int, notice: Callable[[str], None]) -> Journal:
    """The journal in a state folder. A damaged one is set aside, not trusted: what it knew is found again in the
    files and on the networks. Raises `StateUnusable`."""
    file = state / FILE_NAME
    try:
        return Journal(file)
    except JournalCorrupt as error:
        aside = file.with_name(f"{file.name}.damaged-{now // 1_000_000}")
        for suffix in ("", "-wal", "-shm"):
            part = file.with_name(file.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        notice(f"{error.message}. It was set aside as {aside.name}; the state is rebuilt from the posts.")
        return Journal(file)


class Journal:
    """One content folder's journal. Used by any thread; each method is one transaction."""

    def __init__(self, file: Path) -> None:
        """Open the journal, make it if it is not there.

        Raises `JournalCorrupt` if the file is damaged or of a newer version, `StateUnusable` if it cannot be
        opened or written.
        """
        self.file = file
        self._lock = RLock()
        with _told_apart(file):
            self._connection = sqlite3.connect(file, timeout=10.0, isolation_level=None, check_same_thread=False)
            try:
                for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                    self._connection.execute(f"PRAGMA {pragma}")
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
        with self._lock, _told_apart(self.file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """The rows of a query that only reads."""
        with self._lock, _told_apart(self.file):
            return self._connection.execute(query, values).fetchall()

    # --- reading ---------------------------------------------------------------------------------------------

    def deliveries(self, *, path: str | None = None, account: str | None = None) -> list[Delivery]:
        """Every delivery, or those of one post or of one account."""
        where = [f"{name} = ?" for name, value in (("path", path), ("account", account)) if value is not None]
        values = [value for value in (path, account) if value is not None]
        return self._deliveries(" AND ".join(where) or "1", *values)

    def relevant_deliveries(self) -> list[Delivery]:
        """Those that are not settled, and those of files that ask for something: few, however long the history."""
        return self._deliveries(
            "state NOT IN ('published', 'cancelled') "
            "OR path IN (SELECT path FROM file WHERE status NOT IN ('published', 'draft'))"
        )

    def delivery(self, delivery_id: int) -> Delivery:
        """One delivery; `KeyError` if there is none."""
        found = self._deliveries("id = ?", delivery_id)
        if not found:
            raise KeyError(delivery_id)
        return found[0]

    def claimed_ids(self, account: str) -> frozenset[str]:
        """Every id and uri on the network that is known to be a delivery's."""
        found = self.rows(
            "SELECT part.id, part.uri FROM part JOIN delivery ON delivery.id = part.delivery WHERE account = ?", account
        )
        return frozenset(str(name) for row in found for name in row if name)

    def _deliveries(self, where: str, *values: object) -> list[Delivery]:
        rows = self.rows(f"SELECT {', '.join(_COLUMNS)} FROM delivery WHERE {where} ORDER BY due, id", *values)  # noqa: S608
        parts: dict[object, list[SentPart]] = {}
        for delivery, *part in self.rows(
            f"SELECT delivery, number, key, url, id, uri, cid FROM part "  # noqa: S608
            f"WHERE delivery IN (SELECT id FROM delivery WHERE {where}) ORDER BY delivery, number",
            *values,
        ):
            parts.setdefault(delivery, []).append(SentPart(*part))  # type: ignore[arg-type]
        return [_delivery(row, tuple(parts.get(row[0], ()))) for row in rows]

    # --- before a send ---------------------------------------------------------------------------------------

    def arm(self, path: str, target: str, account: str, key: str, due: int, digest: str, now: int) -> Delivery:
        """Make the delivery of a post to an account known, waiting; what is known already is given as it is."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO delivery (path, target, account, key, state, due, digest, armed_at) "
                "VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?) ON CONFLICT (account, path) DO NOTHING",
                (path, target, account, key, due, digest, now),
            )
        return self._deliveries("account = ? AND path = ?", account, path)[0]

    def change_unsent(self, delivery: Delivery, *, key: str, due: int, digest: str, now: int) -> bool:
        """The file changed before anything was sent. The key follows the file until the first `sending`; an
        earlier moment of arming only counts for the due moment it was armed for."""
        armed_at = delivery.armed_at if due == delivery.due else now
        with self.transaction() as connection:
            return _moved(
                connection.execute(
                    "UPDATE delivery SET key = CASE WHEN since IS NULL THEN ? ELSE key END, due = ?, digest = ?, "
                    "armed_at = ?, written = '', uploads = '[]', next_try = NULL, error = '', hint = '', problem = 0 "
                    "WHERE id = ? AND state IN ('waiting', 'cancelled', 'refused') AND digest = ?",
                    (key, due, digest, armed_at, delivery.id, delivery.digest),
                )
            )

    def try_again(self, delivery: Delivery, now: int) -> bool:
        """A person, or the file's return, brings a cancelled or refused delivery back; attempts count anew."""
        return self._move(
            delivery,
            State.WAITING,
            (State.CANCELLED, State.REFUSED, State.WAITING),
            "attempts = 0, first_try = NULL, next_try = NULL, error = '', hint = '', problem = 0, armed_at = ?",
            now,
        )

    def block(self, delivery: Delivery, error: str, hint: str, next_try: int) -> bool:
        """The file cannot be sent as it is: an author's mistake; nothing was tried."""
        return self._move(
            delivery,
            State.WAITING,
            (State.WAITING,),
            "error = ?, hint = ?, problem = 1, next_try = ?",
            error,
            hint,
            next_try,
        )

    def rename(self, delivery: Delivery, path: str) -> bool:
        """The file was moved; a cancelled delivery that stood at the new path gives way."""
        with self.transaction() as connection:
            connection.execute(
                "DELETE FROM delivery WHERE account = ? AND path = ? AND state = 'cancelled'", (delivery.account, path)
            )
            return _moved(
                connection.execute(
                    "UPDATE OR IGNORE delivery SET path = ? WHERE id = ? AND path = ?",
                    (path, delivery.id, delivery.path),
                )
            )

    def cancel(self, delivery: Delivery) -> bool:
        """The file no longer asks for it, and nothing of it was sent."""
        return self._move(delivery, State.CANCELLED, (State.WAITING, State.REFUSED, State.HELD), "next_try = NULL")

    # --- the send --------------------------------------------------------------------------------------------

    def begin_sending(self, delivery: Delivery, rendered: Rendered, uploads: Sequence[Upload], now: int) -> bool:
        """The intent, before the act: once this returns true, a request may leave. The key freezes here."""
        return self._move(
            delivery,
            State.SENDING,
            (State.WAITING,),
            "attempts = attempts + 1, first_try = COALESCE(first_try, ?), since = COALESCE(since, ?), last_try = ?, "
            "next_try = NULL, error = '', hint = '', problem = 0, uploads = ?, sent = ?",
            now,
            now,
            now,
            json.dumps([asdict(upload) for upload in uploads]),
            to_text(rendered),
        )

    def take_back(self, delivery: Delivery) -> bool:
        """The file changed between the intent and the act: certainly nothing left, so nothing was tried."""
        return self._move(
            delivery,
            State.WAITING,
            (State.SENDING,),
            "attempts = ?, first_try = ?, since = ?, last_try = ?",
            delivery.attempts,
            delivery.first_try,
            delivery.since,
            delivery.last_try,
        )

    def record_parts(self, delivery: Delivery, parts: Sequence[SentPart]) -> None:
        """After a yes, only record: these parts are on the network, whatever became of the delivery meanwhile."""
        with self.transaction() as connection:
            _insert_parts(connection, delivery.id, parts)

    def record_published(self, delivery: Delivery, parts: Sequence[SentPart], now: int, warning: str = "") -> bool:
        """The last of the parts is on the network."""
        return self._move(
            delivery,
            State.PUBLISHED,
            (State.SENDING, State.UNSURE, State.WAITING, State.HELD),
            "published_at = COALESCE(published_at, ?), next_try = NULL, error = ?, hint = '', problem = 0",
            now,
            warning,
            parts=parts,
        )

    def record_waiting(self, delivery: Delivery, error: str, next_try: int) -> bool:
        """Certainly not sent (or looked up, and not there): it is tried again at `next_try`."""
        return self._move(
            delivery,
            State.WAITING,
            (State.SENDING, State.UNSURE, State.WAITING),
            "error = ?, hint = '', next_try = ?",
            error,
            next_try,
        )

    def record_not_prepared(self, delivery: Delivery, error: str, next_try: int, now: int) -> bool:
        """An attempt that ended before a request could leave."""
        return self._move(
            delivery,
            State.WAITING,
            (State.WAITING,),
            "attempts = attempts + 1, first_try = COALESCE(first_try, ?), last_try = ?, error = ?, hint = '', "
            "problem = 0, next_try = ?",
            now,
            now,
            error,
            next_try,
        )

    def record_refused(self, delivery: Delivery, error: str, hint: str) -> bool:
        return self._move(
            delivery,
            State.REFUSED,
            (State.SENDING, State.WAITING),
            "error = ?, hint = ?, next_try = NULL",
            error,
            hint,
        )

    def record_unsure(self, delivery: Delivery, error: str, now: int, next_try: int) -> bool:
        """Nobody knows; `last_try` becomes the end of the connection, from which a later "not there" is judged."""
        return self._move(
            delivery,
            State.UNSURE,
            (State.SENDING, State.UNSURE, State.HELD),
            "error = ?, last_try = ?, next_try = ?",
            error,
            now,
            next_try,
        )

    def look_again(self, delivery: Delivery, error: str, next_try: int) -> bool:
        """The look-up told nothing yet."""
        return self._move(delivery, State.UNSURE, (State.UNSURE,), "error = ?, next_try = ?", error, next_try)

    def record_held(self, delivery: Delivery, error: str, hint: str) -> bool:
        return self._move(
            delivery,
            State.HELD,
            (State.UNSURE, State.WAITING),
            "error = ?, hint = ?, next_try = NULL",
            error,
            hint,
        )

    def sending_found_at_start(self, account: str, now: int) -> int:
        """A run died while these were being sent: nobody knows. Only whoever holds the account's lock may ask.

        Returns how many there were.
        """
        with self.transaction() as connection:
            cursor = connection.execute(
                "UPDATE delivery SET state = 'unsure', last_try = ?, next_try = ?, "
                "error = 'an earlier run ended while it was being sent' WHERE state = 'sending' AND account = ?",
                (now, now, account),
            )
            return cursor.rowcount

    def note_write_back(self, path: str, before: str, after: str) -> None:
        """The file is about to go from one digest to the other by our own hand; written before it happens."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE delivery SET written = ? WHERE path = ? AND (digest = ? OR written = ?)",
                (after, path, before, before),
            )

    def _move(
        self,
        delivery: Delivery,
        to: State,
        only_from: tuple[State, ...],
        assignments: str,
        *values: object,
        parts: Sequence[SentPart] = (),
    ) -> bool:
        """Move the row if it is in one of these states; False is an answer: somebody else moved it."""
        states = ", ".join(f"'{state}'" for state in only_from)
        with self.transaction() as connection:
            _insert_parts(connection, delivery.id, parts)
            return _moved(
                connection.execute(
                    f"UPDATE delivery SET state = '{to}', {assignments} WHERE id = ? AND state IN ({states})",  # noqa: S608
                    (*values, delivery.id),
                )
            )


def _insert_parts(connection: sqlite3.Connection, delivery_id: int, parts: Sequence[SentPart]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO part (delivery, number, key, url, id, uri, cid) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(delivery_id, part.number, part.key, part.url, part.id, part.uri, part.cid) for part in parts],
    )


def _moved(cursor: sqlite3.Cursor) -> bool:
    return cursor.rowcount == 1


def _delivery(row: tuple[object, ...], parts: tuple[SentPart, ...]) -> Delivery:
    columns: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    columns["state"] = State(columns["state"])
    columns["problem"] = bool(columns["problem"])
    columns["sent"] = from_text(columns["sent"])
    columns["uploads"] = tuple(Upload(**upload) for upload in json.loads(columns["uploads"]))
    return Delivery(**columns, parts=parts)


@contextmanager
def _told_apart(file: Path) -> Iterator[None]:
    """SQLite's errors as ours: what is damaged is not what is full or locked."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise StateUnusable(
            f"The journal {file} cannot be used: {error}",
            "Free disk space, or make the folder writable (FEDISCHED_STATE moves it), then try again.",
        ) from error
    except sqlite3.DatabaseError as error:
        raise JournalCorrupt(
            f"The journal {file} is damaged or not ours: {error}",
            "Move the file away: the state is rebuilt from the posts and the networks.",
        ) from error
