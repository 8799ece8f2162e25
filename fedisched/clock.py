"""The clock: the one place that asks what time it is.

Everything else takes the time as an argument or a `Clock`, so that tests can be a year long and take no time.
"""

from __future__ import annotations

import time
from threading import Condition
from typing import Protocol

SECOND = 1_000_000
"""Microseconds in a second: moments are whole microseconds since 1970-01-01 UTC throughout."""


class Clock(Protocol):
    """What time it is, and how to wait for a time."""

    def now(self) -> int:
        """The wall clock, in microseconds since 1970 UTC."""
        ...

    def wait(self, condition: Condition, until: int | None) -> None:
        """Wait on a condition that is held, until it is notified or the wall clock may have reached `until`.

        May return early; the caller looks at the clock and its condition again. None waits for the condition only,
        in steps.
        """
        ...


class SystemClock:
    """The machine's own clock.

    A single long wait fires an hour early or late after the clock is set or the machine was suspended, since waits
    run on the monotonic clock. So no wait is longer than a second, and each ends with a fresh look at the wall.
    """

    longest_wait = 1.0

    def now(self) -> int:
        return time.time_ns() // 1000

    def wait(self, condition: Condition, until: int | None) -> None:
        remaining = self.longest_wait if until is None else (until - self.now()) / SECOND
        if remaining > 0:
            condition.wait(min(remaining, self.longest_wait))
