"""Tell a person what needs them, each thing once: whoever notices it first, the daemon or a `publish`, does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Condition

from fedisched.clock import SECOND, Clock
from fedisched.engine.telling import News, news, next_pause
from fedisched.model.telling import Answer, Memory, Message, Trouble, Ways
from fedisched.notify.memory import keep, recall
from fedisched.publisher.locks import Lock

PATIENCE = 5 * SECOND
"""How long somebody else who is telling just now is waited for."""
_LOOK = SECOND // 10


@dataclass(frozen=True, slots=True)
class Telling:
    """What came of it: what was told, the answer of each way, and how many troubles are known to have been told.
    `again` is when to try once more (microseconds since 1970 UTC), if no way worked or somebody else was at it."""

    news: News | None = None
    answers: tuple[Answer, ...] = ()
    remembered: int = 0
    again: int | None = None
    error: str = ""


def tell(
    state: Path,
    clock: Clock,
    ways: Ways,
    troubles: Iterable[Trouble],
    judged: Callable[[str], bool],
    send: Callable[[News], list[Answer]],
) -> Telling:
    """Send what is news among these troubles. `judged` as for `news`; `send` makes the message and sends it."""
    lock = Lock(state / "locks" / "telling.lock")
    if not _taken(lock, clock):
        return Telling(again=clock.now() + PATIENCE)
    try:
        memory, now = recall(state), clock.now()
        wanted = [trouble for trouble in troubles if trouble.kind in ways.on]
        found = news(wanted, memory, judged, now)
        if not found:
            error = "" if found.told == memory.told else _kept(state, replace(memory, told=found.told))
            return Telling(remembered=len(found.told), error=error)
        # A clock that was set back must not make the pause longer than it is.
        if now < memory.next_try <= now + next_pause(memory.failures or 1):
            return Telling(remembered=len(memory.told), again=memory.next_try)
        answers = tuple(send(found))
        if all(answer.error for answer in answers):
            failures = memory.failures + 1
            again = clock.now() + next_pause(failures)
            error = _kept(state, Memory(memory.told, failures, again))
            return Telling(found, answers, len(memory.told), again, error)
        return Telling(found, answers, len(found.told), error=_kept(state, Memory(found.told)))
    finally:
        lock.release()


def message_of(found: News, lines: Iterable[str], title: str, folder: Path) -> Message:
    """The message of what is news."""
    kinds = dict.fromkeys([*(each.kind for each in found.new), *(each.kind for each in found.well_again)])
    return Message(title, tuple(lines), tuple(kinds), str(folder))


def _taken(lock: Lock, clock: Clock) -> bool:
    until, never = clock.now() + PATIENCE, Condition()
    while not lock.try_acquire():
        now = clock.now()
        if now >= until:
            return False
        with never:
            clock.wait(never, min(now + _LOOK, until))
    return True


def _kept(state: Path, memory: Memory) -> str:
    try:
        keep(state, memory)
    except OSError as error:
        return f"what was told cannot be noted in {state} ({error.strerror}), so it may be told again"
    return ""
