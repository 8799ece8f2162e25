"""Having a person told: a short-lived process looks at where everything stands and tells what is new, so that the
daemon itself stays light, and nothing that hangs while it tells holds up a post."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Condition, Thread

from fedisched.clock import SECOND, Clock
from fedisched.config.machine import machine_file, may_be_there
from fedisched.daemon.events import Armed, Broken, Event, Held, Late, ManyLate, Met, Reported, Started, TakenBack

GATHER = 5 * SECOND
"""How long what has happened waits for what happens close after it, to be one message."""
DEADLINE = 700.0
"""Seconds for one telling, of which each way has its own: then it is ended."""
LAST_WORK = 2.0
"""Seconds for a telling that is under way when the daemon ends: what was not told is told at the next start."""
DIES_AGAIN = 3
"""So many publishers that crashed one after the other are told of: that will not mend itself."""
_DIES = "the publisher dies each time it is started, so nothing goes out. The daemon's log says why."
_WORRYING = ("failed", "held", "waiting")


class Bell:
    """One daemon's. `command` starts the process that tells; `complain` is called from this bell's thread."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], clock: Clock, complain: Callable[[str], None]
    ) -> None:
        self._command, self._environ, self._clock, self._complain = tuple(command), environ, clock, complain
        self._machine = machine_file(environ)
        self._condition = Condition()
        self._thread: Thread | None = None
        self._said: set[str] = set()
        self._deaths = 0
        # Guarded by the condition.
        self._stopping = False
        self._at: int | None = None
        self._own: dict[str, str] = {}
        self._died_at: int | None = None
        self._remembered = 1
        """Of how many troubles a person was told; until the first answer there may be some."""
        self._process: subprocess.Popen[str] | None = None

    def listening(self, tell: Callable[[Event], None]) -> Callable[[Event], None]:
        """The same, but the bell hears it first."""

        def heard(event: Event) -> None:
            if self._concerns(event):
                self.ring()
            tell(event)

        return heard

    @property
    def troubles(self) -> tuple[str, ...]:
        """What keeps the daemon itself from working."""
        return tuple(self._own.values())

    def died(self, at: int | None) -> None:
        """A daemon before this one did not end in order; this was its last sign of life."""
        with self._condition:
            self._died_at = at

    def own(self, key: str, words: str) -> None:
        """Something of the daemon's own is wrong, or well again (no words)."""
        with self._condition:
            if self._own.get(key, "") == words:
                return
            self._own.pop(key, None)
            if words:
                self._own[key] = words
        self.ring()

    def publisher_ended(self, worked: bool) -> None:
        """One of its publishers ended, having done its work or not."""
        self._deaths = 0 if worked else self._deaths + 1
        self.own("daemon publisher", _DIES if self._deaths >= DIES_AGAIN else "")

    def ring(self) -> None:
        """Something may be news. Nothing begins where the machine's configuration has no word of it."""
        with self._condition:
            # Cheap, and it may come while the daemon runs.
            if self._stopping or not self._command or not may_be_there(self._machine):
                return
            soon = self._clock.now() + GATHER
            self._at = soon if self._at is None else min(self._at, soon)
            if self._thread is None:
                self._thread = Thread(target=self._work, name="bell", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    def stop(self) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join(LAST_WORK)
        with self._condition:
            if self._process is not None:
                self._process.kill()

    def _concerns(self, event: Event) -> bool:
        match event:
            case Started() | Late() | ManyLate() | Held() | Broken() | Met():
                return True
            case Reported(report) if report.outcome in _WORRYING:
                return True
            case Reported() | Armed() | TakenBack():
                # What was told of may be over.
                return self._remembered > 0
            case _:
                return False

    # --- the thread ------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._condition:
                if self._stopping:
                    return
                if self._at is None:
                    self._condition.wait()
                    continue
                if self._at > self._clock.now():
                    self._clock.wait(self._condition, self._at)
                    continue
                self._at = None
                asked = {"own": self._own, "died_at": self._died_at}
            self._take(self._ask(json.dumps(asked)))

    def _ask(self, asked: str) -> str:
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(self._environ),
                cwd=Path("/"),
                encoding="utf-8",
                errors="backslashreplace",
                start_new_session=True,
            )
        except OSError as error:
            self._once(f"Nobody can be told: {error.strerror}")
            return ""
        with self._condition:
            self._process = process
        try:
            said, complaints = process.communicate(asked, timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            said, complaints = "", f"Telling took longer than {DEADLINE:g} s."
        process.wait()
        with self._condition:
            self._process = None
        for line in complaints.splitlines():
            self._once(line)
        if process.returncode == 0:
            self._said.clear()
        return said

    def _once(self, line: str) -> None:
        """Each complaint once, until telling works again."""
        if line not in self._said and not self._stopping:
            self._said.add(line)
            self._complain(line)

    def _take(self, said: str) -> None:
        try:
            answer = json.loads(said)
            again, remembered, told = answer["again"], int(answer["remembered"]), not answer["failed"]
        except (ValueError, TypeError, KeyError):
            return
        with self._condition:
            self._remembered = remembered
            if told:
                # It has passed, so it must not be said again when nobody remembers it any more.
                self._died_at = None
            if isinstance(again, int):
                soon = max(again, self._clock.now() + GATHER)
                self._at = soon if self._at is None else min(self._at, soon)
