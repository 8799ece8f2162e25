"""`fedisched render`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fedisched.cli.exit import Exit
from fedisched.cli.words import columns
from tests.cli.support import call, content_folder, write_post
from tests.cli.test_framework import on_a_terminal

POST = "---\ntime: 2026-12-01 09:00\n---\nSee https://example.org/a/rather/long/path 漢字\n---\nPart two #tag\n"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d4944415478da63f8cfc0f01f00050001ff56c7"
    "2f0d0000000049454e44ae426082"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    content = content_folder(tmp_path / "content")
    write_post(content, "a.md", POST)
    return content


def test_each_target_has_a_frame_with_its_parts_and_lengths(folder: Path) -> None:
    done = call("render", "-C", str(folder))
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert {columns(line) for line in lines} == {80}, "frames are straight, wide characters or not"
    assert [line.split()[1] for line in lines if line.startswith("╭")] == ["mastodon", "bluesky"]
    assert done.stdout.count("part 2 of 2 · 13/500") == 1
    assert done.stdout.count("part 2 of 2 · 13/300") == 1
    assert "https://example.org/a/rather/long/path" in done.stdout
    assert "See example.org/" in done.stdout


def test_one_target_or_group_can_be_asked_for(folder: Path) -> None:
    assert "mastodon" not in call("render", "--target", "bluesky", "-C", str(folder)).stdout
    assert call("render", "--target", "everywhere", "-C", str(folder)).stdout.count("╭") == 2
    done = call("render", "--target", "nobody", "-C", str(folder))
    assert (done.exit_code, "mastodon" in done.stderr) == (Exit.USAGE, True)


def test_json_is_one_object_a_line(folder: Path) -> None:
    done = call("render", "--json", "-C", str(folder))
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["path"], each["target"]) for each in objects] == [
        ("posts/a.md", "mastodon"),
        ("posts/a.md", "bluesky"),
    ]
    assert set(objects[0]["parts"][0]) >= {"text", "length", "limit", "facets", "media", "params"}
    (link,) = objects[1]["parts"][0]["facets"]
    assert (link["start"], link["kind"], link["value"]) == (4, "link", "https://example.org/a/rather/long/path")


def test_facets_are_underlined_on_a_terminal(folder: Path) -> None:
    shown = on_a_terminal("render", "--target", "bluesky", cwd=folder).decode()
    assert "\x1b[4;36m#tag\x1b[0m" in shown
    assert "\x1b[" not in on_a_terminal("render", cwd=folder, environ={"NO_COLOR": "1"}).decode()


def test_attachments_are_shown_with_their_description(folder: Path) -> None:
    (folder / "posts" / "dot.png").write_bytes(PNG)
    write_post(folder, "b.md", "---\nstatus: draft\n---\nLook\n\n![A single dot](dot.png)\n")
    shown = call("render", str(folder / "posts/b.md"), "-C", str(folder)).stdout
    assert shown.count("▣ posts/dot.png (1×1, 1 kB): A single dot") == 2


def test_published_posts_are_shown_only_when_named(folder: Path) -> None:
    write_post(folder, "b.md", "---\ntime: 2026-01-01 09:00\nstatus: published\n---\nOld\n")
    assert "posts/b.md" not in call("render", "-C", str(folder)).stdout
    assert "posts/b.md" in call("render", str(folder / "posts"), "-C", str(folder)).stdout


def test_a_post_with_an_error_is_shown_as_far_as_it_goes(folder: Path) -> None:
    write_post(folder, "a.md", POST + "long " * 100)
    done = call("render", "--json", "-C", str(folder))
    assert done.exit_code == Exit.NEEDS_YOU
    assert "posts/a.md" in done.stderr and len(done.stdout.splitlines()) == 2


def test_a_text_cannot_break_out_of_its_frame(folder: Path) -> None:
    write_post(folder, "a.md", f"---\nstatus: draft\n---\n{'w' * 200} 漢{'字' * 90}\ttab\u202e\n")
    lines = call("render", "-C", str(folder)).stdout.splitlines()
    assert {columns(line) for line in lines} == {80}
    assert not {"\x1b", "\u202e"} & set("".join(lines))


def test_what_is_rendered_without_a_clock_or_a_network_is_the_same_each_time(folder: Path) -> None:
    assert call("render", "--json", "-C", str(folder)).stdout == call("render", "--json", "-C", str(folder)).stdout
