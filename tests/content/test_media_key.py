"""The `media` key: files with their descriptions, focus and captions."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.content.reader import read_post
from fedisched.model.post import Medium, Reading
from fedisched.model.problem import Mark
from fedisched.model.settings import Settings

SETTINGS = Settings(Path("/nowhere"), Path("/nowhere/fedisched.toml"), timezone="Europe/Berlin")


def read(front: str, body: str = "Hello") -> Reading:
    return read_post(f"---\n{front}---\n{body}\n".encode(), "posts/a.md", SETTINGS)


def media(front: str) -> tuple[Medium, ...]:
    reading = read(front)
    assert reading.problems == ()
    assert reading.post is not None
    return reading.post.media


@pytest.mark.parametrize(
    ("front", "found"),
    [
        ("media: cat.png\n", (Medium("cat.png", "", Mark(2, 8)),)),
        (
            "media: [cat.png, 'my dog.png']\n",
            tuple(Medium(f, "", Mark(2, c)) for f, c in (("cat.png", 9), ("my dog.png", 18))),
        ),
        ("media: {file: cat.png, alt: A cat}\n", (Medium("cat.png", "A cat", Mark(2, 15)),)),
        (
            "media:\n  - file: cat.png\n    alt: |\n      A cat,\n      asleep\n    focus: 0.5, -.25\n",
            (Medium("cat.png", "A cat,\nasleep", Mark(3, 11), "0.5,-0.25"),),
        ),
        ("media: [{file: cat.png, focus: [0, 1]}]\n", (Medium("cat.png", "", Mark(2, 16), "0.0,1.0"),)),
        (
            "media: [{file: a.mp4, captions: a.vtt}]\n",
            (Medium("a.mp4", "", Mark(2, 16), "", ("a.vtt",), (Mark(2, 33),)),),
        ),
        (
            "media: [{file: a.mp4, captions: [a.de.vtt, a.en.vtt]}]\n",
            (Medium("a.mp4", "", Mark(2, 16), "", ("a.de.vtt", "a.en.vtt"), (Mark(2, 34), Mark(2, 44))),),
        ),
        ("media:\n", ()),
        ("media: []\n", ()),
        ("media: [{file: cat.png, alt: '', focus: ''}]\n", (Medium("cat.png", "", Mark(2, 16)),)),
    ],
)
def test_media_are_read_in_each_form(front: str, found: tuple[Medium, ...]) -> None:
    assert media(front) == found


@pytest.mark.parametrize(
    ("front", "code", "line", "column", "words"),
    [
        ("media: [[cat.png]]\n", "media-form", 2, 9, "file: cat.jpg"),
        ("media: ['']\n", "media-form", 2, 9, "file: cat.jpg"),
        ("media: [{alt: A cat}]\n", "media-form", 2, 9, "file: cat.jpg"),
        ("media: [{file: [a, b]}]\n", "not-text", 2, 16, "file"),
        ("media: [{file: a.png, alt: [b]}]\n", "not-text", 2, 28, "alt"),
        ("media: [{file: a.png, altt: b}]\n", "unknown-key", 2, 23, "Did you mean `alt`?"),
        ("media: [{file: a.png, description: b}]\n", "unknown-key", 2, 23, "Did you mean `alt`?"),
        ("media: [{file: a.png, focus: 2}]\n", "focus-form", 2, 30, "from -1 to 1"),
        ("media: [{file: a.png, focus: '0,1.5'}]\n", "focus-form", 2, 30, "from -1 to 1"),
        ("media: [{file: a.png, focus: {x: 1, y: 1}}]\n", "focus-form", 2, 30, "from -1 to 1"),
        ("media: [{file: a.png, focus: 'nan,inf'}]\n", "focus-form", 2, 30, "from -1 to 1"),
        ("media: [{file: a.mp4, captions: {a: b}}]\n", "captions-form", 2, 33, "WebVTT"),
        ("images: [a.png]\n", "unknown-key", 2, 1, "Did you mean `media`?"),
    ],
)
def test_what_is_wrong_with_media(front: str, code: str, line: int, column: int, words: str) -> None:
    reading = read(front)
    assert reading.post is None
    assert [(problem.code, problem.line, problem.column) for problem in reading.problems] == [(code, line, column)]
    assert words in reading.problems[0].hint


def test_a_post_with_media_needs_no_text() -> None:
    assert read("media: cat.png\n", body="").problems == ()
    assert [problem.code for problem in read("media:\n", body="").problems] == ["empty-body"]
