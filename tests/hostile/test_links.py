"""Links that show another host than the one they lead to, in letters that look like others: told as DNS spells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.compose.links import leads_elsewhere
from tests.cli.support import call, content_folder, write_post
from tests.compose.posts import codes, only_part, render
from tests.git.places import environ


@pytest.mark.parametrize(
    ("label", "url", "hosts"),
    [
        ("apple.com", "https://аррӏе.com/", ("apple.com", "xn--80ak6aa92e.com")),
        ("аррӏе.com", "https://apple.com/", ("xn--80ak6aa92e.com", "apple.com")),
        ("https://bsky.app/a", "https://bsky.app@evil.example/", ("bsky.app", "evil.example")),
        ("https://bsky.app", "https://evil.example\\@bsky.app", ("bsky.app", "evil.example")),
        ("https://bsky.app", "https://evil.example?@bsky.app", ("bsky.app", "evil.example")),
        ("bank\u200b.example.com", "https://evil.example", ("bank.example.com", "evil.example")),
        ("example。com", "https://evil.example", ("example.com", "evil.example")),
        (
            "WWW.Example.com/path",
            "https://example.com.evil.example/path",
            ("www.example.com", "example.com.evil.example"),
        ),
        ("http://127.0.0.1:80", "https://evil.example", ("127.0.0.1", "evil.example")),
        ("example.com", "https://www.example.com/x", None),
        ("ｅxample.com", "https://EXAMPLE.com.", None),
        ("пример.рф", "https://xn--e1afmkfd.xn--p1ai/", None),
        ("our page", "https://example.org", None),
        ("v1.2", "https://example.org", None),
        ("e.g. this", "https://example.org", None),
        ("", "https://example.org", None),
    ],
)
def test_homographs_and_other_hosts(label: str, url: str, hosts: tuple[str, str] | None) -> None:
    assert leads_elsewhere(label, url) == hosts


def test_homograph_links_in_check_render_and_preview(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    write_post(folder, "a.md", "---\ntime: 2030-12-01 09:00\n---\nSee [apple.com](https://аррӏе.com/).\n")
    said = "the link shows apple.com and leads to xn--80ak6aa92e.com"
    for words in (("check",), ("render",), ("render", "--format", "github")):
        output = call(*words, "-C", str(folder), environ=environ()).output
        assert said in output.replace("&#46;", ".").replace("&#45;", "-"), (words, output)


def test_homograph_links_stay_what_they_are_on_bluesky() -> None:
    """It is a warning: the author may mean it. The facet leads where the author said."""
    rendering = render("[apple.com](https://аррӏе.com/)", "bluesky")
    assert codes(rendering) == ["misleading-link"] and rendering.can_be_sent
    (facet,) = only_part(rendering).facets
    assert (only_part(rendering).text, facet.value) == ("apple.com", "https://аррӏе.com/")
    assert codes(render("[apple.com](https://аррӏе.com/)", "mastodon")) == ["misleading-link"]
