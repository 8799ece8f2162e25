"""Signs of life: what a service manager hears, what the health file says, and that a loop that hangs gives none."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Condition

import pytest

from fedisched.clock import SECOND
from fedisched.daemon.health import EVERY, OVERDUE, STALE, Health, read_health, write_health
from fedisched.daemon.pulse import Pulse
from fedisched.daemon.service import ServiceManager, without_manager

NOW = 1_800_000_000 * SECOND


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> int:
        return self.moment

    def wait(self, condition: Condition, until: int | None) -> None:
        raise AssertionError("nobody waits here")


class Manager:
    """A service manager's end of the socket."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.settimeout(0.0)
        self.address = address

    def heard(self) -> list[str]:
        said = []
        while True:
            try:
                said.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return said

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["a path", *(["abstract"] if sys.platform == "linux" else [])])
def manager(request: pytest.FixtureRequest) -> Iterator[Manager]:
    # A socket's path is short, whatever the test is called.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        manager = Manager(f"@fedisched-test-{os.getpid()}" if request.param == "abstract" else f"{folder}/notify")
        yield manager
        manager.close()


def beat(pulse: Pulse, next_due: int | None = None, *troubles: str, publishing: bool = False) -> None:
    pulse.beat(next_due, "2027-01-15T09:00:00+01:00" if next_due else "", publishing, [], troubles)


def test_the_manager_hears_what_happens(manager: Manager, tmp_path: Path) -> None:
    clock = HandClock()
    pulse = Pulse(tmp_path, {"NOTIFY_SOCKET": manager.address}, clock)
    pulse.ready()
    beat(pulse)
    beat(pulse, NOW)
    beat(pulse, NOW, "the disk\nis full", publishing=True)
    pulse.reloading()
    pulse.ready()
    pulse.stopping()
    assert manager.heard() == [
        "READY=1",
        "STATUS=Nothing is scheduled",
        "STATUS=Next 2027-01-15T09:00:00+01:00",
        "STATUS=Publishing; the disk is full",
        "RELOADING=1",
        "READY=1",
        "STOPPING=1\nSTATUS=Ending; what is being sent is finished",
    ]


def test_the_watchdog_is_fed_in_time_and_only_while_the_loop_turns(manager: Manager, tmp_path: Path) -> None:
    clock = HandClock()
    environ = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(30 * SECOND), "WATCHDOG_PID": str(os.getpid())}
    pulse = Pulse(tmp_path, environ, clock)
    fed = 0
    for _ in range(60):
        beat(pulse)
        fed += manager.heard().count("WATCHDOG=1")
        clock.moment += SECOND
    assert fed == 6
    clock.moment -= 3600 * SECOND
    beat(pulse)
    assert manager.heard() == ["WATCHDOG=1"], "a clock that was set back starves nobody"
    clock.moment += 3600 * SECOND
    assert manager.heard() == [], "nobody but the loop feeds it"


def test_another_process_is_not_the_one_that_is_watched() -> None:
    environ = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}
    assert ServiceManager(environ).watches_every is None
    assert ServiceManager({**environ, "WATCHDOG_PID": ""}).watches_every == SECOND
    assert ServiceManager({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "no"}).watches_every is None
    assert without_manager({**environ, "HOME": "/"}) == {"HOME": "/"}


@pytest.mark.parametrize("address", ["", "vsock:2:1", "/nowhere/at/all", "@nobody-listens", "/" + "x" * 300])
def test_without_a_manager_nothing_is_said_and_nothing_fails(address: str, tmp_path: Path) -> None:
    pulse = Pulse(tmp_path, {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}, HandClock())
    pulse.ready()
    beat(pulse)


def test_the_file_is_written_now_and_then_and_when_something_changes(tmp_path: Path) -> None:
    clock, written = HandClock(), []
    pulse = Pulse(tmp_path, {}, clock)
    for second in range(100):
        beat(pulse, NOW if second > 50 else None)
        if (found := read_health(tmp_path)) and found.beat == clock.moment:
            written.append(second)
        clock.moment += SECOND
    assert written == [0, 30, 51, 81]
    assert EVERY * 2 < STALE
    found = read_health(tmp_path)
    assert found is not None and (found.pid, found.next_due) == (os.getpid(), NOW)
    assert not found.is_stale(clock.moment) and found.is_stale(clock.moment + STALE)
    assert (tmp_path / "health.json").stat().st_mode & 0o077 == 0


def test_a_daemon_knows_whether_the_last_one_ended_in_order(tmp_path: Path) -> None:
    first = Pulse(tmp_path, {}, HandClock())
    assert first.died_at is None
    beat(first)
    assert Pulse(tmp_path, {}, HandClock()).died_at == NOW
    first.stopped()
    assert Pulse(tmp_path, {}, HandClock()).died_at is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": 1}', '{"pid": "x", "beat": 1, "started": 1}', "[" * 100_000])
def test_a_damaged_file_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "health.json").write_text(text)
    assert read_health(tmp_path) is None


def test_on_a_disk_that_is_full_it_tells_so_where_there_is_a_file_already(tmp_path: Path) -> None:
    write_health(tmp_path, Health(1, NOW, NOW, paused=("a", "b", "c")))
    (tmp_path / "health.json.new").mkdir()
    full = Health(1, NOW, NOW + SECOND, troubles=("the disk is full",))
    write_health(tmp_path, full)
    assert read_health(tmp_path) == full
    (tmp_path / "health.json").unlink()
    write_health(tmp_path, full)
    assert read_health(tmp_path) is None


def test_what_was_due_for_a_while_without_a_turn_of_the_loop_is_a_loop_that_hangs() -> None:
    due = Health(1, NOW, NOW, next_due=NOW + SECOND)
    assert not due.is_stale(NOW + SECOND + OVERDUE)
    assert due.is_stale(NOW + 2 * SECOND + OVERDUE)
    assert not replace(due, publishing=True).is_stale(NOW + 2 * SECOND + OVERDUE)
    assert not replace(due, beat=NOW + 2 * SECOND).is_stale(NOW + 2 * SECOND + OVERDUE)
