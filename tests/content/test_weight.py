from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.content.weight import media_bytes

FRONT = "---\ntime: 2026-12-01 09:00\n---\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "posts").mkdir()
    (tmp_path / "pictures").mkdir()
    for name, size in (("posts/a.png", 1), ("posts/b c.JPG", 20), ("pictures/d.mp4", 300), ("posts/e.txt", 4000)):
        (tmp_path / name).write_bytes(bytes(size))
    return tmp_path


@pytest.mark.parametrize(
    ("body", "weight"),
    [
        ("Hello!", 0),
        ("![one](a.png)", 1),
        ("![one](a.png) and ![again](a.png)", 1),
        ("![one](<b c.JPG>)", 20),
        ("![one](b c.JPG) ![two](../pictures/d.mp4)", 320),
        ("![a] (b)\n![one](a.png)![two](../pictures/d.mp4)", 301),
        ("![gone](gone.png) ![text](e.txt)", 0),
        ("![far](https://example.com/a.png) https://example.com/x/a.png", 0),
        ("![one](/etc/a.png)", 0),
        ("![\0](\0.png)", 0),
    ],
)
def test_what_a_body_attaches_is_weighed(folder: Path, body: str, weight: int) -> None:
    (folder / "posts/x.md").write_text(FRONT + body + "\n")
    assert media_bytes(folder, "posts/x.md") == weight


@pytest.mark.parametrize(
    "media",
    [
        "[a.png, ../pictures/d.mp4]",
        "\n  - a.png\n  - file: ../pictures/d.mp4\n    alt: x",
        '["a.png", "../pictures/d.mp4"]',
    ],
)
def test_what_the_front_matter_attaches_is_weighed(folder: Path, media: str) -> None:
    (folder / "posts/x.md").write_text(FRONT.replace("---\n", f"---\nmedia: {media}\n", 1))
    assert media_bytes(folder, "posts/x.md") == 301


def test_what_cannot_be_read_weighs_nothing(folder: Path) -> None:
    (folder / "posts/broken.md").write_bytes(b"\xff\xfe![](a.png)")
    assert media_bytes(folder, "posts/none.md") == 0
    assert media_bytes(folder, "posts/broken.md") == 1
