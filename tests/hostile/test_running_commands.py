"""Nothing that is pushed is ever run: no module, hook, filter, configuration, submodule or program."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fedisched.cli.init import _own_command
from fedisched.git.changed import changed_since
from fedisched.model.errors import GitError
from tests.cli.own_server import OwnServer
from tests.cli.support import call
from tests.git.places import Clone, bare, environ, git
from tests.hostile.pushed import look_like_a_bare_repository, shadow_modules, write

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CONFIG = """\
default_targets = ["m"]

[accounts.m]
network = "mastodon"
server = "http://127.0.0.1:9"
"""


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that is there once something of the attacker's was run."""
    return tmp_path / "ran"


def test_python_modules_in_the_content_folder(tmp_path: Path, mark: Path) -> None:
    """A daemon that is started in the folder starts its publisher there, too."""
    folder = tmp_path / "content"
    write(folder, "fedisched.toml", CONFIG)
    write(folder, "posts/a.md", "---\ntime: 2020-01-01T00:00:00Z\nstatus: held\n---\nHello\n")
    write(folder, "posts/b.md", "---\ntime: 2020-01-01T00:00:00Z\n---\nHello\n")
    shadow_modules(folder, mark)
    daemon = subprocess.Popen(
        [sys.executable, "-P", "-m", "fedisched", "run"],
        cwd=folder,
        env=environ(FEDISCHED_STATE=str(tmp_path / "state"), FEDISCHED_M_TOKEN="secret-secret"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert daemon.stdout is not None
    try:
        write(folder, "posts/c.md", f"---\ntime: {_soon()}\n---\nHello\n")
        said = next(line for line in daemon.stdout if "127.0.0.1" in line and "watching" not in line)
    finally:
        daemon.terminate()
        daemon.wait(20)
        daemon.stdout.close()
    assert "was not reached" in said  # the publisher was there, and was ours
    assert not mark.exists()


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(seconds=2)).isoformat(timespec="seconds")


def test_python_modules_beside_gits_merge_driver(tmp_path: Path, mark: Path) -> None:
    shadow_modules(tmp_path, mark)
    for name in ("base", "ours", "theirs"):
        write(tmp_path, name, "---\nstatus: draft\n---\nHello\n")
    command = [*shlex.split(_own_command({"PATH": str(tmp_path)})), "merge-driver", "base", "ours", "theirs"]
    done = subprocess.run(command, cwd=tmp_path, env=environ(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not mark.exists()


def test_python_modules_beside_what_actions_install() -> None:
    """Each line of an action that starts Python does so in the checkout, which holds whatever was pushed."""
    for action in (REPOSITORY / ".github" / "actions").rglob("*.*ml"):
        for line in re.findall(r"^.*\bpython3? .*$", action.read_text(), re.MULTILINE):
            assert " -P " in line, (action, line)


@pytest.mark.parametrize("inside", [".", "content"])
def test_a_content_folder_that_looks_like_a_bare_repository(tmp_path: Path, mark: Path, inside: str) -> None:
    remote = bare(tmp_path / "remote.git")
    made = Clone.new(tmp_path / "made", inside)
    made.git("push", "-q", str(remote), "main")
    clone = Clone.of(remote, tmp_path / "clone")
    here = Clone(clone.top, inside, remote="origin")
    look_like_a_bare_repository(made.folder, mark)
    made.save("Look like one")
    made.git("push", "-q", str(remote), "main")
    for _ in range(2):  # the first brings it here, the second works with it there
        assert here.sync().pulled
    here.publish("a.md")
    assert here.sync().pushed
    with suppress(GitError):  # it may refuse to work there
        changed_since(here.folder, "HEAD~1")
    assert not mark.exists()


def test_the_publishing_action_in_a_folder_that_looks_like_a_bare_repository(tmp_path: Path, mark: Path) -> None:
    script = (REPOSITORY / ".github/actions/publish/publish.sh").read_text()
    safety = re.findall(r"^export GIT_CONFIG_COUNT=.*$", script, re.MULTILINE)
    assert len(safety) == 1 and script.index(safety[0]) < script.index("cd -- ")
    top = Clone.new(tmp_path / "top").top
    look_like_a_bare_repository(top / "content", mark)
    words = f"{safety[0]}\ncd content; git add --update -- . ; git status ; git diff ; git fetch origin"
    subprocess.run(["bash", "-c", words], cwd=top, env=environ(), capture_output=True, check=False)
    assert not mark.exists()


def test_hooks_configuration_attributes_and_submodules_of_a_push(tmp_path: Path, mark: Path) -> None:
    """What a person's git could be made to run, or to read elsewhere, once it is in the work tree."""
    remote = bare(tmp_path / "remote.git")
    ann = Clone.new(tmp_path / "ann")
    ann.git("push", "-q", str(remote), "main")
    clone = Clone.of(remote, tmp_path / "clone")
    run = f"#!/bin/sh\ntouch '{mark}'\n"
    for name in ("post-checkout", "post-merge", "pre-commit", "commit-msg", "pre-push", "reference-transaction"):
        write(ann.top, f"hooks/{name}", run, 0o755)
        write(ann.top, f".githooks/{name}", run, 0o755)
    write(ann.top, ".gitconfig", f'[core]\n\tfsmonitor = "touch {mark}"\n')
    write(ann.top, ".gitattributes", "* filter=evil merge=evil diff=evil\n")
    write(ann.top, ".lfsconfig", "[lfs]\n\turl = http://127.0.0.1:9/\n")
    write(ann.top, ".gitmodules", f'[submodule "x"]\n\tpath = x\n\turl = {remote}\n\tupdate = !touch {mark}\n')
    ann.git("update-index", "--add", "--cacheinfo", f"160000,{ann.head()},x")
    ann.git("add", "-A", "--", ".gitmodules", ".lfsconfig", ".gitattributes", ".gitconfig", "hooks", ".githooks")
    ann.git("commit", "-qm", "Evil")
    ann.git("push", "-q", str(remote), "main")
    assert clone.sync().moved
    assert not (clone.top / "x" / ".git").exists()
    clone.publish("a.md")
    assert clone.sync().pushed
    assert not mark.exists()


def test_a_git_directory_in_a_tree_is_not_brought_here(tmp_path: Path, mark: Path) -> None:
    """Trees can be made by hand, with names that git itself would not make: `.git/config`, `.GIT`, `git~1`."""
    remote = bare(tmp_path / "remote.git")
    ann = Clone.new(tmp_path / "ann")
    ann.git("push", "-q", str(remote), "main")
    clone = Clone.of(remote, tmp_path / "clone")
    before = (clone.top / ".git" / "config").read_text()
    blob = ann.git("hash-object", "-w", "--stdin", data=f'[core]\n\tfsmonitor = "touch {mark}"\n')
    inner = ann.git("mktree", data=f"100644 blob {blob}\tconfig\n")
    for name in (".git", ".GIT", ".."):
        tree = ann.git("ls-tree", "HEAD") + f"\n040000 tree {inner}\t{name}\n"
        made = ann.git("commit-tree", "-m", "Evil", "-p", "HEAD", ann.git("mktree", data=tree))
        git(remote, "fetch", "-q", str(ann.top), f"+{made}:refs/heads/main", GIT_CONFIG_COUNT="0")
        try:
            clone.sync()
        except Exception as error:  # git refuses such a tree; how it says so is its own affair
            assert type(error).__name__ in ("GitError", "Unreachable", "GitBusy"), error
        assert (clone.top / ".git" / "config").read_text() == before
        assert not (clone.top.parent / "config").exists()
    assert not mark.exists()


def test_the_remote_of_a_pushed_configuration_is_a_name_and_nothing_else(tmp_path: Path, mark: Path) -> None:
    for remote in (
        f"ext::sh -c touch% {mark}",
        f"--upload-pack=touch {mark}",
        "/etc",
        "file:///etc",
        "../other",
        "a b",
    ):
        write(tmp_path, "fedisched.toml", f"[git]\nremote = {remote!r}\n")
        (tmp_path / "posts").mkdir(exist_ok=True)
        done = call("check", "-C", str(tmp_path), environ=environ())
        assert done.exit_code == 1 and "is no remote's name" in done.output, remote
    assert not mark.exists()


def test_alternates_and_other_servers_objects_are_not_pushed(tmp_path: Path) -> None:
    """What a push names must be in the push: an object of another repository here cannot be had by its id."""
    server = OwnServer(tmp_path)
    secret = Clone.new(tmp_path / "secret")
    write(secret.top, "key", "very secret\n")
    blob = secret.git("rev-parse", f"{secret.save('Secret')}:key")
    tree = server.ann.git("ls-tree", "HEAD") + f"\n100644 blob {blob}\tkey\n"
    made = server.ann.git("mktree", "--missing", data=tree)
    commit = server.ann.git("commit-tree", "-m", "Give me that", "-p", "HEAD", made)
    code, said = server.push("-q", "origin", f"{commit}:refs/heads/main")
    assert code != 0 and "very secret" not in said


def test_names_that_look_like_options(tmp_path: Path) -> None:
    """A file or branch named like an option of git's is a file or branch."""
    clone = Clone.new(tmp_path / "top")
    write(clone.folder, "posts/--upload-pack=x.md", "---\ntime: 2026-12-01T09:00:00Z\n---\nHello\n")
    write(clone.folder, "posts/-c core.fsmonitor=x.md", "---\ntime: 2026-12-01T09:00:00Z\n---\nHello\n")
    clone.save("Odd")
    for name in ("--upload-pack=x.md", "-c core.fsmonitor=x.md"):
        clone.publish(name)
        committed = clone.commit_results()
        assert committed is not None and name in clone.git("log", "-1", "--format=%s")
    with pytest.raises(Exception, match=r"no such revision|failed"):
        changed_since(clone.folder, "--output=x")
    assert not os.path.lexists(clone.folder / "x")
