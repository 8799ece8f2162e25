"""The key `link`."""

from __future__ import annotations

import pytest

from fedisched.content.reader import read_post
from fedisched.model.post import LinkCard
from fedisched.model.problem import Mark, Problem
from tests.content.conftest import SETTINGS

URL = "https://example.com/a"


def reading(link: str) -> tuple[LinkCard | None, list[Problem]]:
    result = read_post(f"---\nlink: {link}\n---\nHello\n".encode(), "posts/a.md", SETTINGS)
    return (result.post.link if result.post else None), list(result.problems)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("", None),
        ("~", None),
        (URL, LinkCard(URL)),
        ("'http://例え.test'", LinkCard("http://例え.test")),
        ("HTTPS://Example.com:443/?a=b#c", LinkCard("HTTPS://Example.com:443/?a=b#c")),
        *((word, LinkCard(wanted=False)) for word in ("false", "no", "off", "none", "False", "'none'")),
        (f"{{url: '{URL}'}}", LinkCard(URL)),
        ("{title: Mine}", LinkCard(title="Mine")),
        (f"\n  url: {URL}\n  title: Mine\n  description: >\n    My\n    words\n  image: media/a.png",
         LinkCard(URL, "Mine", "My words", "media/a.png")),
        ("{title: Mine, image: none, description: false}", LinkCard(title="Mine", description="", image="")),
        ("{title: Mine, image: '', description: ~}", LinkCard(title="Mine")),
        ("{}", LinkCard()),
    ],
)  # fmt: skip
def test_it_says_what_the_card_is(link: str, expected: LinkCard | None) -> None:
    assert reading(link) == (expected, [])


def test_its_place_is_known() -> None:
    found = read_post(f"---\nlink: {URL}\n---\nHello\n".encode(), "posts/a.md", SETTINGS)
    assert found.post is not None
    assert found.post.mark("link") == Mark(2, 7)


@pytest.mark.parametrize(
    ("link", "code", "column", "hint"),
    [
        ("example.com/x", "link-form", 7, "`https://example.com/x`"),
        ("ftp://example.com", "link-form", 7, "https://"),
        ("'https://'", "link-form", 7, "https://"),
        ("'https://a b'", "link-form", 7, "https://"),
        ("https://user:word@example.com/", "link-form", 7, "https://"),
        ("true", "link-form", 7, "https://"),
        ("media/a.png", "link-form", 7, "https://"),
        (f"[{URL}]", "link-form", 7, "mapping"),
        ("https://example.com/" + "a" * 4000, "link-form", 7, "shorter"),
        ("{titel: Mine}", "link-form", 8, "`title`"),
        ("{url: example.com}", "link-form", 13, "`https://example.com`"),
        (f"{{url: '{URL}', title: [Mine]}}", "link-form", 45, "`title: …`"),
    ],
)
def test_what_makes_no_card_is_a_problem_at_its_place(link: str, code: str, column: int, hint: str) -> None:
    found, problems = reading(link)
    assert found is None
    assert [(p.code, p.line, p.column) for p in problems] == [(code, 2, column)]
    assert hint in problems[0].hint
