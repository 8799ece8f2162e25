"""Which troubles are news: each is told once, and again when it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fedisched.clock import SECOND
from fedisched.model.telling import Memory, Told, Trouble

REST = 3600 * SECOND
"""For how long what passes by itself is not told again: a daemon that dies every minute is one piece of news."""
FIRST_PAUSE = 60 * SECOND
LONGEST_PAUSE = 3600 * SECOND
"""How long the next attempt waits when no way of telling worked."""

MENDS_ITSELF = frozenset({"paused", "delayed", "daemon"})
"""What a person may be waiting for: they are told when it is well again. Of the others they know it from mending."""


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told: what is new, and what is well again. `told` is what is known then to have been told."""

    new: tuple[Trouble, ...]
    well_again: tuple[Told, ...]
    told: Mapping[str, Told]

    def __bool__(self) -> bool:
        return bool(self.new or self.well_again)


def news(current: Iterable[Trouble], memory: Memory, judged: Callable[[str], bool], now: int) -> News:
    """Compare what needs a person now with what was told. `judged` says of a key whether whoever asks can tell that it
    is over; what others know of stays as it is. `now` in microseconds since 1970 UTC."""
    there = {trouble.key: trouble for trouble in current}
    new = tuple(trouble for key, trouble in there.items() if _is_news(trouble, memory.told.get(key), now))
    over = {key: told for key, told in memory.told.items() if key not in there and _is_over(key, told, judged, now)}
    well_again = tuple(told for told in over.values() if told.kind in MENDS_ITSELF and not told.passes)
    told = {key: told for key, told in memory.told.items() if key not in over}
    told |= {each.key: Told(each.kind, each.mark, each.subject, now, each.passes) for each in new}
    return News(new, well_again, told)


def next_pause(failures: int) -> int:
    """How long to wait after so many attempts that failed, in microseconds."""
    return min(FIRST_PAUSE << min(failures - 1, 10), LONGEST_PAUSE)


def _is_news(trouble: Trouble, told: Told | None, now: int) -> bool:
    if told is None:
        return True
    if trouble.passes and told.at <= now < told.at + REST:
        return False
    return trouble.mark != told.mark


def _is_over(key: str, told: Told, judged: Callable[[str], bool], now: int) -> bool:
    if told.passes:
        return not told.at <= now < told.at + REST
    return judged(key)
