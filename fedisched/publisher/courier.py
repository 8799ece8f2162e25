"""The courier: what is done to one account's deliveries once the account is known.

The order of acts around a send is the heart of the promise: the intent is in the journal, synced; the file is
looked at once more; one request leaves; and whatever comes back is only recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from fedisched.clock import SECOND
from fedisched.engine.plan import AT_ONCE, ON_TIME, Act, is_on_time_first_send
from fedisched.engine.rules import (
    AccountPaused,
    IsUnsure,
    PartsSent,
    TryLater,
    Verdict,
    carry_out_verdict,
)
from fedisched.model.delivery import Delivery, State
from fedisched.model.errors import CannotSplice, CannotWrite, FileChanged, MediaUnfit
from fedisched.model.network import Network, Prepared, Task
from fedisched.model.outcome import Absent, CannotTell, Finding, Found, NotSent, Outcome, Perhaps, Published, Refused
from fedisched.model.problem import Problem
from fedisched.model.rendered import Limits, Rendered
from fedisched.model.settings import Account
from fedisched.model.tid import derive_key
from fedisched.publisher.clocks import clock_is_wrong
from fedisched.publisher.desk import Desk, Job
from fedisched.publisher.uploading import told

ABSENCE_LASTS = 60 * SECOND
"""How long it counts that a delivery was looked up and is not there: the account is ours alone meanwhile."""
CLOCK_LASTS = 10 * SECOND
"""How old what a server told of its time may be, when something is sent by ours."""
CANNOT_WRITE_RETRY = 30 * SECOND
MEDIA_CHANGED_RETRY = 5 * SECOND


class Courier:
    """Prepares, sends and looks up. Used by one thread; knows nothing of when."""

    def __init__(self, account: Account, network: Network, limits: Limits, desk: Desk) -> None:
        self._account = account
        self._network = network
        self._limits = limits
        self._desk = desk
        self._began = desk.clock.now()
        """Since when the account is ours alone: what was on its way before, came from somebody who is dead now."""
        self._prepared: dict[int, tuple[str, Prepared]] = {}
        self._absent: dict[int, int] = {}
        """When a delivery was looked up and was not there."""
        self._too_early: dict[int, int] = {}
        """From when on a look-up can say that a delivery is not there."""
        self.stopped: NotSent | Refused | None = None
        """Set when the account or its server cannot be used: nothing more is to be done until that is mended."""
        self.stopped_until: int | None = None
        """When the account is tried again, if the delivery that found it stopped decides that: it is due again with
        everything else of the account, so that what is older still goes first."""

    def is_prepared(self, job: Job) -> bool:
        """Whether everything slow is done, for the file as the plan has it."""
        found = self._prepared.get(job.delivery.id)
        return found is not None and (found[0], found[1].task.key) == (job.entry.digest, job.delivery.key)

    def is_claimed(self, job: Job, now: int) -> bool:
        """Whether this publisher alone may send it at its moment; if not, that is asked for."""
        return self._desk.claimant.has(job, now)

    def needs_a_look(self, job: Job, now: int) -> bool:
        """Whether the network has to be asked before this is sent: it is no on-time first send, and was not looked up
        just now."""
        if job.act is not Act.SEND:
            return False
        if self._absent.get(job.delivery.id, 0) < self._taken_over(job.delivery):
            # A dead publisher may have sent it. That it is not there has to be known since then.
            return True
        if is_on_time_first_send(job.delivery, max(now, job.at), self._began):
            return False
        return now - self._absent.get(job.delivery.id, 0) >= ABSENCE_LASTS

    def look_at(self, job: Job, lead: int) -> int:
        """When to ask before this is sent: well before, or as soon as a "not there" can be trusted."""
        return self._too_early.get(job.delivery.id, job.at - lead)

    def _taken_over(self, delivery: Delivery) -> int:
        """From when on "not there" is to be trusted of what another publisher had claimed and never told of; 0 if there
        was none."""
        moment = self._desk.claimant.taken_over(delivery)
        return moment + int(self._network.settle * SECOND) if moment else 0

    # --- prepare ---------------------------------------------------------------------------------------------

    def prepare(self, job: Job) -> None:
        """Read, compose, upload; what cannot be sent as it is, is recorded as such."""
        desk, delivery = self._desk, self._with_the_parts_in_its_file(job)
        began = desk.clock.now()
        if delivery.state is not State.WAITING or delivery != job.delivery:
            # The plan is older than what came of it: done again, it would be told of twice, or not wait as it should.
            desk.plan_again()
            return
        if verdict := desk.rules.given_up(delivery, delivery.error, began):
            carry_out_verdict(desk.journal, delivery, verdict, began)
            desk.settle(delivery.id)
            return
        rendering = self._rendering(job, delivery)
        if rendering is None:
            return
        task = self._task(delivery, rendering)
        outcome = self._prepare(delivery, task)
        now = desk.clock.now()
        if isinstance(outcome, Prepared):
            desk.paces.prepared(self._account.name, desk.posts.media_bytes(job.entry), now - began)
        match outcome:
            case Prepared():
                self._prepared[delivery.id] = (job.entry.digest, outcome)
            case NotSent(reason, retry_after):
                verdict = desk.rules.later(delivery, reason, retry_after, now)
                self._not_prepared(delivery, verdict, now)
                self._stop_if_of_the_account(outcome, verdict)
            case Refused(_, _, account=True):
                self.stopped = outcome
            case Refused(reason, hint):
                desk.journal.record_refused(delivery, reason, hint)
                desk.settle(delivery.id)
            case None:
                pass
            case _:
                assert_never(outcome)

    def _prepare(self, delivery: Delivery, task: Task) -> Prepared | NotSent | Refused | None:
        """Have the network do everything slow; None if a file cannot be sent as it is, which is recorded."""
        desk = self._desk
        if not all(task.others.values()):
            # What the plan knew of it is no longer so.
            return NotSent("the post that it answers or quotes is not published any more")
        try:
            with told(desk.posts.read_media, self._account.name, desk.tell_uploads) as read_media:
                return self._network.prepare(task, read_media)
        except MediaUnfit as error:
            self._block(delivery, error.message, error.hint)
        except FileChanged as error:
            # A picture is another by now, or gone: what is there then is composed anew, or is a problem.
            desk.journal.record_waiting(delivery, str(error).rstrip("."), desk.clock.now() + MEDIA_CHANGED_RETRY)
            desk.settle(delivery.id)
        return None

    def _rendering(self, job: Job, delivery: Delivery) -> Rendered | None:
        """What would be sent; None if it cannot be, which is recorded."""
        desk = self._desk
        try:
            rendering = desk.posts.rendering(job.entry, self._account, self._limits)
        except CannotSplice as error:
            self._block(delivery, error.message, error.hint)
            return None
        except CannotWrite as error:
            # What could not be recorded in its file is not sent: whoever looks at the file would send it again.
            desk.journal.record_waiting(delivery, error.message, desk.clock.now() + CANNOT_WRITE_RETRY, error.hint)
            desk.settle(delivery.id)
            return None
        if rendering is None:
            # The file is another by now: look at it, then decide again.
            desk.look_at(job.entry.path)
        if isinstance(rendering, Problem):
            self._block(delivery, rendering.message, rendering.hint)
            return None
        return rendering

    def _with_the_parts_in_its_file(self, job: Job) -> Delivery:
        """The delivery as the journal has it. A thread that was begun under a journal that is gone goes on after the
        parts that its file names."""
        desk, delivery = self._desk, self._desk.journal.delivery(job.delivery.id)
        claims = [claim for claim in job.entry.claims if (claim.target, claim.key) == (delivery.target, delivery.key)]
        is_open = delivery.state in (State.WAITING, State.UNSURE)
        if is_open and not delivery.parts and any(claim.ids for claim in claims):
            desk.journal.record_parts(delivery, desk.posts.parts_told(job.entry, delivery.target) or ())
            delivery = desk.journal.delivery(delivery.id)
        return delivery

    def _stop_if_of_the_account(self, outcome: Outcome, verdict: Verdict) -> None:
        if isinstance(outcome, NotSent) and outcome.account:
            self.stopped = outcome
            self.stopped_until = verdict.at if isinstance(verdict, TryLater) else None

    def _task(self, delivery: Delivery, rendered: Rendered) -> Task:
        since = delivery.since if delivery.since is not None else min(delivery.due, delivery.armed_at)
        # Uploads are used again only where a request with them may have left: there they are a fence.
        uploads = delivery.uploads if delivery.since is not None else ()
        posts = self._desk.posts
        others = {path: posts.parts_of(path, delivery.target, delivery.account) for path in rendered.others}
        return Task(delivery.key, rendered, since, delivery.parts, uploads, others=others)

    def _to_look_up(self, delivery: Delivery, rendered: Rendered) -> Task:
        """Its task with everything that is known to be another delivery's, which a look-up passes over."""
        claimed = self._desk.posts.claimed_ids() | self._desk.journal.claimed_ids(delivery.account)
        own = {name for part in delivery.parts for name in (part.id, part.uri)}
        return replace(self._task(delivery, rendered), claimed=claimed - own)

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
        is_other = delivery.state is not State.WAITING or delivery.key != prepared.task.key
        if is_other or self._is_late(delivery, job):
            desk.plan_again()
            return
        if not self._clocks_agree():
            return
        if self.needs_a_look(replace(job, delivery=delivery), desk.clock.now()):
            # The moment passed while something else was done. It stays prepared for when it was looked up.
            self._prepared[delivery.id] = digest, prepared
            return
        if not desk.journal.begin_sending(delivery, prepared.task.rendered, prepared.uploads, desk.clock.now()):
            desk.plan_again()
            return
        sending = desk.journal.delivery(delivery.id)
        if not (self._wait_for(job.at) and self._may_leave(sending) and desk.posts.digest(job.entry.path) == digest):
            desk.journal.take_back(delivery)
            desk.look_at(job.entry.path)
            return
        self._absent.pop(delivery.id, None)
        self._publish(prepared, delivery, sending)

    def _may_leave(self, delivery: Delivery) -> bool:
        """Whether the claim, if one is needed, still holds this moment."""
        return self._desk.claimant.holds(delivery, self._desk.clock.now())

    def _is_late(self, delivery: Delivery, job: Job) -> bool:
        """Whether so much time has passed since the plan was made (the machine slept) that a person is asked first."""
        never_tried = delivery.first_try is None and delivery.since is None
        overdue = self._desk.clock.now() - max(delivery.due, delivery.next_try or 0)
        return never_tried and job.at > AT_ONCE and overdue > self._desk.settings.late_after * SECOND

    def _clocks_agree(self) -> bool:
        """Whether the server's clock, as it was just told, says what ours does: one that is wrong sends nothing."""
        told = self._network.clock
        if told is not None and abs(self._desk.clock.now() - told[0]) > CLOCK_LASTS:
            # Ours may have been set, or the machine slept.
            self._network.warm()
            told = self._network.clock
        self.stopped = self.stopped or clock_is_wrong(told[1] if told is not None else None)
        return self.stopped is None

    def postpone_what_is_paced(self, jobs: Sequence[Job], now: int) -> bool:
        """Where the server takes few more posts for now, let what is overdue wait until it takes more; with none left,
        everything. Says whether anything has to wait."""
        desk, allowance = self._desk, self._network.allowance
        if (until := desk.rules.paced_until(allowance, False, now)) is not None:
            words = f"the server takes no more posts before {desk.posts.as_text(until)}"
            self.stopped = NotSent(words, (until - now) / SECOND, account=True)
            return True
        if (until := desk.rules.paced_until(allowance, True, now)) is None:
            return False
        words = f"the server takes few more posts before {desk.posts.as_text(until)}, which are kept for those on time"
        late = [job for job in jobs if job.act is Act.SEND and AT_ONCE < job.at < now - ON_TIME]
        for job in late:
            desk.journal.record_waiting(desk.journal.delivery(job.delivery.id), words, until)
            desk.settle(job.delivery.id)
        return bool(late)

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
                self.stopped = verdict.refused
                return
            self._stop_if_of_the_account(outcome, verdict)
            if self._is_anothers(sending, outcome) and self._takes_another_key(sending, now):
                break
            carry_out_verdict(desk.journal, sending, verdict, now)
            if isinstance(outcome, NotSent) and not sending.parts:
                desk.journal.nothing_left(sending, before.since)
            if not isinstance(verdict, PartsSent):
                break
            sending = desk.journal.delivery(sending.id)
            if desk.stopping or not self._may_leave(sending):
                why = "the publisher was stopped" if desk.stopping else "the claim on it ended"
                desk.journal.record_waiting(sending, f"{why} between two parts", now)
                break
        desk.settle(sending.id)

    def _is_anothers(self, sending: Delivery, outcome: Outcome) -> bool:
        """Whether a server answered with what it made of the same key before, and that was taken for another post of
        the same words. So it is that other one that is not there yet, and it counts as this one from now on."""
        if self._network.is_exact or sending.parts or not isinstance(outcome, Published):
            return False
        desk = self._desk
        return outcome.parts[0].id in desk.posts.claimed_ids() | desk.journal.claimed_ids(sending.account)

    def _takes_another_key(self, sending: Delivery, now: int) -> bool:
        """A key that follows from the one before, so that a run without this one's journal comes to the same."""
        desk = self._desk
        verdict = desk.rules.later(sending, "the server has it for a post with the same words", None, now)
        if not isinstance(verdict, TryLater):
            return False
        key = derive_key(f"after {sending.key} on {sending.target}", sending.path, sending.due)
        return desk.journal.take_another_key(sending, key, verdict.error, verdict.at)

    def _wait_for(self, moment: int) -> bool:
        """Wait to the moment itself; false if the run stops first."""
        desk = self._desk
        with desk.condition:
            while not desk.stopping and desk.clock.now() < moment:
                desk.clock.wait(desk.condition, moment)
            return not desk.stopping

    # --- look up ---------------------------------------------------------------------------------------------

    def look_up(self, jobs: Sequence[Job]) -> None:
        """One request for the whole batch; what was sent is compared, not what the file says by now."""
        desk = self._desk
        asked: list[tuple[Delivery, Task]] = []
        for job in jobs:
            delivery = self._with_the_parts_in_its_file(job)
            if delivery.state is not State.UNSURE:
                desk.plan_again()
                continue
            rendered = delivery.sent or desk.posts.rendered_loosely(job.entry, self._account, self._limits)
            if rendered is None:
                now = desk.clock.now()
                desk.journal.look_again(delivery, "its file cannot be read just now", now + 60 * SECOND)
            else:
                asked.append((delivery, self._to_look_up(delivery, rendered)))
        for delivery, task, finding in self._found(asked):
            self._record_finding(delivery, task, finding)

    def look_before(self, jobs: Sequence[Job]) -> None:
        """Look before sends that are no on-time first ones, with one request for all of them; record what is there
        already."""
        desk = self._desk
        asked: list[tuple[Delivery, Task]] = []
        for job in jobs:
            delivery = self._with_the_parts_in_its_file(job)
            if delivery.state is not State.WAITING:
                desk.plan_again()
            elif (rendered := self._rendering(job, delivery)) is not None:
                asked.append((delivery, self._to_look_up(delivery, rendered)))
        for delivery, task, finding in self._found(asked):
            self._record_before(delivery, task, finding)

    def _found(self, asked: Sequence[tuple[Delivery, Task]]) -> Iterator[tuple[Delivery, Task, Finding]]:
        if not asked:
            return
        tasks = [task for _, task in asked] + self._asked_along([delivery for delivery, _ in asked])
        # What is found of the others is theirs to record, when their own time to be asked about has come.
        for (delivery, task), finding in zip(asked, self._network.find(tasks), strict=False):
            yield delivery, task, finding

    def _asked_along(self, asked: Sequence[Delivery]) -> list[Task]:
        """What else of the account may be on the network: asked about as well, its post is not taken for another's.
        That is also what is still to be asked about before it is sent: a run that a journal, put back, knows nothing of
        may have sent it. Where a key tells whose a post is, none is."""
        if self._network.is_exact:
            return []
        desk, known, now = self._desk, {delivery.id for delivery in asked}, self._desk.clock.now()
        others = [(each, each.sent) for each in desk.journal.in_doubt(asked[0].account)]
        others += [
            (job.delivery, desk.posts.rendered_loosely(job.entry, self._account, self._limits))
            for job in desk.agenda.get(self._account.name, ())
            if job.delivery.id not in known and self.needs_a_look(job, now)
        ]
        return [self._to_look_up(each, rendered) for each, rendered in others if rendered and each.id not in known]

    def _record_before(self, delivery: Delivery, task: Task, finding: Finding) -> None:
        desk, now = self._desk, self._desk.clock.now()
        match finding:
            case Absent():
                self._note_absence(delivery, now)
                return
            case Perhaps(parts=()) if delivery.since is None:
                # Nothing of it ever left from here, so another text is another post: another folder's, say. But what
                # follows a part of this very thread was sent with it, by a run of which nothing is known any more.
                self._note_absence(delivery, now)
                return
            case Found(parts) if len(parts) + len(delivery.parts) >= len(task.rendered.parts):
                desk.journal.record_published(delivery, parts, now)
            case Found(parts):
                desk.journal.record_parts(delivery, parts)
            case Perhaps(parts=parts):
                desk.journal.record_parts(delivery, parts)
                verdict = desk.rules.after_look_up(delivery, finding, len(task.rendered.parts), now, settle=0.0)
                carry_out_verdict(desk.journal, delivery, verdict, now)
            case CannotTell(refused=Refused() as refused):
                self.stopped = refused
            case CannotTell(reason, retry_after):
                self._not_prepared(delivery, desk.rules.later(delivery, reason, retry_after, now), now)
                return
            case _:
                assert_never(finding)
        desk.settle(delivery.id)

    def _note_absence(self, delivery: Delivery, now: int) -> None:
        """It is not there. Where a server would make a second post of a second request, what a dead run may have sent
        just before this one began may still land: of that the journal, lost or put back, may know nothing."""
        began = self._began + int(self._network.settle_unrecorded * SECOND)
        trusted_from = max(began, self._taken_over(delivery))
        if now < trusted_from:
            self._too_early[delivery.id] = trusted_from
        else:
            self._too_early.pop(delivery.id, None)
            self._absent[delivery.id] = now

    def _record_finding(self, delivery: Delivery, task: Task, finding: Finding) -> None:
        desk, now, network = self._desk, self._desk.clock.now(), self._network
        parts_asked = len(task.rendered.parts)
        if isinstance(finding, Perhaps):
            desk.journal.record_parts(delivery, finding.parts)
        verdict = desk.rules.after_look_up(delivery, finding, parts_asked, now, network.settle, network.is_exact)
        carry_out_verdict(desk.journal, delivery, verdict, now)
        if isinstance(verdict, PartsSent):
            desk.journal.record_waiting(delivery, delivery.error, now)
        if isinstance(verdict, IsUnsure):
            desk.plan_again()
        else:
            desk.settle(delivery.id)
