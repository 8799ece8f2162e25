"""The publisher: plans, lets the workers work, reports, writes back, until nothing more falls due.

This is the only code that publishes: by hand, in a scheduled workflow, and as the daemon's child.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from fedisched.clock import SECOND
from fedisched.engine.journal import Arming
from fedisched.engine.pace import CLAIM_LEAD, MARGIN, Work, begin_by
from fedisched.engine.plan import AT_ONCE, Act, Stand, Step, plan
from fedisched.engine.reconcile import DECIDED, as_followed, carry_out, foreseen, reconcile
from fedisched.model.delivery import Delivery, State
from fedisched.model.errors import CannotSplice, CannotWrite, FileChanged
from fedisched.model.post import Entry, Status
from fedisched.publisher.calm import Calm
from fedisched.publisher.desk import Desk, Job
from fedisched.publisher.handover import Handover, Request
from fedisched.publisher.posts import deliveries_by_path
from fedisched.publisher.report import AccountNews, Report, Word, report_of
from fedisched.publisher.summary import Summary, summed_up
from fedisched.publisher.worker import Worker

STAY_FOR_LOOK_UPS = 5 * SECOND
"""How much longer than asked a run stays to look up what it is unsure of."""
NEVER = 2**62
HARD_DEADLINE = 10.0
"""Seconds that a request under way may still take when the publisher is told to stop."""


class Publisher:
    """One run. `report` is called for each delivery that something came of, `notice` with sentences for people, `meet`
    as soon as it is known whether an account can be used; without it, what was not tried is reported at the end."""

    def __init__(
        self,
        desk: Desk,
        report: Callable[[Report], None],
        notice: Callable[[str], None],
        meet: Callable[[AccountNews], None] | None = None,
    ) -> None:
        self._desk = desk
        self._report = report
        self._notice = notice
        self._meet = meet
        self._handover = Handover(desk.journal, desk.state)
        self._workers: dict[str, Worker] = {}
        self._tried: set[str] = set()
        self._asked: set[str] = set()
        self._done_asking: set[tuple[str, str]] = set()
        self._to_write: set[str] = set()
        self._noticed: set[str] = set()
        self._requests: list[Request] = []
        self._reported: set[int] = set()
        self._calm = Calm()
        self._ahead = self._ready = 0
        self._in_view = NEVER
        """When the first of what is not planned yet falls due, or is to be tried again."""

    def run(
        self, horizon: Callable[[int], int], asked: Iterable[str] = (), only: Iterable[str] = (), ahead: int = 0
    ) -> Summary:
        """Publish what falls due up to the horizon (a function of now; both in microseconds since 1970 UTC), then
        end. `asked` are paths that go out whatever their time; `only`, if not empty, limits the run to these. What
        falls due `ahead` microseconds from any now on is prepared when it has to be, and then stayed for.

        Raises the first error that stopped it, after the workers came to rest.
        """
        self._ahead = ahead
        # The daemon starts one run after the other: an account that was given time by one is left in peace by the next.
        self._tried = set(self._desk.settings.accounts) if ahead else set()
        self._asked.update(asked)
        self._only = frozenset(only) | self._asked if only else frozenset()
        if self._desk.claims is not None:
            self._desk.claimant.start()
        try:
            steps = self._rounds(horizon)
        finally:
            self._end()
        if self._desk.broken:
            raise self._desk.broken[0]
        if self._meet is None:
            self._tell_unreached(steps)
        return self._summary(steps)

    # --- rounds ----------------------------------------------------------------------------------------------

    def _rounds(self, horizon: Callable[[int], int]) -> list[Step]:
        desk = self._desk
        steps: list[Step] = []
        while not desk.stopping:
            now = desk.clock.now()
            with desk.condition:
                if (calm := self._calm.put_off_until(self._moments(), now)) is not None:
                    desk.clock.wait(desk.condition, calm)
                    continue
            self._take_requests()
            until = max([horizon(now), *(request.until for request in self._requests)])
            with desk.condition:
                view = max(until, now + self._ahead) if self._ahead else until
                think, desk.stale = desk.stale or self._in_view <= view, False
            self._look_at_files()
            others = any(worker.is_waiting for worker in self._workers.values())
            if think or others or self._something_began(steps, now, until):
                steps = self._decide(now, view)
                desk.started = None
                self._tell()
                self._write_back(steps)
                self._calm.thought(now, desk.clock.now())
            self._settle_down()
            with desk.condition:
                if desk.stale:
                    continue
                if self._is_done(steps, now, until):
                    break
                desk.clock.wait(desk.condition, now + SECOND)
        return steps

    def _settle_down(self) -> None:
        """Clear up what opening an account left behind, when no request is to leave for a while."""
        ready = sum(worker.is_ready for worker in self._workers.values())
        soon = self._desk.clock.now() + SECOND
        if ready > self._ready and not any(soon - 2 * SECOND <= at <= soon for at in self._moments()):
            self._desk.settle_down()
            self._ready = ready

    def _moments(self) -> list[int]:
        return [job.at for jobs in self._desk.agenda.values() for job in jobs if job.act is Act.SEND]

    def _look_at_files(self) -> None:
        """Read what is known to have changed: the whole folder, or our own writings only."""
        desk = self._desk
        with desk.condition:
            look, desk.folder_changed = desk.folder_changed, False
            paths, desk.changed_files = desk.changed_files, set()
            desk.files_are_new |= look
        if look:
            desk.posts.refresh()
        else:
            for path in paths:
                desk.posts.look_at(path)
                if _has_news(desk.journal.deliveries(path=path)):
                    self._to_write.add(path)

    def _decide(self, now: int, horizon: int) -> list[Step]:
        """Bring the journal in line with the files, plan, arm, and hand out the work."""
        desk = self._desk
        ready = {name: worker for name, worker in self._workers.items() if worker.is_ready}
        accounts = {
            # A run that a person starts asks each account anew: what kept it from being used may be mended. As long as
            # one is being asked, what was known of it before does not count.
            name: state if name in self._tried and not self._is_being_asked(name) else replace(state, next_try=None)
            for name, state in desk.accounts.all().items()
        }
        served = {accounts[name].account_id for name in ready if name in accounts}
        entries, deliveries = self._in_sight(horizon)
        moves = reconcile(entries, deliveries, accounts, desk.settings)
        mine = [m for m in moves if m.delivery.account in served or m.delivery.state in DECIDED]
        others = [m for m in moves if m.delivery.account not in served and m.delivery.state not in DECIDED]
        if carry_out(mine, desk.journal, now):
            deliveries = self._in_sight(horizon)[1]
        # What the files say of the others is carried out once their accounts are served; it says whether to serve them.
        deliveries = foreseen(deliveries, others)
        asked = frozenset(
            (path, target)
            for path in self._asked & entries.keys()
            for target in desk.settings.accounts_named(entries[path].targets)
            if (path, target) not in self._done_asking
        )
        needed = desk.posts.others_of(entries.values())
        steps = plan(entries.values(), deliveries, accounts, desk.settings, now, asked, needed)
        if self._only:
            steps = [step for step in steps if step.entry.path in self._only]
        wanted = [step for step in steps if _falls_within(step, horizon)]
        beyond = [step.at for step in steps if step.at is not None and not _falls_within(step, horizon)]
        self._in_view = min(filter(None, [*beyond, desk.posts.next_due(horizon)]), default=NEVER)
        for step in wanted:
            account = accounts.get(step.target)
            is_given_time = account is not None and (account.next_try or 0) > now
            if step.target not in self._workers and not is_given_time:
                self._hire(step.target)
        # What waits for another post is known before its time, too: once that one is out, it is no later than it is.
        wanted += [step for step in steps if step.waits_for_another and _is_due(step, horizon)]
        armed = self._armed([step for step in wanted if step.target in ready], now)
        agenda = {name: self._timed(name, jobs) for name, jobs in _agenda(armed, ready, now).items()}
        with desk.condition:
            desk.agenda = agenda
            desk.condition.notify_all()
        return steps

    def _in_sight(self, horizon: int) -> tuple[Mapping[str, Entry], list[Delivery]]:
        """What falls due within the horizon, what a person wants out now, and all that is not settled. To plan ten
        thousand posts of next year would hold up what leaves now."""
        desk = self._desk
        entries = dict(desk.posts.entries(horizon))
        deliveries = {delivery.id: delivery for delivery in desk.journal.relevant_deliveries(horizon)}
        for path in self._asked - entries.keys():
            entry = desk.posts.entry(path)
            if entry is not None and entry.status not in (Status.DRAFT, Status.PUBLISHED):
                entries[path] = entry
                deliveries |= {delivery.id: delivery for delivery in desk.journal.deliveries(path=path)}
        return entries, list(deliveries.values())

    def _timed(self, account: str, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """An account's jobs with when to begin preparing each: together they may need longer than the usual lead."""
        pace = self._desk.paces.of(account)
        sends = [job for job in jobs if job.act is Act.SEND]
        takes = {job.delivery.id: pace.preparing(self._desk.posts.media_bytes(job.entry)) for job in sends}
        early = CLAIM_LEAD if self._desk.settings.git.claim else 0
        begins = begin_by([Work(job.at, takes[job.delivery.id], job.not_before) for job in sends], early)
        begin = {job.delivery.id: moment for job, moment in zip(sends, begins, strict=True)}
        return tuple(
            replace(job, begin=begin.get(job.delivery.id, job.at), takes=takes.get(job.delivery.id, 0)) for job in jobs
        )

    def _hire(self, target: str) -> None:
        self._workers[target] = worker = Worker(self._desk.settings.accounts[target], self._desk)
        self._tried.add(target)
        worker.start()

    def _armed(self, steps: Sequence[Step], now: int) -> list[Step]:
        """The steps, each with its delivery; those that the journal has none for are armed, synced once for all."""
        new = [(step, arming) for step in steps if (arming := self._arming(step, now)) is not None]
        armed = [step for step in steps if step.delivery is not None]
        if not new:
            return armed
        deliveries = self._desk.journal.arm_all([arming for _, arming in new], now)
        return armed + [replace(step, delivery=found) for (step, _), found in zip(new, deliveries, strict=True)]

    def _arming(self, step: Step, now: int) -> Arming | None:
        """What the journal is to know of a step that it has no delivery for; None if it has one, or cannot have."""
        entry, desk = step.entry, self._desk
        if step.delivery is not None or not step.key:
            return None
        if (parts := desk.posts.parts_told(entry, step.target)) is None:
            desk.look_again()
            return None
        account = desk.accounts.all()[step.target].account_id
        due = now if entry.due is None else entry.due
        in_doubt = step.act is Act.LOOK_UP
        return Arming(entry.path, step.target, account, step.key, due, entry.digest, tuple(parts), in_doubt)

    def _something_began(self, steps: Sequence[Step], now: int, horizon: int) -> bool:
        """Whether an account that could not be used may be tried again now: its worker has gone home, or nobody was
        hired yet."""
        at_work = {name for name, worker in self._workers.items() if worker.is_alive()}
        due = {step.target for step in steps if _falls_within(step, min(now, horizon))}
        for name in due - at_work:
            self._workers.pop(name, None)
        return bool(due - at_work)

    def _is_done(self, steps: Sequence[Step], now: int, horizon: int) -> bool:
        """Nothing is being done, nothing more falls due within the horizon, nor would another publisher have to be
        started at once for what falls due later, and every file says what it should."""
        if self._to_write or self._requests:
            return False
        # A worker that still waits for its account does not count: what was to be done may have been done by whoever
        # has the account, and two who wait for each other would wait for ever.
        if any(worker.is_alive() and worker.is_ready and worker.is_busy for worker in self._workers.values()):
            return False
        if any(_falls_within(step, horizon) for step in steps):
            return False
        later = [(n, job.begin) for n, jobs in self._desk.agenda.items() for job in jobs if job.act is Act.SEND]
        if self._ahead:
            later += [(step.target, step.at) for step in steps if step.at is not None and step.not_before == step.at]
        return not any(begin - self._desk.paces.of(name).opening <= now + MARGIN for name, begin in later)

    # --- telling and writing ---------------------------------------------------------------------------------

    def _tell(self) -> None:
        desk = self._desk
        with desk.condition:
            settled, desk.settled = desk.settled, []
            met, desk.news = desk.news, []
        if self._meet is not None:
            for news in met:
                self._meet(news)
        for delivery_id in dict.fromkeys(settled):
            delivery = desk.journal.delivery(delivery_id)
            self._reported.add(delivery_id)
            self._done_asking.add((delivery.path, delivery.target))
            self._to_write.add(delivery.path)
            self._report(report_of(delivery, desk.posts.as_text))

    def _tell_unreached(self, steps: Sequence[Step]) -> None:
        """What was due and could not even be tried, since its account's server was not reached, or since it waits for
        another post."""
        now = self._desk.clock.now()
        told = {(d.path, d.target) for d in map(self._desk.journal.delivery, self._reported)}
        accounts = self._desk.accounts.all()
        for step in steps:
            account = accounts.get(step.target)
            waits = step.waits_for_another
            wanted = _is_due(step, now) or (waits and step.entry.path in self._asked)
            if not wanted or step.stand is Stand.PAUSED:
                continue
            if not waits and (step.act is None or account is None or not account.error):
                continue
            if (step.entry.path, step.target) not in told:
                again = account.next_try if account and not waits else None
                next_try = self._desk.posts.as_text(again) if again else ""
                attempts = step.delivery.attempts if step.delivery else 0
                self._report(
                    Report(
                        step.entry.path,
                        step.target,
                        "waiting",
                        step.key,
                        attempts=attempts,
                        next_try=next_try,
                        error=step.error if waits or account is None else account.error,
                    )
                )

    def _write_back(self, steps: Sequence[Step]) -> None:
        """Write what is known into the files, of posts of which nothing is just being sent or about to be."""
        desk = self._desk
        if desk.files_are_new:
            desk.files_are_new = False
            # An earlier run may have died before it wrote, and an editor may save an old version over what we wrote.
            by_path = deliveries_by_path(desk.journal.relevant_deliveries())
            self._to_write |= {path for path, found in by_path.items() if _has_news(found)}
        soon = desk.clock.now() + SECOND
        busy = {job.entry.path for jobs in desk.agenda.values() for job in jobs if job.at <= soon}
        for path in sorted(self._to_write - busy):
            entry = desk.posts.entry(path)
            if entry is None or entry.problem is not None:
                # Nothing can be written into a file that is gone or broken; the next round that sees it whole will.
                self._to_write.discard(path)
                continue
            known = as_followed(entry, desk.journal.deliveries(path=path), desk.accounts.all(), desk.settings)
            if known is None:
                self._to_write.discard(path)
                continue
            try:
                if desk.posts.write_back(entry, known):
                    desk.look_at(path)
                self._to_write.discard(path)
            except FileChanged:
                desk.look_at(path)
            except (CannotSplice, CannotWrite) as error:
                # It is owed: the next run tries again. What is published is safe in the journal meanwhile.
                self._to_write.discard(path)
                self._notice_once(str(error))
        self._answer(steps)

    def _notice_once(self, words: str) -> None:
        if words not in self._noticed:
            self._noticed.add(words)
            self._notice(words)

    def _take_requests(self) -> None:
        """Questions of others who want something published. Who no longer waits for an answer wants nothing."""
        asked = self._handover.unanswered()
        known = {request.id for request in self._requests}
        self._requests = [request for request in asked if request.id in known]
        new = [request for request in asked if request.id not in known]
        for request in new:
            self._requests.append(request)
            if request.now:
                self._asked.update(request.paths)
                self._done_asking -= {asked for asked in self._done_asking if asked[0] in request.paths}
        if new:
            # Somebody asks now: what kept an account from being used may be mended.
            self._tried = {name for name, worker in self._workers.items() if worker.is_alive()}
            self._desk.look_again()

    def _answer(self, steps: Sequence[Step]) -> None:
        """Answer the questions of which nothing is left to do."""
        desk = self._desk
        now = desk.clock.now()
        for request in list(self._requests):
            mine = [step for step in steps if not request.paths or step.entry.path in request.paths]
            until = max(now, request.until)
            if any(step.at is not None and step.at <= until and not self._is_stuck(step) for step in mine):
                continue
            paths = request.paths or tuple(step.entry.path for step in mine)
            deliveries = [d for path in paths for d in desk.journal.deliveries(path=path)]
            told = [d for d in deliveries if request.paths or d.id in self._reported]
            self._handover.answer(request, [report_of(d, desk.posts.as_text) for d in told])
            self._requests.remove(request)

    def _is_being_asked(self, name: str) -> bool:
        worker = self._workers.get(name)
        return worker is not None and worker.is_alive() and not (worker.is_ready or worker.is_waiting)

    def _is_stuck(self, step: Step) -> bool:
        worker = self._workers.get(step.target)
        return worker is not None and not worker.is_alive()

    # --- the end ---------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """Workers finish what they are sending, within a hard deadline; what came of it is told and written."""
        desk = self._desk
        desk.stop()
        deadline = desk.clock.now() + int(HARD_DEADLINE * SECOND)
        for worker in self._workers.values():
            worker.join(max(0.0, (deadline - desk.clock.now()) / SECOND))
        desk.claimant.give_back()
        if (desk.settled or desk.news) and not desk.broken:
            self._tell()
            desk.posts.refresh()
            desk.agenda = {}
            self._write_back([])

    def _summary(self, steps: Sequence[Step]) -> Summary:
        outcomes: dict[tuple[str, str], Word] = {}
        for number in self._reported:
            delivery = self._desk.journal.delivery(number)
            outcomes[delivery.path, delivery.target] = report_of(delivery, self._desk.posts.as_text).outcome
        for step in steps:
            if step.waits_for_another and step.entry.path in self._asked:
                outcomes.setdefault((step.entry.path, step.target), "waiting")
        return summed_up(steps, outcomes, self._desk.clock.now())


def _falls_within(step: Step, horizon: int) -> bool:
    """Whether a step is this run's to do. A run stays a little for what it may have to look up after a lost answer."""
    if step.act is None or step.at is None:
        return False
    return step.at <= horizon + (STAY_FOR_LOOK_UPS if step.act is Act.LOOK_UP else 0)


def _is_due(step: Step, moment: int) -> bool:
    return step.entry.due is not None and step.entry.due <= moment


def _agenda(steps: Iterable[Step], ready: Iterable[str], now: int) -> dict[str, tuple[Job, ...]]:
    """Each ready account's work, oldest first: of what is overdue, what was due first, though it was tried before."""

    def turn(job: Job) -> tuple[int, int, str]:
        return job.at if job.at == AT_ONCE else max(job.at, now), job.delivery.due, job.entry.path

    jobs: dict[str, list[Job]] = {name: [] for name in ready}
    for step in steps:
        if step.target in jobs and step.delivery is not None and step.act is not None and step.at is not None:
            jobs[step.target].append(Job(step.delivery, step.entry, step.act, step.at, not_before=step.not_before))
    return {name: tuple(sorted(found, key=turn)) for name, found in jobs.items()}


def _has_news(deliveries: Sequence[Delivery]) -> bool:
    """Whether there is something to write of a post, and nobody, this run or another, is just sending it."""
    if any(delivery.state is State.SENDING for delivery in deliveries):
        return False
    quiet = (State.WAITING, State.CANCELLED)
    return any(delivery.first_try is not None or delivery.state not in quiet for delivery in deliveries)
