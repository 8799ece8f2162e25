"""Several publishers of one repository: clones of one bare remote, each with a state of its own, on one sandbox."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Condition, Timer

from fedisched.clock import SECOND, SystemClock
from fedisched.model.claims import Answered, Claims, Wanted
from fedisched.model.delivery import Delivery
from fedisched.model.settings import GitSettings
from fedisched.publisher.carrier import Carrier
from fedisched.publisher.claims import claims_of
from fedisched.publisher.desk import Desk
from fedisched.sandbox import Sandbox
from tests.git.places import NOBODY, Clone, bare
from tests.publisher.held import deliveries
from tests.stage import Stage


class Truth(SystemClock):
    """The true time, the servers', which can be moved on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> int:
        return super().now() + int(self.ahead * SECOND)


class OffClock(SystemClock):
    """A publisher's clock, so many seconds ahead of the truth."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self.off = 0.0
        self._sleep: tuple[int, float] | None = None

    def now(self) -> int:
        return self._truth.now() + int(self.off * SECOND)

    def sleeps(self, moment: int, seconds: float) -> None:
        """The next wait for this very moment ends so many seconds after it."""
        self._sleep = moment, seconds

    def wait(self, condition: Condition, until: int | None) -> None:
        super().wait(condition, until)
        if self._sleep is not None and until == self._sleep[0] <= self.now():
            self._truth.ahead += self._sleep[1]
            self._sleep = None


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

    def __init__(self, folder: Path, sandbox: Sandbox, truth: Truth, claim: bool) -> None:
        super().__init__(folder, sandbox)
        self.clock = self.own_clock = OffClock(truth)
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

    def deliveries(self) -> list[Delivery]:
        """What the journal knows."""
        return deliveries(self)

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

    def __init__(self, folder: Path, sandbox: Sandbox, truth: Truth) -> None:
        self._folder, self._sandbox, self.truth = folder, sandbox, truth
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
        return Peer(folder, self._sandbox, self.truth, claim)

    def push(self, message: str) -> None:
        self.ann.save(message)
        self.ann.git("pull", "-q", "--rebase")
        self.ann.git("push", "-q")

    def claims(self) -> list[str]:
        return self.ann.git("ls-remote", "origin", "refs/fedisched/claims/*").splitlines()
