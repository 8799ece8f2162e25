"""Waking the daemon from outside: whoever has just received a push says so, and need not know its process id.

A named pipe in the state folder, which only the daemon's own user may enter. A signal does the same (SIGHUP). What came
of it is left in a file beside it, so that whoever pushed learns what keeps the daemon from taking it up.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from time import monotonic

_NAME = "wake"
_ANSWER = "wake-answer"
_LOOK_EVERY = 0.05


class Wake:
    """The daemon's end. `woken` is called from a thread of its own."""

    def __init__(self, state: Path, woken: Callable[[], None]) -> None:
        self._path = state / _NAME
        self._woken = woken
        self._pipe: int | None = None

    def start(self) -> None:
        """Listen. Where the disk has no named pipes to give there is the signal, and the interval."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
            os.mkfifo(self._path, 0o600)
            # For writing, too: so the pipe never ends, whoever comes and goes.
            self._pipe = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            Thread(target=self._listen, args=(self._pipe,), name="wake", daemon=True).start()

    def stop(self) -> None:
        if self._pipe is not None:
            self._path.unlink(missing_ok=True)
            os.write(self._pipe, b"\0")
            self._pipe = None

    def _listen(self, pipe: int) -> None:
        while b"\0" not in os.read(pipe, 4096):
            self._woken()
        os.close(pipe)


def wake(state: Path) -> bool:
    """Wake the daemon of a state folder; false if none listens there."""
    try:
        pipe = os.open(state / _NAME, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.write(pipe, b"\n")
    except BlockingIOError:
        # It is full of others who say the same.
        return True
    except OSError:
        return False
    finally:
        os.close(pipe)
    return True


def answer(state: Path, words: str) -> None:
    """Leave what came of a call for those who wait for it: what holds the daemon up, empty if nothing does."""
    partial = state / f"{_ANSWER}.new"
    # A full disk is told of elsewhere; whoever waits goes on without an answer.
    with contextlib.suppress(OSError):
        partial.write_text(words, encoding="utf-8", errors="replace")
        partial.replace(state / _ANSWER)


def call(state: Path, patience: float) -> str | None:
    """Wake the daemon, and wait so many seconds for its answer; None if nobody listens. Empty if nothing holds it up,
    or if it has better to do just now."""
    before = _stamp(state)
    if not wake(state):
        return None
    ends, never = monotonic() + patience, Event()
    while (now := _stamp(state)) == before and monotonic() < ends:
        never.wait(_LOOK_EVERY)
    if now == before:
        return ""
    with contextlib.suppress(OSError):
        return (state / _ANSWER).read_text(encoding="utf-8", errors="replace")
    return ""


def _stamp(state: Path) -> tuple[int, int]:
    try:
        stat = (state / _ANSWER).stat()
    except OSError:
        return 0, 0
    return stat.st_ino, stat.st_mtime_ns
