"""The daemon's loop: it wakes on a file change, the clock or a signal, and never sends anything itself.

It needs only time, status and targets of each post, so it stays light; a network library's hang, leak or crash
happens in a child and cannot take it down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Condition

from fedisched.clock import SECOND, Clock
from fedisched.config.places import mount_of
from fedisched.content.watch import Change, Watcher
from fedisched.daemon.bell import Bell
from fedisched.daemon.carriage import Carriage
from fedisched.daemon.child import Child
from fedisched.daemon.credentials import CredentialsWatch
from fedisched.daemon.events import Armed, Event, Met, Reported, Said, Started, Waits, in_few_words
from fedisched.daemon.lead import Lead
from fedisched.daemon.lookout import Lookout
from fedisched.daemon.once import Once
from fedisched.daemon.planning import Planning
from fedisched.daemon.pulse import Pulse
from fedisched.daemon.wake import Wake, answer
from fedisched.engine.accounts import Accounts
from fedisched.engine.journal import open_journal
from fedisched.engine.plan import Stand
from fedisched.model.errors import AlreadyRunning, ConfigError, FedischedError, StateUnusable
from fedisched.model.lacking import killed_for_memory
from fedisched.model.settings import Settings
from fedisched.publisher.carrier import Carrier
from fedisched.publisher.locks import PidFile, daemon_lock
from fedisched.publisher.posts import Posts
from fedisched.publisher.report import AccountNews, Report

FIRST_PAUSE = 2 * SECOND
LONGEST_PAUSE = 60 * SECOND
"""How long the next child waits when the last one crashed, or left what was due undone."""
CHILD_DEADLINE = 15.0
STATE_RETRY = 5 * SECOND
LOCK_TRIES, LOCK_RETRY = 10, 0.1
PUBLISHER_WORKED = (0, 1, 75)
"""Exit codes of a publisher that did its work, whatever came of it."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What the daemon needs of the world: how to start the publisher, with what environment, and how to read the
    config again (raises `ConfigError`); how to start what tells a person (empty: nobody is told), and the environment
    in which a service manager names itself."""

    command: Sequence[str]
    environ: Mapping[str, str]
    reload: Callable[[], Settings]
    teller: Sequence[str] = ()
    service: Mapping[str, str] = field(default_factory=dict)


class Daemon:
    """One content folder's daemon. `tell` is called from the daemon's own thread."""

    def __init__(
        self, settings: Settings, state: Path, clock: Clock, outside: Outside, tell: Callable[[Event], None]
    ) -> None:
        """Raises `AlreadyRunning` if another daemon serves this folder, `StateUnusable`."""
        self._settings = settings
        self._state = state
        self._clock = clock
        self._outside = outside
        self._bell = Bell(outside.teller, outside.environ, clock, self._complain)
        self._tell = Once(self._bell.listening(tell))
        self._condition = Condition()
        self._child: Child | None = None
        self._child_is_excused = False
        self._pause = 0
        self._not_before = 0
        self._config_mistake = ""
        self._state_mistake = ""
        # Everything below is guarded by the condition: other threads set it, the loop takes it.
        self._stopping = False
        self._folder_changed = False
        self._config_changed = False
        self._heard: list[Event] = []
        self._ended: list[int] = []
        self._lock = daemon_lock(settings.folder, state)
        self._pid = PidFile(state)
        self._take_lock()
        self._pulse = Pulse(state, outside.service, clock)
        # Only now: a damaged journal is set aside, which must not happen under another daemon's feet.
        self._journal = open_journal(state, clock.now(), self._complain)
        self._accounts = Accounts(self._journal)
        self._accounts.ask_anew(clock.now())
        self._posts = Posts(settings, self._journal, clock)
        self._lookout = Lookout()
        self._lead = self._new_lead()
        self._planning = self._new_planning()
        self._watcher = self._new_watcher()
        self._carriage = self._new_carriage()
        self._credentials = self._new_credentials()
        self._wake = Wake(state, self.fetch)

    def run(self) -> None:
        """Work until `stop`."""
        try:
            self._bell.died(self._pulse.died_at)
            self._watcher.start()
            self._start()
            self._carriage.start()
            self._carriage.files_changed()
            self._wake.start()
            self._pulse.ready()
            self._loop()
        finally:
            self._pulse.stopping()
            self._wake.stop()
            self._watcher.stop()
            if self._child is not None:
                self._child.end(CHILD_DEADLINE)
            # What the child has written on its way out goes along.
            self._carriage.stop()
            self._bell.stop()
            self._journal.close()
            if self._stopping:
                self._pulse.stopped()
            self._pid.release()
            self._lock.release()
        self._say_what_was_heard()

    def stop(self) -> None:
        """End in order: nothing new begins, what is being sent is finished. Safe in a signal handler."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()

    def look_again(self) -> None:
        """Read the config and the folder again. Safe in a signal handler."""
        with self._condition:
            self._folder_changed = self._config_changed = True
            self._config_mistake = ""
            self._condition.notify_all()
        self._carriage.sync_now()

    def fetch(self) -> None:
        """Somebody pushed: look at the remote, and at the folder."""
        with self._condition:
            self._folder_changed = True
            self._condition.notify_all()
        self._carriage.sync_now()

    @property
    def pausing_until(self) -> int | None:
        """When the next publisher may start after one that left something undone; None if there is no pause."""
        return self._not_before if self._pause and self._child is None else None

    def _take_lock(self) -> None:
        """Whoever only asks whether a daemon is alive holds the lock for a moment: that is waited for."""
        for _ in range(LOCK_TRIES):
            if self._lock.try_acquire():
                self._pid.note()
                return
            with self._condition:
                self._condition.wait(LOCK_RETRY)
        pid = self._pid.read()
        who, how = (f", process {pid}, ", f"with `kill {pid}`") if pid else (" ", "first")
        raise AlreadyRunning(
            f"Another fedisched daemon{who}serves this folder", f"Stop it {how}, or leave the work to it."
        )

    def _new_lead(self) -> Lead:
        return Lead(self._settings, self._journal, self._posts, self._lookout)

    def _new_planning(self) -> Planning:
        return Planning(
            self._settings, self._journal, self._accounts, self._posts, self._lookout, self._lead, self._clock
        )

    def _new_watcher(self) -> Watcher:
        settings = self._settings
        mount = mount_of(settings.posts_folder)
        # The kernel tells of what is changed on this machine, and not of what is on the one that has the files.
        poll = True if mount is not None and mount.is_elsewhere else None
        environ = self._outside.environ
        return Watcher(
            settings.folder, settings.posts, self._on_change, poll=poll, notice=self._complain, environ=environ
        )

    def _new_credentials(self) -> CredentialsWatch:
        return CredentialsWatch(self._settings, self._state, self._outside.environ)

    def _new_carriage(self) -> Carriage:
        carrier = Carrier(self._settings, self._state, self._outside.environ)
        return Carriage(
            carrier,
            self._clock,
            self._settings.git.pull_every,
            self._hear,
            self._on_pulled,
            partial(answer, self._state),
        )

    # --- the loop --------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._posts.refresh()
        self._carriage.due(self._posts.next_due(self._clock.now()))
        self._carriage.meet_first()
        self._say_what_was_heard()
        self._posts.refresh()
        steps, events = self._planning.everything()
        moments = [step.at for step in steps if step.at is not None]
        stopped = {step.entry.path for step in steps if step.stand in (Stand.HELD, Stand.FAILED)}
        self._tell(Started(len(self._posts.all_paths()), len(moments), min(moments, default=None), len(stopped)))
        self._tell_all(event for event in events if not isinstance(event, Armed | Waits))

    def _loop(self) -> None:
        while True:
            self._beat()
            with self._condition:
                if self._stopping:
                    return
                folder_changed, self._folder_changed = self._folder_changed, False
                config_changed, self._config_changed = self._config_changed, False
                ended, self._ended = self._ended, []
            try:
                self._act(folder_changed, config_changed, ended)
            except StateUnusable as error:
                self._wait_for_state(error)
            else:
                self._state_mistake = ""
                self._bell.own("folder state", "")
                self._wait()

    def _beat(self) -> None:
        due = self._lookout.next()
        shown = "" if due is None else self._posts.as_text(max(due, self._clock.now()))
        self._pulse.beat(due, shown, self._child is not None, self._planning.paused, self._bell.troubles)

    def _act(self, folder_changed: bool, config_changed: bool, ended: Sequence[int]) -> None:
        self._say_what_was_heard()
        if ended:
            # Before anything that may fail: what has ended is not to be waited for.
            self._child = None
        if config_changed:
            self._pulse.reloading()
            self._read_config()
            self._pulse.ready()
        if self._state_mistake:
            self._look_at_everything()
        elif folder_changed:
            self._read_folder()
        if (folder_changed or config_changed) and self._credentials.changed():
            self._meet_credentials()
        for code in ended:
            self._child_ended(code)
        self._start_child_if_due()

    def _wait_for_state(self, error: StateUnusable) -> None:
        """A full disk heals, and so does the daemon: nothing is begun until the state can be written again."""
        if str(error) != self._state_mistake:
            self._state_mistake = str(error)
            self._tell(Said(self._state_mistake, wrong=True))
            self._bell.own("folder state", self._state_mistake)
        with self._condition:
            if not self._stopping:
                self._clock.wait(self._condition, self._clock.now() + STATE_RETRY)

    def _wait(self) -> None:
        self._carriage.due(self._lookout.next())
        with self._condition:
            if not (self._stopping or self._folder_changed or self._config_changed or self._ended or self._heard):
                start = None if self._child else self._lead.start_at(self._clock.now())
                until = None if start is None else max(start, self._not_before)
                self._clock.wait(self._condition, until)

    def _say_what_was_heard(self) -> None:
        with self._condition:
            heard, self._heard = self._heard, []
        for event in heard:
            self._tell(event)

    # --- changes ---------------------------------------------------------------------------------------------

    def _read_config(self) -> None:
        """Take the configuration over, if it says anything new. A mistake in it is told once."""
        try:
            settings = self._outside.reload()
        except FedischedError as error:
            problems = error.problems if isinstance(error, ConfigError) else ()
            words = "\n".join([f"{error} The configuration as it was stays in force.", *map(str, problems)])
            if words != self._config_mistake:
                self._config_mistake = words
                self._bell.own("folder config", words)
                for line in words.splitlines():
                    self._tell(Said(line, wrong=True))
            return
        self._config_mistake = ""
        self._bell.own("folder config", "")
        if settings == self._settings:
            return
        self._accounts.ask_anew(self._clock.now())
        moved, travels_otherwise = settings.posts != self._settings.posts, settings.git != self._settings.git
        self._settings = settings
        self._posts = Posts(settings, self._journal, self._clock)
        self._lead = self._new_lead()
        self._planning = self._new_planning()
        self._credentials = self._new_credentials()
        if moved:
            self._watcher.stop()
            self._watcher = self._new_watcher()
            self._watcher.start()
        if moved or travels_otherwise:
            self._carriage.retire()
            self._carriage = self._new_carriage()
            self._carriage.start()
        self._tell(Said("The configuration was read again."))
        self._look_at_everything()
        self._dismiss_child()

    def _read_folder(self) -> None:
        changes = self._posts.refresh()
        self._carriage.files_changed()
        if self._journal.others_wrote():
            # A publisher, or any verb, may have read the folder before us: what it saw is no change to us any more.
            at_work = self._child is not None
            self._tell_all(self._planning.what_moved() if at_work else self._planning.everything()[1])
        elif changes:
            self._tell_all(self._planning.these(changes))
        else:
            return
        self._not_before = self._pause = 0
        if self._child is not None and not self._child.look_again():
            # It is just ending, and may not have seen the change.
            self._child_is_excused = True

    def _meet_credentials(self) -> None:
        """Somebody logged in, or brought a vault or a key: a paused account need not wait."""
        self._accounts.ask_anew(self._clock.now())
        self._tell(Said("The credentials are others now: accounts that were paused are tried again."))
        self._look_at_everything()
        self._dismiss_child()

    def _look_at_everything(self) -> None:
        self._posts.refresh()
        self._tell_all(self._planning.everything()[1])

    def _tell_all(self, events: Iterable[Event | None]) -> None:
        for event in in_few_words(event for event in events if event is not None):
            self._tell(event)

    # --- the child -------------------------------------------------------------------------------------------

    def _start_child_if_due(self) -> None:
        now = self._clock.now()
        # A clock that was set back must not make the pause longer than it is.
        self._not_before = min(self._not_before, now + self._pause)
        if self._child is None and self._is_soon(now) and now >= self._not_before:
            self._child_is_excused = False
            self._lookout.publisher_starts()
            self._child = Child(
                [*self._outside.command, "--started", str(now)],
                self._outside.environ,
                reported=self._hear_of,
                said=lambda line: self._hear(Said(line.rstrip("\n"), wrong=True, of_publisher=True)),
                ended=self._on_child_end,
            )

    def _is_soon(self, now: int) -> bool:
        start = self._lead.start_at(now)
        return start is not None and start <= now

    def _child_ended(self, code: int) -> None:
        """Plan again from the journal; if it left what is due soon undone, or crashed, the next one waits a little."""
        self._child = None
        self._look_at_everything()
        self._carriage.files_changed()
        now = self._clock.now()
        worked = code in PUBLISHER_WORKED
        self._tell.publisher_ended(worked)
        self._bell.publisher_ended(worked)
        if worked and (self._child_is_excused or not self._is_soon(now)):
            self._pause = self._not_before = 0
            return
        self._pause = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
        self._not_before = now + self._pause
        if not worked:
            why = killed_for_memory(code, "the publisher")
            words = f"The publisher ended with code {code}; it is started again in a moment."
            self._tell(Said(f"{words} {why}".rstrip(), wrong=True))

    def _dismiss_child(self) -> None:
        """A child that was started with the old configuration finishes what it is sending, then ends."""
        if self._child is not None:
            self._child_is_excused = True
            self._child.end_soon()

    # --- other threads ---------------------------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        with self._condition:
            self._folder_changed |= change.folders is None or bool(change.folders)
            self._config_changed |= change.config
            self._condition.notify_all()

    def _on_pulled(self) -> None:
        with self._condition:
            self._folder_changed = self._config_changed = True
            self._condition.notify_all()

    def _on_child_end(self, code: int) -> None:
        with self._condition:
            self._ended.append(code)
            self._condition.notify_all()

    def _complain(self, words: str) -> None:
        self._hear(Said(words, wrong=True))

    def _hear_of(self, news: Report | AccountNews) -> None:
        self._hear(Met(news) if isinstance(news, AccountNews) else Reported(news))

    def _hear(self, event: Event) -> None:
        with self._condition:
            self._heard.append(event)
            self._condition.notify_all()
