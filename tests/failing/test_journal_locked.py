from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fedisched.engine import store
from fedisched.engine.holder import holder
from fedisched.engine.journal import FILE_NAME, Journal
from fedisched.model.errors import StateUnusable
from tests.failing.lacking import Lacking

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = " + sys.argv[2])
connection.execute("BEGIN EXCLUSIVE")
connection.execute("UPDATE meta SET value = value")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(file: Path, mode: str = "NORMAL") -> Iterator[int]:
    """The journal, held by another process; gives its number."""
    command = [sys.executable, "-c", HOLD, str(file), mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdin and process.stdout.readline() == "held\n"
        yield process.pid
        process.stdin.close()


@pytest.mark.parametrize("mode", ["NORMAL", "EXCLUSIVE"])
def test_who_holds_a_locked_journal_is_named_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    file = tmp_path / FILE_NAME
    Journal(file).close()
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    with held(file, mode) as number:
        with pytest.raises(StateUnusable, match=r"database is locked\. Another process is holding it") as told:
            journal = Journal(file)
            with journal.transaction():
                raise AssertionError("it is locked")
        if sys.platform == "linux":
            assert f"end process {number} (python" in told.value.hint and f"`kill {number}`" in told.value.hint
    Journal(file).close()


def test_publish_ends_in_words_and_sends_when_the_journal_is_free_again(lacking: Lacking) -> None:
    lacking.state.mkdir(mode=0o700)
    Journal(lacking.state / FILE_NAME).close()
    with held(lacking.state / FILE_NAME):
        code, said = lacking.run("publish")
    assert code == 1 and "Another process is holding it" in said and "Nothing is lost" in said, said
    assert lacking.texts() == []
    lacking.heals()


def test_who_holds_a_file_is_read_out_of_what_the_kernel_tells(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_text("")
    inode = file.stat().st_ino
    (tmp_path / "locks").write_text(
        f"1: FLOCK  ADVISORY  WRITE 1 fe:00:1 0 EOF\n2: -> POSIX ADVISORY WRITE 5 fe:00:{inode} 0 EOF\n"
        f"3: POSIX  ADVISORY  READ 6 fe:00:{inode} 0 EOF\nodd\n4: POSIX  ADVISORY  WRITE 77 fe:00:{inode} 0 EOF\n"
    )
    assert str(holder(file, tmp_path)) == "process 77"
    (tmp_path / "77").mkdir()
    (tmp_path / "77" / "comm").write_text("backup\n")
    assert str(holder(file, tmp_path)) == "process 77 (backup)"
    assert holder(file, tmp_path / "nowhere") is None


def test_doctor_names_who_holds_it(lacking: Lacking) -> None:
    lacking.state.mkdir(mode=0o700)
    Journal(lacking.state / FILE_NAME).close()
    with held(lacking.state / FILE_NAME):
        code, said = lacking.run("doctor", "--offline")
    assert code == 1 and "Another process is holding it" in said, said
