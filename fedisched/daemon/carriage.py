"""The daemon's way to git: a thread that commits results soon after they were written, and meets the remote at an
interval. It never holds up what is due: it begins nothing, and touches no file, in the seconds before."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Thread

from fedisched.clock import SECOND, Clock
from fedisched.daemon.events import Event, Said, Travelled
from fedisched.git.message import summary
from fedisched.publisher.carrier import Again, Carried, Carrier

GATHER = 1 * SECOND
"""How long results wait for others that come close after them, to be one commit."""
QUIET = 8 * SECOND
"""Nothing is begun when something is due within this."""
SHORT_QUIET = 2 * SECOND
"""The same, once it has waited for `PATIENCE`: where something is due all the time, there are short rests only."""
PATIENCE = 60 * SECOND
SOON = 2 * SECOND
LATEST_SOON = 60 * SECOND
TOLD_AFTER = 16 * SECOND
"""A pause from which on it is told what is waited for: most locks are gone before."""
LATEST = 900 * SECOND
"""The longest pause for a remote that cannot be reached, whatever the interval is."""
AT_THE_START = 10.0
"""Seconds for each request to the remote before the daemon's first plan."""
LAST_WORK = 10.0
"""Seconds for what is under way when the daemon is told to stop."""
AT_THE_END = 5.0
"""Seconds for each request to the remote when the daemon is told to stop."""


class Carriage:
    """One carrier at work in a thread of its own. Moments are microseconds since 1970 UTC."""

    def __init__(
        self,
        carrier: Carrier,
        clock: Clock,
        pull_every: float,
        tell: Callable[[Event], None],
        pulled: Callable[[], None],
        answer: Callable[[str], None] = lambda words: None,
    ) -> None:
        """`pull_every` in seconds; `tell`, `pulled` (other files are there now) and `answer` (what came of a meeting
        that somebody asked for: what holds it up, empty if nothing does) are called from the thread."""
        self._carrier, self._clock, self._tell, self._pulled = carrier, clock, tell, pulled
        self._pull_every = int(pull_every * SECOND)
        self._answer = answer
        self._condition = Condition()
        self._thread = Thread(target=self._work, name="git", daemon=True)
        self._said = ""
        self._met_another = False
        # Guarded by the condition.
        self._stopping = False
        self._called = False
        """Whether somebody said that there is something new since the last meeting began."""
        self._next_due: int | None = None
        self._commit_at: int | None = None
        self._sync_at: int | None = clock.now() if carrier.has_remote else None
        self._pause = 0

    def meet_first(self) -> None:
        """Meet the remote before anything is planned, if nothing is due just then: what was taken back while the
        daemon was away is not to go out. It does not wait long for an answer."""
        now = self._clock.now()
        if self._carrier.has_remote and self._rests(now, QUIET + int(AT_THE_START * SECOND)):
            done = self._carrier.sync(self._is_ready, AT_THE_START)
            self._take(done, met=True, committed_only=False)
            self._told(done)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Carry what is still here, if that is quickly done, and end."""
        self.retire()
        if self._thread.is_alive():
            self._thread.join(LAST_WORK)
        if not self._thread.is_alive():
            away = bool(self._pause)
            self._told(self._carrier.commit() if away else self._carrier.deliver(limit=AT_THE_END), not away)

    def retire(self) -> None:
        """Begin nothing new; another takes over."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()

    def due(self, moment: int | None) -> None:
        """When the next post is to be looked at: what must not be held up."""
        with self._condition:
            self._next_due = moment

    def files_changed(self) -> None:
        """Some of them may have results that HEAD does not."""
        with self._condition:
            # The first of several decides: a folder in which something changes all the time is carried, too.
            if self._commit_at is None:
                self._commit_at = self._clock.now() + GATHER
            self._condition.notify_all()

    def sync_now(self) -> None:
        """Somebody says that there is something new on the remote."""
        with self._condition:
            if self._carrier.has_remote:
                self._sync_at, self._pause, self._called = self._clock.now(), 0, True
            self._condition.notify_all()

    # --- the thread ------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._condition:
                if self._stopping:
                    return
                now = self._clock.now()
                self._keep_in_reach(now)
                if (at := self._next_at()) is None:
                    self._condition.wait()
                    continue
                if at > now or not self._is_quiet(now, at):
                    self._clock.wait(self._condition, at if at > now else None)
                    continue
                meets = self._sync_at is not None and self._sync_at <= now
                # What keeps the remote from being reached keeps no result from being committed.
                commits = not meets and bool(self._pause)
                self._commit_at = None
                called, self._called = self._called and meets, self._called and not meets
            if meets:
                done = self._carrier.sync(self._is_ready)
            elif commits:
                done = self._carrier.commit()
            else:
                done = self._carrier.deliver(self._is_ready)
            self._take(done, meets, commits)
            self._told(done, asked_remote=not commits)
            if called:
                self._answer(done.words)

    def _keep_in_reach(self, now: int) -> None:
        """A clock that was set back must not make a pause longer than it is."""
        if self._sync_at is not None:
            self._sync_at = min(self._sync_at, now + max(self._pause, self._pull_every))
        if self._commit_at is not None:
            self._commit_at = min(self._commit_at, now + max(self._pause, LATEST_SOON))

    def _next_at(self) -> int | None:
        moments = [moment for moment in (self._commit_at, self._sync_at) if moment is not None]
        return min(moments, default=None)

    def _is_ready(self) -> bool:
        with self._condition:
            return not self._stopping and self._rests(self._clock.now(), SHORT_QUIET)

    def _is_quiet(self, now: int, wanted: int) -> bool:
        return self._rests(now, SHORT_QUIET if now - wanted > PATIENCE else QUIET)

    def _rests(self, now: int, span: int) -> bool:
        """Whether nothing is about to leave. What is overdue does not count: it is not punctual any more."""
        return self._next_due is None or not now - SECOND <= self._next_due <= now + span

    def _take(self, done: Carried, met: bool, committed_only: bool) -> None:
        """When to work again; results alone do not put off the next meeting with the remote."""
        with self._condition:
            now = self._clock.now()
            if committed_only or (done.again is Again.NEVER and not met):
                if done.again is not Again.NEVER:
                    self._commit_at = now + LATEST_SOON
                elif not committed_only:
                    self._pause = 0
                return
            self._pause = self._next_pause(done.again)
            again_at = now + (self._pause or self._pull_every)
            if self._carrier.has_remote:
                # What was pushed while this meeting was under way may have come too late for it.
                self._sync_at = now if self._called else again_at
            else:
                self._commit_at = again_at

    def _next_pause(self, again: Again) -> int:
        match again:
            case Again.NEVER | Again.NEXT_TIME:
                return 0
            case Again.SOON:
                return min(max(2 * self._pause, SOON), LATEST_SOON)
            case Again.LATER:
                latest = max(LATEST, self._pull_every)
                return min(max(2 * self._pause, self._pull_every, SOON), latest)

    def _told(self, done: Carried, asked_remote: bool = True) -> None:
        if done.committed:
            self._tell(Travelled("committed", summary(done.committed)))
        if done.pulled:
            self._tell(Travelled("pulled", "what others pushed"))
            self._pulled()
        if done.pushed:
            self._tell(Travelled("pushed", "the results"))
        if done.others and not self._met_another:
            # Once, however often it happens.
            self._met_another = True
            self._tell(Said(done.others, wrong=True))
        if done.again is Again.SOON and self._pause < TOLD_AFTER:
            return
        if done.words != self._said and (done.words or (done.again is Again.NEVER and asked_remote)):
            # Each thing once, until it is mended.
            self._said = done.words
            if done.words:
                self._tell(Said(done.words, wrong=True))
