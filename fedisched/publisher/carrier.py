"""The carrier: takes results from the files into git and to the remote, and brings what others pushed.

Here the git room meets the content room. Nothing of it stands between a post and its network: what cannot be carried
now is carried later, since each time it is seen anew what the files say and HEAD, or the remote, does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from fedisched.model.errors import FedischedError, GitBusy, GitError, StateUnusable, Unreachable
from fedisched.model.settings import Settings
from fedisched.publisher.locks import Lock

if TYPE_CHECKING:
    from fedisched.git import Repository
    from fedisched.git.message import Change

LONGEST = 60.0
"""Seconds for one request to the remote."""


class Again(Enum):
    """When to try again what could not be done: a lock is gone soon, a person acts some time, a remote that is away
    may stay so for long."""

    NEVER = "never"
    SOON = "soon"
    NEXT_TIME = "next time"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of it. `committed` are the results in a new commit, `words` what a person should know, empty if there
    is nothing; `is_left` says that results are not where they should be. `others` is what there is to say of another
    publisher that was at work on the same repository."""

    committed: tuple[Change, ...] = ()
    pulled: bool = False
    pushed: bool = False
    words: str = ""
    again: Again = Again.NEVER
    others: str = ""

    @property
    def is_left(self) -> bool:
        return bool(self.words) or self.again is not Again.NEVER


class Carrier:
    """One content folder's. Two processes of ours are never at it at once. Imports git's room when it is needed."""

    def __init__(self, settings: Settings, state: Path, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._environ = environ
        self._lock = Lock(state / "locks" / "git.lock")

    @property
    def has_remote(self) -> bool:
        return bool(self._settings.git.remote)

    def commit(self) -> Carried:
        """Commit the results that HEAD does not have."""
        return self._with_repository(self._commit)

    def sync(self, ready: Callable[[], bool] = lambda: True, limit: float = LONGEST) -> Carried:
        """Commit, then meet the remote: results go there, what others pushed comes here, if `ready` lets the work tree
        be touched. `limit` in seconds for each request. Without a remote it only commits."""
        return self._with_repository(lambda repository: self._sync(repository, ready, limit))

    def deliver(self, ready: Callable[[], bool] = lambda: True, limit: float = LONGEST) -> Carried:
        """Commit, and meet the remote if it may lack anything that is here: without a request if it does not."""

        def work(repository: Repository) -> Carried:
            done = self._commit(repository)
            if done.is_left or not self.has_remote or not _has_unpushed(repository):
                return done
            synced = self._sync(repository, ready, limit)
            return replace(synced, committed=done.committed)

        return self._with_repository(work)

    def _commit(self, repository: Repository) -> Carried:
        from fedisched.content.said import PostWording

        if not self._settings.git.commit:
            return Carried()
        made = repository.commit_results(PostWording())
        return Carried(made.changes if made else ())

    def _sync(self, repository: Repository, ready: Callable[[], bool], limit: float) -> Carried:
        from fedisched.content.said import PostWording

        if not self.has_remote:
            return self._commit(repository)
        committed = self._commit(repository)
        try:
            done = repository.sync(PostWording(), ready, limit)
        except (GitBusy, Unreachable) as error:
            return Carried(committed.committed, words=str(error), again=_again(error))
        again = Again.SOON if done.postponed else Again.NEXT_TIME if done.waits else Again.NEVER
        if self._settings.git.claim and done.pulled:
            self._clear_claims(repository, limit)
        others = "" if self._settings.git.claim else _words_about_others(done.others)
        return Carried(committed.committed, done.moved, done.pushed, done.waits, again, others)

    def _clear_claims(self, repository: Repository, limit: float) -> None:
        """What the remote says the end of needs no claim any more. What is not cleared now is later, or by others."""
        from fedisched.content.said import PostWording
        from fedisched.git.claims import release

        with suppress(GitError):
            release(repository, PostWording(), time.time_ns() // 1000, limit)

    def _with_repository(self, work: Callable[[Repository], Carried]) -> Carried:
        from fedisched.git import open_repository

        if not self._settings.git.commit and not self.has_remote:
            return Carried()
        try:
            repository = open_repository(self._settings, self._environ)
            if repository is None:
                return Carried(words=self._no_repository())
            if not self._lock.try_acquire():
                return Carried(again=Again.SOON)
            try:
                return work(repository)
            finally:
                self._lock.release()
        except (GitError, StateUnusable) as error:
            return Carried(words=str(error), again=_again(error))
        except OSError as error:
            words = f"git could not be worked with: {error.strerror or error}. It is tried again; mend what it names."
            return Carried(words=words, again=Again.LATER)

    def _no_repository(self) -> str:
        git = self._settings.git
        if not self.has_remote:
            return ""
        return (
            f"[git] names the remote {git.remote}, but {self._settings.folder} is in no git repository. "
            f"Type `git init` there, or take `remote` out of {self._settings.source}."
        )


def _words_about_others(subjects: Sequence[str]) -> str:
    if not subjects:
        return ""
    more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
    return (
        f"Another publisher is at work on this repository ({subjects[0]}{more}). If that is meant, write "
        "`claim = true` under [git] in the configuration, so that no post goes out twice; else stop one of the two."
    )


def _again(error: FedischedError) -> Again:
    return Again.SOON if isinstance(error, GitBusy) else Again.LATER


def _has_unpushed(repository: Repository) -> bool:
    from fedisched.git.remote import remote_branch

    standing = repository.status()
    if not standing.branch:
        return False
    tracking = f"refs/remotes/{repository.settings.git.remote}/{remote_branch(repository, standing.branch)}"
    return repository.git.text("rev-parse", "-q", "--verify", tracking, ok=(0, 1, 128)) != standing.head
