"""`fedisched run`: the daemon."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.needs import late_words
from fedisched.cli.reports import as_words
from fedisched.cli.say import Voice
from fedisched.cli.verb import verb
from fedisched.cli.when import clock_time, day, from_now, local
from fedisched.cli.words import Words, bad, doubtful, faint, good, pad, plural
from fedisched.clock import SECOND, Clock
from fedisched.model.command import typed

if TYPE_CHECKING:
    from fedisched.daemon.events import Event, Said, Started, Travelled
    from fedisched.model.post import Entry


@verb
@click.option("--is-alive", is_flag=True, hidden=True, help="Say whether a daemon serves this folder; for containers.")
@click.option("--wake", "only_wake", is_flag=True, hidden=True, help="Tell the daemon of a push; for git's hooks.")
def run(here: Here, is_alive: bool, only_wake: bool) -> Exit:
    """Watch the folder and publish on time.

    Runs until Ctrl-C or SIGTERM; what is being sent then is finished first. SIGHUP reads the configuration and the
    folder again, and looks at the remote.

    Examples:
    fedisched run
    fedisched run -C ~/my-posts
    """
    from fedisched.config import load_settings_aside, make_state_folder
    from fedisched.publisher.locks import daemon_lock

    if is_alive:
        return Exit.NEEDS_YOU if daemon_lock(here.folder).is_free() else Exit.DONE
    if only_wake:
        from fedisched.daemon.wake import wake

        return Exit.DONE if wake(here.state) else Exit.NEEDS_YOU
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


_WORDS: Mapping[str, Words] = {"Held": bad(pad("held", 10)), "Waits": pad("waits", 10)}


def _in_plain_words(event: Travelled | Said) -> Sequence[Words]:
    from fedisched.daemon.events import Travelled

    if isinstance(event, Travelled):
        return [faint(pad(event.what, 10)), event.words]
    return [doubtful(event.words) if event.wrong else event.words]


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
        from fedisched.daemon.events import (
            Armed,
            Broken,
            Held,
            Late,
            ManyLate,
            Reported,
            Said,
            Started,
            TakenBack,
            Travelled,
            Waits,
        )

        match event:
            case Started():
                return self._started(event)
            case Armed(entry, targets, at):
                return [pad("armed", 10), entry.path, faint(" → "), ", ".join(targets), "  ", self._when(at)]
            case Late(entry, targets):
                return [
                    doubtful(pad("late", 10)),
                    entry.path,
                    faint(" → "),
                    ", ".join(targets),
                    f"  {self._asks(entry)}",
                ]
            case ManyLate(paths, first, last):
                return [doubtful(pad("late", 10)), late_words(paths, first, last, self._timezone)]
            case Held(path, words) | Waits(path, words):
                return [_WORDS[type(event).__name__], path, f"  {words.removeprefix('waits ')}"]
            case Broken(problem):
                return [bad(pad("problem", 10)), str(problem)]
            case TakenBack(path):
                return [doubtful(pad("off", 10)), path, faint("  it will not go out")]
            case Reported(report):
                return as_words(report, self._clock.now())
            case Travelled() | Said():
                return _in_plain_words(event)
            case _:
                assert_never(event)

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

    def _asks(self, entry: Entry) -> str:
        overdue = "" if entry.due is None else f"was due {from_now(entry.due, self._clock.now())}; "
        return f"{overdue}to send it anyway, type: {typed('publish', entry.path, '--now')}"

    def _when(self, at: int) -> str:
        now = self._clock.now()
        return f"{day(at, now, self._timezone)} {clock_time(at, self._timezone)} ({from_now(at, now)})"
