"""The daemon as people run it: a process of its own, whose lines are read as they come."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Condition, Event, Thread
from time import monotonic
from types import TracebackType
from typing import Self

from tests.stage import Stage

PATIENT = 30.0
"""How long a test waits, in seconds, for what happens soon."""

CONFIG = """\
timezone = "Europe/Berlin"
default_targets = ["mastodon", "bluesky"]

[accounts.mastodon]
network = "mastodon"
server = "{url}"

[accounts.bluesky]
network = "bluesky"
handle = "me.test"
server = "{url}"
web = "{url}"

[retry]
first = "1s"
longest = "2s"
"""


def environ_of(stage: Stage, **more: str) -> dict[str, str]:
    """The environment of a process that works on the stage's folder."""
    return {**os.environ, **stage.environ, "FEDISCHED_STATE": str(stage.state), **more}


def configure(stage: Stage, more: str = "") -> Path:
    """Write the stage's configuration, with some lines before it."""
    path = stage.folder / "fedisched.toml"
    path.write_text(more + CONFIG.format(url=stage.sandbox.url), encoding="utf-8")
    return path


class Lines:
    """What was said so far, by however many threads."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self.ended = False
        self._condition = Condition()

    def add(self, line: str) -> None:
        with self._condition:
            self.all.append(line)
            self._condition.notify_all()

    def end(self) -> None:
        with self._condition:
            self.ended = True
            self._condition.notify_all()

    def until(self, *words: str, count: int = 1, after: int = 0) -> int:
        """Wait for so many lines with all of these words in them, from the line `after` on; gives the number of the
        line behind the last of them."""

        def there() -> list[int]:
            return [n for n, line in enumerate(self.all) if n >= after and all(word in line for word in words)]

        with self._condition:
            self._condition.wait_for(lambda: len(there()) >= count or self.ended, PATIENT)
            found = there()
            assert len(found) >= count, f"waited for {words} in\n" + "\n".join(self.all)
            return found[count - 1] + 1

    def count(self, *words: str) -> int:
        return sum(all(word in line for word in words) for line in self.all)


class Service(Lines):
    """`fedisched run` on a folder; as a context it is running when entered, and killed if it is still there at the
    end."""

    def __init__(self, folder: Path, environ: Mapping[str, str], command: tuple[str, ...] = ("run",)) -> None:
        super().__init__()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fedisched", *command, "-C", str(folder)],
            env=dict(environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
        )
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.add(line.rstrip("\n"))
        self.end()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end; gives the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(PATIENT)
        self._thread.join(PATIENT)
        return code

    def children(self) -> list[int]:
        """The process ids of its children."""
        return children_of(self.process.pid)

    def __enter__(self) -> Self:
        self.until("watching")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def children_of(pid: int) -> list[int]:
    """The children of a process, whichever of its threads started them."""
    found = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(child) for child, parent in (line.split() for line in found.splitlines()) if int(parent) == pid]


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for counts as ended."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return not found.strip() or found.strip().startswith("Z")


def wait_until(there: Callable[[], bool]) -> bool:
    """Wait for what another process does to files or processes: nobody tells of that, so it is looked for."""
    ends, never = monotonic() + PATIENT, Event()
    while not (found := there()) and monotonic() < ends:
        never.wait(0.02)
    return found
