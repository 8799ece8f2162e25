"""The journal: what is about to be done and what came of it, written and synced before and after every act.

Every move of a delivery is guarded in SQL: the row moves only if it is still in the state the mover saw, and the
method says with its answer whether it did. SQLite in WAL mode with `synchronous=FULL`: when a method returns, what
it wrote survives a power cut.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fedisched.engine import JOURNAL_FILE
from fedisched.engine.store import Store
from fedisched.engine.tables import open_files
from fedisched.model.delivery import Delivery, State
from fedisched.model.errors import JournalCorrupt

if TYPE_CHECKING:
    from fedisched.model.network import Upload
    from fedisched.model.outcome import SentPart
    from fedisched.model.rendered import Rendered

FILE_NAME = JOURNAL_FILE

_NO_ERROR = "error = '', hint = '', problem = 0"
# Attempts that count anew take the patience with them: it is measured from the first of them.
_ONE_MORE_TRY = (
    "first_try = CASE attempts WHEN 0 THEN :now ELSE COALESCE(first_try, :now) END, "
    "last_try = :now, attempts = attempts + 1"
)


@dataclass(frozen=True, slots=True)
class Arming:
    """A delivery that the journal is to know: waiting, or unsure if it is `in_doubt` whether it is there. `parts` are
    there by what its file says. `due` in microseconds since 1970 UTC."""

    path: str
    target: str
    account: str
    key: str
    due: int
    digest: str
    parts: tuple[SentPart, ...] = ()
    in_doubt: bool = False


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


class Journal(Store):
    """One content folder's journal. Used by any thread; each method is one transaction."""

    # --- reading ---------------------------------------------------------------------------------------------

    def deliveries(self, *, path: str | None = None, account: str | None = None) -> list[Delivery]:
        """Every delivery, or those of one post or of one account."""
        where = [f"{name} = ?" for name, value in (("path", path), ("account", account)) if value is not None]
        values = [value for value in (path, account) if value is not None]
        return self._deliveries(" AND ".join(where) or "1", *values)

    def relevant_deliveries(self, until: int | None = None) -> list[Delivery]:
        """Those that are not settled, and those of files that ask for something: few, however long the history. Of
        these files, with `until`, only those that fall due by then (microseconds since 1970 UTC) or have no time."""
        return self._deliveries(
            # As sets of ids and paths, so that the partial indexes serve and the settled history is not gone through.
            "id IN (SELECT id FROM delivery WHERE state NOT IN ('published', 'cancelled')) "  # noqa: S608
            f"OR path IN ({open_files(until)})"
        )

    def delivery(self, delivery_id: int) -> Delivery:
        """One delivery; `KeyError` if there is none."""
        found = self._deliveries("id = ?", delivery_id)
        if not found:
            raise KeyError(delivery_id)
        return found[0]

    def in_doubt(self, account: str) -> list[Delivery]:
        """Those of an account that may be on the network."""
        return self._deliveries("state = 'unsure' AND state NOT IN ('published', 'cancelled') AND account = ?", account)

    def claimed_ids(self, account: str) -> frozenset[str]:
        """Every id and uri on the network that is known to be a delivery's."""
        found = self.rows(
            "SELECT part.id, part.uri FROM part JOIN delivery ON delivery.id = part.delivery WHERE account = ?", account
        )
        return frozenset(str(name) for row in found for name in row if name)

    def _deliveries(self, where: str, *values: object) -> list[Delivery]:
        if not self.rows(f"SELECT 1 FROM delivery WHERE {where} LIMIT 1", *values):  # noqa: S608
            return []
        from fedisched.engine.rows import COLUMNS, deliveries_of

        rows = self.rows(f"SELECT {', '.join(COLUMNS)} FROM delivery WHERE {where} ORDER BY due, id", *values)  # noqa: S608
        parts = self.rows(
            f"SELECT delivery, number, key, url, id, uri, cid FROM part "  # noqa: S608
            f"WHERE delivery IN (SELECT id FROM delivery WHERE {where}) ORDER BY delivery, number",
            *values,
        )
        return deliveries_of(rows, parts)

    # --- before a send ---------------------------------------------------------------------------------------

    def arm(self, path: str, target: str, account: str, key: str, due: int, digest: str, now: int) -> Delivery:
        """Make the delivery of a post to an account known, waiting; what is known already is given as it is."""
        return self.arm_all([Arming(path, target, account, key, due, digest)], now)[0]

    def arm_all(self, new: Sequence[Arming], now: int) -> list[Delivery]:
        """The same for many, synced once."""
        with self.transaction() as connection:
            for each in new:
                state = State.UNSURE if each.in_doubt else State.WAITING
                cursor = connection.execute(
                    "INSERT INTO delivery (path, target, account, key, state, due, digest, armed_at) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, path) DO NOTHING",
                    (each.path, each.target, each.account, each.key, state, each.due, each.digest, now),
                )
                if _moved(cursor):
                    _insert_parts(connection, int(cursor.lastrowid or 0), each.parts)
        return [self._deliveries("account = ? AND path = ?", each.account, each.path)[0] for each in new]

    def change_unsent(self, delivery: Delivery, *, key: str, due: int, digest: str, now: int) -> bool:
        """The file changed before anything was sent. The key follows the file until the first `sending`. The moment
        of arming and the attempts only count for the due moment that they were for."""
        values = {"known": delivery.digest, "key": key, "due": due, "digest": digest, "now": now}
        with self.transaction() as connection:
            return _moved(
                connection.execute(
                    "UPDATE delivery SET key = CASE WHEN since IS NULL THEN :key ELSE key END, "  # noqa: S608
                    "armed_at = CASE due WHEN :due THEN armed_at ELSE :now END, "
                    "attempts = CASE due WHEN :due THEN attempts ELSE 0 END, "
                    "first_try = CASE due WHEN :due THEN first_try END, due = :due, digest = :digest, written = '', "
                    f"uploads = '[]', next_try = NULL, {_NO_ERROR} "
                    "WHERE id = :id AND state IN ('waiting', 'cancelled', 'refused') AND digest = :known",
                    {"id": delivery.id, **values},
                )
            )

    def try_again(self, delivery: Delivery, now: int) -> bool:
        """A person, or the file's return, brings a cancelled or refused delivery back; attempts count anew.

        That it was tried before is kept: whoever asks to try again is not asked whether it is too late.
        """
        return self._move(
            delivery,
            State.WAITING,
            (State.CANCELLED, State.REFUSED, State.WAITING),
            "first_try = CASE state WHEN 'refused' THEN COALESCE(first_try, armed_at) ELSE first_try END, "
            f"attempts = 0, next_try = NULL, armed_at = :now, {_NO_ERROR}",
            now=now,
        )

    def adopt(self, delivery: Delivery, *, key: str, due: int, digest: str) -> bool:
        """A person asks for another try under a key of its own, which stands in the file: as if it had never been
        sent, but for the parts that are there, and that it is not asked anew whether it is too late. A key that is
        another delivery's is none."""
        return self._move(
            delivery,
            State.WAITING,
            (State.HELD, State.WAITING, State.REFUSED, State.CANCELLED),
            "key = :key, due = :due, digest = :digest, written = '', since = NULL, uploads = '[]', sent = '', "
            f"attempts = 0, first_try = COALESCE(first_try, armed_at), last_try = NULL, next_try = NULL, {_NO_ERROR}",
            and_only="key = :known AND NOT EXISTS (SELECT 1 FROM delivery AS other WHERE other.key = :key)",
            known=delivery.key,
            key=key,
            due=due,
            digest=digest,
        )

    def take_another_key(self, delivery: Delivery, key: str, error: str, next_try: int) -> bool:
        """What was sent under its key is known to be another's: it is sent under a new one, as if for the first time.
        A key that is another delivery's is none."""
        return self._move(
            delivery,
            State.WAITING,
            (State.SENDING,),
            "key = :key, since = NULL, uploads = '[]', sent = '', error = :error, next_try = :next_try",
            and_only="NOT EXISTS (SELECT 1 FROM delivery AS other WHERE other.key = :key)",
            key=key,
            error=error,
            next_try=next_try,
        )

    def block(self, delivery: Delivery, error: str, hint: str, next_try: int) -> bool:
        """The file cannot be sent as it is: an author's mistake; nothing was tried."""
        return self._move(
            delivery,
            State.WAITING,
            (State.WAITING,),
            "error = :error, hint = :hint, problem = 1, next_try = :next_try",
            error=error,
            hint=hint,
            next_try=next_try,
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
        """The file no longer asks for it, and nothing more of it is sent."""
        return self._move(delivery, State.CANCELLED, (State.WAITING, State.REFUSED, State.HELD), "next_try = NULL")

    # --- the send --------------------------------------------------------------------------------------------

    def begin_sending(self, delivery: Delivery, rendered: Rendered, uploads: Sequence[Upload], now: int) -> bool:
        """The intent, before the act: once this returns true, a request may leave. The key freezes here; so it has to
        be the key that the request carries."""
        from fedisched.engine.rows import rendering_as_text, uploads_as_text

        return self._move(
            delivery,
            State.SENDING,
            (State.WAITING,),
            f"{_ONE_MORE_TRY}, since = COALESCE(since, :now), next_try = NULL, {_NO_ERROR}, "
            "uploads = :uploads, sent = :sent",
            and_only="key = :key",
            key=delivery.key,
            now=now,
            sent=rendering_as_text(rendered),
            uploads=uploads_as_text(uploads),
        )

    def take_back(self, delivery: Delivery) -> bool:
        """The file changed between the intent and the act: certainly nothing left, so nothing was tried. `delivery`
        is what it was before the intent."""
        return self._move(
            delivery,
            State.WAITING,
            (State.SENDING,),
            "attempts = :attempts, first_try = :first_try, since = :since, last_try = :last_try",
            attempts=delivery.attempts,
            first_try=delivery.first_try,
            since=delivery.since,
            last_try=delivery.last_try,
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
            "published_at = COALESCE(published_at, :now), next_try = NULL, error = :warning, hint = '', problem = 0",
            parts=parts,
            now=now,
            warning=warning,
        )

    def record_waiting(self, delivery: Delivery, error: str, next_try: int) -> bool:
        """Certainly not sent (or looked up, and not there): it is tried again at `next_try`."""
        return self._move(
            delivery,
            State.WAITING,
            (State.SENDING, State.UNSURE, State.WAITING),
            "error = :error, hint = '', problem = 0, next_try = :next_try",
            error=error,
            next_try=next_try,
        )

    def nothing_left(self, delivery: Delivery, since: int | None) -> bool:
        """It is certain that the request just tried did not leave: what may have left is what it was before."""
        return self._move(delivery, State.WAITING, (State.WAITING,), "since = :since", since=since)

    def record_not_prepared(self, delivery: Delivery, error: str, next_try: int, now: int) -> bool:
        """An attempt that ended before a request could leave."""
        return self._move(
            delivery,
            State.WAITING,
            (State.WAITING,),
            f"{_ONE_MORE_TRY}, error = :error, hint = '', problem = 0, next_try = :next_try",
            now=now,
            error=error,
            next_try=next_try,
        )

    def record_refused(self, delivery: Delivery, error: str, hint: str) -> bool:
        """The network said no for good, or patience ended with nothing on the network."""
        return self._move(
            delivery,
            State.REFUSED,
            (State.SENDING, State.WAITING, State.UNSURE),
            "error = :error, hint = :hint, problem = 0, next_try = NULL",
            error=error,
            hint=hint,
        )

    def record_unsure(self, delivery: Delivery, error: str, now: int, next_try: int) -> bool:
        """Nobody knows; `last_try` becomes the end of the connection, from which a later "not there" is judged."""
        return self._move(
            delivery,
            State.UNSURE,
            (State.SENDING, State.UNSURE),
            "error = :error, last_try = :now, next_try = :next_try",
            error=error,
            now=now,
            next_try=next_try,
        )

    def look_again(self, delivery: Delivery, error: str, next_try: int) -> bool:
        """The look-up told nothing yet. The connection ended when it ended: how old a "not there" has to be does not
        start anew."""
        return self._move(
            delivery,
            State.UNSURE,
            (State.UNSURE,),
            "error = :error, hint = '', next_try = :next_try",
            error=error,
            next_try=next_try,
        )

    def asked_to_look(self, delivery: Delivery, digest: str, now: int) -> bool:
        """A person asks for one more look at what is held, by the file with this digest: each such word counts once."""
        return self._move(
            delivery,
            State.UNSURE,
            (State.HELD,),
            "digest = :digest, written = '', hint = '', next_try = :now",
            digest=digest,
            now=now,
        )

    def record_held(self, delivery: Delivery, error: str, hint: str) -> bool:
        """Only a person can tell."""
        return self._move(
            delivery,
            State.HELD,
            (State.UNSURE, State.WAITING),
            "error = :error, hint = :hint, problem = 0, next_try = NULL",
            error=error,
            hint=hint,
        )

    def sending_found_at_start(self, account: str, now: int) -> int:
        """A run died while these were being sent: nobody knows. Only whoever holds the account's lock may ask.

        Returns how many there were.
        """
        with self.transaction() as connection:
            cursor = connection.execute(
                "UPDATE delivery SET state = 'unsure', last_try = :now, next_try = NULL, "
                "error = 'an earlier run ended while it was being sent' WHERE state = 'sending' AND account = :account",
                {"now": now, "account": account},
            )
            return cursor.rowcount

    def note_write_back(self, path: str, before: str, after: str) -> None:
        """The file is about to go from one digest to the other by our own hand; written before it happens."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE delivery SET written = :after WHERE path = :path AND :before IN (digest, written)",
                {"after": after, "path": path, "before": before},
            )

    def _move(
        self,
        delivery: Delivery,
        to: State,
        only_from: tuple[State, ...],
        assignments: str,
        *,
        and_only: str = "1",
        parts: Sequence[SentPart] = (),
        **values: str | int | None,
    ) -> bool:
        """Move the row if it is in one of these states; False is an answer: somebody else moved it."""
        states = ", ".join(f"'{state}'" for state in only_from)
        with self.transaction() as connection:
            _insert_parts(connection, delivery.id, parts)
            return _moved(
                connection.execute(
                    f"UPDATE delivery SET state = '{to}', {assignments} "  # noqa: S608
                    f"WHERE id = :id AND state IN ({states}) AND {and_only}",
                    {"id": delivery.id, **{name: _writable(value) for name, value in values.items()}},
                )
            )


def _insert_parts(connection: sqlite3.Connection, delivery_id: int, parts: Sequence[SentPart]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO part (delivery, number, key, url, id, uri, cid) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(delivery_id, *map(_writable, astuple(part))) for part in parts],
    )


def _writable(value: str | int | None) -> str | int | None:
    """A text that SQLite can hold. A server's JSON may bring half a surrogate pair, which no UTF-8 has; what was said
    after a yes is recorded all the same."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _moved(cursor: sqlite3.Cursor) -> bool:
    return cursor.rowcount == 1
