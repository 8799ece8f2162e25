"""Signs of life, given by the daemon's own loop and by nothing else: one that hangs gives none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from fedisched.clock import SECOND, Clock
from fedisched.daemon.health import EVERY, Health, read_health, write_health
from fedisched.daemon.service import ServiceManager

AT_MOST_EVERY = 2 * SECOND
"""What changes again and again is written no more often than this."""


class Pulse:
    """The daemon's pulse. All moments are microseconds since 1970 UTC."""

    def __init__(self, state: Path, environ: Mapping[str, str], clock: Clock) -> None:
        before = read_health(state)
        self.died_at = before.beat if before is not None and not before.stopped else None
        """The last sign of life of a daemon that did not end in order; None if it did, or there was none."""
        self._state, self._clock = state, clock
        self._manager = ServiceManager(environ)
        now = clock.now()
        self._health = Health(os.getpid(), now, now)
        self._written = self._fed = 0
        self._status = ""

    def ready(self) -> None:
        """The folder was read, or read again; from here on what falls due goes out."""
        self._manager.say(READY=1)

    def reloading(self) -> None:
        self._manager.say(RELOADING=1)

    def stopping(self) -> None:
        self._manager.say(STOPPING=1, STATUS="Ending; what is being sent is finished")
        self._write(replace(self._health, beat=self._clock.now()))

    def stopped(self) -> None:
        """It ended in order."""
        self._write(replace(self._health, beat=self._clock.now(), publishing=False, stopped=True))

    def beat(
        self, next_due: int | None, shown: str, publishing: bool, paused: Iterable[str], troubles: Iterable[str]
    ) -> None:
        """The loop has turned; `shown` is the next moment as people read it. Cheap: it turns every second."""
        now = self._clock.now()
        health = replace(
            self._health, next_due=next_due, publishing=publishing, paused=tuple(paused), troubles=tuple(troubles)
        )
        changed = health != self._health
        # Also where the clock was set back.
        if not self._written <= now < self._written + (AT_MOST_EVERY if changed else EVERY):
            self._write(replace(health, beat=now))
            self._written = now
        self._feed(now, _status(health, shown))

    def _feed(self, now: int, status: str) -> None:
        """Well within the time that the service manager waits: twice."""
        if status != self._status:
            self._status = status
            self._manager.say(STATUS=status)
        every = self._manager.watches_every
        if every is not None and not self._fed <= now < self._fed + every // 3:
            self._fed = now
            self._manager.say(WATCHDOG=1)

    def _write(self, health: Health) -> None:
        self._health = health
        write_health(self._state, health)


def _status(health: Health, shown: str) -> str:
    words = ["Publishing" if health.publishing else f"Next {shown}" if shown else "Nothing is scheduled"]
    if health.paused:
        words.append(f"paused: {', '.join(health.paused)}")
    words += health.troubles
    return "; ".join(words)
