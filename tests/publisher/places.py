"""Several publishers of one repository: clones of one bare remote, each with a state of its own, on one sandbox."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Condition, Timer

from fedisched.clock import SECOND, SystemClock
from fedisched.engine.plan import Step
from fedisched.model.claims import Answered, Claims, Wanted
from fedisched.model.settings import GitSettings
from fedisched.publisher.carrier import Carrier
from fedisched.publisher.claims import claims_of
from fedisched.publisher.desk import Desk
from fedisched.publisher.foresight import standing
from fedisched.sandbox import Sandbox
from tests.git.places import NOBODY, Clone, bare
from tests.stage import Stage


class ShiftedClock(SystemClock):
    """The machine's clock, so many seconds on."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._sleep: tuple[int, float] | None = None

    def now(self) -> int:
        return super().now() + int(self.ahead * SECOND)

    def sleeps(self, moment: int, seconds: float) -> None:
        """The next wait for this very moment ends so many seconds after it."""
        self._sleep = moment, seconds

    def wait(self, condition: Condition, until: int | None) -> None:
        super().wait(condition, until)
        if self._sleep is not None and until == self._sleep[0] <= self.now():
            self.ahead, self._sleep = self.ahead + self._sleep[1], None


class Ends(Exception):
    """A publisher that dies."""


class Fateful:
    """Real claims, and what happens when they are won."""

    def __init__(self, claims: Claims, happens: Callable[[], None]) -> None:
        self._claims, self._happens = claims, happens

    def ask(self, wanted: Sequence[Wanted], now: int) -> Answered:
        answered = self._claims.ask(wanted, now)
        self._happens()
        return answered

    def give_back(self, wanted: Sequence[Wanted]) -> None:
        self._claims.give_back(wanted)


class Peer(Stage):
    """One publisher: a clone with a state of its own, and a clock that can be off."""

    def __init__(self, folder: Path, sandbox: Sandbox, claim: bool = True) -> None:
        super().__init__(folder, sandbox)
        self.shifted = ShiftedClock()
        self.clock = self.shifted
        self.state = folder.with_name(f"{folder.name}-state")
        self.state.mkdir()
        (folder / ".fedisched").rmdir()
        self.settings = replace(self.settings, git=GitSettings(remote="origin", claim=claim))
        self.clone = Clone(folder, remote="origin")
        self.stays = False
        self._happens: Callable[[Desk], None] | None = None

    @property
    def surroundings(self) -> dict[str, str]:
        return {**os.environ, **NOBODY}

    def desk(self) -> Desk:
        desk = super().desk()
        claims = claims_of(self.settings, self.state, self.surroundings, self.notices.append, stays=self.stays)
        happens, self._happens = self._happens, None
        desk.claims = Fateful(claims, lambda: happens(desk)) if claims and happens else claims
        return desk

    def stops_when_it_has_claimed(self) -> None:
        """The next run is told to end once all its claims are won."""

        def stop(desk: Desk) -> None:
            # Only once the answer is known, in another thread.
            Timer(1.0, desk.stop).start()

        self._happens = stop

    def dies_when_it_has_claimed(self) -> None:
        """A run that claims what is due, and is gone."""

        def die(desk: Desk) -> None:
            raise Ends

        self._happens = die
        with suppress(Ends):
            self.publish()

    def standing(self) -> list[Step]:
        """Where everything stands now."""
        desk = self.desk()
        try:
            desk.posts.refresh()
            return standing(desk, [], at_once=False)
        finally:
            desk.journal.close()

    def carrier(self) -> Carrier:
        return Carrier(self.settings, self.state, self.surroundings)

    def carry(self) -> None:
        """Take results to the remote, and bring what is there."""
        done = self.carrier().sync()
        assert not done.words, done

    def said(self) -> list[str]:
        """What the reports say, once each."""
        return [f"{report.target}: {report.outcome} {report.error}".rstrip() for report in self.reports]


class Place:
    """A bare remote with publishers' clones of it, all with the same accounts on one sandbox."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self._folder, self._sandbox = folder, sandbox
        self.remote = bare(folder / "remote.git")
        self.ann = Clone.new(folder / "ann")
        self.ann.git("remote", "add", "origin", str(self.remote))
        self.ann.path("a.md").unlink()
        self.ann.post("draft.md", "Draft", "status: draft")
        self.ann.save("Draft")
        self.ann.git("push", "-q", "-u", "origin", "main")

    def peer(self, name: str, claim: bool = True) -> Peer:
        folder = self._folder / name
        Clone.of(self.remote, folder)
        return Peer(folder, self._sandbox, claim)

    def push(self, message: str) -> None:
        self.ann.save(message)
        self.ann.git("push", "-q")

    def claims(self) -> list[str]:
        return self.ann.git("ls-remote", "origin", "refs/fedisched/claims/*").splitlines()
