"""The daemon and git: from a push in one clone to published, and the results pulled back there."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fedisched.model.post import Status
from fedisched.sandbox import Sandbox
from tests.daemon.service import PATIENT, Service, configure, environ_of
from tests.git.places import NOBODY, Clone, bare, git, said
from tests.stage import Stage, as_text


class Post(Clone):
    """A person's clone, whose posts are due as the stage says."""

    def due(self, name: str, moment: int, body: str = "Hello!") -> None:
        self.post(name, body, f"time: {as_text(moment)}")


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return bare(tmp_path / "remote.git")


@pytest.fixture
def stage(tmp_path: Path, remote: Path, sandbox: Sandbox) -> Stage:
    """The daemon's clone; its state is outside, as in a container."""
    # A git before 2.31 does not ask an empty remote for its branch.
    Clone.of(remote, tmp_path / "daemon").git("symbolic-ref", "HEAD", "refs/heads/main")
    stage = Stage(tmp_path / "daemon", sandbox)
    stage.state = tmp_path / "state"
    path = configure(stage)
    path.write_text(path.read_text() + '\n[git]\nremote = "origin"\npull_every = "1h"\n')
    clone = Clone(stage.folder)
    (stage.folder / ".gitignore").write_text(".fedisched/\n")
    clone.post("draft.md", "Draft", "status: draft")
    clone.save("Begin")
    clone.git("push", "-q", "origin", "main")
    return stage


@pytest.fixture
def ann(tmp_path: Path, remote: Path, stage: Stage) -> Post:
    clone = Post.of(remote, tmp_path / "ann")
    assert isinstance(clone, Post)
    return clone


def on_remote(remote: Path, name: str) -> str:
    return git(remote, "show", f"main:posts/{name}") + "\n"


def test_pushed_in_one_clone_published_here_and_the_results_pulled_there(stage: Stage, remote: Path, ann: Post) -> None:
    with Service(stage.folder, environ_of(stage, **NOBODY)) as service:
        ann.due("hello.md", stage.soon(9))
        ann.save("Hello")
        ann.git("push", "-q")
        # As the server's hook says it.
        assert fedisched(stage, "run", "--wake").returncode == 0
        service.until("armed", "hello.md")
        service.until("published", "hello.md", count=2)
        service.until("committed", "published: posts/hello.md → mastodon, bluesky")
        service.until("pushed")
        ann.git("pull", "-q")
        assert set(said(ann.path("hello.md").read_text())) == {"mastodon", "bluesky"}
        assert service.stop() == 0
    assert fedisched(stage, "run", "--wake").returncode == 1
    assert stage.texts() == (["Hello!"], ["Hello!"])
    assert Clone(stage.folder).is_clean()
    assert ann.subjects()[:2] == ["published: posts/hello.md → mastodon, bluesky", "Hello"]


def test_what_could_not_be_pushed_is_when_the_daemon_starts_again(stage: Stage, remote: Path, ann: Post) -> None:
    ann.due("hello.md", stage.soon(-30))
    ann.save("Hello")
    ann.git("push", "-q")
    Clone(stage.folder).git("pull", "-q")
    away = remote.with_name("away.git")
    remote.rename(away)
    with Service(stage.folder, environ_of(stage, **NOBODY)) as service:
        service.until("published", "hello.md", count=2)
        service.until("could not be fetched from")
        assert service.stop() == 0
    away.rename(remote)
    assert not said(on_remote(remote, "hello.md"))
    assert said(Clone(stage.folder).in_head("hello.md"))
    with Service(stage.folder, environ_of(stage, **NOBODY)) as service:
        service.until("pushed")
        ann.git("pull", "-q")
        ann.post("later.md", "Later", "time: 2099-12-01 09:00")
        ann.save("Later")
        ann.git("push", "-q")
        service.process.send_signal(signal.SIGHUP)
        service.until("armed", "later.md")
        assert service.stop() == 0
    assert said(on_remote(remote, "hello.md"))
    assert stage.texts() == (["Hello!"], ["Hello!"])


def test_what_was_taken_back_while_the_daemon_was_away_does_not_go_out(stage: Stage, ann: Post) -> None:
    ann.due("hello.md", stage.soon(-30))
    ann.save("Hello")
    ann.git("push", "-q")
    Clone(stage.folder).git("pull", "-q")
    ann.post("hello.md", "Taken back", "status: draft")
    ann.save("Take it back")
    ann.git("push", "-q")
    with Service(stage.folder, environ_of(stage, **NOBODY)) as service:
        assert service.count("pulled") == 1 and service.count("none scheduled") == 1
        assert service.stop() == 0
    assert stage.texts() == ([], [])


# --- the one-shot --------------------------------------------------------------------------------------------------


def fedisched(stage: Stage, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fedisched", *words, "-C", str(stage.folder)]
    environ = environ_of(stage, **NOBODY)
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PATIENT, check=False)


def publish(folder: Path, stage: Stage, state: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fedisched", "publish", "-C", str(folder)]
    environ = environ_of(stage, **NOBODY) | {"FEDISCHED_STATE": str(state)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PATIENT, check=False)


def test_fresh_checkouts_without_a_journal_publish_once(stage: Stage, remote: Path, ann: Post, tmp_path: Path) -> None:
    ann.due("hello.md", stage.soon(-30))
    ann.save("Hello")
    ann.git("push", "-q")
    # The first run dies between sending and pushing: what it wrote is gone with its machine.
    first = Clone.of(remote, tmp_path / "first")
    first.git("remote", "set-url", "origin", str(tmp_path / "nowhere.git"))
    died = publish(first.folder, stage, tmp_path / "state1")
    assert died.returncode == 75 and "could not be fetched from" in died.stderr, died
    assert stage.texts() == (["Hello!"], ["Hello!"])
    assert not said(on_remote(remote, "hello.md"))
    for number in (2, 3):
        fresh = Clone.of(remote, tmp_path / f"checkout{number}", "--depth=1", "--no-local")
        done = publish(fresh.folder, stage, tmp_path / f"state{number}")
        assert done.returncode == 0, done
        assert ("pushed" in done.stdout) == (number == 2)
        assert set(said(on_remote(remote, "hello.md"))) == {"mastodon", "bluesky"}
    assert stage.texts() == (["Hello!"], ["Hello!"])


def test_publish_looks_for_what_was_pushed_before_it_begins(stage: Stage, remote: Path, ann: Post) -> None:
    mine = Clone(stage.folder)
    ann.due("hello.md", stage.soon(-30))
    ann.save("Hello")
    ann.git("push", "-q")
    mine.git("pull", "-q")
    ann.post("hello.md", "Taken back", "status: draft")
    ann.save("Take it back")
    ann.git("push", "-q")
    done = publish(stage.folder, stage, stage.state)
    assert done.returncode == 0 and "pulled" in done.stdout, done
    assert stage.texts() == ([], [])
    assert stage.entry("hello.md").status is Status.DRAFT
