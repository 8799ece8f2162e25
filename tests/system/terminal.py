"""A program in a terminal, and somebody who types."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
from collections.abc import Sequence
from threading import Condition, Thread
from types import TracebackType
from typing import Self

PATIENT = 30.0


class Terminal:
    """A program in a pseudo terminal of its own; missing programs fail by name. As a context, killed at the end."""

    def __init__(self, command: Sequence[str], folder: str) -> None:
        assert shutil.which(command[0]), f"{command[0]} is not installed"
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._shown = b""
        self._condition = Condition()
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            try:
                shown = os.read(self._ours, 65536)
            except OSError:
                return
            if not shown:
                return
            with self._condition:
                self._shown += shown
                self._condition.notify_all()

    def types(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def shows(self, words: str) -> None:
        """Wait until these words were shown since the last time."""
        with self._condition:
            there = self._condition.wait_for(lambda: words.encode() in self._shown, PATIENT)
            assert there, self._shown[-2000:]
            self._shown = self._shown.partition(words.encode())[2]

    def reads(self, pattern: str) -> str:
        """Wait until something like this was shown since the last time; gives its first group."""
        with self._condition:
            found = self._condition.wait_for(
                lambda: re.search(pattern, self._shown.decode("utf-8", "replace")), PATIENT
            )
            assert found, self._shown[-2000:]
            return str(found[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENT)
        self._thread.join(PATIENT)
        os.close(self._ours)
