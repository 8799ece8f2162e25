"""Somebody who waits at a terminal is told what takes so long, when an upload does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from fedisched.model.network import ReadMedia
from fedisched.model.rendered import Attachment

FIRST, AGAIN = 3.0, 5.0
"""Seconds after which it is said first, and then again."""


@contextmanager
def told(
    read_media: ReadMedia,
    target: str,
    tell: Callable[[str], None] | None,
    first: float = FIRST,
    again: float = AGAIN,
) -> Iterator[ReadMedia]:
    """Inside the block, what is uploaded to a target is told once it takes more than a few seconds, until it is done.
    Gives what to read media with; nothing is watched if nobody is to be told."""
    if tell is None:
        yield read_media
        return
    watch = _Watch(target, tell, first, again)

    def read(attachment: Attachment) -> bytes:
        watch.now(attachment, None)
        data = read_media(attachment)
        watch.now(attachment, len(data))
        return data

    try:
        yield read
    finally:
        watch.done.set()


class _Watch:
    """What is being uploaded just now. Its thread begins with the first file."""

    def __init__(self, target: str, tell: Callable[[str], None], first: float, again: float) -> None:
        self.done = Event()
        self._target, self._tell = target, tell
        self._first, self._again = first, again
        self._words = ""
        self._began = monotonic()
        self._thread: Thread | None = None

    def now(self, attachment: Attachment, size: int | None) -> None:
        """A file is being made fit, or (its size in bytes is known) uploaded."""
        doing = "making it fit" if size is None else f"uploading {max(size / 1_000_000, 0.1):,.1f} MB"
        self._words = f"{attachment.path}: {doing} for {self._target}"
        if self._thread is None:
            self._thread = Thread(target=self._watch, name="long uploads", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        pause = self._first
        while not self.done.wait(pause):
            self._tell(f"{self._words}, {monotonic() - self._began:.0f} s so far")
            pause = self._again
