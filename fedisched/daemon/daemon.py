"""The daemon's loop: it wakes on a file change, the clock or a signal, and never sends anything itself.

It needs only time, status and targets of each post, so it stays light; a network library's hang, leak or crash
happens in a child and cannot take it down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Condition

from fedisched.clock import SECOND, Clock
from fedisched.content.watch import Change, Watcher
from fedisched.daemon.child import Child
from fedisched.daemon.events import Armed, Broken, Event, Reported, Said, Started, TakenBack
from fedisched.engine.accounts import Accounts
from fedisched.engine.journal import Journal
from fedisched.engine.plan import Step, plan
from fedisched.engine.reconcile import foreseen, reconcile
from fedisched.engine.schedule import Schedule
from fedisched.model.delivery import Delivery
from fedisched.model.errors import AlreadyRunning, FedischedError
from fedisched.model.post import Entry
from fedisched.model.settings import Settings
from fedisched.publisher.locks import daemon_lock
from fedisched.publisher.posts import Posts
from fedisched.publisher.report import Report

LEAD = 15 * SECOND
"""How long before something is due the publisher is started: its start, its imports, and its own preparing."""
FIRST_PAUSE = 2 * SECOND
LONGEST_PAUSE = 60 * SECOND
"""How long the next child waits when the last one crashed, or left what was due undone."""
CHILD_DEADLINE = 15.0
PUBLISHER_WORKED = (0, 1, 75)
"""Exit codes of a publisher that did its work, whatever came of it."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What the daemon needs of the world: how to start the publisher, with what environment, and how to read the
    config again (raises `ConfigError`)."""

    command: Sequence[str]
    environ: Mapping[str, str]
    reload: Callable[[], Settings]


class Daemon:
    """One content folder's daemon. `tell` is called from the daemon's own thread."""

    def __init__(
        self, settings: Settings, state: Path, clock: Clock, outside: Outside, tell: Callable[[Event], None]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._outside = outside
        self._tell = tell
        self._lock = daemon_lock(state)
        self._journal = Journal(state / "journal.sqlite3")
        self._accounts = Accounts(self._journal)
        self._posts = Posts(settings, self._journal, clock)
        self._schedule = Schedule()
        self._condition = Condition()
        self._child: Child | None = None
        self._pause = 0
        self._not_before = 0
        # Everything below is guarded by the condition: other threads set it, the loop takes it.
        self._stopping = False
        self._folder_changed = False
        self._config_changed = False
        self._heard: list[Event] = []
        self._ended: list[int] = []

    def run(self) -> None:
        """Work until `stop`. Raises `AlreadyRunning` if another daemon serves this folder."""
        if not self._lock.try_acquire():
            raise AlreadyRunning(
                "Another fedisched daemon serves this folder", "Stop it first, or leave the work to it."
            )
        watcher = Watcher(
            self._settings.folder,
            self._settings.posts,
            self._on_change,
            notice=lambda words: self._hear(Said(words, wrong=True)),
        )
        watcher.start()
        try:
            self._start()
            self._loop()
        finally:
            watcher.stop()
            if self._child is not None:
                self._child.end(CHILD_DEADLINE)
                self._say_what_was_heard()
            self._journal.close()
            self._lock.release()

    def stop(self) -> None:
        """End in order: nothing new begins, what is being sent is finished. Safe in a signal handler."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()

    def look_again(self) -> None:
        """Read the config and the folder again. Safe in a signal handler."""
        with self._condition:
            self._folder_changed = self._config_changed = True
            self._condition.notify_all()

    # --- the loop --------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._posts.refresh()
        steps = self._plan_everything()
        moments = [step.at for step in steps if step.at is not None]
        self._tell(Started(len(self._posts.all_paths()), len(moments), min(moments, default=None)))
        for step in steps:
            if step.entry.problem is not None:
                self._tell(Broken(step.entry.problem))

    def _loop(self) -> None:
        while True:
            with self._condition:
                if self._stopping:
                    return
                folder_changed, self._folder_changed = self._folder_changed, False
                config_changed, self._config_changed = self._config_changed, False
                ended, self._ended = self._ended, []
            self._say_what_was_heard()
            if config_changed:
                self._read_config()
            if folder_changed:
                self._read_folder()
            for code in ended:
                self._child_ended(code)
            self._start_child_if_due()
            self._wait()

    def _wait(self) -> None:
        with self._condition:
            if not (self._stopping or self._folder_changed or self._config_changed or self._ended or self._heard):
                next_due = self._schedule.next()
                until = None if next_due is None or self._child else max(next_due - LEAD, self._not_before)
                self._clock.wait(self._condition, until)

    def _say_what_was_heard(self) -> None:
        with self._condition:
            heard, self._heard = self._heard, []
        for event in heard:
            self._tell(event)

    # --- changes ---------------------------------------------------------------------------------------------

    def _read_config(self) -> None:
        try:
            self._settings = self._outside.reload()
        except FedischedError as error:
            self._tell(Said(f"{error} The configuration as it was stays in force.", wrong=True))
            return
        self._posts = Posts(self._settings, self._journal, self._clock)
        self._tell(Said("The configuration was read again."))
        self._read_folder()
        self._plan_everything()
        self._end_child_soon()

    def _read_folder(self) -> None:
        changes = self._posts.refresh()
        if not changes:
            return
        self._not_before = self._pause = 0
        for path in changes.gone:
            if path in self._schedule:
                self._tell(TakenBack(path))
            self._schedule.set(path, None)
        for entry in changes.changed:
            self._plan_one(entry)
        if self._child is not None and not self._child.look_again():
            # It is just ending and may not have seen the change: its end plans everything again.
            self._pause = 0

    def _plan_one(self, entry: Entry) -> None:
        deliveries = self._journal.deliveries(path=entry.path)
        ours = any(delivery.written == entry.digest for delivery in deliveries)
        steps = self._plan({entry.path: entry}, deliveries)
        was_scheduled = entry.path in self._schedule
        at = _first(steps)
        self._schedule.set(entry.path, at)
        if entry.problem is not None:
            self._tell(Broken(entry.problem))
        elif at is not None and not ours:
            self._tell(Armed(entry, tuple(step.target for step in steps if step.at is not None), at))
        elif was_scheduled and at is None and not ours:
            self._tell(TakenBack(entry.path))

    def _plan_everything(self) -> list[Step]:
        """Plan from nothing: at the start, and whenever a publisher has changed the journal."""
        entries = self._posts.entries()
        steps = self._plan(entries, self._journal.relevant_deliveries())
        by_path: dict[str, list[Step]] = {}
        for step in steps:
            by_path.setdefault(step.entry.path, []).append(step)
        self._schedule = Schedule()
        for path, found in by_path.items():
            self._schedule.set(path, _first(found))
        return steps

    def _plan(self, entries: Mapping[str, Entry], deliveries: Iterable[Delivery]) -> list[Step]:
        accounts = self._accounts.all()
        known = list(deliveries)
        known = foreseen(known, reconcile(entries, known, accounts, self._settings))
        return plan(entries.values(), known, accounts, self._settings, self._clock.now())

    # --- the child -------------------------------------------------------------------------------------------

    def _start_child_if_due(self) -> None:
        now = self._clock.now()
        next_due = self._schedule.next()
        if self._child is None and next_due is not None and next_due - LEAD <= now and now >= self._not_before:
            self._child = Child(
                self._outside.command,
                self._outside.environ,
                reported=self._on_report,
                said=lambda line: self._hear(Said(line.rstrip("\n"), wrong=True)),
                ended=self._on_child_end,
            )

    def _child_ended(self, code: int) -> None:
        """Plan again from the journal; if it left what was due undone, or crashed, the next one waits a little."""
        self._child = None
        self._posts.refresh()
        self._plan_everything()
        now = self._clock.now()
        next_due = self._schedule.next()
        if code in PUBLISHER_WORKED and (next_due is None or next_due > now):
            self._pause = self._not_before = 0
            return
        self._pause = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
        self._not_before = now + self._pause
        if code not in PUBLISHER_WORKED:
            self._tell(Said(f"The publisher ended with code {code}; it is started again in a moment.", wrong=True))

    def _end_child_soon(self) -> None:
        """A child that was started with the old configuration finishes what it is sending, then ends."""
        if self._child is not None:
            self._child.end_soon()

    # --- other threads ---------------------------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        with self._condition:
            self._folder_changed |= change.folders is None or bool(change.folders)
            self._config_changed |= change.config
            self._condition.notify_all()

    def _on_report(self, report: Report) -> None:
        self._hear(Reported(report))

    def _on_child_end(self, code: int) -> None:
        with self._condition:
            self._ended.append(code)
            self._condition.notify_all()

    def _hear(self, event: Event) -> None:
        with self._condition:
            self._heard.append(event)
            self._condition.notify_all()


def _first(steps: Iterable[Step]) -> int | None:
    return min((step.at for step in steps if step.at is not None), default=None)
