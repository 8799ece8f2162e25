"""Time, threads and power under a seed: one thread runs at a time, waiting costs nothing, and at any port the power can
be cut.

A life is the same each time it is lived: which thread goes on where several could, and how long a server takes, come
from one seed.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from threading import Condition, Semaphore, Thread, current_thread

from fedisched.clock import SECOND


class PowerCut(BaseException):
    """The power is gone. Nothing may catch it, and whatever still runs while it passes touches nothing any more."""


@dataclass(eq=False, slots=True)
class _Task:
    """A thread under the scheduler. `until` is when it wants to go on, `condition` what it is woken by."""

    gate: Semaphore = field(default_factory=lambda: Semaphore(0))
    ready: bool = True
    until: int | None = None
    condition: object = None
    done: bool = False


class Scheduler:
    """Hands the one baton on. `now` in microseconds since 1970 UTC. Whoever makes it is its first thread."""

    def __init__(self, seed: int, start: int) -> None:
        self.chance = random.Random(seed)
        self.ports = 0
        """How many ports were passed; the power can be cut at each."""
        self.trail: list[str] = []
        self.stuck = False
        """Every thread waited for another one, which is a bug of whoever waits; the power was cut to end it."""
        self._now = start
        self._cut_at: int | None = None
        self._dead = False
        self._watch: Mapping[int, Callable[[], None]] = {}
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()
        self._tasks: dict[Thread, _Task] = {current_thread(): _Task()}

    # --- the clock -------------------------------------------------------------------------------------------

    def now(self) -> int:
        return self._now

    def wait(self, condition: Condition, until: int | None) -> None:
        """Wait on a condition that is held, as `fedisched.clock.Clock` says."""
        condition.release()
        try:
            self._rest(until, condition)
        finally:
            condition.acquire()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._rest(self._now + int(seconds * SECOND))

    def skip_to(self, moment: int) -> None:
        """Let time pass while no power is on; what happens elsewhere meanwhile, happens."""
        while self._events and self._events[0][0] <= moment:
            self._now = max(self._now, self._events[0][0])
            heapq.heappop(self._events)[2]()
        self._now = max(self._now, moment)

    def at(self, moment: int, act: Callable[[], None]) -> None:
        """Something that happens elsewhere at a moment, whether the power is on or not."""
        heapq.heappush(self._events, (moment, next(self._numbers), act))

    # --- power -----------------------------------------------------------------------------------------------

    def power_on(self, cut_at: int | None, watch: Mapping[int, Callable[[], None]] | None = None) -> None:
        """Begin a run; the power goes at the port of that number (counted from this run's first, 1), None for never.
        `watch` has what is done, unseen, at ports before that."""
        self._dead, self.ports, self._cut_at = False, 0, cut_at
        self._watch = watch or {}
        self.trail.clear()

    def port(self, name: str) -> None:
        """A place where the program touches the world."""
        self._live()
        self.ports += 1
        self.trail.append(name)
        if self.ports in self._watch:
            self._watch[self.ports]()
        if self.ports == self._cut_at:
            self._cut()
            raise PowerCut(name)

    def _cut(self) -> None:
        self._dead = True
        for task in self._tasks.values():
            task.ready = True

    def _live(self) -> None:
        if self._dead:
            raise PowerCut("earlier")

    # --- threads ---------------------------------------------------------------------------------------------

    def spawn(self, thread: Thread, begin: Callable[[], None]) -> None:
        """Start a thread, which runs when its turn comes."""
        task = self._tasks[thread] = _Task()
        begin()
        task.until = None

    def run_as_task(self, body: Callable[[], None]) -> None:
        """The body of a thread that was spawned."""
        task = self._tasks[current_thread()]
        task.gate.acquire()
        try:
            body()
        except PowerCut:
            pass
        finally:
            task.done, task.ready = True, False
            self._next_after(task).gate.release()

    def join(self, thread: Thread) -> None:
        """Wait for a thread to end, with or without power."""
        mine, other = self._tasks[current_thread()], self._tasks.get(thread)
        while other is not None and not other.done:
            # With the power gone, everybody is ready and only unwinds.
            mine.ready, mine.until, mine.condition = self._dead, None if self._dead else self._now + SECOND, None
            self._hand_on(mine)

    def is_alive(self, thread: Thread) -> bool:
        task = self._tasks.get(thread)
        return task is not None and not task.done

    def forget_threads(self) -> None:
        """Between two runs only the first thread is left."""
        self._tasks = {current_thread(): self._tasks[current_thread()]}

    def wake(self, condition: object) -> None:
        """Everybody who waits on this condition may go on."""
        for task in self._tasks.values():
            if task.condition is condition:
                task.ready, task.until, task.condition = True, None, None

    def _rest(self, until: int | None, condition: object = None) -> None:
        self._live()
        task = self._tasks[current_thread()]
        task.ready, task.until, task.condition = False, until, condition
        self._hand_on(task)
        self._live()

    def _hand_on(self, task: _Task) -> None:
        chosen = self._next_after(task)
        if chosen is not task:
            chosen.gate.release()
            task.gate.acquire()

    def _next_after(self, task: _Task) -> _Task:
        while True:
            ready = [each for each in self._tasks.values() if each.ready and not each.done]
            if self._dead:
                # The one who waits for the others to unwind comes last.
                ready = [each for each in ready if each is not task] or ready
            if ready:
                chosen = self.chance.choice(ready)
                chosen.ready, chosen.until, chosen.condition = True, None, None
                return chosen
            self._pass_time()

    def _pass_time(self) -> None:
        """Go to the next moment at which anything happens."""
        waiting = [task for task in self._tasks.values() if task.until is not None and not task.done]
        moments = [task.until for task in waiting if task.until is not None]
        if self._events:
            moments.append(self._events[0][0])
        if not moments:
            self.stuck = True
            self._cut()
            return
        self._now = max(self._now, min(moments))
        while self._events and self._events[0][0] <= self._now:
            heapq.heappop(self._events)[2]()
        for task in waiting:
            if task.until is not None and task.until <= self._now:
                task.ready = True


class Wakened(Condition):
    """A condition whose waiters the scheduler wakes."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler

    def notify_all(self) -> None:
        self._scheduler.wake(self)
