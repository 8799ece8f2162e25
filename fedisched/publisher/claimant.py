"""The claimant: asks for claims in a thread of its own, so that no account waits for another's remote. It asks ahead of
the due moment; at the moment itself only the clock is looked at."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, assert_never

from fedisched.clock import SECOND
from fedisched.model.claims import Granted, NotGranted, Taken, Wanted
from fedisched.model.delivery import Delivery, State

if TYPE_CHECKING:
    from fedisched.publisher.desk import Desk, Job

HOLDS = 60 * SECOND
"""How long after its due moment a claim holds: whoever dies keeps the others waiting for that long, and a thread has to
be sent within it, or is claimed anew between two parts."""
ENOUGH = 2 * SECOND
"""What has less time left than this is claimed anew before it is used."""
LOOK_AFTER = 15 * SECOND
"""How long after the moment the loser looks for what came of it."""
FIRST_PAUSE, LONGEST_PAUSE = 5 * SECOND, 60 * SECOND
"""How long until it is asked again, when nobody could say whose it is."""
LAST_ANSWER = 5.0
"""Seconds for what is being asked when the run ends."""
NEWS_LAST = 20 * SECOND
"""How often, without claims, it is looked at what others pushed."""


class Claimant(Thread):
    """One run's. What is guarded by the desk's condition is used by its thread and the workers'."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(name="claims", daemon=True)
        self._desk = desk
        self._looked = 0
        # Guarded by the condition.
        self._wanted: dict[int, Job] = {}
        self._asking: set[int] = set()
        self._granted: dict[int, Granted] = {}
        self._not_before: dict[int, int] = {}
        self._pauses: dict[int, int] = {}

    @property
    def _needed(self) -> bool:
        """Without claims it is only looked at what others pushed, if at that, and nothing waits for it."""
        return self._desk.settings.git.claim and self._desk.claims is not None

    def has(self, job: Job, now: int) -> bool:
        """Whether a job may be sent at its moment as far as others are concerned; if not, that is asked for."""
        if self._desk.claims is None:
            return True
        with self._desk.condition:
            found = self._granted.get(job.delivery.id)
            if found is not None and found.until >= max(now, job.at) + ENOUGH:
                return True
            if job.delivery.id not in self._asking:
                if job.delivery.id not in self._wanted:
                    self._desk.condition.notify_all()
                self._wanted[job.delivery.id] = job
            return not self._needed

    def holds(self, delivery: Delivery, now: int) -> bool:
        """Whether a delivery may be sent this moment."""
        with self._desk.condition:
            found = self._granted.get(delivery.id)
            return not self._needed or (found is not None and now < found.until)

    def taken_over(self, delivery: Delivery) -> int:
        """When another publisher that never told what came of it may last have sent it; 0 if there was none."""
        with self._desk.condition:
            found = self._granted.get(delivery.id)
            return found.taken_over if found else 0

    def run(self) -> None:
        try:
            while jobs := self._next():
                self._ask(jobs)
        except Exception as error:
            self._desk.break_off(error)

    def give_back(self) -> None:
        """At the end of a run: whatever is still waiting and was never tried is others' to send."""
        if self.is_alive():
            # What is just being asked for may be granted yet.
            self.join(LAST_ANSWER)
        desk, now = self._desk, self._desk.clock.now()
        with desk.condition:
            held = {number: each for number, each in self._granted.items() if each.until > now and not each.taken_over}
        found = [(desk.journal.delivery(number), grant) for number, grant in held.items()]
        unsent = (State.WAITING, State.CANCELLED)
        mine = [
            Wanted(each.account, each.path, each.target, each.key, each.digest, grant.until)
            for each, grant in found
            if each.state in unsent and each.since is None
        ]
        if mine and desk.claims is not None:
            desk.claims.give_back(mine)

    def _next(self) -> list[Job]:
        """Wait for what is to be asked; nothing when the run ends."""
        desk = self._desk
        with desk.condition:
            while not desk.stopping:
                now = desk.clock.now()
                ready = [number for number in self._wanted if self._not_before.get(number, 0) <= now]
                if ready and (self._needed or now >= self._looked + NEWS_LAST):
                    jobs = [self._wanted.pop(number) for number in ready]
                    self._asking = set(ready)
                    return jobs
                desk.clock.wait(desk.condition, None)
            return []

    def _ask(self, jobs: list[Job]) -> None:
        desk, now = self._desk, self._desk.clock.now()
        found = [(job, desk.journal.delivery(job.delivery.id)) for job in jobs]
        # What was settled or taken back meanwhile is nobody's to claim.
        asked = [(job, delivery) for job, delivery in found if delivery.state is State.WAITING]
        wanted = [_wanted(job, delivery, now) for job, delivery in asked]
        answered = desk.claims.ask(wanted, now) if wanted and desk.claims is not None else None
        self._looked = desk.clock.now()
        if answered is not None and answered.moved:
            desk.look_again()
        for (job, delivery), answer in zip(asked, answered.answers if answered else (), strict=True):
            self._take(job, delivery, answer)
        with desk.condition:
            self._asking = set()
            desk.condition.notify_all()

    def _take(self, job: Job, delivery: Delivery, answer: Granted | Taken | NotGranted) -> None:
        desk, now = self._desk, self._desk.clock.now()
        match answer:
            case Granted():
                with desk.condition:
                    self._granted[delivery.id] = answer
                    self._pauses.pop(delivery.id, None)
                if answer.key != delivery.key and delivery.since is None:
                    # It was claimed by somebody who may have sent it, and keeps the key that it had then.
                    desk.journal.change_unsent(
                        delivery, key=answer.key, due=delivery.due, digest=delivery.digest, now=now
                    )
                    desk.plan_again()
            case Taken(until, free_at):
                soon = max(job.at, now) + LOOK_AFTER
                again = soon if soon < free_at and delivery.id not in self._pauses else free_at
                words = f"another publisher has claimed it until {desk.posts.as_text(until)}"
                self._wait(delivery, words, again, LOOK_AFTER)
            case NotGranted(reason):
                pause = min(2 * self._pauses.get(delivery.id, FIRST_PAUSE // 2), LONGEST_PAUSE)
                self._wait(delivery, reason.rstrip("."), now + pause, pause)
            case _:
                assert_never(answer)

    def _wait(self, delivery: Delivery, why: str, until: int, pause: int) -> None:
        with self._desk.condition:
            self._granted.pop(delivery.id, None)
            self._not_before[delivery.id] = until
            self._pauses[delivery.id] = pause
        self._desk.journal.record_waiting(delivery, why, until)
        self._desk.settle(delivery.id)


def _wanted(job: Job, delivery: Delivery, now: int) -> Wanted:
    until = max(job.at, now) + HOLDS
    return Wanted(delivery.account, delivery.path, delivery.target, delivery.key, job.entry.digest, until)
