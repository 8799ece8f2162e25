"""From a post to Mastodon's form."""

from __future__ import annotations

import pytest

from fedisched.model.rendered import Limits, Pending

from .posts import codes, only_part, places, post, render


def test_the_form_of_a_plain_post_has_its_text_and_nothing_else() -> None:
    assert only_part(render("\n one\n\n\n\ntwo \n", "mastodon")).body == {"status": "one\n\n\n\ntwo"}


def test_the_form_with_everything() -> None:
    wanted = post("one\n---\ntwo", cw=" Spiders ", lang="de", visibility="unlisted", sensitive=False)
    first, second = render(wanted, "mastodon").rendered.parts
    common = {"sensitive": False, "spoiler_text": "Spiders", "visibility": "unlisted", "language": "de"}
    assert first.body == {"status": "one", **common}
    assert second.body == {"status": "two", "in_reply_to_id": Pending("in_reply_to_id"), **common}


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("[this](https://a.com/x)", "this (https://a.com/x)"),
        ("[a.com/x](https://www.a.com/x/)", "https://www.a.com/x/"),
        ("[](https://a.com/x)", "https://a.com/x"),
        ("Hi @alice, @bob!", "Hi @alice@hachyderm.io, @bob@chaos.social!"),
        ("\\@alice \\#tag", "@alice #tag"),
        ("\\[a](https://a.com)", "[a](https://a.com)"),
        ("2*3*4 @bob@elsewhere.example", "2*3*4 @bob@elsewhere.example"),
    ],
)
def test_links_and_people(typed: str, shown: str) -> None:
    assert only_part(render(typed, "mastodon")).text == shown


def test_a_person_without_a_handle_is_a_warning() -> None:
    assert places(render("Hi\n@anna-lena", "mastodon")) == [("no-handle", 6, 1)]


def test_the_length_is_text_and_warning_with_addresses_at_23() -> None:
    part = only_part(render(post("https://example.com/" + "a" * 100 + " @alice", cw="é👍🏽"), "mastodon"))
    assert (part.length, part.limit, part.bytes) == (2 + 23 + 1 + 6, 500, None)


def test_a_part_too_long_says_by_how_much_and_where() -> None:
    assert codes(render("a" * 500, "mastodon")) == []
    rendering = render("a" * 470 + "\nhttps://example.com/ abcdefgh", "mastodon")
    assert places(rendering) == [("too-long", 6, 27)]
    assert rendering.problems[0].message == "the post is 3 characters too long for mastodon (503 of 500)"


def test_where_it_crosses_is_right_behind_what_left_the_text() -> None:
    limits = Limits(characters=5, media=4)
    assert places(render("a<!-- b -->b\\#c \\#[d](https://a.b)", "mastodon", limits=limits))[0][1:] == (5, 16)


def test_a_warning_too_long_is_told_at_the_warning() -> None:
    assert places(render(post("one", cw="x" * 501), "mastodon")) == [("cw-too-long", 2, 5)]


def test_a_warning_without_text_is_a_warning() -> None:
    rendering = render(post("![a](https://example.com/a.png)", cw="Spiders"), "mastodon")
    assert ("cw-without-text", 2, 5) in places(rendering)
