"""When there is time to think: planning, telling and writing back hold the interpreter, so they wait for the requests
that leave just then."""

from __future__ import annotations

from collections.abc import Iterable

from fedisched.clock import SECOND

BEFORE, AFTER = SECOND // 10, SECOND // 4
"""How long before and after a due moment nobody thinks, unless the request has been answered sooner."""
REST = 4
"""How much longer than it took to think there is no thinking again: a fifth of the time is enough for it."""
LONGEST = SECOND
"""What there is to think about waits no longer than this, whatever goes on."""


def calm_at(moments: Iterable[int], now: int) -> int:
    """When the requests due about now will have left; `now` if there are none. What is long overdue disturbs nobody:
    it is late already."""
    return max((at + AFTER for at in moments if at - BEFORE <= now < at + AFTER), default=now)


class Calm:
    """Says how long to put off thinking, and not for ever. All moments are microseconds since 1970 UTC."""

    def __init__(self) -> None:
        self._asked: int | None = None
        self._rested = 0

    def put_off_until(self, moments: Iterable[int], now: int) -> int | None:
        """When to ask again, with the moments of the requests that are to leave; None to go ahead."""
        if self._asked is None or now < self._asked:
            self._asked = now
        until = min(max(calm_at(moments, now), self._rested), self._asked + LONGEST)
        if until > now:
            return until
        self._asked = None
        return None

    def thought(self, began: int, ended: int) -> None:
        """Somebody was thinking all the while."""
        self._rested = ended + REST * max(ended - began, 0)
