"""`render --since`, and what a folder has changed since a commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fedisched.cli.exit import Exit
from fedisched.git.changed import changed_since
from fedisched.model.errors import GitError
from tests.cli.support import call, content_folder, write_post

POST = "---\ntime: 2030-01-07 09:00\n---\nHello\n"


def git(folder: Path, *arguments: str) -> None:
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, check=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A content folder below the top of a repository, with three posts in a commit."""
    folder = content_folder(tmp_path / "my content")
    for name in ("a.md", "b.md", "c.md"):
        write_post(folder, name, POST)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    return folder


def test_what_was_added_changed_or_renamed_is_there(folder: Path) -> None:
    write_post(folder, "a.md", POST.replace("Hello", "Hi"))
    (folder / "posts" / "b.md").rename(folder / "posts" / 'new "b" é.md')
    (folder / "posts" / "c.md").unlink()
    (folder.parent / "outside.md").write_text(POST)
    git(folder.parent, "add", "-A")
    git(folder.parent, "commit", "-q", "-m", "second")
    write_post(folder, "unknown\n.md", POST)
    assert changed_since(folder, "HEAD^1") == {"posts/a.md", 'posts/new "b" é.md', "posts/unknown\n.md"}


def test_only_those_are_shown(folder: Path) -> None:
    write_post(folder, "a.md", POST.replace("Hello", "Hi"))
    done = call("render", "--since", "HEAD", "-C", str(folder), "--json")
    assert {line.split('"')[3] for line in done.stdout.splitlines()} == {"posts/a.md"}


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "", "HEAD; touch x"])
def test_a_revision_that_is_none_is_told(folder: Path, revision: str) -> None:
    done = call("render", "--since", revision, "-C", str(folder))
    assert done.exit_code == Exit.NEEDS_YOU and "there is no such revision" in done.stderr
    assert not (folder / "x").exists()


def test_a_folder_without_a_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not a git repository"):
        changed_since(content_folder(tmp_path / "content"), "HEAD")
