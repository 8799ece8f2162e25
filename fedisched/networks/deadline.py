"""The time that an exchange with a server may take as a whole. A time-out is for one piece, and begins anew with each:
a server that drips one byte a second would be listened to for as long as it likes."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from typing import Any


class Deadline:
    """When an exchange is over. `elapsed` counts seconds."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._until: float | None = None

    def begin(self, seconds: float) -> None:
        self._until = self._elapsed() + seconds

    def left(self, at_most: float | None = None) -> float:
        """How many seconds the next piece may take. Raises TimeoutError when there are none."""
        left = float("inf") if self._until is None else self._until - self._elapsed()
        if left <= 0:
            raise TimeoutError
        return left if at_most is None else min(left, at_most)


class InTime:
    """A connection that `http.client` reads an answer from, none of it after the time is over. `left` is asked before
    each piece, how many seconds it may take."""

    def __init__(self, connection: socket.socket, left: Callable[[], float]) -> None:
        self._reader = _Reader(connection, left)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._reader)


class _Reader(io.RawIOBase):
    def __init__(self, connection: socket.socket, left: Callable[[], float]) -> None:
        super().__init__()
        self._connection = connection
        # The connection's own, so that it stays open until the answer was read, whoever closes it before.
        self._pieces = connection.makefile("rb", buffering=0)
        self._left = left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connection.settimeout(self._left())
        return self._pieces.readinto(buffer)

    def close(self) -> None:
        super().close()
        self._pieces.close()
