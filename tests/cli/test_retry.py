"""`fedisched retry`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fedisched.cli.exit import Exit
from tests.cli.folder_with_server import FolderWithServer
from tests.cli.support import call, content_folder, write_post

FAILED = """---
# mine
time: 2026-11-20 09:00
status:   failed  # alas
results:
  mastodon:
    key: 3kzzzzzzzzzzz
    error: no
    attempts: 1
title: "A  title"
---
Hello
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return content_folder(tmp_path / "content")


def test_what_failed_is_scheduled_and_no_other_byte_changes(folder: Path) -> None:
    path = write_post(folder, "a.md", FAILED)
    done = call("retry", "posts/a.md", "-C", str(folder))
    assert done.exit_code == Exit.DONE and done.stdout.startswith("scheduled posts/a.md  it goes out when")
    assert path.read_text() == FAILED.replace("failed", "scheduled")


def test_json_is_the_changed_posts_row(folder: Path) -> None:
    write_post(folder, "a.md", FAILED)
    done = call("retry", "--json", "posts/a.md", "-C", str(folder))
    assert json.loads(done.stdout) == {
        "path": "posts/a.md",
        "title": "A  title",
        "time": "2026-11-20T09:00:00+01:00",
        "target": None,
        "targets": ["mastodon", "bluesky"],
        "state": "waiting",
        "attempts": 0,
        "next_try": None,
        "error": None,
        "url": None,
    }


def test_all_takes_every_post_that_failed_and_no_other(folder: Path) -> None:
    for name in ("a.md", "2026/b.md"):
        write_post(folder, name, FAILED)
    other = write_post(folder, "c.md", FAILED.replace("failed", "held"))
    done = call("retry", "--all", "--json", "-C", str(folder))
    assert [json.loads(line)["path"] for line in done.stdout.splitlines()] == ["posts/2026/b.md", "posts/a.md"]
    assert other.read_text() == FAILED.replace("failed", "held")
    assert call("retry", "--all", "-C", str(folder)).stdout == "Nothing has failed.\n"


@pytest.mark.parametrize(
    ("status", "typed"),
    [
        ("held", "fedisched resolve posts/b.md --drop --target bluesky"),
        ("published", "copy it into a new file"),
        ("scheduled", "fedisched publish posts/b.md --now"),
        ("draft", "fedisched publish posts/b.md --now"),
    ],
)
def test_what_has_not_failed_is_refused_with_what_to_type(folder: Path, status: str, typed: str) -> None:
    failed = write_post(folder, "a.md", FAILED)
    other = write_post(folder, "b.md", FAILED.replace("failed", status))
    before = failed.read_bytes(), other.read_bytes()
    done = call("retry", "posts/a.md", "posts/b.md", "-C", str(folder))
    assert done.exit_code == Exit.NEEDS_YOU
    assert f"its status is {status}" in done.stderr and typed in done.stderr
    assert (failed.read_bytes(), other.read_bytes()) == before


def test_a_broken_file_is_told_with_its_place(folder: Path) -> None:
    write_post(folder, "a.md", FAILED.replace("2026-11-20 09:00", "soon"))
    done = call("retry", "posts/a.md", "-C", str(folder))
    assert done.exit_code == Exit.NEEDS_YOU and "posts/a.md:3:7: " in done.stderr


@pytest.mark.parametrize("arguments", [[], ["--all", "posts/a.md"], ["posts/none.md"], ["/etc/passwd"]])
def test_misuse_is_a_usage_error(folder: Path, arguments: list[str]) -> None:
    assert call("retry", *arguments, "-C", str(folder)).exit_code == Exit.USAGE


def test_only_what_is_missing_is_tried_again(served: FolderWithServer) -> None:
    path = served.post("a.md")
    served.run("publish")
    text = path.read_text().replace("status: published", "status: failed")
    kept, _, bluesky = text.partition("  mastodon:\n")
    path.write_text(f"{kept}  bluesky:\n{bluesky.partition('  bluesky:')[2].lstrip(chr(10))}")
    served.run("retry", "posts/a.md")
    assert served.run("publish").exit_code == Exit.DONE
    assert served.texts() == (["Hello!"], ["Hello!"])


def test_of_several_targets_one_that_failed_is_tried_again_while_another_is_on_its_way(folder: Path) -> None:
    text = FAILED.replace("failed", "publishing").replace("    attempts: 1\n", "    attempts: 1\n    state: failed\n")
    path = write_post(folder, "a.md", text)
    done = call("retry", "posts/a.md", "-C", str(folder))
    assert done.exit_code == Exit.DONE and done.stdout.startswith("scheduled posts/a.md → mastodon  it goes out")
    assert path.read_text() == text.replace("publishing", "scheduled")
