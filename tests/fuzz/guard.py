"""What is held true of every input: no exception, no second of work, nothing written or read elsewhere, nothing run."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import FrameType
from typing import Any

LONGEST = 1.0
"""Seconds of CPU that one input may take."""
_GIVEN_UP = 10.0
_CHANGES = frozenset(
    ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.chmod", "os.chown", "os.truncate")
)
_RUNS = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "socket.connect", "socket.getaddrinfo")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class TooLong(BaseException):
    """An input was given up; not an Exception, so that nothing takes it for one of its own."""


@dataclass(slots=True)
class Watch:
    """What may be done while an input is worked on: `writable` is where files may be changed, `readable` where they may
    be read (None: anywhere). What was done beside that is in `violations`."""

    writable: str = ""
    readable: tuple[str, ...] | None = None
    is_on: bool = False
    violations: list[str] = field(default_factory=list)

    def saw(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python's own account of what is done (https://docs.python.org/3/library/audit_events.html)."""
        if not self.is_on:
            return
        if event == "open":
            self._opened(*arguments[:3])
        elif event in _CHANGES:
            paths = [path for path in arguments[:2] if isinstance(path, str | bytes)]
            if not all(self._is_below(path, (self.writable,)) for path in paths):
                self.violations.append(f"{event} {arguments[:2]}")
        elif event.startswith(_RUNS):
            self.violations.append(f"{event} {arguments[:1]}")

    def _opened(self, path: object, _mode: object, flags: object) -> None:
        if not isinstance(path, str | bytes):
            return
        writes = isinstance(flags, int) and bool(flags & _WRITING)
        if writes and not self._is_below(path, (self.writable,)):
            self.violations.append(f"opened for writing: {path!r}")
        if not writes and self.readable is not None and not self._is_below(path, self.readable):
            self.violations.append(f"read: {path!r}")

    @staticmethod
    def _is_below(path: str | bytes, places: tuple[str, ...]) -> bool:
        real = os.path.realpath(os.fsdecode(path))
        return any(place and (real == place or real.startswith(f"{place}/")) for place in places)


WATCH = Watch()


@cache
def install() -> None:
    """Begin to see what is done; once a process, since Python never ends it. Inputs that take for ever are given up."""
    import atproto_client.models.dot_dict  # noqa: F401 (what takes a second to import is no input's doing)

    sys.addaudithook(WATCH.saw)
    signal.signal(signal.SIGVTALRM, _give_up)


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise TooLong(f"more than {_GIVEN_UP:.0f} seconds of CPU")


@contextmanager
def watched(writable: str, readable: tuple[str, ...] | None) -> Iterator[None]:
    """Hold what is done inside against what may be done."""
    WATCH.writable, WATCH.readable, WATCH.is_on = writable, readable, True
    try:
        yield
    finally:
        WATCH.is_on = False


@contextmanager
def unwatched() -> Iterator[None]:
    """What a surface does itself, to set its input up and to clear it away, is its own affair."""
    WATCH.is_on = False
    try:
        yield
    finally:
        WATCH.is_on = True


def tried(run: Callable[[], bool], writable: str, readable: tuple[str, ...] | None) -> tuple[bool, float, str]:
    """Work on one input: whether it got past the first parser, the CPU seconds that it took, and what went wrong."""
    begun = time.thread_time()
    wrong = ""
    past = False
    signal.setitimer(signal.ITIMER_VIRTUAL, _GIVEN_UP)
    try:
        with watched(writable, readable):
            past = run()
    except TooLong as error:
        wrong = str(error)
    except Exception as error:
        import traceback

        wrong = f"{type(error).__name__}: {error!s:.200}\n{''.join(traceback.format_tb(error.__traceback__)[-4:])}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    took = time.thread_time() - begun
    if took > LONGEST:
        wrong = wrong or f"took {took:.1f} seconds of CPU"
    if WATCH.violations:
        wrong = wrong or "; ".join(WATCH.violations)
        WATCH.violations.clear()
    return past, took, wrong
