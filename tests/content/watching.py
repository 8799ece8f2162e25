"""A watcher on a folder of posts, and what it said, for the tests of the watcher."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fedisched.content.watch import Change, Watcher

PATIENT = 30.0
"""How long a test waits, in seconds, for what happens within a few milliseconds."""

QUIET = 0.02


class Heard:
    """What the watcher said so far."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._condition = threading.Condition()
        self.notices: list[str] = []

    def changed(self, change: Change) -> None:
        with self._condition:
            self._changes.append(change)
            self._condition.notify_all()

    def until(self, enough: Callable[[list[Change]], bool]) -> list[Change]:
        with self._condition:
            assert self._condition.wait_for(lambda: enough(self._changes), PATIENT), self._changes
            return list(self._changes)

    def folder(self, folder: str) -> None:
        """Wait until this folder is to be looked at, by itself or as part of everything."""
        self.until(lambda all_: any(c.folders is None or folder in c.folders for c in all_))

    def clear(self) -> None:
        with self._condition:
            self._changes.clear()


@contextmanager
def watching(
    folder: Path,
    posts: str = "posts",
    *,
    poll: bool = False,
    quiet: float = QUIET,
    patience: float = 2.0,
    rescan_every: float = 300.0,
) -> Iterator[Heard]:
    heard = Heard()
    watcher = Watcher(
        folder,
        posts,
        heard.changed,
        poll=poll,
        quiet=quiet,
        patience=patience,
        poll_every=0.02,
        rescan_every=rescan_every,
        notice=heard.notices.append,
    )
    watcher.start()
    try:
        yield heard
    finally:
        watcher.stop()


def linux_only(test: Callable[..., None]) -> Callable[..., None] | None:
    """Leave out, elsewhere, what rests on inotify and /proc."""
    return test if sys.platform == "linux" else None
