"""A worker: one account's deliveries, prepared ahead, sent to the moment, recorded.

The order of acts around a send is the heart of the promise: the intent is in the journal, synced; the file is
looked at once more; one request leaves; and whatever comes back is only recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Thread
from typing import assert_never

from fedisched.clock import SECOND
from fedisched.engine.accounts import AccountState
from fedisched.engine.plan import Act, is_on_time_first_send
from fedisched.engine.rules import AccountPaused, IsUnsure, PartsSent, TryLater, Verdict, carry_out_verdict
from fedisched.model.delivery import Delivery, State
from fedisched.model.errors import CannotSplice
from fedisched.model.network import Identity, Network, Prepared, Task
from fedisched.model.outcome import Absent, CannotTell, Finding, Found, NotSent, Perhaps, Refused
from fedisched.model.problem import Problem
from fedisched.model.rendered import Limits, Rendered
from fedisched.model.settings import Account
from fedisched.publisher.desk import Desk, Job
from fedisched.publisher.locks import account_lock

LEAD = 10 * SECOND
"""How long before its moment a delivery is prepared, at the latest."""
INTENT_LEAD = SECOND // 20
"""The intent is synced to disk this long before the moment, so that the disk does not make the request late."""
WARM_LEAD = 2 * SECOND
"""The connection is made sure of this long before the moment."""
LOCK_RETRY = SECOND // 4
CLOCKS_APART = 60.0


class Worker(Thread):
    """Serves one account until the run stops. Holds the account's lock for as long as it lives."""

    def __init__(self, account: Account, desk: Desk) -> None:
        super().__init__(name=f"account {account.name}", daemon=True)
        self._account = account
        self._desk = desk
        self._lock = account_lock(desk.state, account.network, account.server, account.name)
        self._prepared: dict[int, tuple[str, Prepared]] = {}
        self._warmed: int | None = None
        self._limits: Limits | None = None
        self._slowest_preparation = SECOND
        self._is_paused = False
        self.is_ready = False
        """The lock is held and the server said who we are: the plan may count on this account."""
        self.is_busy = True
        """Something is being done for the account just now."""

    def run(self) -> None:
        try:
            if self._take_lock():
                self._serve()
        except Exception as error:
            # What is broken stops the whole run, and a bug does too: it is raised again where it is reported.
            self._desk.break_off(error)
        finally:
            self._lock.release()
            self.is_busy = False
            self._desk.plan_again()

    def _take_lock(self) -> bool:
        """Wait until no other publisher serves the account; false if the run stops first."""
        desk = self._desk
        while not self._lock.try_acquire():
            with desk.condition:
                if desk.stopping:
                    return False
                desk.clock.wait(desk.condition, desk.clock.now() + LOCK_RETRY)
        return True

    def _serve(self) -> None:
        opened = self._desk.open(self._account)
        state = self._desk.accounts.all().get(self._account.name)
        if isinstance(opened, Refused):
            self._pause(state or AccountState(self._account.name, self._account.server, ""), opened)
            return
        if state is None or (state.server, state.credential) != (self._account.server, opened.fingerprint):
            state = AccountState(self._account.name, self._account.server, opened.fingerprint)
        network = opened.network
        try:
            identity = network.identify()
            if not isinstance(identity, Identity):
                self._not_identified(state, identity)
                return
            if identity.clock_offset is not None and abs(identity.clock_offset) > CLOCKS_APART:
                self._clocks_differ(state, identity.clock_offset)
                return
            opened.verified()
            self._desk.accounts.verified(self._account.name, self._account.server, opened.fingerprint, identity)
            self._limits = identity.limits
            self._desk.journal.sending_found_at_start(identity.account_id, self._desk.clock.now())
            self.is_ready = True
            self._desk.plan_again()
            self._work(network, identity)
        finally:
            self.is_ready = False
            network.close()

    # --- what next -------------------------------------------------------------------------------------------

    def _work(self, network: Network, identity: Identity) -> None:
        desk = self._desk
        while True:
            with desk.condition:
                while True:
                    if desk.stopping or self._is_paused:
                        return
                    now = desk.clock.now()
                    agenda = self._agenda()
                    self.is_busy = (moment := self._next_moment(agenda)) is not None and moment <= now
                    if self.is_busy:
                        break
                    desk.clock.wait(desk.condition, moment)
            self._do_next(network, identity, agenda, now)

    def _done_with(self, jobs: Sequence[Job]) -> None:
        """The plan that gave these jobs knows nothing of what came of them: they wait for the next one."""
        done = {job.delivery.id for job in jobs}
        with self._desk.condition:
            left = tuple(job for job in self._agenda() if job.delivery.id not in done)
            self._desk.agenda = {**self._desk.agenda, self._account.name: left}

    def _agenda(self) -> tuple[Job, ...]:
        return self._desk.agenda.get(self._account.name, ())

    def _next_moment(self, agenda: Sequence[Job]) -> int | None:
        """When there is something to do next, None if there is nothing at all."""
        moments = [self._moment_of(job) for job in agenda]
        if (first := self._first_prepared(agenda)) is not None and self._warmed != first:
            moments.append(first - WARM_LEAD)
        return min(moments, default=None)

    def _moment_of(self, job: Job) -> int:
        if job.act is Act.LOOK_UP:
            return job.at
        return job.at - INTENT_LEAD if self._is_prepared(job) else job.at - LEAD

    def _is_prepared(self, job: Job) -> bool:
        found = self._prepared.get(job.delivery.id)
        return found is not None and found[0] == job.entry.digest

    def _first_prepared(self, agenda: Sequence[Job]) -> int | None:
        return min((job.at for job in agenda if self._is_prepared(job)), default=None)

    def _do_next(self, network: Network, identity: Identity, agenda: Sequence[Job], now: int) -> None:
        """One thing, the most urgent first: what is ready to leave, then looking up, then preparing, as long as it
        cannot make the next prepared one late."""
        for job in agenda:
            if self._is_prepared(job) and self._moment_of(job) <= now:
                self._send(network, job)
                self._done_with([job])
                return
        unsure = [job for job in agenda if job.act is Act.LOOK_UP and job.at <= now]
        if unsure:
            self._look_up(network, unsure)
            self._done_with(unsure)
            return
        first = self._first_prepared(agenda)
        room_to_prepare = first is None or now + 2 * self._slowest_preparation < first
        for job in agenda:
            if job.act is Act.SEND and not self._is_prepared(job) and self._moment_of(job) <= now:
                if not room_to_prepare:
                    break
                self._prepare(network, identity, job)
                if not self._is_prepared(job):
                    self._done_with([job])
                return
        if first is not None and self._warmed != first and first - WARM_LEAD <= now:
            network.warm()
            self._warmed = first
            return
        # What is left would make the next one late: wait for that one.
        with self._desk.condition:
            self._desk.clock.wait(self._desk.condition, None if first is None else first - INTENT_LEAD)

    # --- prepare ---------------------------------------------------------------------------------------------

    def _prepare(self, network: Network, identity: Identity, job: Job) -> None:
        desk, delivery = self._desk, self._desk.journal.delivery(job.delivery.id)
        began = desk.clock.now()
        if delivery.state is not State.WAITING:
            desk.plan_again()
            return
        try:
            rendering = desk.posts.rendering(job.entry, self._account, identity.limits)
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
        outcome = network.prepare(task, desk.posts.read_media)
        now = desk.clock.now()
        self._slowest_preparation = max(self._slowest_preparation // 2, now - began)
        match outcome:
            case Prepared():
                self._prepared[delivery.id] = (job.entry.digest, outcome)
            case NotSent(reason, retry_after):
                self._not_prepared(delivery, desk.rules.later(delivery, reason, retry_after, now), now)
            case Refused(reason, hint, account=True):
                self._pause(self._state(), Refused(reason, hint))
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

    def _send(self, network: Network, job: Job) -> None:
        desk = self._desk
        delivery = desk.journal.delivery(job.delivery.id)
        digest, prepared = self._prepared.pop(delivery.id)
        if delivery.state is not State.WAITING:
            desk.plan_again()
            return
        if not is_on_time_first_send(delivery, desk.clock.now()) and not self._is_absent(
            network, delivery, prepared.task
        ):
            return
        if not desk.journal.begin_sending(delivery, prepared.task.rendered, prepared.uploads, desk.clock.now()):
            desk.plan_again()
            return
        sending = desk.journal.delivery(delivery.id)
        if not self._wait_for(job.at) or desk.posts.digest(job.entry.path) != digest:
            desk.journal.take_back(delivery)
            desk.look_again()
            return
        self._publish(network, prepared, delivery, sending)

    def _publish(self, network: Network, prepared: Prepared, before: Delivery, sending: Delivery) -> None:
        desk = self._desk
        parts_asked = len(prepared.task.rendered.parts)
        while True:
            outcome = network.publish(prepared, sending.parts)
            now = desk.clock.now()
            verdict = desk.rules.after_send(sending, outcome, parts_asked, now)
            if isinstance(verdict, AccountPaused):
                # Nothing of this attempt was accepted, but what an earlier part was sent with is not forgotten.
                desk.journal.take_back(replace(before, since=sending.since if sending.parts else before.since))
                self._pause(self._state(), Refused(verdict.reason, ""))
                return
            carry_out_verdict(desk.journal, sending, verdict, now)
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

    def _is_absent(self, network: Network, delivery: Delivery, task: Task) -> bool:
        """Look before a send that is not an on-time first send; record what is there already."""
        desk = self._desk
        (finding,) = network.find([self._to_look_up(delivery, task)])
        now = desk.clock.now()
        match finding:
            case Absent():
                return True
            case Found(parts) if len(parts) + len(delivery.parts) >= len(task.rendered.parts):
                desk.journal.record_published(delivery, parts, now)
            case Found(parts):
                desk.journal.record_parts(delivery, parts)
            case Perhaps():
                verdict = desk.rules.after_look_up(delivery, finding, len(task.rendered.parts), now, settle=0.0)
                carry_out_verdict(desk.journal, delivery, verdict, now)
            case CannotTell(reason, _, account=True):
                self._pause(self._state(), Refused(reason, ""))
            case CannotTell(reason, retry_after):
                self._not_prepared(delivery, desk.rules.later(delivery, reason, retry_after, now), now)
                return False
            case _:
                assert_never(finding)
        desk.settle(delivery.id)
        return False

    # --- look up ---------------------------------------------------------------------------------------------

    def _look_up(self, network: Network, jobs: Sequence[Job]) -> None:
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
        for (delivery, task), finding in zip(asked, network.find([task for _, task in asked]), strict=True):
            self._record_finding(network, delivery, task, finding)

    def _record_finding(self, network: Network, delivery: Delivery, task: Task, finding: Finding) -> None:
        desk, now = self._desk, self._desk.clock.now()
        verdict = desk.rules.after_look_up(delivery, finding, len(task.rendered.parts), now, network.settle)
        carry_out_verdict(desk.journal, delivery, verdict, now)
        if isinstance(verdict, PartsSent):
            desk.journal.record_waiting(delivery, delivery.error, now)
        if isinstance(verdict, IsUnsure):
            desk.plan_again()
        else:
            desk.settle(delivery.id)

    # --- the account -----------------------------------------------------------------------------------------

    def _state(self) -> AccountState:
        return self._desk.accounts.all()[self._account.name]

    def _pause(self, state: AccountState, refused: Refused) -> None:
        """The account is refused: its deliveries wait, none is burnt, and this worker goes home. Another one asks
        again now and then, since a credential may work again (or be another one) by then."""
        reason = f"{refused.reason}. {refused.hint}" if refused.hint else refused.reason
        next_try = self._desk.clock.now() + int(self._desk.settings.retry.longest * SECOND)
        self._desk.accounts.paused(state, reason, next_try)
        self._is_paused = True
        self._desk.plan_again()

    def _not_identified(self, state: AccountState, answer: NotSent | Refused) -> None:
        match answer:
            case NotSent(reason, retry_after):
                next_try = self._desk.rules.account_next_try(state.failures, retry_after, self._desk.clock.now())
                self._desk.accounts.unreachable(state, reason, next_try)
            case Refused():
                self._pause(state, answer)
            case _:
                assert_never(answer)

    def _clocks_differ(self, state: AccountState, offset: float) -> None:
        reason = f"this machine's clock is {abs(offset):.0f} s {'behind' if offset > 0 else 'ahead of'} the server's"
        next_try = self._desk.clock.now() + 60 * SECOND
        self._desk.accounts.unreachable(
            state, f"{reason}. Set the clock (for example: timedatectl set-ntp true)", next_try
        )
