"""Watch the posts folder, and say when and where to look again.

Events are hints only: an editor's save is one event or ten, a lost event is possible, and what counts is what lies in
the folder when we look. So they are collected until it is quiet, and every few minutes everything is looked at anyway.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from fedisched.content.hints import EVERYTHING, Change, Pending
from fedisched.content.watch_events import EventSource
from fedisched.content.watch_poll import PollSource
from fedisched.model.lacking import HOW_TO_OPEN_MORE, TOO_MANY_FILES

__all__ = ["Change", "Watcher"]

_LIMITS = {
    errno.ENOSPC: ("inotify watches", "fs.inotify.max_user_watches=524288"),
    errno.EMFILE: ("inotify instances", "fs.inotify.max_user_instances=1024"),
}
_FILES = 8
"""An observer has three for each tree that it watches, and there are two of them or more."""


class _Source(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...


class Watcher:
    """Calls `changed`, on a thread of its own, with what to look at again.

    It starts out silent: scan the folder after `start()`, and nothing falls in between. All durations are in seconds.
    `changed` is called after `quiet` without an event, under a constant stream after `patience`, and every
    `rescan_every` with everything; it must not raise. `posts` is relative to the content folder, with `/`, and need
    not exist yet.

    The operating system tells of changes, unless `poll` (or FEDISCHED_WATCH=poll) asks to look every `poll_every`, as
    network and container mounts need, or the system's limits are reached, which `notice` is told in a whole message.
    """

    def __init__(
        self,
        folder: Path,
        posts: str,
        changed: Callable[[Change], None],
        *,
        poll: bool | None = None,
        quiet: float = 0.15,
        patience: float = 2.0,
        rescan_every: float = 300.0,
        poll_every: float = 2.0,
        notice: Callable[[str], None] = lambda message: None,
        environ: Mapping[str, str] = os.environ,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._posts = posts
        self._changed = changed
        self._poll = environ.get("FEDISCHED_WATCH") == "poll" if poll is None else poll
        self._poll_every = poll_every
        self._rescan_every = rescan_every
        self._notice = notice
        self._monotonic = monotonic
        self._pending = Pending(quiet, patience)
        self._condition = threading.Condition()
        self._stopping = False
        self._noticed = False
        self._source: _Source | None = None
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin; when this returns, no later change is missed."""
        self._arm()
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for every thread; `changed` is not called again. May be called from within `changed`."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()
        self._disarm()

    def _hint(self, change: Change) -> None:
        with self._condition:
            # Later hints only move the moment, and the thread looks at that anyway when it wakes.
            if self._pending.add(change, self._monotonic()):
                self._condition.notify()

    def _run(self) -> None:
        rescan_at = self._monotonic() + self._rescan_every
        while (change := self._next(rescan_at)) is not None:
            if change.folders is None:
                # Folders came or went, or events were lost. What is watched is built anew, which also mends whatever
                # went wrong in it; what changes meanwhile is seen by the scan that follows.
                self._arm()
                rescan_at = self._monotonic() + self._rescan_every
            self._changed(change)

    def _next(self, rescan_at: float) -> Change | None:
        """Wait for what to look at; None when stopping."""
        with self._condition:
            while not self._stopping:
                now = self._monotonic()
                if now >= rescan_at:
                    self._pending.take()
                    return EVERYTHING
                if now >= self._pending.due:
                    return self._pending.take()
                self._condition.wait(min(self._pending.due, rescan_at) - now)
        return None

    def _arm(self) -> None:
        self._disarm()
        if not self._poll:
            source = EventSource(self._folder, self._posts, self._hint)
            try:
                source.start()
            except OSError as error:
                self._tell(error)
            else:
                self._source = source
                return
        self._source = PollSource(self._folder, self._posts, self._hint, self._poll_every, self._monotonic)
        self._source.start()

    def _disarm(self) -> None:
        if self._source is not None:
            self._source.stop()
            self._source = None

    def _tell(self, error: OSError) -> None:
        """Once, not at every attempt."""
        if self._noticed:
            return
        self._noticed = True
        what, setting = _LIMITS.get(error.errno or 0, (f"{error.strerror or error}", ""))
        if error.errno in TOO_MANY_FILES and not _can_open_more():
            # The same error as for the instances, but it is this process that has too many.
            how = f"so the posts are looked at every {self._poll_every:g} seconds. {HOW_TO_OPEN_MORE}"
            self._notice(f"too many files are open, {how}")
            return
        why = f"the system's limit of {what} is reached" if setting else f"the system cannot tell of changes ({what})"
        remedy = f"To be told at once, run `sudo sysctl {setting}` and start again." if setting else ""
        remedy = remedy or "Set FEDISCHED_WATCH=poll to do without this message."
        self._notice(f"{why}, so the posts are looked at every {self._poll_every:g} seconds. {remedy}")


def _can_open_more() -> bool:
    """Whether there is room for what an observer keeps open: when it has failed, what it had is free again."""
    with ExitStack() as opened:
        try:
            for _ in range(_FILES):
                opened.callback(os.close, os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            return False
    return True
