"""What the daemon does when nobody is left to read its log."""

from __future__ import annotations

import errno
import io
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import TextIO

import pytest

from fedisched.cli.guard import exit_code_of
from fedisched.cli.run import Log, on_hangup
from fedisched.cli.say import Voice
from fedisched.clock import SystemClock
from fedisched.daemon.events import Said
from tests.cli.support import content_folder


def hung_up(*streams: TextIO | None) -> tuple[object, list[str]]:
    did: list[str] = []
    return on_hangup(streams, lambda: did.append("stop"), lambda: did.append("look again")), did


def test_a_hangup_ends_a_daemon_whose_terminal_is_gone_and_no_other() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal, Path(os.devnull).open("w") as file:
        on_terminal, of_terminal = hung_up(file, terminal)
        on_file, of_file = hung_up(file, None)
        assert callable(on_terminal) and callable(on_file)
        on_terminal()
        os.close(ours)
        on_terminal()
        on_file()
    assert of_terminal == ["look again", "stop"] and of_file == ["look again"]


def test_whoever_read_along_may_go_and_nothing_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        log = Log(Voice(), SystemClock(), tmp_path, "Europe/Berlin")
        log.tell(Said("Somebody reads."))
        assert b"Somebody reads." in os.read(reading, 1000)
        os.close(reading)
        for _ in range(3):
            log.tell(Said("Nobody reads."))
        assert exit_code_of(lambda: 0, ()) == 0


def test_a_terminal_that_was_closed_ends_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        log = Log(Voice(), SystemClock(), tmp_path, "Europe/Berlin")
        os.close(ours)
        for _ in range(3):
            log.tell(Said("Nobody reads."))
        assert exit_code_of(lambda: 0, ()) == 0


def test_a_full_disk_costs_lines_of_the_log_only_while_it_is_full(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk = Disk()
    monkeypatch.setattr(sys, "stdout", disk)
    log = Log(Voice(), SystemClock(), tmp_path, "Europe/Berlin")
    disk.is_full = True
    log.tell(Said("Lost."))
    disk.is_full = False
    log.tell(Said("Kept."))
    assert "Kept." in disk.getvalue()


class Disk(io.StringIO):
    """A log on a disk that may be full."""

    is_full = False

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(text)


def test_a_daemon_ends_in_order_with_its_terminal(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "fedisched", "run", "-C", str(folder)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as daemon:
        os.close(theirs)
        said = b""
        while b"watching" not in said:
            said += os.read(ours, 1000)
        os.close(ours)
        daemon.send_signal(signal.SIGHUP)
        assert daemon.wait(30) == 0
