"""What Bluesky's app finds in plain text: by its own rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedisched.compose.facets import detected
from fedisched.compose.traced import Span, Traced


def found(text: str) -> list[tuple[str, str, str]]:
    spans = detected(Traced(text, tuple(range(len(text)))))
    return [(text[span.start : span.end], span.kind, span.value) for span in spans]


@pytest.mark.parametrize(
    ("text", "shown", "uri"),
    [
        ("see https://example.com now", "https://example.com", "https://example.com"),
        ("https://example.com/a?b=c#d.", "https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
        ("(https://example.com)", "https://example.com", "https://example.com"),
        ("(https://example.com),", "https://example.com", "https://example.com"),
        ("https://example.com/a_(b)", "https://example.com/a_(b)", "https://example.com/a_(b)"),
        ("https://例え.jp/パス", "https://例え.jp/パス", "https://例え.jp/パス"),
        ("bsky.app: yes", "bsky.app", "https://bsky.app"),
        ("a\nexample.com/index.php b", "example.com/index.php", "https://example.com/index.php"),
        ("Example.com", "Example.com", "https://Example.com"),
        ("httpbin.org", "httpbin.org", "https://httpbin.org"),
        ("a\u3000https://example.com", "https://example.com", "https://example.com"),
    ],
)
def test_a_link(text: str, shown: str, uri: str) -> None:
    assert found(text) == [(shown, "link", uri)]


@pytest.mark.parametrize(
    "text",
    [
        "e.g. and a..b and cat.jpg and x.notatld",
        "xhttps://example.com",
        "HTTPS://example.com",
        "EXAMPLE.COM",
        "my-site.com",
        "https:// and https://. and https:///x",
        "not@right me@example.com",
        "@user@mastodon.social",
        "@alice @alice.notatld @-a.com @a..com @a.xn--p1ai",
        "#1 # #? ## #️⃣tag #\u200ba x#tag",
        "$100 $TOOLONG no$SPACE $ A $ABC123",
        "日本語https://example.com",
        "a\x1fhttps://example.com",
    ],
)
def test_what_is_text(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "handles"),
    [
        ("@handle.com @a.bsky.social", ["handle.com", "a.bsky.social"]),
        ("(@handle.com) @full123-chars.test", ["handle.com", "full123-chars.test"]),
        ("@handle.com!@#$chars", ["handle.com"]),
        ("👨‍👩‍👧‍👧 @handle.com.", ["handle.com"]),
    ],
)
def test_a_mention(text: str, handles: list[str]) -> None:
    assert found(text) == [(f"@{handle}", "mention", handle) for handle in handles]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#a #b", ["#a", "#b"]),
        ("#1a", ["#1a"]),
        ("#punctuation, #like. #this!", ["#punctuation", "#like", "#this"]),
        ("#double#rainbow", ["#double#rainbow"]),
        ("##hash #n0n3s@n5e!", ["##hash", "#n0n3s@n5e"]),
        ("#🦋 #नमस्ते #日本語 #مرحبا", ["#🦋", "#नमस्ते", "#日本語", "#مرحبا"]),
        ("＃tag", ["＃tag"]),
        ("#a\u200bb", ["#a"]),
        ("#" + "a" * 64, ["#" + "a" * 64]),
        ("#" + "a" * 65, []),
        ("#" + "e\u0301\u0302\u0303\u0304\u0305" * 60, []),
        ("#👨‍👩‍👧‍👧", ["#👨"]),
        ("#t\nag", ["#t"]),
    ],
)
def test_a_tag(text: str, tags: list[str]) -> None:
    assert found(text) == [(tag, "tag", tag[1:]) for tag in tags]


def test_a_cashtag_is_a_tag_in_capitals() -> None:
    assert found("($goog), $AAPL. $a $ABC12") == [
        ("$goog", "tag", "$GOOG"),
        ("$AAPL", "tag", "$AAPL"),
        ("$a", "tag", "$A"),
        ("$ABC12", "tag", "$ABC12"),
    ]


def test_the_first_of_two_that_overlap_stays() -> None:
    assert found("https://x.com/(@foo.com) #a(@b.com") == [
        ("https://x.com/(@foo.com)", "link", "https://x.com/(@foo.com)"),
        ("#a(@b.com", "tag", "a(@b.com"),
    ]


def test_nothing_is_found_in_what_already_has_a_meaning() -> None:
    text = "see https://example.com/ab here"
    spans = (Span(4, 23, "link", "https://other.example"),)
    assert list(detected(Traced(text, tuple(range(len(text))), spans))) == []


pieces = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ["#", "@", "$", "(", ")", ".", " ", "\n", "https://", "a.com", "#tag", "@a.com", "🇩🇪", "नमस्ते", "/"]
    ),
)


@given(st.lists(pieces, max_size=12).map("".join))
def test_spans_are_sorted_apart_and_in_the_text(text: str) -> None:
    end = 0
    for span in detected(Traced(text, tuple(range(len(text))))):
        assert end <= span.start < span.end <= len(text)
        assert span.value
        end = span.end
