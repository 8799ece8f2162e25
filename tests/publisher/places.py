"""Several publishers of one repository: clones of one bare remote, each with a state of its own, on one sandbox."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from fedisched.clock import SECOND, SystemClock
from fedisched.model.settings import GitSettings
from fedisched.publisher.carrier import Carrier
from fedisched.publisher.claims import claims_of
from fedisched.publisher.desk import Desk
from fedisched.sandbox import Sandbox
from tests.git.places import NOBODY, Clone, bare
from tests.stage import Stage


class ShiftedClock(SystemClock):
    """The machine's clock, so many seconds on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> int:
        return super().now() + int(self.ahead * SECOND)


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

    @property
    def surroundings(self) -> dict[str, str]:
        return {**os.environ, **NOBODY}

    def desk(self) -> Desk:
        desk = super().desk()
        desk.claims = claims_of(self.settings, self.state, self.surroundings, self.notices.append, stays=self.stays)
        return desk

    def carry(self) -> None:
        """Take results to the remote, and bring what is there."""
        done = Carrier(self.settings, self.state, self.surroundings).sync()
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
