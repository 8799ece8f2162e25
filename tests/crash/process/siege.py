"""A siege: one content folder with the real daemon on it, which is killed again and again while posts fall due."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from threading import Event

from fedisched.clock import SECOND
from fedisched.sandbox import Fault, What
from tests.crash.process.places import SETTLE, Place
from tests.crash.process.posts import Author
from tests.crash.process.program import MODULE
from tests.crash.process.relay import Phase

PATIENT = 120.0
"""Seconds until what nothing disturbs any more has to be settled."""
_A_POST_COMES_WITHIN = 20.0
_OPEN_AT_MOST = 6
"""How many posts wait at most: a publisher that looks up a hundred of them first is seldom killed while it sends."""
_CONFIG = """\
timezone = "Europe/Berlin"
default_targets = [{targets}]

{accounts}
[retry]
first = "1s"
longest = "2s"
"""
_OPEN = "SELECT count(*) FROM delivery WHERE state NOT IN ('published', 'held', 'refused', 'cancelled')"
_SENDING = "SELECT count(*) FROM delivery WHERE state = 'sending'"


class Whom(StrEnum):
    """Who is killed."""

    PUBLISHER = "publisher"
    DAEMON = "daemon"
    BOTH = "both"


class Siege:
    """A content folder below `home`, a place that it publishes to. `without` names a rule that is taken out; what is
    left undisturbed is waited for with so many seconds of patience."""

    def __init__(self, home: Path, place: Place, seed: str, without: str = "", patience: float = PATIENT) -> None:
        self.place = place
        self.folder = home / "content"
        self.kills = self.at_a_post = self.mid_send = 0
        self.settled_after = 0.0
        self._patience = patience
        self._home = home
        self._state = home / "state"
        self._kept = home / "kept"
        self._chance = random.Random(seed)
        self.author = Author(self.folder, self._chance, alike=not place.replays)
        self._log = home / "siege.log"
        self._daemon: subprocess.Popen[bytes] | None = None
        targets = ", ".join(f'"{target}"' for target in place.targets)
        config = _CONFIG.format(targets=targets, accounts=place.config)
        (self.folder / "fedisched.toml").write_text(config, encoding="utf-8")
        self._environ = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            **place.environ,
            "FEDISCHED_STATE": str(self._state),
            "CRASH_SETTLE": str(SETTLE),
            "CRASH_WITHOUT": without,
            "CRASH_STARTS": str(home / "starts"),
        }

    @property
    def lives(self) -> int:
        """How many publishers have started."""
        starts = self._home / "starts"
        return len(starts.read_text().splitlines()) if starts.exists() else 0

    # --- the attack ------------------------------------------------------------------------------------------

    def attack(self, kills: int) -> None:
        """Go on until so many processes were killed."""
        chance = self._chance
        while self.kills < kills:
            self.write_posts()
            self._bad_weather()
            self.start()
            whom = chance.choices(tuple(Whom), (5, 2, 3))[0]
            if chance.random() < 0.75:
                self.strike_at_a_post(
                    whom, chance.choice(tuple(Phase)), chance.choice((1, 1, 2, 3)), chance.random() < 0.15
                )
            else:
                _pass_time(chance.uniform(0.1, 6.0))
                self._kill(whom)
            self._in_between()

    def write_posts(self) -> None:
        """A post or two, due now or in some seconds."""
        now = time.time_ns() // 1000
        still_open = sum(not self._is_settled(written.path) for written in self.author.written)
        for _ in range(min(self._chance.choice((1, 1, 1, 2)), _OPEN_AT_MOST - still_open)):
            written = self.author.write((now // SECOND + self._chance.randint(-1, 4)) * SECOND)
            self._note("writes", written.path, *(text for text, _ in written.parts))

    def strike_at_a_post(self, whom: Whom, phase: Phase, nth: int = 1, stops: bool = False, network: str = "") -> None:
        """Kill at the moment at which the nth post passes, or shortly after it; if none comes, at any. `stops` says
        whether the server stands still meanwhile; a network's name, that only its posts count."""
        passage = self.place.relay.next(phase, nth, network)
        try:
            came = passage.came.wait(_A_POST_COMES_WITHIN)
            self.at_a_post += came
            self._note("strikes", phase, "at a post" if came else "at no post", "of a server that stands" * stops)
            if stops:
                os.kill(self.place.pid, signal.SIGSTOP)
            if self._chance.random() < 0.5:
                passage.go_on()
                _pass_time(self._chance.choice((0.0, 0.002, 0.01, 0.05, 0.1)))
            self._kill(whom)
        finally:
            passage.go_on()
            if stops:
                _pass_time(self._chance.uniform(0.1, 1.0))
                os.kill(self.place.pid, signal.SIGCONT)

    def _bad_weather(self) -> None:
        if self.place.spoil is not None and self._chance.random() < 0.4:
            fault = _fault(self._chance)
            self._note("spoils", fault)
            self.place.spoil(fault)

    def _note(self, *words: object) -> None:
        """Into the daemon's own log, so that one file tells what happened."""
        with self._log.open("a", encoding="utf-8") as log:
            print(time.strftime("%H:%M:%S"), "    SIEGE", *words, file=log)

    def _kill(self, whom: Whom) -> None:
        killed = 0
        if whom is not Whom.PUBLISHER:
            killed += self._kill_the_daemon()
        if whom is not Whom.DAEMON:
            killed += self._kill_publishers()
        self.kills += killed
        self._note("kills", whom, killed)
        if killed and whom is not Whom.DAEMON:
            self.mid_send += min(1, self._count(_SENDING))

    def _kill_the_daemon(self) -> int:
        if self._daemon is None or self._daemon.poll() is not None:
            return 0
        self._daemon.kill()
        self._daemon.wait()
        return 1

    def _kill_publishers(self) -> int:
        found = self._publishers()
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return len(found)

    def _in_between(self) -> None:
        """While nothing runs the journal may be copied, be lost, or be put back from an older copy."""
        if self._daemon is not None and self._daemon.poll() is None:
            return
        what = self._chance.choices(("nothing", "wait", "keep", "lose", "put back"), (6, 3, 2, 1, 2))[0]
        if what == "wait":
            _pass_time(self._chance.uniform(0.0, 0.5))
        elif what != "nothing" and self._state.exists():
            self._kill(Whom.BOTH)
            self._wait_until_nothing_runs()
            self._handle_state(what)

    def _handle_state(self, what: str) -> None:
        self._note("state:", what)
        if what == "keep":
            shutil.rmtree(self._kept, ignore_errors=True)
            # Nobody copies a daemon's pipe.
            shutil.copytree(self._state, self._kept, ignore=shutil.ignore_patterns("wake"))
        elif what == "lose":
            shutil.rmtree(self._state)
        elif self._kept.exists():
            shutil.rmtree(self._state)
            shutil.copytree(self._kept, self._state)

    # --- processes -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The daemon, if it does not run."""
        if self._daemon is None or self._daemon.poll() is not None:
            with self._log.open("ab") as log:
                self._daemon = subprocess.Popen(
                    [sys.executable, "-m", MODULE, "run", "-C", str(self.folder)],
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A verb, to its end."""
        command = [sys.executable, "-m", MODULE, *arguments, "-C", str(self.folder)]
        return subprocess.run(command, env=self._environ, capture_output=True, text=True, timeout=PATIENT, check=False)

    def _publishers(self) -> list[int]:
        """The publishers at work on this folder, whoever started them."""
        found = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True)
        mark = f"{MODULE} publish "
        return [int(line.split()[0]) for line in found.stdout.splitlines() if mark in line and f"{self.folder}" in line]

    def _wait_until_nothing_runs(self) -> None:
        assert _until(lambda: not self._publishers()), "a publisher does not end"

    # --- the end ---------------------------------------------------------------------------------------------

    def come_to_rest(self) -> bool:
        """Let everything be done that is left, undisturbed; false if something is still open after all patience. The
        daemon is stopped at the end."""
        if self.place.heal is not None:
            self.place.heal()
        began = time.monotonic()
        self.start()
        settled = _until(lambda: all(self._is_settled(one.path) for one in self.author.written), self._patience)
        settled = settled and _until(lambda: self._count(_OPEN) == 0, self._patience)
        self.settled_after = time.monotonic() - began
        self.leave()
        return settled

    def leave(self) -> None:
        """Stop the daemon in order, and wait for its last publisher."""
        if self._daemon is not None and self._daemon.poll() is None:
            self._daemon.terminate()
            self._daemon.wait(PATIENT)
        self._wait_until_nothing_runs()

    def _is_settled(self, path: str) -> bool:
        data = (self.folder / path).read_bytes()
        return any(f"status: {status}".encode() in data for status in ("published", "held", "failed"))

    def _count(self, query: str) -> int:
        """A number from the journal; 0 where there is none."""
        file = self._state / "journal.sqlite3"
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10.0)) as journal:
                (number,) = journal.execute(query).fetchone()
                return int(number)
        except sqlite3.OperationalError:
            return 0


def _fault(chance: random.Random) -> Fault:
    """Something that goes wrong once with one of the next requests, for less time than a server's slowness lasts."""
    what = chance.choice(_FAULTS)
    where = "*" if what in _ANYWHERE else chance.choice(_POSTS)
    seconds = chance.uniform(0.05, 1.0)
    match what:
        case What.FAIL_AFTER:
            return Fault(what, where, method="POST", remember=chance.random() < 0.5)
        case What.EXPIRED_TOKEN:
            return Fault(what, network="bluesky")
        case What.RATE_LIMIT:
            return Fault(what, where, seconds=1.0)
        case _:
            return Fault(what, where, nth=chance.choice((1, 1, 2)), seconds=seconds)


_POSTS = ("/api/v1/statuses", "*.putRecord", "*.applyWrites")
_ANYWHERE = (What.DROP_REQUEST, What.DROP_ANSWER, What.PROXY_ERROR, What.SLOW, What.RATE_LIMIT, What.OK_HTML)
_FAULTS = (
    *_ANYWHERE,
    What.CUT_ANSWER,
    What.FAIL_AFTER,
    What.SLOW_ANSWER,
    What.LATE,
    What.LAG,
    What.REDIRECT,
    What.EXPIRED_TOKEN,
)


def _pass_time(seconds: float) -> None:
    Event().wait(seconds)


def _until(there: Callable[[], bool], patience: float = PATIENT) -> bool:
    """Wait for what other processes do: nobody tells of that, so it is looked for."""
    ends = time.monotonic() + patience
    while not (found := there()) and time.monotonic() < ends:
        _pass_time(0.1)
    return found
