"""`fedisched health`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fedisched.clock import SECOND
from fedisched.daemon.health import STALE, Health, write_health
from fedisched.publisher.locks import daemon_lock
from tests.cli.support import call, content_folder
from tests.cli.test_notify import NOON, Told, moment

NOW = moment(NOON)
WELL = Health(pid=4711, started=NOW - 3600 * SECOND, beat=NOW - SECOND, next_due=NOW + 7200 * SECOND)


class Place:
    """A content folder whose daemon is played."""

    def __init__(self, at: Path) -> None:
        self.folder = content_folder(at)
        self.lock = daemon_lock(self.folder.resolve())

    def is_well(self, health: Health | None, lives: bool = True) -> str:
        return self._asked(health, lives, 0)

    def is_unwell(self, health: Health | None, lives: bool = True) -> str:
        return self._asked(health, lives, 1)

    def _asked(self, health: Health | None, lives: bool, code: int) -> str:
        (self.folder / ".fedisched").mkdir(exist_ok=True, mode=0o700)
        if health is not None:
            write_health(self.folder / ".fedisched", health)
        if lives:
            assert self.lock.try_acquire()
        done = call("health", "-C", str(self.folder), now=NOON)
        assert done.exit_code == code, done.stdout
        return done.stdout


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.lock.release()


def test_a_daemon_that_lives_says_what_is_next(place: Place) -> None:
    assert "The daemon is starting." in place.is_well(None)
    assert "process 4711; the next post is due in 2 hours." in place.is_well(WELL)
    assert "a post is due now" in place.is_well(replace(WELL, next_due=NOW - 5 * SECOND))
    assert "nothing is scheduled" in place.is_well(replace(WELL, next_due=None))
    assert "a publisher is at work; paused: mastodon" in place.is_well(
        replace(WELL, publishing=True, paused=("mastodon",))
    )
    # The last one's word, while the next one starts.
    assert "The daemon is starting." in place.is_well(replace(WELL, stopped=True, beat=NOW - 2 * STALE))


def test_one_that_died_ended_hangs_or_cannot_work_is_unwell(place: Place) -> None:
    assert "No daemon runs for this folder. Start one with" in place.is_unwell(None, lives=False)
    ended = replace(WELL, stopped=True, beat=NOW - 60 * SECOND)
    assert "it ended in order 1 minute ago" in place.is_unwell(ended, lives=False)
    assert "The daemon died: its last sign of life was 1 second ago." in place.is_unwell(WELL, lives=False)
    assert "It hangs, or cannot write" in place.is_unwell(replace(WELL, beat=NOW - STALE - SECOND))
    assert "the publisher dies each time" in place.is_unwell(replace(WELL, troubles=("the publisher dies each time",)))


def test_as_json(place: Place) -> None:
    place.is_well(WELL)
    done = call("health", "--json", "-C", str(place.folder), now=NOON)
    said = json.loads(done.stdout)
    assert said["well"] is True and said["problems"] == [] and said["pid"] == 4711
    assert said["next_due"] == "2026-11-20T13:00:00+00:00" and said["paused"] == []


def test_it_imports_nothing_heavy(place: Place) -> None:
    heavy = {"pydantic", "yaml", "sqlite3", "watchdog", "cryptography", "subprocess", "tomllib", "apprise"}
    program = (
        "import sys; from fedisched.cli.commands import command\n"
        "try: command(sys.argv[1:], standalone_mode=False)\n"
        f"finally: print(sorted({heavy!r} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, "health", "-C", str(place.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


def test_a_dead_daemon_is_told_once(tmp_path: Path) -> None:
    told = Told(tmp_path)
    assert "daemon the daemon: No daemon runs for this folder." in told.news("health", "--notify")
    assert told.news("health", "--notify") == ""
    assert "well again: the daemon" in told.attached()[0]
    assert "No daemon runs" in told.news("health", "--notify")
