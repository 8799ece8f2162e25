"""The publisher as a child process: started shortly before something is due, told of changes through a pipe."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from threading import Thread
from typing import IO

from fedisched.publisher.report import AccountNews, Report, news_from_plain

LAST_WORDS = 1.0
"""Seconds for reading what an ended child still had to say."""


class Child:
    """One publisher at work. A thread each reads what it reports and what it says to people."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        reported: Callable[[Report | AccountNews], None],
        said: Callable[[str], None],
        ended: Callable[[int], None],
    ) -> None:
        """Start it. The callbacks are called from other threads; `ended` last, once, with the exit code."""
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            encoding="utf-8",
            errors="backslashreplace",
            # A Ctrl-C in the terminal is for the daemon, which then ends the child in order.
            start_new_session=True,
        )
        self._reported, self._said, self._ended = reported, said, ended
        self._threads = [
            Thread(target=self._read_reports, name="publisher reports", daemon=True),
            Thread(target=self._read_words, name="publisher words", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        Thread(target=self._await_end, name="publisher end", daemon=True).start()

    def look_again(self) -> bool:
        """Tell it that the folder changed; false if it can no longer be told."""
        stdin = self._process.stdin
        try:
            if stdin is None or stdin.closed:
                return False
            stdin.write("look\n")
            stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def end_soon(self) -> None:
        """Close the pipe: it begins nothing new, finishes what it is sending, and ends."""
        try:
            if self._process.stdin is not None:
                self._process.stdin.close()
        except OSError:
            # It is gone already, with something of ours unread in the pipe.
            return

    def end(self, deadline: float) -> None:
        """`end_soon`, and wait for it; kill it after `deadline` seconds."""
        self.end_soon()
        try:
            self._process.wait(deadline)
        except subprocess.TimeoutExpired:
            # What it was sending is in the journal as `sending`: the next start looks it up.
            self._process.kill()
            self._process.wait()

    def _read_reports(self) -> None:
        for line in _lines(self._process.stdout):
            try:
                self._reported(news_from_plain(json.loads(line)))
            except (ValueError, TypeError, AttributeError):
                self._said(line)

    def _read_words(self) -> None:
        for line in _lines(self._process.stderr):
            self._said(line)

    def _await_end(self) -> None:
        code = self._process.wait()
        for thread in self._threads:
            # Whatever it left behind may hold its pipes open for as long as it likes.
            thread.join(LAST_WORDS)
        self.end_soon()
        self._ended(code)


def _lines(stream: IO[str] | None) -> Sequence[str] | IO[str]:
    return () if stream is None else stream
