"""`fedisched run`: the daemon."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, assert_never

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.needs import late_post, late_words
from fedisched.cli.reports import news_words
from fedisched.cli.say import Voice
from fedisched.cli.verb import verb
from fedisched.cli.when import clock_time, day, from_now, local
from fedisched.cli.words import Words, bad, doubtful, faint, good, pad, plural
from fedisched.clock import SECOND, Clock
from fedisched.model.command import typed

if TYPE_CHECKING:
    from fedisched.daemon.events import Armed, Event, Said, Started, Travelled


ANSWERS_WITHIN = 3.0
"""Seconds for which a push waits to be told what holds the daemon up."""
_GONE = frozenset({errno.EPIPE, errno.EIO, errno.ENXIO, errno.EBADF})
"""What writing to a terminal that was closed, or to a program that has ended, says. Nobody will read there again."""


@verb
@click.option("--is-alive", is_flag=True, hidden=True, help="Say whether a daemon serves this folder; for containers.")
@click.option("--wake", "only_wake", is_flag=True, hidden=True, help="Tell the daemon of a push; for git's hooks.")
def run(here: Here, is_alive: bool, only_wake: bool) -> Exit:
    """Watch the folder and publish on time.

    Runs until Ctrl-C or SIGTERM, or until its terminal is closed; what is being sent then is finished first. SIGHUP
    without that reads the configuration and the folder again, and looks at the remote.

    Examples:
    fedisched run
    fedisched run -C ~/my-posts
    """
    from fedisched.config import load_settings_aside, make_state_folder
    from fedisched.publisher.locks import daemon_lock

    if is_alive:
        return Exit.NEEDS_YOU if daemon_lock(here.folder, here.state).is_free() else Exit.DONE
    if only_wake:
        return _wake(here)
    from fedisched.daemon.daemon import Daemon, Outside
    from fedisched.daemon.service import without_manager

    state = make_state_folder(here.state)
    settings = load_settings_aside(here.folder, state)
    # -P: a daemon is often started in the content folder, and a module that was pushed there must not be imported.
    own = [sys.executable, "-P", "-m", "fedisched"]
    command = [*own, "publish", "--attached", "--json", "--folder", str(here.folder)]
    # Where the state is, is decided once: a `git init` while the daemon runs must not give its publishers another one.
    environ = {**without_manager(here.environ), "FEDISCHED_STATE": str(state)}
    teller = [sys.executable, "-P", "-m", "fedisched", "notify", "--attached", "--folder", str(here.folder)]
    outside = Outside(command, environ, lambda: load_settings_aside(here.folder, state), teller, here.environ)
    daemon = Daemon(
        settings, state, here.clock, outside, Log(here.voice, here.clock, here.folder, settings.timezone).tell
    )
    signal.signal(signal.SIGTERM, lambda *_: daemon.stop())
    signal.signal(signal.SIGINT, lambda *_: daemon.stop())
    hung_up = on_hangup((sys.stdout, sys.stderr), daemon.stop, daemon.look_again)
    signal.signal(signal.SIGHUP, lambda *_: hung_up())
    daemon.run()
    return Exit.DONE


def _wake(here: Here) -> Exit:
    """Tell the daemon of a push; and the person who pushed, what keeps it from being taken up."""
    from fedisched.daemon.wake import call, wake
    from fedisched.git.command import AT_WORK

    if AT_WORK in here.environ:
        # A daemon that pushes its results waits for this very hook: it has nothing to answer meanwhile.
        return Exit.DONE if wake(here.state) else Exit.NEEDS_YOU
    words = call(here.state, ANSWERS_WITHIN)
    if words:
        here.voice.complain(doubtful("The server took your push. Its daemon says: "), words)
    return Exit.NEEDS_YOU if words is None else Exit.DONE


_WORDS: Mapping[str, Words] = {"Held": bad(pad("held", 10)), "Waits": pad("waits", 10)}


def _in_plain_words(event: Travelled | Said) -> Sequence[Words]:
    from fedisched.daemon.events import Travelled

    if isinstance(event, Travelled):
        return [faint(pad(event.what, 10)), event.words]
    return [doubtful(event.words) if event.wrong else event.words]


def on_hangup(
    streams: Iterable[TextIO | None], stop: Callable[[], None], look_again: Callable[[], None]
) -> Callable[[], None]:
    """What to do on SIGHUP. Somebody who closes the terminal that a daemon speaks to wants it to end; one that speaks
    to a file or to a service manager, or whose terminal is still there, is asked to look again."""
    terminals = [stream.fileno() for stream in streams if stream is not None and stream.isatty()]

    def hung_up() -> None:
        if all(os.isatty(terminal) for terminal in terminals):
            look_again()
        else:
            stop()

    return hung_up


class Log:
    """The daemon's events as lines for people: the local time, what happened, to which post."""

    def __init__(self, voice: Voice, clock: Clock, folder: Path, timezone: str) -> None:
        self._voice = voice
        self._clock = clock
        self._folder = folder
        self._timezone = timezone

    def tell(self, event: Event) -> None:
        """Whoever read along may be gone, and the disk that the log goes to full: posts go out all the same."""
        time = self._now()
        words = self._words(event)
        try:
            self._voice.result(faint(pad(time, 10)), *words)
            sys.stdout.flush()
        except OSError as error:
            if error.errno in _GONE:
                _speak_to_nobody(sys.stdout)

    def _now(self) -> str:
        return local(self._clock.now() // SECOND * SECOND, self._timezone).strftime("%H:%M:%S")

    def _words(self, event: Event) -> Sequence[Words]:
        from fedisched.daemon.events import (
            Armed,
            Broken,
            Held,
            Late,
            ManyLate,
            Met,
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
            case Held(path, words) | Waits(path, words):
                return [_WORDS[type(event).__name__], path, f"  {words.removeprefix('waits ')}"]
            case Broken(problem):
                return [bad(pad("problem", 10)), str(problem)]
            case TakenBack(path):
                return [doubtful(pad("off", 10)), path, faint("  it will not go out")]
            case Reported(news) | Met(news):
                return news_words(news, self._clock.now())
            case Travelled() | Said():
                return _in_plain_words(event)
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


def _speak_to_nobody(stream: TextIO) -> None:
    """From here on what is written there goes nowhere: else what is still buffered would fail again and again, and once
    more at the end."""
    with suppress(OSError, ValueError):  # not even a descriptor is left
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
