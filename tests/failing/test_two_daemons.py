from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

import pytest

from fedisched.publisher.locks import PidFile, daemon_lock
from tests.failing.lacking import Lacking


def test_a_second_daemon_is_refused_by_the_number_of_the_first_wherever_its_state_is(
    lacking: Lacking, tmp_path: Path
) -> None:
    lock, number = daemon_lock(lacking.folder, lacking.state), PidFile(lacking.state)
    assert lock.try_acquire()
    number.note()
    code, said = lacking.run("run")
    assert code == 1 and "Another fedisched daemon, process " in said and "or leave the work to it" in said, said
    code, said = lacking.run("run", more={"FEDISCHED_STATE": str(tmp_path / "elsewhere")})
    assert code == 1 and "Another fedisched daemon serves this folder" in said, said
    number.release()
    lock.release()


def test_where_a_network_mount_has_no_locks_the_state_folder_keeps_them_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock

    def flock(descriptor: int, how: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        real(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    first, second = (daemon_lock(tmp_path, tmp_path / "state") for _ in range(2))
    assert first.try_acquire() and not second.try_acquire()
    first.release()
    assert second.is_free()
