"""Hints without the operating system's help: look at the folder every few seconds.

watchdog has a polling observer too. It keeps every path with its stat and builds a second such picture to compare
with (10,000 posts: 83 ms, 8 MB); one number a folder is enough to know where to look again (36 ms, 0.1 MB).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from fedisched.content.hints import CONFIG, CONFIG_NAMES, POSTS, Change, is_hidden, may_be_post

# However slow the mount is, looking takes at most this share of the time.
_SHARE = 0.05


class PollSource:
    """Reports hints for what changed since `start` returned; `every` is in seconds."""

    def __init__(
        self,
        folder: Path,
        posts: str,
        report: Callable[[Change], None],
        every: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._posts = PurePosixPath(posts)
        self._report = report
        self._every = every
        self._monotonic = monotonic
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch-poll", daemon=True)
        self._known: dict[str, int] = {}
        self._config = 0

    def start(self) -> None:
        self._known, self._config = self._look()
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        pause = self._every
        while not self._stopped.wait(pause):
            began = self._monotonic()
            known, config = self._look()
            if config != self._config:
                self._report(CONFIG)
            if known.keys() != self._known.keys():
                self._report(POSTS)
            elif changed := frozenset(folder for folder in known if known[folder] != self._known[folder]):
                self._report(Change(changed))
            self._known, self._config = known, config
            pause = max(self._every, (self._monotonic() - began) / _SHARE)

    def _look(self) -> tuple[dict[str, int], int]:
        """A number for each folder below the posts folder, and one for the configuration."""
        return dict(self._folders()), hash(tuple(map(self._config_fact, CONFIG_NAMES)))

    def _folders(self) -> Iterator[tuple[str, int]]:
        ahead = [self._posts]
        while ahead:
            folder = ahead.pop()
            facts = set()
            try:
                with os.scandir(self._folder / folder) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            if not is_hidden(entry.name):
                                ahead.append(folder / entry.name)
                        elif may_be_post(entry.name):
                            facts.add((entry.name, _fact(entry)))
            except OSError:  # gone, or not ours to read: the scan is the one to say so
                continue
            yield str(folder), hash(frozenset(facts))

    def _config_fact(self, name: str) -> tuple[int, ...]:
        return _fact(self._folder / name)


def _fact(file: os.DirEntry[str] | Path) -> tuple[int, ...]:
    try:
        facts = file.stat()
    except OSError:
        return ()
    return facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino
