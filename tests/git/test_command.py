"""How git is run: over ssh with the user's own command or without any prompt, and never without an end."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from fedisched.git import open_repository
from fedisched.git.changed import changed_since
from fedisched.git.command import REMOTE, Git, in_short
from fedisched.model.errors import GitBusy, GitError, Unreachable
from tests.daemon.service import is_gone, wait_until
from tests.git.places import NOBODY, WORDING, Clone, bare, git, said

# What ssh does, on this machine: the last word is the command.
SSH = '#!/bin/sh\necho "$0 $@" >> "{log}"\nfor word; do :; done\nexec sh -c "$word"\n'


def stand_in(folder: Path, name: str, log: Path, text: str = SSH) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text.format(log=log))
    path.chmod(0o755)
    return path


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone of a remote at an ssh address."""
    remote = bare(tmp_path / "remote.git")
    clone = Clone(Clone.new(tmp_path / "clone").top, remote="origin")
    git(clone.top, "push", "-q", str(remote), "main")
    clone.git("remote", "add", "origin", f"ssh://me@example.org{remote}")
    return clone


def sync(clone: Clone, environ: Mapping[str, str], limit: float = REMOTE) -> bool:
    repository = open_repository(clone.settings, {**os.environ, **NOBODY, **environ})
    assert repository is not None
    return repository.sync(WORDING, limit=limit).pushed


def test_over_ssh_nobody_is_asked_and_no_connection_waits_for_ever(clone: Clone, tmp_path: Path) -> None:
    log = tmp_path / "log"
    stand_in(tmp_path / "bin", "ssh", log)
    clone.publish("a.md")
    assert sync(clone, {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"})
    assert all("-o BatchMode=yes -o ConnectTimeout=10" in line for line in log.read_text().splitlines())
    assert said(git(tmp_path / "remote.git", "show", "main:posts/a.md") + "\n")


@pytest.mark.parametrize("where", ["GIT_SSH_COMMAND", "core.sshCommand"])
def test_the_users_own_ssh_command_is_used_as_it_is(clone: Clone, tmp_path: Path, where: str) -> None:
    log = tmp_path / "log"
    own = f"{stand_in(tmp_path / 'own', 'ssh', log)} -i key"
    environ = {}
    if where == "core.sshCommand":
        clone.git("config", where, own)
    else:
        environ[where] = own
    clone.publish("a.md")
    assert sync(clone, environ)
    assert all(f"{own} " in line and "BatchMode" not in line for line in log.read_text().splitlines())


def test_a_remote_that_never_answers_is_given_up_and_nothing_of_it_stays(clone: Clone, tmp_path: Path) -> None:
    log = tmp_path / "log"
    stand_in(tmp_path / "bin", "ssh", log, '#!/bin/sh\necho $$ >> "{log}"\nexec sleep 600\n')
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="did not end within 1 seconds"):
        sync(clone, {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}, limit=1.0)
    assert time.monotonic() - begun < 20
    assert wait_until(lambda: all(is_gone(int(pid)) for pid in log.read_text().split()))


def test_what_git_says_is_told_with_what_to_do(tmp_path: Path) -> None:
    run = Git(tmp_path, {**os.environ, **NOBODY, "LANG": "de_DE.UTF-8", "GIT_DIR": "elsewhere"})
    with pytest.raises(GitError, match="not a git repository") as told:
        run("rev-parse", "HEAD")
    assert told.value.hint and not isinstance(told.value, GitBusy)
    assert in_short("hint: do this\nfatal: broken.\n") == "fatal: broken"
    assert in_short("") == "it did not say why"
    away = "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\n"
    assert in_short(f"ssh: no route.\n{away}and the repository exists.\n") == (
        "ssh: no route; fatal: Could not read from remote repository"
    )
    lock = "fatal: Unable to create '/x/.git/index.lock': File exists.\n\nAnother git process seems to be running\n"
    assert in_short(lock) == "fatal: Unable to create '/x/.git/index.lock': File exists"


def test_no_program_is_asked_which_files_changed_and_no_trace_of_one_is_left(clone: Clone, tmp_path: Path) -> None:
    log = tmp_path / "log"
    monitor = stand_in(tmp_path / "bin", "monitor", log, '#!/bin/sh\necho asked >> "{log}"\nprintf "x\\0/\\0"\n')
    clone.git("config", "core.fsmonitor", str(monitor))
    clone.publish("a.md")
    assert clone.commit_results()
    assert not log.exists()
    # Before git 2.36 anything but an empty value is a program's name, be it `false`.
    run = Git(clone.top, {**os.environ, **NOBODY})
    assert run("config", "core.fsmonitor") == b"\n"
    assert changed_since(clone.top, "HEAD") == set() and not log.exists()
