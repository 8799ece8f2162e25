"""What only a network finds wrong is told at the entry that is wrong, not at the key that it belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedisched import compose
from fedisched.content.reader import read_post
from fedisched.model.settings import Account, NetworkName, Settings

ACCOUNTS = {
    "mastodon": Account("mastodon", "mastodon", "https://mastodon.social"),
    "bluesky": Account("bluesky", "bluesky", "https://bsky.social", handle="me.bsky.social"),
}


def found(text: str, target: NetworkName, folder: Path = Path("/nonexistent")) -> list[tuple[str, int, int]]:
    """The codes and places of what a target finds wrong with a file."""
    settings = Settings(folder, folder / "fedisched.toml", "Europe/Berlin", accounts=ACCOUNTS)
    reading = read_post(text.encode(), "posts/a.md", settings)
    assert reading.post is not None, reading.problems
    rendering = compose.render(
        reading.post, target, ACCOUNTS[target], settings, compose.default_limits(ACCOUNTS[target].network)
    )
    return [(problem.code, problem.line, problem.column) for problem in rendering.problems]


LONG = "a" * 65


@pytest.mark.parametrize(
    ("front", "target", "expected"),
    [
        (f"poll: [Tea, {LONG}]", "mastodon", ("poll-option-too-long", 2, 13)),
        (f"poll:\n  options:\n    - Tea\n    - {LONG}", "mastodon", ("poll-option-too-long", 5, 7)),
        ("poll: [a, b, c, d, e]", "mastodon", ("poll-options", 2, 20)),
        ("poll: {options: [a, b], duration: 52w}", "mastodon", ("poll-duration", 2, 35)),
        (f"tags: [art, '#art', {LONG}]", "bluesky", ("tag-too-long", 2, 21)),
        ("tags: [a, b, a, c, d, e, f, g, h, i]", "bluesky", ("too-many-tags", 2, 35)),
        (
            f"override:\n  mastodon:\n    poll:\n      - Tea\n      - {LONG}",
            "mastodon",
            ("poll-option-too-long", 6, 9),
        ),
        ("link:\n  url: https://example.org/\n  image: no.png", "bluesky", ("missing-image", 4, 10)),
        (
            "link: {title: Mine, url: 'https://example.org/a'}",
            "mastodon",
            ("link-not-in-text", 2, 26),
        ),
    ],
)
def test_at_the_entry(front: str, target: NetworkName, expected: tuple[str, int, int]) -> None:
    assert found(f"---\n{front}\ntargets: [{target}]\n---\nHello\n", target) == [expected]
