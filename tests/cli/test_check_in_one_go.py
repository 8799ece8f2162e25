"""`fedisched check` shows at once what the reader finds wrong and what the networks would, and nothing that only comes
of another mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import call, content_folder, write_post

LONG = "word " * 65


def found(tmp_path: Path, front: str, body: str) -> list[tuple[str, int]]:
    folder = content_folder(tmp_path)
    write_post(folder, "a.md", f"---\n{front}\n---\n{body}\n")
    answer = json.loads(call("check", "--json", "-C", str(folder)).stdout)
    assert answer["posts"] == [{"path": "posts/a.md", "status": "broken", "time": None, "targets": {}}]
    return [(problem["code"], problem["line"]) for problem in answer["problems"]]


@pytest.mark.parametrize(
    ("front", "body", "expected"),
    [
        ("lang: German, perhaps", LONG, [("lang-form", 2), ("too-long", 4)]),
        ("time: soon\npoll: [Tea, Coffee]", "x", [("time-form", 2), ("no-polls", 3)]),
        ("labels: [lewd]\nvisibility: private", "x", [("unknown-label", 2), ("not-private", 3)]),
        ("targets: [bluesky, nobody]", LONG, [("unknown-target", 2), ("too-long", 4)]),
        ("cw: x\nsensitve: true", "![A cat](cat.png) x", [("unknown-key", 3), ("missing-image", 5)]),
        ("media: [{file: no.png}, {fil: a.png}]", "x", [("missing-image", 2), ("unknown-key", 2), ("media-form", 2)]),
    ],
)
def test_all_that_is_wrong_is_told(tmp_path: Path, front: str, body: str, expected: list[tuple[str, int]]) -> None:
    assert sorted(found(tmp_path, front, body)) == sorted(expected)


@pytest.mark.parametrize(
    ("front", "body", "expected"),
    [
        ("thread: yes", LONG, [("thread-form", 2)]),
        ("tread: auto", LONG, [("unknown-key", 2)]),
        ("override: {bluesky: {txt: Hi}}", LONG, [("bad-override", 2)]),
        ("thread: auto\nthread: auto", LONG, [("duplicate-key", 3)]),
        ("media: [{path: cat.png}]", "<!-- a -->", [("unknown-key", 2), ("media-form", 2)]),
        ("link: nowhere", "x", [("link-form", 2)]),
        ("quote: https://mastodon.social/@alice", "x", [("bad-reference", 2)]),
        ("labels: [nudty]\nsensitive: true\ntargets: [bluesky]", "x", [("unknown-label", 2)]),
        ("status: publishd\nresults: {mastodon: {key: x}}", LONG, [("unknown-status", 2)]),
    ],
)
def test_what_only_follows_is_not(tmp_path: Path, front: str, body: str, expected: list[tuple[str, int]]) -> None:
    assert sorted(found(tmp_path, front, body)) == sorted(expected)
