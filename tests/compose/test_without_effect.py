"""What has no effect where a post goes is told; what would show more than was asked is refused."""

from __future__ import annotations

import pytest

from fedisched import compose
from fedisched.content.reader import read_post
from tests.content.conftest import SETTINGS

BOTH, MASTODON, BLUESKY = "[mastodon, bluesky]", "[mastodon]", "[bluesky]"
PICTURE = "Look: ![A cat](cat.png)"


def found(front: str, body: str) -> list[tuple[str, str, str]]:
    """Target, severity and code of each problem, but for the picture, which is not there."""
    reading = read_post(f"---\n{front}\n---\n{body}\n".encode(), "posts/a.md", SETTINGS)
    assert reading.post is not None, reading.problems
    problems: list[tuple[str, str, str]] = [("", p.severity, p.code) for p in reading.problems]
    for target in reading.post.targets:
        account = SETTINGS.accounts[target]
        limits = compose.default_limits(account.network)
        rendering = compose.render(reading.post, target, account, SETTINGS, limits)
        problems += [(target, p.severity, p.code) for p in rendering.problems if p.code != "missing-image"]
    return problems


@pytest.mark.parametrize(
    ("front", "targets", "body", "expected"),
    [
        ("visibility: private", BLUESKY, "x", [("bluesky", "error", "not-private")]),
        ("visibility: direct", BOTH, "x", [("bluesky", "error", "not-private")]),
        ("visibility: private\noverride: {bluesky: {visibility: public}}", BOTH, "x", []),
        ("visibility: unlisted", BOTH, "x", [("bluesky", "warning", "not-unlisted")]),
        ("override: {mastodon: {visibility: unlisted}}", BOTH, "x", []),
        ("visibility: unlisted", MASTODON, "x", []),
        ("sensitive: true", BLUESKY, PICTURE, [("bluesky", "warning", "sensitive-unused")]),
        ("sensitive: true", BLUESKY, "x", [("bluesky", "warning", "sensitive-unused")]),
        ("sensitive: true", BOTH, PICTURE, [("bluesky", "warning", "sensitive-unused")]),
        ("sensitive: true\nlabels: [nudity]", BOTH, PICTURE, []),
        ("sensitive: false", BLUESKY, "x", []),
        ("sensitive: true", MASTODON, PICTURE, []),
        ("sensitive: true", MASTODON, "https://example.org/", []),
        ("sensitive: true", MASTODON, "x", [("mastodon", "warning", "sensitive-unused")]),
        ("labels: [nudity]", MASTODON, "x", [("mastodon", "warning", "labels-unused")]),
        ("labels: [nudity]", BOTH, "x", []),
        ("labels: [nudity]", BOTH, PICTURE, [("mastodon", "warning", "labels-unused")]),
        ("labels: ['!no-unauthenticated']", BOTH, PICTURE, []),
        ("labels: [nudity]\ncw: Skin", BOTH, PICTURE, []),
        ("link: false", MASTODON, "x", [("mastodon", "warning", "link-unused")]),
        ("link: {title: Mine}", MASTODON, "https://example.org/", [("mastodon", "warning", "link-unused")]),
        ("link: false", BOTH, "x", []),
        (
            "media: [{file: a.png, alt: A cat, captions: a.vtt}]",
            BLUESKY,
            "x",
            [("", "warning", "captions-unused")],
        ),
        ("media: [{file: a.gif, alt: A cat, captions: a.vtt}]", BLUESKY, "x", []),
        (
            "media: [{file: a.mp4, alt: A cat, captions: a.vtt}]",
            MASTODON,
            "x",
            [("mastodon", "warning", "captions-unused")],
        ),
    ],
)
def test_it_is_told(front: str, targets: str, body: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(f"{front}\ntargets: {targets}", body) == expected
