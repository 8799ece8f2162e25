"""`fedisched run`: the daemon."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.needs import late_post, late_words
from fedisched.cli.reports import as_words
from fedisched.cli.say import Voice
from fedisched.cli.verb import verb
from fedisched.cli.when import clock_time, day, from_now, local
from fedisched.cli.words import Words, bad, doubtful, faint, good, pad, plural
from fedisched.clock import SECOND, Clock
from fedisched.model.command import typed

if TYPE_CHECKING:
    from fedisched.daemon.events import Armed, Event, Started


@verb
@click.option("--is-alive", is_flag=True, hidden=True, help="Say whether a daemon serves this folder; for containers.")
def run(here: Here, is_alive: bool) -> Exit:
    """Watch the folder and publish on time.

    Runs until Ctrl-C or SIGTERM; what is being sent then is finished first. SIGHUP reads the configuration and the
    folder again.

    Examples:
    fedisched run
    fedisched run -C ~/my-posts
    """
    from fedisched.config import load_settings_aside, make_state_folder
    from fedisched.publisher.locks import daemon_lock

    if is_alive:
        return Exit.NEEDS_YOU if daemon_lock(here.folder).is_free() else Exit.DONE
    from fedisched.daemon.daemon import Daemon, Outside

    state = make_state_folder(here.state)
    settings = load_settings_aside(here.folder, state)
    command = [sys.executable, "-m", "fedisched", "publish", "--attached", "--json", "--folder", str(here.folder)]
    # Where the state is, is decided once: a `git init` while the daemon runs must not give its publishers another one.
    environ = {**here.environ, "FEDISCHED_STATE": str(state)}
    outside = Outside(command, environ, lambda: load_settings_aside(here.folder, state))
    daemon = Daemon(
        settings, state, here.clock, outside, Log(here.voice, here.clock, here.folder, settings.timezone).tell
    )
    signal.signal(signal.SIGTERM, lambda *_: daemon.stop())
    signal.signal(signal.SIGINT, lambda *_: daemon.stop())
    signal.signal(signal.SIGHUP, lambda *_: daemon.look_again())
    daemon.run()
    return Exit.DONE


class Log:
    """The daemon's events as lines for people: the local time, what happened, to which post."""

    def __init__(self, voice: Voice, clock: Clock, folder: Path, timezone: str) -> None:
        self._voice = voice
        self._clock = clock
        self._folder = folder
        self._timezone = timezone

    def tell(self, event: Event) -> None:
        time = self._now()
        self._voice.result(faint(pad(time, 10)), *self._words(event))
        sys.stdout.flush()

    def _now(self) -> str:
        return local(self._clock.now() // SECOND * SECOND, self._timezone).strftime("%H:%M:%S")

    def _words(self, event: Event) -> Sequence[Words]:
        from fedisched.daemon.events import Armed, Broken, Held, Late, ManyLate, Reported, Said, Started, TakenBack

        match event:
            case Started():
                return self._started(event)
            case Armed():
                return self._armed(event)
            case Late(entry, targets):
                return [
                    doubtful(pad("late", 10)),
                    entry.path,
                    faint(" → "),
                    ", ".join(targets),
                    f"  {late_post(entry.path, entry.due, self._clock.now())}",
                ]
            case ManyLate(paths, first, last):
                return [doubtful(pad("late", 10)), late_words(paths, first, last, self._timezone)]
            case Held(path, words):
                return [bad(pad("held", 10)), path, f"  {words}"]
            case Broken(problem):
                return [bad(pad("problem", 10)), str(problem)]
            case TakenBack(path):
                return [doubtful(pad("off", 10)), path, faint("  it will not go out")]
            case Reported(report):
                return as_words(report, self._clock.now())
            case Said(words, wrong):
                return [doubtful(words) if wrong else words]
            case _:
                assert_never(event)

    def _armed(self, event: Armed) -> Sequence[Words]:
        when = self._when(event.at)
        if event.moved_from:
            return [pad("moved", 10), event.moved_from, faint(" → "), event.entry.path, "  ", when]
        return [pad("armed", 10), event.entry.path, faint(" → "), ", ".join(event.targets), "  ", when]

    def _started(self, event: Started) -> Sequence[Words]:
        line: list[Words] = [good(pad("watching", 10)), faint(str(self._folder)), f"  {plural(event.posts, 'post')}, "]
        if event.next_at is None:
            line.append("none scheduled")
        else:
            line.append(f"{event.scheduled} to publish, the next {self._when(event.next_at)}")
        if event.stopped:
            needs = f"{event.stopped} held or failed: {typed('queue', '--failed')} says what to type"
            line += ["; ", doubtful(needs)]
        return line

    def _when(self, at: int) -> str:
        now = self._clock.now()
        return f"{day(at, now, self._timezone)} {clock_time(at, self._timezone)} ({from_now(at, now)})"
