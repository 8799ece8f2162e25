"""The journal's file itself: durable, of a known version, and never half written."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from fedisched.clock import SECOND
from fedisched.engine.journal import FILE_NAME, Journal, open_journal
from fedisched.engine.tables import MIGRATIONS
from fedisched.model.delivery import State
from fedisched.model.errors import JournalCorrupt, StateUnusable
from tests.engine.support import DUE, armed, brought_to

OPEN_AND_ARM = """
import sys
from pathlib import Path
from fedisched.engine.journal import Journal
print("ready", flush=True)
for file in sys.stdin:
    journal = Journal(Path(file.strip()))
    journal.arm(f"posts/{sys.argv[1]}.md", "m", "a", "k", 1, "d", 1)
    journal.close()
    print("ready", flush=True)
"""

FILL_UP = """
import resource, signal, sys
from pathlib import Path
from fedisched.engine.journal import Journal
from fedisched.model.errors import StateUnusable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]))
limit = Path(sys.argv[1] + "-wal").stat().st_size + 60_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for number in range(10_000):
    try:
        with journal.transaction() as connection:
            for half in "ab":
                connection.execute(
                    "INSERT INTO delivery (path, target, account, key, state, due, digest, armed_at) "
                    "VALUES (?, 'm', 'a', ?, 'waiting', 1, 'd', 1)", (f"{number}{half}", "k" * 3000))
    except StateUnusable as error:
        print(number, error.hint)
        break
print(len(journal.deliveries()))
"""


def damage(file: Path, at: int, what: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(what)


def test_what_a_method_wrote_survives_a_power_cut(journal: Journal) -> None:
    def pragma(name: str) -> object:
        return journal.rows(f"PRAGMA {name}")[0][0]

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2, "FULL: NORMAL may lose the last commits"
    assert pragma("fullfsync") == 1, "macOS: fsync alone does not reach the disk"
    assert pragma("foreign_keys") == 1
    assert pragma("user_version") == len(MIGRATIONS)


def test_eight_processes_open_one_new_journal_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN_AND_ARM]
    pipe = subprocess.PIPE
    children = [
        subprocess.Popen([*command, str(number)], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for number in range(8)
    ]
    # Two that switch a new file to WAL at once are told that it is locked in about one of ten rounds.
    for number in range(40):
        for child in children:
            assert child.stdin is not None
            assert child.stdout is not None
            if child.stdout.readline() != "ready\n":
                break
            child.stdin.write(f"{tmp_path / str(number)}\n")
            child.stdin.flush()
    assert [child.communicate(timeout=60)[1] for child in children] == [""] * 8
    for number in range(40):
        journal = Journal(tmp_path / str(number))
        assert len(journal.deliveries()) == 8
        journal.close()


def test_a_newer_version_s_file_is_neither_used_nor_put_aside(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    Journal(file).close()
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(StateUnusable, match="newer fedisched"):
        open_journal(tmp_path, DUE, print)
    assert file.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir() if ".damaged" in found.name] == []


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(b"not a database, not at all\n" * 100)
    with pytest.raises(JournalCorrupt) as caught:
        Journal(file)
    assert caught.value.hint.endswith(".")


def test_another_program_s_database_is_not_taken_for_ours(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE theirs (a)")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.close()
    journal = Journal(file)
    with pytest.raises(JournalCorrupt):
        journal.deliveries()
    journal.close()


def test_damage_that_shows_only_when_it_is_read_is_damage(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    journal = Journal(file)
    for number in range(200):
        armed(journal, f"posts/{number}.md")
    journal.close()
    size = file.stat().st_size
    damage(file, 4096, b"\xa5" * (size - 4096))
    with pytest.raises(JournalCorrupt):
        Journal(file).deliveries()


def test_a_damaged_journal_is_set_aside_whole_and_a_new_one_begun(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(b"damaged" * 1000)
    said: list[str] = []
    journal = open_journal(tmp_path, 7 * SECOND, said.append)
    assert journal.deliveries() == []
    assert (tmp_path / f"{FILE_NAME}.damaged-7").read_bytes() == b"damaged" * 1000
    assert len(said) == 1
    assert f"{FILE_NAME}.damaged-7" in said[0]
    journal.close()


def test_a_power_cut_in_the_middle_of_a_migration_leaves_a_fresh_start(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    for statement in MIGRATIONS[0].split(";")[:3]:
        connection.execute(statement)
    connection.close()
    journal = Journal(file)
    assert brought_to(journal, State.WAITING).path
    journal.close()


def test_a_folder_that_is_read_only_is_said_so(read_only: Path) -> None:
    with pytest.raises(StateUnusable) as caught:
        Journal(read_only / FILE_NAME)
    assert caught.value.hint.endswith("try again.")
    assert not (read_only / FILE_NAME).exists()


@pytest.fixture
def read_only(tmp_path: Path) -> Path:
    """A folder in which nothing can be made; root is stopped only by /proc."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    folder.chmod(0o500)
    return Path("/proc") if os.access(folder, os.W_OK) else folder


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StateUnusable):
        Journal(tmp_path / "nowhere" / FILE_NAME)


def test_a_disk_that_fills_up_stops_the_write_and_leaves_no_half_of_it(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    done = subprocess.run(
        [sys.executable, "-c", FILL_UP, str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    refused, kept = done.stdout.splitlines()
    number, hint = refused.split(" ", 1)
    assert hint.startswith("Free disk space")
    assert int(number) > 0
    assert int(kept) == 2 * int(number)
    journal = Journal(file)
    assert len(journal.deliveries()) == int(kept)
    assert armed(journal).state is State.WAITING, "with room again it heals by itself"
    journal.close()


def test_a_journal_that_another_process_holds_is_said_to_be_held(journal: Journal) -> None:
    other = sqlite3.connect(journal.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    journal.rows("PRAGMA busy_timeout = 0")
    with pytest.raises(StateUnusable) as caught:
        armed(journal)
    assert caught.value.hint.startswith("Another process")
    other.execute("ROLLBACK")
    other.close()
    assert armed(journal).path


def test_a_disk_that_takes_no_more_is_found_out_and_nothing_is_left_behind(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    journal.try_writing()
    before = sorted(tmp_path.iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(StateUnusable, match="Free disk space"):
            journal.try_writing()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(tmp_path.iterdir()) == before
    journal.close()
