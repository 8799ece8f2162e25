"""For want of memory the system kills, or a limit refuses more; of a killed child its parent has to tell."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from fedisched.cli.exit import Exit
from fedisched.cli.guard import exit_code_of
from fedisched.compose.media import transcode
from fedisched.compose.media.damaged import Damaged
from fedisched.config.load import load_settings_aside
from fedisched.git.command import Git
from fedisched.model.errors import ConfigError, GitError
from fedisched.sandbox import Fault, What
from fedisched.vault import binding
from tests.daemon.service import PATIENT, Service, wait_until
from tests.failing.lacking import Lacking


def killed(name: str, folder: Path) -> str:
    """A PATH on which a program of this name is killed by the system as soon as it runs."""
    program = folder / name
    program.write_text("#!/bin/sh\nkill -KILL $$\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_a_killed_publisher_is_told_with_what_to_do_and_started_again(lacking: Lacking) -> None:
    slow = lacking.sandbox.faults.add(Fault(What.SLOW, "/api/v1/accounts/verify_credentials"))
    with Service(lacking.folder, lacking.environ()) as service:
        assert slow.struck.wait(PATIENT)
        (child,) = service.children()
        os.kill(child, signal.SIGKILL)
        slow.release()
        service.until("ended with code -9", "for want of memory")
        assert wait_until(lambda: lacking.texts() == ["Hello!"])
        assert wait_until(lambda: "status: published" in lacking.post.read_text())
        assert service.stop() == 0
    assert lacking.texts() == ["Hello!"]


def test_a_limit_of_memory_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> object:
        raise MemoryError

    assert exit_code_of(run, []) == Exit.NEEDS_YOU
    said = capsys.readouterr().err
    assert "Cannot allocate memory" in said and "ulimit -v" in said and "Traceback" not in said


def test_killed_ffmpeg_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", killed("ffmpeg", tmp_path))
    with pytest.raises(Damaged, match="which was killed") as told:
        transcode.transcoded(b"GIF89a", "image/gif", 2, 2)
    assert "for want of memory" in told.value.hint


def test_killed_git_is_told(tmp_path: Path) -> None:
    with pytest.raises(GitError, match=r"git status was killed.*for want of memory"):
        Git(tmp_path, {"PATH": killed("git", tmp_path)})("status")


def test_a_killed_reader_of_the_configuration_is_told(
    tmp_path: Path, lacking: Lacking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*words: object, **more: object) -> object:
        raise subprocess.CalledProcessError(-signal.SIGKILL, "python")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ConfigError, match=r"was killed.*for want of memory"):
        load_settings_aside(lacking.folder, tmp_path / "state")


def test_no_memory_for_a_fingerprint_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*args: object, **named: object) -> bytes:
        raise ValueError("[digital envelope routines] malloc failure")

    monkeypatch.setattr(hashlib, "scrypt", refused)
    with pytest.raises(MemoryError):
        binding._fingerprint("credential", b"salt")
