"""A publisher that can die: a stage whose runs end at any act, on a clock that flies while they wait."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Condition, Lock
from typing import Any, TypeVar

from fedisched.clock import SECOND, SystemClock
from fedisched.engine.accounts import Accounts
from fedisched.engine.journal import Journal
from fedisched.model.network import Network
from fedisched.model.outcome import Refused
from fedisched.model.settings import Account
from fedisched.publisher.desk import Desk, Opened
from fedisched.publisher.posts import Posts
from fedisched.sandbox import Sandbox
from tests.stage import Stage

Answer = TypeVar("Answer")

FLIGHT = 200
"""How many times as fast the clock goes while somebody waits for it."""


class PowerCut(Exception):
    """The process is dead: whatever it tries to do from now on, it does not."""


class Fate:
    """How many acts a process still lives, before which and after which it may die; None for ever."""

    def __init__(self, acts: int | None) -> None:
        self._left = acts
        self._lock = Lock()

    def act(self) -> None:
        """Raises `PowerCut` if the process is dead by now."""
        with self._lock:
            if self._left is None:
                return
            self._left -= 1
            if self._left < 0:
                raise PowerCut


class FlyingClock:
    """A clock that goes as the machine's does, but flies while somebody waits, and can be moved on."""

    def __init__(self) -> None:
        self._machine = SystemClock()
        self._ahead = 0
        self._lock = Lock()

    def now(self) -> int:
        return self._machine.now() + self._ahead

    def wait(self, condition: Condition, until: int | None) -> None:
        remaining = SECOND if until is None else min(until - self.now(), SECOND)
        if remaining > 0 and not condition.wait(remaining / SECOND / FLIGHT):
            self.move(remaining)

    def move(self, microseconds: int) -> None:
        with self._lock:
            self._ahead += microseconds


class OffClock:
    """This machine's idea of another clock: `off` microseconds from the truth."""

    def __init__(self, truth: FlyingClock) -> None:
        self._truth = truth
        self.off = 0

    def now(self) -> int:
        return self._truth.now() + self.off

    def wait(self, condition: Condition, until: int | None) -> None:
        self._truth.wait(condition, None if until is None else until - self.off)


class MortalJournal(Journal):
    """The journal of a process that may die before and after everything that is written. `moved` is told of every
    move of a delivery, from which state to which."""

    def __init__(self, file: Path, fate: Fate, moved: Callable[[str, str], None]) -> None:
        self._fate = fate
        super().__init__(file)
        self._connection.create_function("moved", 2, moved)
        self._connection.execute(
            "CREATE TEMP TRIGGER told AFTER UPDATE OF state ON main.delivery WHEN old.state IS NOT new.state "
            "BEGIN SELECT moved(old.state, new.state); END"
        )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        self._fate.act()
        with super().transaction() as connection:
            yield connection
        self._fate.act()


def make_mortal(network: Network, fate: Fate) -> None:
    """From now on the process that uses this network may die before each request and after each answer."""
    for name in ("identify", "prepare", "warm", "publish", "find"):
        setattr(network, name, _between(fate, getattr(network, name)))


def _between(fate: Fate, ask: Callable[..., Answer]) -> Callable[..., Answer]:
    def asked(*arguments: Any) -> Answer:
        fate.act()
        answer = ask(*arguments)
        fate.act()
        return answer

    return asked


class MortalStage(Stage):
    """A stage whose runs may die. `truth` is the server's clock, `clock` this machine's."""

    def __init__(self, folder: Path, sandbox: Sandbox, truth: FlyingClock, moved: Callable[[str, str], None]) -> None:
        super().__init__(folder, sandbox)
        self.off_clock = OffClock(truth)
        self.clock = self.off_clock
        self._fate = Fate(None)
        self._moved = moved

    def open_account(self, account: Account) -> Opened | Refused:
        opened = super().open_account(account)
        if isinstance(opened, Opened):
            make_mortal(opened.network, self._fate)
        return opened

    def desk(self) -> Desk:
        journal = MortalJournal(self.state / "journal.sqlite3", self._fate, self._moved)
        posts = Posts(self.settings, journal, self.clock)
        known = super().desk()
        known.journal.close()
        return replace(known, journal=journal, accounts=Accounts(journal), posts=posts)

    def live(self, acts: int | None = None) -> None:
        """A run of the publisher, to its end or its death."""
        self._fate = Fate(acts)
        try:
            self.publish()
        except PowerCut:
            return
        finally:
            self._fate = Fate(None)
