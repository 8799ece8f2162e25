"""What `fedisched doctor` says of the content folder's repository, its remote, and others that publish from it."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fedisched.clock import SECOND
from tests.cli.checkup import only, rows, somewhere
from tests.cli.support import call, content_folder
from tests.git.places import NOBODY, Clone, bare

__all__ = ["somewhere"]

pytestmark = pytest.mark.usefixtures("somewhere")


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Clone]:
    """A clone of a bare remote, with a content folder in it."""
    remote = bare(tmp_path / "posts.git")
    seed = Clone.new(tmp_path / "seed")
    (seed.folder / "fedisched.toml").write_text('timezone = "Europe/Berlin"\n\n[git]\nremote = "origin"\n')
    seed.save("Configure")
    seed.git("push", "-q", str(remote), "main")
    yield Clone.of(remote, tmp_path / "clone")


def in_git(clone: Clone, *words: str) -> list[dict[str, Any]]:
    environ = {**NOBODY, "PATH": os.environ["PATH"]}
    found: list[dict[str, Any]] = json.loads(
        call("doctor", "--json", "-C", str(clone.top), *words, environ=environ).stdout
    )
    return found


def test_a_repository_that_is_well_and_one_that_is_not(shared: Clone) -> None:
    found = in_git(shared)
    assert only(found, "remote")["message"] == "origin answers"
    assert "on main" in only(found, "repository")["message"]
    assert "fedisched init" in only(found, "merge driver", "warning")["hint"]
    shared.git("remote", "set-url", "origin", str(shared.top / "nowhere"))
    shared.git("switch", "-q", "--detach")
    found = in_git(shared)
    assert "cannot be reached" in only(found, "remote", "error")["message"]
    assert "git switch" in only(found, "repository", "error")["hint"]
    shared.git("remote", "remove", "origin")
    assert "no remote `origin`" in only(in_git(shared, "--offline"), "repository", "error")["message"]


def test_a_merge_driver_that_is_set_up_is_well_and_one_that_is_gone_is_told(shared: Clone) -> None:
    call("init", str(shared.top), environ={**NOBODY, "PATH": os.environ["PATH"]})
    assert only(in_git(shared, "--offline"), "merge driver")["severity"] == "ok"
    shared.git("config", "merge.fedisched.driver", "/gone/fedisched merge-driver %O %A %B")
    assert "not there any more" in only(in_git(shared, "--offline"), "merge driver", "warning")["message"]


def test_git_that_is_not_there_or_too_old_is_told(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    tools = tmp_path / "tools"
    tools.mkdir()
    assert "not installed" in only(rows(folder, environ={"PATH": str(tools)}), "git", "warning")["message"]
    old = tools / "git"
    old.write_text("#!/bin/sh\necho git version 2.17.1\n")
    old.chmod(0o755)
    found = only(rows(folder, environ={"PATH": str(tools)}), "git", "error")
    assert "too old" in found["message"] and "2.30" in found["hint"]


def test_results_that_another_publisher_committed_are_told_unless_posts_are_claimed(shared: Clone) -> None:
    remember_sending(shared, "3kzzzzzzzzzzz")
    write_results(shared, "a.md", "3kzzzzzzzzzzz")
    found = in_git(shared, "--offline")
    assert only(found, "other publishers")["severity"] == "ok", found
    write_results(shared, "a.md", "3kyyyyyyyyyyy")
    told = only(in_git(shared, "--offline"), "other publishers", "warning")
    assert "published: posts/a.md" in told["message"] and "claim = true" in told["hint"]
    config = shared.folder / "fedisched.toml"
    config.write_text(config.read_text() + "claim = true\n")
    assert not [row for row in in_git(shared, "--offline") if row["check"] == "other publishers"]


def test_a_clone_that_never_sent_anything_is_no_second_publisher(shared: Clone) -> None:
    write_results(shared, "a.md", "3kyyyyyyyyyyy")
    assert not [row for row in in_git(shared, "--offline") if row["check"] == "other publishers"]


def write_results(clone: Clone, name: str, key: str) -> None:
    """A result commit, as a publisher makes it."""
    path = clone.path(name)
    path.write_text(
        f"---\nstatus: published\nresults:\n  mastodon:\n    key: {key}\n    url: https://a.example/1\n---\nHello\n"
    )
    clone.commit_results()
    assert clone.subjects()[0] == f"published: posts/{name} → mastodon"


def remember_sending(clone: Clone, key: str) -> None:
    """The journal of a clone that sent something a minute ago."""
    call("queue", "-C", str(clone.top), environ=NOBODY)
    connection = sqlite3.connect(clone.top / ".git/fedisched/top/journal.sqlite3")
    connection.execute(
        "INSERT INTO delivery (path, target, account, key, state, due, digest, armed_at, first_try) "
        "VALUES ('posts/a.md', 'mastodon', 'a', ?, 'published', 1, 'd', 1, ?)",
        (key, int(time.time() - 1000) * SECOND),
    )
    connection.commit()
    connection.close()
