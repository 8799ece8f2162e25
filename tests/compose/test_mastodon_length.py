"""How Mastodon's server weighs a text."""

from __future__ import annotations

import pytest

from fedisched.compose.mastodon_length import counted
from fedisched.compose.traced import Traced

URL = "x" * 23


def weigh(text: str) -> str:
    return counted(Traced(text, tuple(range(len(text)))), 23).text.replace(URL, "{}")


@pytest.mark.parametrize(
    ("text", "counts_as"),
    [
        ("http://example.com", "{}"),
        ("HTTPS://EXAMPLE.COM/", "{}"),
        ("see http://example.com/a_(b)).", "see {})."),
        ("https://example.com/a?b=c#d!", "{}!"),
        ("https://example.com:8080?x=1.", "{}."),
        ("https://a_b.example.co.uk/", "{}"),
        ("https://example.com/path.", "{}."),
        ("(https://example.com/a)", "({})"),
        ("日本語http://example.com/あ", "日本語{}"),
        ("https://例え.中国です", "{}です"),
        ("https://xn--e1afmkfd.xn--p1ai/", "{}"),
        ("https://пример.рф/путь", "{}"),
        ("https://a.com,https://b.com", "{},{}"),
        ("https://a.com https://b.com\nhttps://c.com", "{} {}\n{}"),
        ("https://a.com/http://b.com", "{}"),
        ("gemini://example.org/x", "{}"),
        ("https://t.co/abc/def", "{}/def"),
        ("https://example.com/@alice@foo.org", "{}"),
        ("https://a.com.notatld/x", "{}.notatld/x"),
        ("https://example.com/foo_(日本)", "{}(日本)"),
    ],
)
def test_an_address_counts_23(text: str, counts_as: str) -> None:
    assert weigh(text) == counts_as


@pytest.mark.parametrize(
    "text",
    [
        "www.example.com",
        "example.com/a",
        "ahttp://example.com",
        "@http://example.com",
        "https://example.notatld/x",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://" + "b" * 64 + ".com",
        "http://example.com/valid?" + "#foo?" * 1000,
        "ftp://example.com",
        "mailto:me@example.com",
    ],
)
def test_what_counts_in_full(text: str) -> None:
    assert weigh(text) == text


@pytest.mark.parametrize(
    ("text", "counts_as"),
    [
        ("@alice@example.com hi", "@alice hi"),
        ("(@a.b-c@d.example.org).", "(@a.b-c)."),
        ("@alice@例え.jp", "@alice"),
        ("x@alice@example.com", "x@alice@example.com"),
        ("/@alice@example.com", "/@alice@example.com"),
        ("@alice@" + "b" * 300 + ".com", "@alice@" + "b" * 300 + ".com"),
        ("@alice", "@alice"),
        ("@a@b.c @d@e.f", "@a @d"),
    ],
)
def test_a_mention_counts_without_its_domain(text: str, counts_as: str) -> None:
    assert weigh(text) == counts_as
