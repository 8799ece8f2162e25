"""`fedisched init --server`: what it makes, what it mends, and what it leaves alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fedisched.config import load_settings
from tests.cli.own_server import OwnServer
from tests.cli.support import call
from tests.git.places import SOMEBODY, Clone, environ, git

BROKEN = "time: 2026-12-01 25:00\nstatus: scheduled"


@pytest.fixture
def server(tmp_path: Path) -> OwnServer:
    return OwnServer(tmp_path)


def test_a_new_folder_becomes_a_clone_of_a_bare_repository_beside_it(server: OwnServer) -> None:
    assert load_settings(server.content).git.remote == "origin"
    assert git(server.bare, "rev-parse", "--is-bare-repository") == "true"
    clone = Clone(server.content)
    assert clone.git("status", "--porcelain", "--branch") == "## main...origin/main"
    tracked = {".gitattributes", ".gitignore", "fedisched.toml", "posts/hello.md"}
    assert set(server.ann.git("ls-files").splitlines()) == tracked
    for name in ("pre-receive", "post-receive"):
        assert os.access(server.bare / "hooks" / name, os.X_OK)
    assert "git clone " in server.made.stdout and "fedisched run -C " in server.made.stdout
    # Without it the first thing that a person is told to do there, a commit, fails.
    assert "git config --global user.name" in server.made.stdout
    assert "user.name" not in server.init(**SOMEBODY).stdout


def test_a_second_time_mends_what_is_missing_and_nothing_else(server: OwnServer) -> None:
    hooks = server.bare / "hooks"
    whole = (hooks / "pre-receive").read_text()
    before = {path: path.read_bytes() for path in server.content.rglob("*") if path.is_file() and path.name != "index"}
    heads = git(server.bare, "for-each-ref")
    (hooks / "pre-receive").write_text(whole.replace("python=", "python=/gone"))
    (hooks / "post-receive").write_text("#!/bin/sh\necho mine\n")
    done = server.init()
    assert done.exit_code == 0, done.output
    assert "fixed posts.git/hooks/pre-receive" in done.stdout and "kept  posts.git " in done.stdout
    assert (hooks / "pre-receive").read_text() == whole
    assert (hooks / "post-receive").read_text() == "#!/bin/sh\necho mine\n"
    assert "post-receive.fedisched" in done.stderr and os.access(hooks / "post-receive.fedisched", os.X_OK)
    assert {path: path.read_bytes() for path in before} == before
    assert git(server.bare, "for-each-ref") == heads


def test_a_lost_content_folder_is_cloned_again(server: OwnServer) -> None:
    shutil.rmtree(server.content)
    done = server.init()
    assert done.exit_code == 0 and "a clone of posts.git" in done.stdout, done.output
    assert Clone(server.content).git("status", "--porcelain", "--branch") == "## main...origin/main"


def test_what_is_in_a_repository_already_keeps_its_remotes_and_goes_along(tmp_path: Path) -> None:
    top = tmp_path / "site"
    subprocess.run(["git", "init", "-q", "-b", "live", str(top)], check=True, env=environ())
    clone = Clone(top, "social")
    clone.post("a.md", "Broken, and there before", BROKEN)
    (clone.folder / "fedisched.toml").write_text('timezone = "UTC"\n')
    clone.save("Begin")
    clone.git("remote", "add", "origin", "https://example.org/site.git")
    done = call("init", "--server", str(clone.folder), environ=environ())
    assert done.exit_code == 0, done.output
    assert 'Set [git] remote = "server" in ' in done.stderr and "Commit what was made: git add social/" in done.stderr
    assert clone.git("remote", "get-url", "server") == str(tmp_path / "site.git")
    assert git(tmp_path / "site.git", "rev-parse", "live") == clone.head()
    assert not (top / ".github").exists()


@pytest.mark.parametrize("there", ["file", "work tree"])
def test_what_is_in_the_way_is_left_alone(tmp_path: Path, there: str) -> None:
    if there == "file":
        (tmp_path / "posts.git").write_text("mine")
    else:
        Clone.new(tmp_path / "posts.git")
    done = call("init", "--server", str(tmp_path / "posts"), environ=environ())
    assert done.exit_code == 1 and "is no bare repository. Move it" in done.stderr, done.output


def test_a_folder_that_was_made_without_a_server_gets_one_with_its_posts(tmp_path: Path) -> None:
    folder = tmp_path / "posts"
    call("init", str(folder), environ=environ())
    (folder / "posts" / "mine.md").write_text("Mine\n")
    (folder / "notes.txt").write_text("Private\n")
    done = call("init", "--server", str(folder), environ=environ())
    assert done.exit_code == 0, done.output
    tracked = {".gitattributes", ".gitignore", "fedisched.toml", "posts/hello.md", "posts/mine.md"}
    assert set(git(tmp_path / "posts.git", "ls-tree", "-r", "--name-only", "main").splitlines()) == tracked
    assert 'Set [git] remote = "origin" in ' in done.stderr


def test_hooks_of_the_users_own_do_not_hide_those_of_the_server(tmp_path: Path, server: OwnServer) -> None:
    # As a person has it, in the home folder: `GIT_CONFIG_GLOBAL` is known from git 2.32 on.
    (tmp_path / ".gitconfig").write_text("[core]\n\thooksPath = /somewhere\n")
    server.init(HOME=str(tmp_path), GIT_CONFIG_GLOBAL=str(tmp_path / ".gitconfig"))
    assert git(server.bare, "config", "--local", "core.hooksPath") == "hooks"


def test_another_history_is_not_mixed_with_ones_own(tmp_path: Path) -> None:
    clone = Clone.new(tmp_path / "posts")
    other = Clone.new(tmp_path / "other")
    other.git("commit", "-q", "--amend", "-m", "Of its own")
    subprocess.run(["git", "clone", "-q", "--bare", str(other.top), str(tmp_path / "posts.git")], check=True)
    done = call("init", "--server", str(clone.folder), environ=environ())
    assert done.exit_code == 1 and "has another history" in done.stderr, done.output
    assert not (tmp_path / "posts.git" / "hooks" / "pre-receive").exists()


def test_a_state_folder_that_is_named_is_the_hooks_too(tmp_path: Path, server: OwnServer) -> None:
    assert "FEDISCHED_STATE" not in (server.bare / "hooks" / "post-receive").read_text()
    server.init(FEDISCHED_STATE=str(tmp_path / "it's here"))
    text = (server.bare / "hooks" / "post-receive").read_text()
    assert f"export FEDISCHED_STATE='{tmp_path}/it'\"'\"'s here'" in text


# --- real pushes -----------------------------------------------------------------------------------------------------


def test_a_broken_post_is_refused_with_its_line_and_mended_it_is_taken(server: OwnServer) -> None:
    server.ann.post("a.md", "Hello", "title: A\ntime: 2026-12-01 25:00")
    server.ann.save("A")
    code, said = server.push()
    assert code == 1 and "remote: posts/a.md:3:7: error: " in said and "remote rejected" in said, said
    assert git(server.bare, "rev-parse", "main") == Clone(server.content).head()
    server.ann.post("a.md", "Hello", "title: A\ntime: 2026-12-01 09:00")
    server.ann.save("Mend it")
    code, said = server.push()
    assert code == 0 and "error" not in said, said
    assert "remote: Nobody publishes on the server just now" in said
    assert git(server.bare, "rev-parse", "main") == server.ann.head()


def test_a_check_that_cannot_run_locks_nobody_out_and_says_so(server: OwnServer) -> None:
    hook = server.bare / "hooks" / "pre-receive"
    python = next(line for line in hook.read_text().splitlines() if line.startswith("python="))
    for instead in ("python=/gone/python", "python=/bin/false"):
        hook.write_text(hook.read_text().replace(python, instead))
        python = instead
        server.ann.post("a.md", instead, BROKEN)
        server.ann.save("A")
        code, said = server.push()
        assert code == 0 and "remote: This push was NOT checked" in said, said
        assert f'remote: On the server, type: fedisched init --server "{server.content}"' in said
