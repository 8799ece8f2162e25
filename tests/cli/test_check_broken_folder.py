"""A folder of broken files, one of each kind, checked as a user does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.support import content_folder, start, write_post
from tests.content.test_broken_files import BROKEN

CONFIG = """\
timezone = "Europe/Berlin"
default_targets = ["mastodon", "bluesky"]

[accounts.mastodon]
network = "mastodon"
server = "https://mastodon.social"

[accounts.work]
network = "mastodon"
server = "https://example.org"

[accounts.bluesky]
network = "bluesky"
handle = "me.bsky.social"
"""
FRONT = "---\ntime: 2026-12-01 09:00\n---\n"

# name: the body, then line, column and code of its problem.
ONLY_COMPOSED: dict[str, tuple[str, int, int, str]] = {
    "missing-image": ("Look:\n\n![A cat](cat.jpg)\n", 6, 1, "missing-image"),
    "too-long": ("x" * 501, 4, 501, "too-long"),
    "empty-part": ("One\n\n---\n\n---\n\nTwo\n", 7, 1, "empty-part"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = content_folder(tmp_path_factory.mktemp("broken") / "content", CONFIG)
    for name, (data, *_) in BROKEN.items():
        (folder / f"posts/{name}.md").write_bytes(data)
    for name, (body, *_) in ONLY_COMPOSED.items():
        write_post(folder, f"{name}.md", FRONT + body)
    (folder / "posts/directory.md").mkdir()
    (folder / "posts/dangling.md").symlink_to("nowhere.md")
    write_post(folder, "good.md", FRONT + "Hello\n")
    return folder


@pytest.fixture(scope="module")
def text(folder: Path) -> subprocess.CompletedProcess[bytes]:
    return start("check", cwd=folder)


@pytest.fixture(scope="module")
def problems(folder: Path) -> list[dict[str, object]]:
    done = start("check", "--json", cwd=folder)
    assert (done.returncode, done.stderr) == (1, b"")
    found: list[dict[str, object]] = json.loads(done.stdout)["problems"]
    return found


EXPECTED = {
    **{name: (line, column, code) for name, (_, line, column, code, _) in BROKEN.items()},
    **{name: (line, column, code) for name, (_, line, column, code) in ONLY_COMPOSED.items()},
    "directory": (1, 1, "not-a-file"),
    "dangling": (1, 1, "no-such-file"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_broken_file_has_a_line_with_its_place_and_what_to_do(
    text: subprocess.CompletedProcess[bytes], problems: list[dict[str, object]], name: str
) -> None:
    line, column, code = EXPECTED[name]
    path = f"posts/{name}.md"
    found = [problem for problem in problems if problem["path"] == path]
    assert (line, column, code, "error") in [(p["line"], p["column"], p["code"], p["severity"]) for p in found]
    assert any(shown.startswith(f"{path}:{line}:{column}: error: ") for shown in text.stdout.decode().splitlines())
    assert all(str(problem["hint"]).endswith((".", "?")) for problem in found)


def test_there_is_no_traceback_and_the_exit_code_says_that_a_person_is_needed(
    folder: Path, text: subprocess.CompletedProcess[bytes]
) -> None:
    assert text.returncode == 1 and b"Traceback" not in text.stdout + text.stderr
    lines = text.stdout.decode().splitlines()
    assert any(line.startswith("posts/good.md") for line in lines)
    assert f"{len(EXPECTED) + 1} posts" in lines[-1]


@pytest.mark.parametrize("verb", [["queue", "--all"], ["publish", "--dry-run"], ["render"]])
def test_no_other_verb_stumbles_over_them(folder: Path, verb: list[str]) -> None:
    done = start(*verb, cwd=folder)
    assert done.returncode in (0, 1) and b"Traceback" not in done.stdout + done.stderr
    assert b"posts/no-front-matter.md:2:1: " in done.stdout + done.stderr
