"""A worker: one account, served by one thread that decides what to do when; the courier does it."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread
from typing import assert_never

from fedisched.clock import SECOND
from fedisched.engine.accounts import AccountState
from fedisched.engine.plan import Act
from fedisched.engine.rules import IsHeld, IsRefused, Verdict, carry_out_verdict
from fedisched.model.command import how_to_log_in
from fedisched.model.delivery import State
from fedisched.model.network import Identity, Network
from fedisched.model.outcome import CannotTell, NotSent, Refused
from fedisched.model.settings import Account
from fedisched.publisher.ahead import Ahead
from fedisched.publisher.clocks import clock_is_wrong
from fedisched.publisher.courier import Courier
from fedisched.publisher.desk import Desk, Job
from fedisched.publisher.locks import account_lock
from fedisched.publisher.report import AccountNews

INTENT_LEAD = SECOND // 20
"""The intent is synced to disk this long before the moment, so that the disk does not make the request late."""
WARM_LEAD = 2 * SECOND
"""The connection is made sure of this long before the moment."""
TOO_LATE_TO_WARM = SECOND // 2
"""This shortly before the moment, asking the server anything might make the request late."""
LOCK_RETRY = SECOND // 4
NEVER = 2**62


class Worker(Thread):
    """Serves one account until the run stops. Holds the account's lock for as long as it lives."""

    def __init__(self, account: Account, desk: Desk) -> None:
        super().__init__(name=f"account {account.name}", daemon=True)
        self._account = account
        self._desk = desk
        self._lock = account_lock(desk.state, account.network, account.server, account.name)
        self._warmed: int | None = None
        self._ahead: Ahead | None = None
        self._since = desk.started
        self._how_to_renew = ""
        self.is_ready = False
        """The lock is held and the server said who we are: the plan may count on this account."""
        self.is_busy = True
        """Something is being done for the account just now."""
        self.is_waiting = False
        """Another publisher serves the account, and may do this one's work."""

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
            self.is_waiting, self._since = True, None
            with desk.condition:
                if desk.stopping:
                    return False
                desk.clock.wait(desk.condition, desk.clock.now() + LOCK_RETRY)
        self.is_waiting = False
        return True

    def _serve(self) -> None:
        opened = self._desk.open(self._account)
        state = self._desk.accounts.all().get(self._account.name)
        if isinstance(opened, Refused):
            self._pause(state or AccountState(self._account.name, self._account.server, ""), opened)
            return
        if state is None or (state.server, state.credential) != (self._account.server, opened.fingerprint):
            state = AccountState(self._account.name, self._account.server, opened.fingerprint)
        network, self._how_to_renew = opened.network, opened.how_to_renew
        try:
            identity = network.identify()
            if not isinstance(identity, Identity):
                self._not_identified(state, identity)
                self._give_up(network, state, identity)
                return
            if (wrong := clock_is_wrong(identity.clock_offset)) is not None:
                self._not_identified(state, wrong)
                return
            opened.verified()
            self._desk.accounts.verified(self._account.name, self._account.server, opened.fingerprint, identity)
            self._desk.journal.sending_found_at_start(identity.account_id, self._desk.clock.now())
            self.is_ready = True
            if self._since is not None:
                self._desk.paces.opened(self._account.name, self._desk.clock.now() - self._since)
            self._desk.tell_of(AccountNews(self._account.name))
            courier = Courier(self._account, network, identity.limits, self._desk)
            self._ahead = Ahead(self._account, network, identity.limits, self._desk)
            try:
                self._work(network, courier)
            finally:
                self._desk.paces.keep(self._account.name)
            if courier.stopped is not None:
                known = self._desk.accounts.all()[self._account.name]
                self._not_identified(known, courier.stopped, courier.stopped_until)
        finally:
            self.is_ready = False
            network.close()

    # --- what next -------------------------------------------------------------------------------------------

    def _work(self, network: Network, courier: Courier) -> None:
        desk = self._desk
        while True:
            with desk.condition:
                while True:
                    if desk.stopping or courier.stopped is not None:
                        return
                    now = desk.clock.now()
                    agenda = self._agenda()
                    self.is_busy = (moment := self._next_moment(courier, agenda)) is not None and moment <= now
                    if self.is_busy:
                        break
                    desk.clock.wait(desk.condition, moment)
            self._do_next(network, courier, agenda, now)

    def _done_with(self, jobs: Sequence[Job]) -> None:
        """The plan that gave these jobs knows nothing of what came of them: they wait for the next one. One that was
        made meanwhile may know half of it, or all; it is not followed for them either, but another one is made."""
        done = {job.delivery.id for job in jobs}
        with self._desk.condition:
            if any(job.delivery.id in done and job not in jobs for job in self._agenda()):
                self._desk.plan_again()
            left = tuple(job for job in self._agenda() if job.delivery.id not in done)
            self._desk.agenda = {**self._desk.agenda, self._account.name: left}

    def _agenda(self) -> tuple[Job, ...]:
        return self._desk.agenda.get(self._account.name, ())

    def _next_moment(self, courier: Courier, agenda: Sequence[Job]) -> int | None:
        """When there is something to do next, None if there is nothing at all."""
        moments = [_moment_of(courier, job, self._desk.clock.now()) for job in agenda]
        if (first := _first_prepared(courier, agenda, self._desk.clock.now())) is not None and self._warmed != first:
            moments.append(first - WARM_LEAD)
        return min(moments, default=None)

    def _do_next(self, network: Network, courier: Courier, agenda: Sequence[Job], now: int) -> None:
        """One thing, the most urgent first: what is ready to leave, then looking up, then getting the next ready."""
        ready = [job for job in agenda if _moment_of(courier, job, now) <= now]
        to_send = [job for job in ready if job.act is Act.SEND]
        prepared = [job for job in to_send if _may_leave(courier, job, now)]
        unsure = [job for job in ready if job.act is Act.LOOK_UP]
        if unsure and not prepared:
            courier.look_up(unsure)
            self._done_with(unsure)
            return
        if to_send and courier.postpone_what_is_paced(to_send, now):
            self._done_with(to_send)
            return
        if prepared:
            courier.send(prepared[0])
            self._done_with(prepared[:1])
            return
        if to_look_before := [job for job in to_send if courier.needs_a_look(job, now)]:
            courier.look_before(to_look_before)
            # What is not there stays: it is prepared next, or asked about again when that can be trusted.
            left = [job for job in to_look_before if courier.needs_a_look(job, now)]
            self._done_with([job for job in left if courier.look_at(job, job.at - job.begin) <= now])
            return
        self._get_ready(network, courier, to_send, _first_prepared(courier, agenda, now), now)

    def _get_ready(
        self, network: Network, courier: Courier, to_send: Sequence[Job], first: int | None, now: int
    ) -> None:
        """Prepare the next one, as long as that cannot make late what leaves `first`; else warm the connection, or wait
        for that one."""
        for job in to_send:
            if not courier.is_prepared(job):
                if first is not None and now + job.takes + INTENT_LEAD > first:
                    break
                if job.at > now:
                    # Asked for meanwhile. What is overdue is claimed when nothing else is waited for, so that its claim
                    # is not over before it is used.
                    courier.is_claimed(job, now)
                if self._ahead is not None and (first is None or now + job.takes + SECOND <= first):
                    self._ahead.begin((each for each in self._agenda() if not courier.is_prepared(each)), now)
                courier.prepare(job)
                if not courier.is_prepared(job):
                    self._done_with([job])
                return
        if first is not None and self._warmed != first and first - WARM_LEAD <= now:
            if now + TOO_LATE_TO_WARM <= first:
                network.warm()
            self._warmed = first
            return
        # What is left would make the next one late: wait for that one.
        with self._desk.condition:
            self._desk.clock.wait(self._desk.condition, None if first is None else first - INTENT_LEAD)

    # --- the account -----------------------------------------------------------------------------------------

    def _pause(self, state: AccountState, refused: Refused) -> None:
        """The account is refused: its deliveries wait, none is burnt, and this worker goes home. Another one asks
        again now and then, since a credential may work again (or be another one) by then."""
        words = [f"{refused.reason}.", refused.hint] if refused.hint else [refused.reason]
        if refused.credential and self._how_to_renew:
            words.append(self._how_to_renew)
        elif refused.credential:
            words[1:] = [f"Log in again with {how_to_log_in(self._account.name)}."]
        reason = " ".join(words)
        next_try = self._desk.clock.now() + int(self._desk.settings.retry.longest * SECOND)
        self._desk.accounts.paused(state, reason, next_try)
        self._tell(reason, next_try, paused=True)

    def _not_identified(self, state: AccountState, answer: NotSent | Refused, until: int | None = None) -> None:
        """The account cannot be used; it is tried again at `until`, if that is known already."""
        match answer:
            case NotSent(reason, retry_after):
                next_try = until or self._desk.rules.account_next_try(
                    state.failures, retry_after, self._desk.clock.now()
                )
                self._desk.accounts.unreachable(state, reason, next_try)
                self._tell(reason, next_try)
            case Refused():
                self._pause(state, answer)
            case _:
                assert_never(answer)

    def _tell(self, error: str, next_try: int, paused: bool = False) -> None:
        self._desk.tell_of(AccountNews(self._account.name, error, self._desk.posts.as_text(next_try), paused))

    def _give_up(self, network: Network, state: AccountState, answer: NotSent | Refused) -> None:
        """While an account is refused none of its deliveries is burnt; while its server is gone patience runs on."""
        if isinstance(answer, NotSent) and state.limits is not None:
            self._give_up_what_waits_too_long(network, answer.reason, state.account_id)

    def _give_up_what_waits_too_long(self, network: Network, reason: str, account: str) -> None:
        """The account's server cannot be reached, so nothing can be tried: what has waited long enough is given up, or
        held where it may be on the network."""
        desk, now = self._desk, self._desk.clock.now()
        for delivery in desk.journal.relevant_deliveries():
            verdict: Verdict | None = None
            if delivery.account != account:
                continue
            if delivery.state is State.WAITING:
                verdict = desk.rules.given_up(delivery, delivery.error or reason, now)
            elif delivery.state is State.UNSURE:
                finding = CannotTell(reason)
                verdict = desk.rules.after_look_up(delivery, finding, 0, now, network.settle, network.is_exact)
            if isinstance(verdict, IsRefused | IsHeld):
                carry_out_verdict(desk.journal, delivery, verdict, now)
                desk.settle(delivery.id)


def _moment_of(courier: Courier, job: Job, now: int) -> int:
    """When a job is taken up: a look-up at its moment, a send just before it, its preparation well before."""
    if job.act is Act.LOOK_UP:
        return job.at
    if courier.needs_a_look(job, now):
        return courier.look_at(job, job.at - job.begin)
    if not courier.is_prepared(job):
        return job.begin
    # Whoever is told that it is ours wakes everybody.
    return job.at - INTENT_LEAD if courier.is_claimed(job, now) else NEVER


def _may_leave(courier: Courier, job: Job, now: int) -> bool:
    return courier.is_prepared(job) and not courier.needs_a_look(job, now) and courier.is_claimed(job, now)


def _first_prepared(courier: Courier, agenda: Sequence[Job], now: int) -> int | None:
    """The moment of the first that is to leave; what waits for its claim makes nothing late."""
    ready = (job.at for job in agenda if courier.is_prepared(job) and courier.is_claimed(job, now))
    return min(ready, default=None)
