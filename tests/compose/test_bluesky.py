"""From a post to Bluesky records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedisched.model.rendered import Facet, Pending

from .posts import codes, only_part, places, post, render


def facets(text: str) -> list[tuple[str, str, str]]:
    part = only_part(render(text, "bluesky"))
    raw = part.text.encode()
    return [(raw[facet.start : facet.end].decode(), facet.kind, facet.value) for facet in part.facets]


def test_the_record_of_a_post() -> None:
    part = only_part(render(post("Hi @alice #tag", lang="de", labels=("porn", "porn")), "bluesky"))
    assert part.body == {
        "$type": "app.bsky.feed.post",
        "text": "Hi @alice.example.com #tag",
        "facets": [
            {
                "$type": "app.bsky.richtext.facet",
                "index": {"byteStart": 3, "byteEnd": 21},
                "features": [{"$type": "app.bsky.richtext.facet#mention", "did": Pending("did", "alice.example.com")}],
            },
            {
                "$type": "app.bsky.richtext.facet",
                "index": {"byteStart": 22, "byteEnd": 26},
                "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "tag"}],
            },
        ],
        "langs": ["de"],
        "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "porn"}]},
        "createdAt": Pending("created_at"),
    }


def test_a_follow_up_part_answers_the_one_before() -> None:
    first, second = render("one\n---\ntwo", "bluesky").rendered.parts
    assert "reply" not in first.body
    assert second.body["reply"] == {"root": Pending("root"), "parent": Pending("parent")}


def test_offsets_are_bytes_through_any_script() -> None:
    text = "👨‍👩‍👧‍👧 नमस्ते #täg مرحبا https://example.com שלום @alice 🇩🇪 [日本語](https://例え.jp/)!"
    assert facets(text) == [
        ("#täg", "tag", "täg"),
        ("example.com", "link", "https://example.com"),
        ("@alice.example.com", "mention", "alice.example.com"),
        ("日本語", "link", "https://例え.jp/"),
    ]


def test_the_shortened_text_is_what_counts() -> None:
    part = only_part(render("See https://example.com/a/very/long/path/indeed, yes", "bluesky"))
    assert part.text == "See example.com/a/very/long/..., yes"
    assert (part.length, part.bytes, part.limit) == (36, 36, 300)
    assert part.facets == (Facet(4, 31, "link", "https://example.com/a/very/long/path/indeed"),)


@pytest.mark.parametrize(
    ("typed", "shown", "expected"),
    [
        ("[this](https://a.com/x)", "this", [("this", "link", "https://a.com/x")]),
        ("[](https://a.com/x)", "a.com/x", [("a.com/x", "link", "https://a.com/x")]),
        ("[https://a.com/x](https://a.com/x)", "a.com/x", [("a.com/x", "link", "https://a.com/x")]),
        (
            "[https://a.com/x](https://b.com)",
            "https://a.com/x",
            [("https://a.com/x", "link", "https://b.com")],
        ),
        ("[@bob #tag](https://a.com)", "@bob #tag", [("@bob #tag", "link", "https://a.com")]),
        (
            "https://b.com[x](https://a.com)",
            "b.comx",
            [("b.com", "link", "https://b.com"), ("x", "link", "https://a.com")],
        ),
        ("\\[x](https://a.com)", "[x](a.com)", [("a.com", "link", "https://a.com")]),
        ("\\@a.bsky.social \\#tag #tag", "@a.bsky.social #tag #tag", [("#tag", "tag", "tag")]),
    ],
)
def test_links_and_escapes(typed: str, shown: str, expected: list[tuple[str, str, str]]) -> None:
    assert only_part(render(typed, "bluesky")).text == shown
    assert facets(typed) == expected


def test_blank_lines_are_tidied_as_the_app_does() -> None:
    part = only_part(render("\n  \n  one\n \n\u200b\n\n  two\n\nthree \u3000\n", "bluesky"))
    assert part.text == "  one\n\n  two\n\nthree"


def test_a_person_without_a_handle_stays_as_typed() -> None:
    rendering = render("Hi @bob", "bluesky")
    assert only_part(rendering).text == "Hi @bob"
    assert places(rendering) == [("no-handle", 5, 4)]
    assert rendering.can_be_sent


def test_a_warning_without_labels_heads_every_part() -> None:
    first, second = render(post("one\n---\ntwo", cw=" Spiders "), "bluesky").rendered.parts
    assert (first.text, second.text) == ("CW: Spiders\n\none", "CW: Spiders\n\ntwo")
    labelled = render(post("one", cw="Spiders", labels=("graphic-media",)), "bluesky")
    assert only_part(labelled).text == "one"


def test_a_part_too_long_says_by_how_much_and_where() -> None:
    assert codes(render("é" * 300, "bluesky")) == []
    rendering = render("one\n---\n\n" + "é" * 150 + "\n" + "é" * 151, "bluesky")
    assert places(rendering) == [("too-long", 9, 150)]
    assert rendering.problems[0].message == "part 2 is 2 characters too long for bluesky (302 of 300)"
    assert not rendering.can_be_sent


def test_too_many_bytes_are_a_problem_of_their_own() -> None:
    family = "👨‍👩‍👧‍👧"
    assert codes(render(family * 120, "bluesky")) == []
    rendering = render(family * 121, "bluesky")
    assert places(rendering) == [("too-long", 5, 841)]
    assert rendering.problems[0].message == "the post is 25 bytes too long for bluesky (3,025 of 3,000)"


def test_a_warning_too_long_is_told_at_the_warning() -> None:
    assert places(render(post("one", cw="x" * 300), "bluesky")) == [("cw-too-long", 2, 5)]


@pytest.mark.parametrize("visibility", ["private", "direct"])
def test_what_is_not_for_everyone_cannot_go_to_bluesky(visibility: str) -> None:
    wanted = post("one\n---\ntwo", visibility="private" if visibility == "private" else "direct")
    assert places(render(wanted, "bluesky")) == [("not-private", 3, 13)]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [(("sexual",), []), (("sexual", "spiders"), ["unknown-label"]), (("porn",) * 11, ["unknown-label"])],
)
def test_labels_are_those_that_bluesky_knows(labels: tuple[str, ...], expected: list[str]) -> None:
    assert codes(render(post("one", labels=labels), "bluesky")) == expected


rich = [
    "#tag",
    "@alice",
    "@bob",
    "@a.bsky.social",
    "https://example.com/a/long/path/in/it",
    "[é](https://a.com/)",
    "$ABC",
]
signs = ["(", ")", "\\@alice", "example.com,", "\u200d", "e\u0301", "<!-- c -->", "\\", "\n\n\n", "🇩🇪", "नमस्ते", "مرحبا"]
texts = st.lists(st.one_of(st.sampled_from(rich), st.sampled_from(signs), st.text(max_size=5)), max_size=12).map(
    " ".join
)


@given(texts)
def test_facets_are_in_range_on_boundaries_sorted_and_apart(text: str) -> None:
    for part in render(text, "bluesky").rendered.parts:
        raw = part.text.encode()
        end = 0
        for facet in part.facets:
            assert end <= facet.start < facet.end <= len(raw)
            assert raw[: facet.start].decode() + raw[facet.start : facet.end].decode() in part.text
            end = facet.end
        assert part.bytes == len(raw)


typed_words = st.sampled_from(["one", "zwei", "तीन", "四", "#five", "(six)", "[", "]", "!", "---", "\\", "*", "x@y"])


@given(st.lists(typed_words, max_size=12))
def test_rendering_loses_no_typed_word(typed: list[str]) -> None:
    text = "start " + " ".join(typed)
    assert only_part(render(text, "bluesky")).text.split() == text.split()
    assert only_part(render(text, "mastodon")).text.split() == text.split()
