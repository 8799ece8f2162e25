"""`fedisched queue` shows what cannot be sent as it is, whatever is wrong with it, and stays quick for all others."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fedisched import compose
from fedisched.cli.exit import Exit
from fedisched.content.glance import glance
from fedisched.content.reader import read_post
from tests.cli.support import call, content_folder, start, write_post
from tests.compose.posts import PNG
from tests.content.conftest import SETTINGS

TIME = "time: 2030-12-01 09:00\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return content_folder(tmp_path)


def queued(folder: Path) -> list[tuple[str, str | None, str, str | None]]:
    done = call("queue", "--json", "-C", str(folder))
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    is_broken = any(row["state"] == "broken" for row in rows)
    assert done.exit_code == (Exit.NEEDS_YOU if is_broken else Exit.DONE)
    return [(row["path"], row["target"], row["state"], row["error"]) for row in rows]


@pytest.mark.parametrize(
    "front",
    [
        "media: [{file: no.png, alt: A cat}]",
        "poll: [Tea]",
        "override: {nobody: {text: Hi}}",
        "link: not an address",
        "labels: [lewd]",
        "visibility: secret",
        "lang: German, perhaps",
        "replies: friends",
        "reply_to: ../../etc/passwd",
        "title: [a, b]",
        "title: #7",
    ],
)
def test_what_is_an_error_for_check_is_broken_here(folder: Path, front: str) -> None:
    write_post(folder, "a.md", f"---\n{TIME}{front}\n---\nHello\n")
    first = next(p for p in json.loads(call("check", "--json", "-C", str(folder)).stdout)["problems"])
    for _ in range(2):
        assert queued(folder) == [("posts/a.md", None, "broken", f"{first['message']}. {first['hint']}")]
    shown = call("queue", "-C", str(folder)).stdout
    assert f"posts/a.md:{first['line']}:{first['column']}: {first['message']}" in shown
    dry = call("publish", "--dry-run", "--wait", "2000d", "--json", "-C", str(folder))
    assert "would-publish" not in dry.stdout


@pytest.mark.parametrize("body", ["word " * 65, "one\n---\n\n---\ntwo\n", "![](a.png)"])
def test_so_is_what_the_text_alone_makes_wrong(folder: Path, body: str) -> None:
    write_post(folder, "a.md", f"---\n{TIME}targets: [bluesky]\n---\n{body}\n")
    assert [row[2] for row in queued(folder)] == ["broken"]


def test_what_one_target_cannot_get_is_broken_for_that_one(folder: Path) -> None:
    write_post(folder, "a.md", f"---\n{TIME}---\n{'word ' * 65}\n")
    found = {target: state for _, target, state, _ in queued(folder)}
    assert found == {"mastodon": "waiting", "bluesky": "broken"}


def test_a_picture_that_is_put_there_or_taken_away_is_seen(folder: Path) -> None:
    write_post(folder, "a.md", f"---\n{TIME}---\nHello\n\n![A cat](a.png)\n")
    picture = folder / "posts/a.png"
    assert [row[2] for row in queued(folder)] == ["broken"]
    picture.write_bytes(PNG)
    assert {row[2] for row in queued(folder)} == {"waiting"}
    assert {row[2] for row in queued(folder)} == {"waiting"}
    picture.write_bytes(b"")
    assert {row[2] for row in queued(folder)} == {"broken"}
    picture.unlink()
    assert {row[2] for row in queued(folder)} == {"broken"}


def test_a_change_of_the_post_or_the_config_is_seen(folder: Path) -> None:
    path = write_post(folder, "a.md", f"---\n{TIME}poll: [Tea]\ntargets: [mastodon]\n---\nHello\n")
    assert [row[2] for row in queued(folder)] == ["broken"]
    path.write_text(path.read_text().replace("[Tea]", "[Tea, Coffee]"))
    assert [row[2] for row in queued(folder)] == ["waiting"]
    config = folder / "fedisched.toml"
    config.write_text(config.read_text().replace('"mastodon"\nserver', '"bluesky"\nhandle = "a.test"\nserver'))
    assert [row[2] for row in queued(folder)] == ["broken"]


def test_a_draft_is_not_judged(folder: Path) -> None:
    write_post(folder, "a.md", "---\nstatus: draft\npoll: [Tea]\n---\nHello\n")
    assert queued(folder) == []


def test_what_was_read_whole_is_not_read_again(folder: Path) -> None:
    """Nor is a post that is nothing but text, ever: neither the types of the keys nor the networks' rules are asked."""
    write_post(folder, "a.md", f"---\n{TIME}title: Plain\nx-mine: 1\n---\nHello, with a link https://example.org/\n")
    write_post(folder, "b.md", f"---\n{TIME}lang: en\n---\nHello\n")
    write_post(folder, "c.md", f"---\n{TIME}lang: gibberish, sorry\n---\nHello\n")
    for path in (folder / "posts").iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))

    def heavy() -> set[str]:
        done = start("queue", cwd=folder, environ={"PYTHONPROFILEIMPORTTIME": "1"})
        return {name for name in ("pydantic", "fedisched.compose", "regex") if f"| {name}\n" in _ends(done.stderr)}

    assert heavy() >= {"pydantic", "fedisched.compose"}
    assert heavy() == set()


def _ends(said: bytes) -> str:
    """The import times with no blanks but one before each name."""
    return "\n".join(f"| {line.rpartition('|')[2].strip()}" for line in said.decode().splitlines()) + "\n"


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("ab \n@#[]()<>!-\\*_`👪é/:.h"), min_size=1, max_size=60))
@example("https://e.io " * 20)
@example("[a](https://example.org/b)")
@example("\\---")
@example("---")
@example("👨‍👩‍👧‍👧" * 20)
def test_what_the_glance_vouches_for_has_no_errors(body: str) -> None:
    data = f"---\ntime: 2030-12-01 09:00\n---\n{body}\n".encode()
    entry = glance(data, "posts/a.md", SETTINGS)
    reading = read_post(data, "posts/a.md", SETTINGS)
    if entry.longest is None or reading.post is None:
        return
    for target in reading.post.targets:
        account = SETTINGS.accounts[target]
        limits = compose.default_limits(account.network)
        rendering = compose.render(reading.post, target, account, SETTINGS, limits)
        assert sum(part.length for part in rendering.rendered.parts) <= entry.longest
        if entry.longest <= limits.characters:
            assert [problem for problem in rendering.problems if problem.is_error] == []
