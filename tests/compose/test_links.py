"""Web addresses as people see them."""

from __future__ import annotations

import pytest

from fedisched.compose.links import says_the_same, shortened


@pytest.mark.parametrize(
    ("url", "short"),
    [
        ("https://example.com", "example.com"),
        ("https://Example.COM/", "example.com"),
        ("http://example.com:80/a", "example.com/a"),
        ("https://example.com:8080/a", "example.com:8080/a"),
        ("https://example.com/?q=1", "example.com?q=1"),
        ("https://example.com/#top", "example.com#top"),
        ("https://example.com/12345678901234", "example.com/12345678901234"),
        ("https://example.com/123456789012345", "example.com/123456789012..."),
        ("https://me:pw@example.com/a", "example.com/a"),
        ("https://example.com/?", "example.com"),
        ("https://ja.wikipedia.org/wiki/日本語版の例示ページ名", "ja.wikipedia.org/wiki/日本語版の例示..."),
        ("https://[::1]:8080/", "[::1]:8080"),
        ("example.com/a/long/path/that/goes/on", "example.com/a/long/path/that/goes/on"),
        ("mailto:me@example.com", "mailto:me@example.com"),
        ("https://", "https://"),
    ],
)
def test_shortened_as_the_app_shows_it(url: str, short: str) -> None:
    assert shortened(url) == short


@pytest.mark.parametrize(
    "label", ["", "https://example.com/a", "http://example.com/a/", "example.com/a", "www.Example.com/a"]
)
def test_a_label_that_says_the_same(label: str) -> None:
    assert says_the_same(label, "https://example.com/a")


@pytest.mark.parametrize("label", ["example.com", "example.com/A", "evil.example/a", "here"])
def test_a_label_that_says_something_else(label: str) -> None:
    assert not says_the_same(label, "https://example.com/a")
