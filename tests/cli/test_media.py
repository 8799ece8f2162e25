"""Media as `check` and `render` show them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fedisched.cli.exit import Exit
from tests.cli.support import CONFIG, ROOT, call, content_folder, write_post
from tests.compose.media.films import mp3, mp4
from tests.compose.media.photos import photo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = content_folder(tmp_path / "content")
    (folder / "posts/a.jpg").write_bytes(photo("JPEG", 6))
    (folder / "posts/a.png").write_bytes(photo("PNG"))
    (folder / "posts/a.mp4").write_bytes(mp4())
    (folder / "posts/a.en.vtt").write_text("WEBVTT\n")
    (folder / "posts/a.mp3").write_bytes(mp3())
    return folder


def checked(folder: Path) -> list[tuple[str, int, int, str]]:
    problems = json.loads(call("check", "--json", "-C", str(folder)).stdout)["problems"]
    return [(problem["code"], problem["line"], problem["column"], problem["severity"]) for problem in problems]


def rendered(folder: Path) -> dict[str, dict[str, Any]]:
    lines = call("render", "--json", "-C", str(folder)).stdout.splitlines()
    return {one["target"]: one["parts"][0] for one in map(json.loads, lines)}


def test_media_of_the_front_matter_are_rendered_with_what_becomes_of_them(folder: Path) -> None:
    front = (
        "---\nstatus: draft\nmedia:\n  - {file: a.jpg, alt: A field, focus: '0.5,0'}\n  - {file: a.png, alt: B}\n---\n"
    )
    write_post(folder, "a.md", front)
    parts = rendered(folder)
    first, second = parts["mastodon"]["media"]
    assert first == {
        "path": "posts/a.jpg",
        "alt": "A field",
        "mime": "image/jpeg",
        "width": 64,
        "height": 96,
        "focus": [0.5, 0.0],
        "made": "image",
        "most": 16_777_216,
    }
    assert (second["mime"], "made" in second, second["size"] > 0) == ("image/png", False, True)
    images = parts["bluesky"]["record"]["embed"]["images"]
    assert [image["aspectRatio"] for image in images] == [{"width": 64, "height": 96}, {"width": 96, "height": 64}]
    shown = call("render", "-C", str(folder)).stdout
    assert shown.count("▣ posts/a.jpg (64×96, made a JPEG of at most") == 2
    assert checked(folder) == []


def test_a_video_is_rendered_with_its_captions(folder: Path) -> None:
    write_post(folder, "a.md", "---\nstatus: draft\n---\n![A clip](a.mp4)\n")
    assert rendered(folder)["bluesky"]["captions"] == [{"path": "posts/a.en.vtt", "lang": "en"}]
    assert "≡ posts/a.en.vtt (captions, en)" in call("render", "-C", str(folder)).stdout


def test_what_is_wrong_with_media_is_told_where_it_stands(folder: Path) -> None:
    os.mkfifo(folder / "posts/pipe.png")
    (folder / "posts/empty.png").touch()
    front = "---\nstatus: draft\nmedia: [{file: a.png, alt: B, focus: 7}]\n---\n"
    write_post(folder, "a.md", front)
    write_post(folder, "b.md", "---\nstatus: draft\n---\n![](a.png) ![x](pipe.png)\n![x](empty.png)\n")
    write_post(folder, "c.md", "---\nstatus: draft\n---\n![x](a.mp3)\n")
    assert checked(folder) == [
        ("focus-form", 3, 38, "error"),
        ("no-alt", 4, 1, "error"),
        ("not-a-file", 4, 12, "error"),
        ("empty-image", 5, 1, "error"),
        ("no-sounds", 4, 1, "error"),
    ]
    assert call("check", "-C", str(folder)).exit_code == Exit.NEEDS_YOU


def test_descriptions_may_be_left_out_where_the_config_says_so(folder: Path) -> None:
    write_post(folder, "a.md", "---\nstatus: draft\n---\n![](a.png)\n")
    assert checked(folder) == [("no-alt", 4, 1, "error")]
    (folder / "fedisched.toml").write_text(f"alt_required = false\n{CONFIG}")
    assert checked(folder) == []


def test_check_of_a_post_without_media_imports_nothing_for_pictures(folder: Path) -> None:
    write_post(folder, "a.md", "---\nstatus: draft\n---\nHello\n")
    script = (
        "import sys; from fedisched.cli import main; sys.argv = ['fedisched', 'check', '-C', sys.argv[1]]\n"
        "try:\n    main()\nexcept SystemExit: pass\n"
        "assert not [name for name in sys.modules if name.startswith(('PIL', 'pillow'))]"
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder)], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
