"""The schedule: what falls due when, in memory."""

from __future__ import annotations

import heapq
from collections.abc import Iterator


class Schedule:
    """Names (of posts, of accounts, of anything) and the moments at which they are next looked at.

    Adding, changing and removing cost O(log n), the next moment O(1), all amortised: a name that changes leaves its
    old place in the heap behind, which is passed over when it comes to the top and swept out when half of the heap
    is such left-overs. Moments are microseconds since 1970 UTC.
    """

    def __init__(self) -> None:
        self._moments: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._moments)

    def __contains__(self, name: str) -> bool:
        return name in self._moments

    def set(self, name: str, moment: int | None) -> None:
        """Look at `name` at this moment, and at no other; None takes it out."""
        if moment is None:
            self._moments.pop(name, None)
        elif self._moments.get(name) != moment:
            self._moments[name] = moment
            heapq.heappush(self._heap, (moment, name))
        self._sweep()

    def next(self) -> int | None:
        """The earliest moment of all, None for an empty schedule."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: int) -> Iterator[str]:
        """Every name whose moment has come, the longest overdue first; they stay until they are set again."""
        return (name for _, name in self.until(now))

    def until(self, moment: int) -> list[tuple[int, str]]:
        """Every moment up to this one, in order, with its name."""
        return sorted((m, name) for name, m in self._moments.items() if m <= moment)

    def _sweep(self) -> None:
        """Keep a live entry at the top, and the heap no larger than twice what lives."""
        heap = self._heap
        while heap and self._moments.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        if len(heap) > 2 * len(self._moments) + 16:
            self._heap = [(moment, name) for name, moment in self._moments.items()]
            heapq.heapify(self._heap)
