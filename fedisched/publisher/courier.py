"""The courier: what is done to one account's deliveries once the account is known.

The order of acts around a send is the heart of the promise: the intent is in the journal, synced; the file is
looked at once more; one request leaves; and whatever comes back is only recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from fedisched.clock import SECOND
from fedisched.engine.plan import is_on_time_first_send
from fedisched.engine.rules import AccountPaused, IsUnsure, PartsSent, TryLater, Verdict, carry_out_verdict
from fedisched.model.delivery import Delivery, State
from fedisched.model.errors import CannotSplice
from fedisched.model.network import Network, Prepared, Task
from fedisched.model.outcome import Absent, CannotTell, Finding, Found, NotSent, Perhaps, Refused
from fedisched.model.problem import Problem
from fedisched.model.rendered import Limits, Rendered
from fedisched.model.settings import Account
from fedisched.publisher.desk import Desk, Job


class Courier:
    """Prepares, sends and looks up. Used by one thread; knows nothing of when."""

    def __init__(self, account: Account, network: Network, limits: Limits, desk: Desk) -> None:
        self._account = account
        self._network = network
        self._limits = limits
        self._desk = desk
        self._prepared: dict[int, tuple[str, Prepared]] = {}
        self.slowest_preparation = SECOND
        """How long preparing took of late, in microseconds."""
        self.refused: Refused | None = None
        """Set when the server refuses the account itself: nothing more is to be done until that is mended."""

    def is_prepared(self, job: Job) -> bool:
        """Whether everything slow is done, for the file as the plan has it."""
        found = self._prepared.get(job.delivery.id)
        return found is not None and found[0] == job.entry.digest

    # --- prepare ---------------------------------------------------------------------------------------------

    def prepare(self, job: Job) -> None:
        """Read, compose, upload; what cannot be sent as it is, is recorded as such."""
        desk, delivery = self._desk, self._desk.journal.delivery(job.delivery.id)
        began = desk.clock.now()
        if delivery.state is not State.WAITING:
            desk.plan_again()
            return
        try:
            rendering = desk.posts.rendering(job.entry, self._account, self._limits)
        except CannotSplice as error:
            self._block(delivery, error.message, error.hint)
            return
        if rendering is None:
            # The file is another by now: look at the folder, then decide again.
            desk.look_again()
            return
        if isinstance(rendering, Problem):
            self._block(delivery, rendering.message, rendering.hint)
            return
        task = self._task(delivery, rendering)
        outcome = self._network.prepare(task, desk.posts.read_media)
        now = desk.clock.now()
        self.slowest_preparation = max(self.slowest_preparation // 2, now - began)
        match outcome:
            case Prepared():
                self._prepared[delivery.id] = (job.entry.digest, outcome)
            case NotSent(reason, retry_after):
                self._not_prepared(delivery, desk.rules.later(delivery, reason, retry_after, now), now)
            case Refused(_, _, account=True):
                self.refused = outcome
            case Refused(reason, hint):
                desk.journal.record_refused(delivery, reason, hint)
                desk.settle(delivery.id)
            case _:
                assert_never(outcome)

    def _task(self, delivery: Delivery, rendered: Rendered) -> Task:
        since = delivery.since if delivery.since is not None else min(delivery.due, delivery.armed_at)
        # Uploads are used again only where a request with them may have left: there they are a fence.
        uploads = delivery.uploads if delivery.since is not None else ()
        return Task(delivery.key, rendered, since, delivery.parts, uploads)

    def _to_look_up(self, delivery: Delivery, task: Task) -> Task:
        """The same with everything that is known to be another delivery's, which a look-up passes over."""
        claimed = self._desk.posts.claimed_ids() | self._desk.journal.claimed_ids(delivery.account)
        own = {name for part in delivery.parts for name in (part.id, part.uri)}
        return replace(task, claimed=claimed - own)

    def _block(self, delivery: Delivery, message: str, hint: str) -> None:
        now = self._desk.clock.now()
        self._desk.journal.block(delivery, message, hint, self._desk.rules.account_next_try(6, None, now))
        self._desk.settle(delivery.id)

    def _not_prepared(self, delivery: Delivery, verdict: Verdict, now: int) -> None:
        if isinstance(verdict, TryLater):
            self._desk.journal.record_not_prepared(delivery, verdict.error, verdict.at, now)
        else:
            carry_out_verdict(self._desk.journal, delivery, verdict, now)
        self._desk.settle(delivery.id)

    # --- send ------------------------------------------------------------------------------------------------

    def send(self, job: Job) -> None:
        """Send what is prepared at the job's moment, and record what comes of it."""
        desk = self._desk
        delivery = desk.journal.delivery(job.delivery.id)
        digest, prepared = self._prepared.pop(delivery.id)
        if delivery.state is not State.WAITING:
            desk.plan_again()
            return
        if not is_on_time_first_send(delivery, desk.clock.now()) and not self._is_absent(delivery, prepared.task):
            return
        if not desk.journal.begin_sending(delivery, prepared.task.rendered, prepared.uploads, desk.clock.now()):
            desk.plan_again()
            return
        sending = desk.journal.delivery(delivery.id)
        if not self._wait_for(job.at) or desk.posts.digest(job.entry.path) != digest:
            desk.journal.take_back(delivery)
            desk.look_again()
            return
        self._publish(prepared, delivery, sending)

    def _publish(self, prepared: Prepared, before: Delivery, sending: Delivery) -> None:
        desk = self._desk
        parts_asked = len(prepared.task.rendered.parts)
        while True:
            outcome = self._network.publish(prepared, sending.parts)
            now = desk.clock.now()
            verdict = desk.rules.after_send(sending, outcome, parts_asked, now)
            if isinstance(verdict, AccountPaused):
                # Nothing of this attempt was accepted, but what an earlier part was sent with is not forgotten.
                desk.journal.take_back(replace(before, since=sending.since if sending.parts else before.since))
                self.refused = Refused(verdict.reason, "", account=True)
                return
            carry_out_verdict(desk.journal, sending, verdict, now)
            if isinstance(outcome, NotSent) and not sending.parts:
                desk.journal.nothing_left(sending, before.since)
            if not isinstance(verdict, PartsSent):
                break
            sending = desk.journal.delivery(sending.id)
            if desk.stopping:
                desk.journal.record_waiting(sending, "the publisher was stopped between two parts", now)
                break
        desk.settle(sending.id)

    def _wait_for(self, moment: int) -> bool:
        """Wait to the moment itself; false if the run stops first."""
        desk = self._desk
        with desk.condition:
            while not desk.stopping and desk.clock.now() < moment:
                desk.clock.wait(desk.condition, moment)
            return not desk.stopping

    def _is_absent(self, delivery: Delivery, task: Task) -> bool:
        """Look before a send that is not an on-time first send; record what is there already."""
        desk = self._desk
        (finding,) = self._network.find([self._to_look_up(delivery, task)])
        now = desk.clock.now()
        match finding:
            case Absent():
                return True
            case Perhaps() if delivery.since is None:
                # Nothing of it ever left from here, so another text is another post: another folder's, say.
                return True
            case Found(parts) if len(parts) + len(delivery.parts) >= len(task.rendered.parts):
                desk.journal.record_published(delivery, parts, now)
            case Found(parts):
                desk.journal.record_parts(delivery, parts)
            case Perhaps():
                verdict = desk.rules.after_look_up(delivery, finding, len(task.rendered.parts), now, settle=0.0)
                carry_out_verdict(desk.journal, delivery, verdict, now)
            case CannotTell(reason, _, account=True):
                self.refused = Refused(reason, "", account=True)
            case CannotTell(reason, retry_after):
                self._not_prepared(delivery, desk.rules.later(delivery, reason, retry_after, now), now)
                return False
            case _:
                assert_never(finding)
        desk.settle(delivery.id)
        return False

    # --- look up ---------------------------------------------------------------------------------------------

    def look_up(self, jobs: Sequence[Job]) -> None:
        """One request for the whole batch; what was sent is compared, not what the file says by now."""
        desk = self._desk
        asked: list[tuple[Delivery, Task]] = []
        for job in jobs:
            delivery = desk.journal.delivery(job.delivery.id)
            if delivery.state is not State.UNSURE:
                desk.plan_again()
                continue
            rendered = delivery.sent or desk.posts.rendered_loosely(job.entry, self._account, self._limits)
            if rendered is None:
                now = desk.clock.now()
                desk.journal.look_again(delivery, "its file cannot be read just now", now + 60 * SECOND)
            else:
                asked.append((delivery, self._to_look_up(delivery, self._task(delivery, rendered))))
        if not asked:
            return
        for (delivery, task), finding in zip(asked, self._network.find([task for _, task in asked]), strict=True):
            self._record_finding(delivery, task, finding)

    def _record_finding(self, delivery: Delivery, task: Task, finding: Finding) -> None:
        desk, now = self._desk, self._desk.clock.now()
        verdict = desk.rules.after_look_up(delivery, finding, len(task.rendered.parts), now, self._network.settle)
        carry_out_verdict(desk.journal, delivery, verdict, now)
        if isinstance(verdict, PartsSent):
            desk.journal.record_waiting(delivery, delivery.error, now)
        if isinstance(verdict, IsUnsure):
            desk.plan_again()
        else:
            desk.settle(delivery.id)
