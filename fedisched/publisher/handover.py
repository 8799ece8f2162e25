"""Handing over: a person who types `publish` while a publisher is at work does not wait for it to end, the one at
work does it for them.

Requests and answers are rows of the journal. Whoever asks looks for the answer a few times a second; the publisher
looks for questions when it wakes, at least once a second while it lives.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from threading import Condition

from fedisched.clock import SECOND
from fedisched.engine.journal import Journal
from fedisched.publisher.desk import Desk
from fedisched.publisher.foresight import would_publish
from fedisched.publisher.locks import Lock, account_lock
from fedisched.publisher.report import Report

LOOK_FOR_ANSWER = SECOND // 5


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks of the publisher at work: `paths` (empty: all that is due), and whether `now`."""

    id: int
    paths: tuple[str, ...]
    now: bool


class Handover:
    """The journal's table of requests."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def ask(self, paths: Sequence[str], now: bool, at: int) -> int:
        """Put a request; gives its id."""
        with self._journal.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO request (asked_at, question) VALUES (?, ?)",
                (at, json.dumps({"paths": list(paths), "now": now})),
            )
            return int(cursor.lastrowid or 0)

    def withdraw(self, request_id: int) -> bool:
        """Take a request back; false if it was answered in the meantime."""
        with self._journal.transaction() as connection:
            cursor = connection.execute("DELETE FROM request WHERE id = ? AND answer IS NULL", (request_id,))
            return cursor.rowcount == 1

    def unanswered(self) -> list[Request]:
        rows = self._journal.rows("SELECT id, question FROM request WHERE answer IS NULL ORDER BY id")
        found = [(int(str(number)), json.loads(str(question))) for number, question in rows]
        return [Request(number, tuple(question["paths"]), question["now"]) for number, question in found]

    def answer(self, request: Request, reports: Sequence[Report]) -> None:
        with self._journal.transaction() as connection:
            connection.execute(
                "UPDATE request SET answer = ? WHERE id = ?",
                (json.dumps([asdict(report) for report in reports]), request.id),
            )

    def take_answer(self, request_id: int) -> list[Report] | None:
        """The reports, once; None as long as there are none."""
        rows = self._journal.rows("SELECT answer FROM request WHERE id = ? AND answer IS NOT NULL", request_id)
        if not rows:
            return None
        with self._journal.transaction() as connection:
            connection.execute("DELETE FROM request WHERE id = ?", (request_id,))
        plain = json.loads(str(rows[0][0]))
        return [Report(**row | {"parts": tuple(row["parts"])}) for row in plain]


def ask_the_one_at_work(desk: Desk, named: Sequence[str], now: bool, until: int) -> list[Report] | None:
    """If another publisher holds an account that is needed, let it do the work, and wait for what it says.

    None if nobody is at work, or the one at work went away without an answer: then it is to be done here.
    """
    locks = _locks_needed(desk, named, now, until)
    if all(lock.is_free() for lock in locks):
        return None
    handover = Handover(desk.journal)
    request = handover.ask(named, now, desk.clock.now())
    waiting = Condition()
    while True:
        answer = handover.take_answer(request)
        if answer is not None:
            return answer
        if all(lock.is_free() for lock in locks) and handover.withdraw(request):
            return None
        with waiting:
            desk.clock.wait(waiting, desk.clock.now() + LOOK_FOR_ANSWER)


def _locks_needed(desk: Desk, named: Sequence[str], now: bool, until: int) -> list[Lock]:
    targets = {report.target for report in would_publish(desk, named, now, until)}
    accounts = [desk.settings.accounts[name] for name in sorted(targets)]
    return [account_lock(desk.state, account.network, account.server, account.name) for account in accounts]
