"""What arrived and when: every request that the sandbox saw, for tests and for the curious."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, as it was seen. `arrived` is when its first byte came (microseconds since 1970 UTC),
    `arrived_monotonic` the same moment on the monotonic clock (microseconds), for measuring.

    `status` is None as long as nothing was answered, for ever if the connection was closed without an answer.
    `key` is the Idempotency-Key header.
    """

    number: int
    method: str
    path: str
    arrived: int
    arrived_monotonic: int
    status: int | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    user_agent: str = ""


class RequestLog:
    """The requests, in the order in which they were complete."""

    def __init__(self) -> None:
        self._seen: list[Seen] = []

    def arrive(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], first_byte_ns: int
    ) -> Seen:
        """Note a request whose first byte came at `first_byte_ns` on the monotonic clock."""
        wall = time.time_ns() - (time.monotonic_ns() - first_byte_ns)
        seen = Seen(
            number=len(self._seen),
            method=method,
            path=path,
            arrived=wall // 1000,
            arrived_monotonic=first_byte_ns // 1000,
            query=dict(query),
            key=headers.get("idempotency-key", ""),
            user_agent=headers.get("user-agent", ""),
        )
        self._seen.append(seen)
        return seen

    def answered(self, seen: Seen, status: int) -> None:
        """Note that a request is being answered."""
        self._seen[seen.number] = replace(seen, status=status)

    def all(self) -> tuple[Seen, ...]:
        """Everything so far."""
        return tuple(self._seen)
