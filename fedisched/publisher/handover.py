"""Handing over: a person who types `publish` while a publisher is at work does not wait for it to end, the one at
work does it for them.

Requests and answers are rows of the journal. Whoever asks looks for the answer a few times a second; the publisher
looks for questions when it wakes, at least once a second while it lives. Each who asks holds a lock meanwhile: a
question whose asker has died is nobody's, and must not send anything later.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Condition

from fedisched.clock import SECOND
from fedisched.engine.journal import Journal
from fedisched.publisher.desk import Desk
from fedisched.publisher.foresight import standing, would_publish
from fedisched.publisher.locks import Lock, account_lock, asker_lock
from fedisched.publisher.report import Report

LOOK_FOR_ANSWER = SECOND // 5
ANSWER_KEPT = 24 * 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks of the publisher at work: `paths` (empty: all that is due), whether `now`, and to stay for
    what falls due `until` then (microseconds since 1970 UTC). `asker` names the lock of who asked."""

    id: int
    paths: tuple[str, ...]
    now: bool
    until: int
    asker: str


class Handover:
    """The journal's table of requests."""

    def __init__(self, journal: Journal, state: Path) -> None:
        self._journal = journal
        self._state = state

    def ask(self, paths: Sequence[str], now: bool, until: int, at: int, asker: str) -> int:
        """Put a request; gives its id. Whoever asks holds the lock of that name already."""
        question = {"paths": list(paths), "now": now, "until": until, "asker": asker}
        with self._journal.transaction() as connection:
            # Answers that nobody came for.
            connection.execute("DELETE FROM request WHERE answer IS NOT NULL AND asked_at < ?", (at - ANSWER_KEPT,))
            cursor = connection.execute(
                "INSERT INTO request (asked_at, question) VALUES (?, ?)", (at, json.dumps(question))
            )
            return int(cursor.lastrowid or 0)

    def withdraw(self, request_id: int) -> bool:
        """Take a request back; false if it was answered in the meantime."""
        with self._journal.transaction() as connection:
            cursor = connection.execute("DELETE FROM request WHERE id = ? AND answer IS NULL", (request_id,))
            return cursor.rowcount == 1

    def unanswered(self) -> list[Request]:
        """The questions of those who still wait; what the dead have asked is forgotten."""
        rows = self._journal.rows("SELECT id, question FROM request WHERE answer IS NULL ORDER BY id")
        found = [_request(int(str(number)), str(question)) for number, question in rows]
        return [request for request in found if not self._is_forgotten(request)]

    def _is_forgotten(self, request: Request) -> bool:
        lock = asker_lock(self._state, request.asker)
        if not lock.try_acquire():
            return False
        self.withdraw(request.id)
        lock.discard()
        return True

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
        return [Report.from_plain(row) for row in json.loads(str(rows[0][0]))]


def ask_the_one_at_work(desk: Desk, named: Sequence[str], now: bool, until: int) -> list[Report] | None:
    """If another publisher holds an account that is needed, let it do the work, and wait for what it says.

    None if nobody is at work, or the one at work went away without an answer: then it is to be done here.
    """
    needed = _locks_needed(desk, named, now, until)
    if all(lock.is_free() for lock in needed):
        return None
    asked_at = desk.clock.now()
    asker = f"{os.getpid()}-{asked_at}"
    waiting = asker_lock(desk.state, asker)
    waiting.try_acquire()
    handover = Handover(desk.journal, desk.state)
    request = handover.ask(named, now, until, asked_at, asker)
    try:
        return _answer_to(request, handover, needed, desk)
    finally:
        handover.withdraw(request)
        waiting.discard()


def _answer_to(request: int, handover: Handover, needed: Sequence[Lock], desk: Desk) -> list[Report] | None:
    nothing = Condition()
    while True:
        answer = handover.take_answer(request)
        if answer is not None:
            return answer
        if all(lock.is_free() for lock in needed) and handover.withdraw(request):
            return None
        with nothing:
            desk.clock.wait(nothing, desk.clock.now() + LOOK_FOR_ANSWER)


def _locks_needed(desk: Desk, named: Sequence[str], now: bool, until: int) -> list[Lock]:
    targets = {report.target for report in would_publish(desk, standing(desk, named, now), until)}
    accounts = [desk.settings.accounts[name] for name in sorted(targets)]
    return [account_lock(desk.state, account.network, account.server, account.name) for account in accounts]


def _request(number: int, question: str) -> Request:
    plain = json.loads(question)
    return Request(number, tuple(plain["paths"]), plain["now"], plain["until"], plain["asker"])
