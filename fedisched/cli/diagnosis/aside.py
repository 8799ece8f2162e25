"""What takes others' time is asked aside, all at once, while everything else is looked at; and not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Condition, Thread
from typing import TypeVar, cast

WITHIN = 7.0
"""Seconds after which nobody is waited for any more."""
EACH = 3.5
"""Seconds for one request."""

T = TypeVar("T")


class Aside:
    """Questions that are asked in threads of their own. One that hangs holds up neither the others nor the end."""

    def __init__(self, within: float | None = None) -> None:
        self._until = time.monotonic() + (WITHIN if within is None else within)
        self._condition = Condition()
        self._answers: dict[object, object] = {}

    def ask(self, name: object, question: Callable[[], object]) -> None:
        """Begin to ask; an exception is an answer, too."""

        def asked() -> None:
            try:
                answer = question()
            except Exception as error:
                answer = error
            with self._condition:
                self._answers[name] = answer
                self._condition.notify_all()

        Thread(target=asked, name=f"asking {name}", daemon=True).start()

    def answer(self, name: object, kind: type[T]) -> T | Exception | None:
        """What came of it, waited for until the time is over; None if nothing did."""
        with self._condition:
            while name not in self._answers:
                left = self._until - time.monotonic()
                if left <= 0 or not self._condition.wait(left):
                    return None
            return cast("T | Exception", self._answers[name])
