"""`thread: auto`: as many parts as a text needs, each within the limits, nothing lost between them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedisched.compose import bluesky
from fedisched.compose.draft import Draft
from fedisched.compose.facets import SPACES
from fedisched.compose.graphemes import count_graphemes
from fedisched.compose.traced import Traced
from fedisched.model.rendered import Limits, RenderedPart, Rendering
from fedisched.model.settings import NetworkName, Threads
from tests.oracle.texts import texts as hostile_texts

from .posts import PNG, codes, places, post, render

NETWORKS: tuple[NetworkName, ...] = get_args(NetworkName)


def threaded(
    body: str, network: NetworkName = "bluesky", characters: int = 30, number: str = "", cw: str = "", size: int = 3000
) -> Rendering:
    limits = Limits(characters=characters, media=4, bytes=size if network == "bluesky" else None)
    return render(post(body, thread="auto", cw=cw), network, limits=limits, threads=Threads(number))


def texts(rendering: Rendering) -> list[str]:
    return [part.text for part in rendering.rendered.parts]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Short enough.", ["Short enough."]),
        ("One paragraph of text.\n\nAnother one.", ["One paragraph of text.", "Another one."]),
        ("A.\n\nB.\n\nOne that needs a whole part", ["A.\n\nB.", "One that needs a whole part"]),
        ("First sentence here. The second one.", ["First sentence here.", "The second one."]),
        ("Is it? Yes! It goes on and on here", ["Is it? Yes!", "It goes on and on here"]),
        ("“Quoted.” (In brackets.) And so on.", ["“Quoted.” (In brackets.)", "And so on."]),
        ("See e.g. this, or Dr. Who, or Mr. No", ["See e.g. this, or Dr. Who, or", "Mr. No"]),
        ("यह एक वाक्य है। यह दूसरा वाक्य है और लंबा है।", ["यह एक वाक्य है।", "यह दूसरा वाक्य है और लंबा है।"]),
        ("- the first of two lines\n- the second\n  line", ["- the first of two lines", "- the second\n  line"]),
        ("no full stop anywhere in these many words", ["no full stop anywhere in these", "many words"]),
        ("x" * 70, ["x" * 30, "x" * 30, "x" * 10]),
        ("one\n---\n" + "two " * 10, ["one", "two two two two two two two", "two two two"]),
        ("a b\xa0c " + "d" * 24 + "\xa0e", ["a b\xa0c", "d" * 24 + "\xa0e"]),
    ],
)
def test_parts_end_where_a_reader_would_pause(typed: str, expected: list[str]) -> None:
    assert texts(threaded(typed)) == expected


def test_a_script_without_spaces_is_parted_behind_its_stops_and_between_words() -> None:
    typed = (
        "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所でニャー泣いた。"
    )
    found = texts(threaded(typed, characters=20))
    assert "".join(found) == typed
    assert found[:2] == ["吾輩は猫である。名前はまだ無い。", "どこで生れたかとんと見当がつかぬ。"]
    assert not any(text[0] in "。、ー" for text in found)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    "whole",
    [
        "[a label of some words](https://example.com/)",
        "https://example.com/a",
        "@alice.example.com",
        "@bob",
        "#日本語のタグ",
        "#तीन_शब्द",
        "👨‍👩‍👧‍👧🇩🇪",
        "नमस्ते",
    ],
)
def test_what_is_one_thing_is_never_split(network: NetworkName, whole: str) -> None:
    shown = texts(threaded(whole, network, characters=500))[0]
    for before in range(20, 30):
        found = texts(threaded("x" * before + " " + whole + " and more", network, characters=50))
        assert any(shown in text for text in found), found


def test_what_is_too_long_by_itself_stands_alone_and_is_told() -> None:
    rendering = threaded("see [words that are far too many for one part](https://example.com/) there")
    assert texts(rendering) == ["see", "words that are far too many for one part", "there"]
    assert places(rendering) == [("too-long", 5, 36)]
    assert "part 2 is 10 characters too long" in rendering.problems[0].message
    assert "never split" in rendering.problems[0].hint


def test_without_it_the_problem_says_by_how_much_and_where_and_what_to_do() -> None:
    rendering = render("é" * 310, "bluesky")
    assert places(rendering) == [("too-long", 5, 301)]
    assert "10 characters too long for bluesky (310 of 300)" in rendering.problems[0].message
    assert "thread: auto" in rendering.problems[0].hint


def test_each_network_has_its_own_parts() -> None:
    typed = post("Some words in a row. " * 20, thread="auto")
    assert [len(render(typed, network).rendered.parts) for network in ("bluesky", "mastodon")] == [2, 1]


def test_addresses_count_as_each_network_counts_them() -> None:
    typed = "https://example.com/a/very/long/path/that/goes/on/and/on one two three four five"
    assert texts(threaded(typed, "bluesky", 36))[0] == "example.com/a/very/long/... one two"
    assert texts(threaded(typed, "mastodon", 36))[0].endswith(" one two three") is False
    assert texts(threaded(typed, "mastodon", 37))[0].endswith(" one two three")


def test_bytes_are_a_limit_too() -> None:
    family = "👨‍👩‍👧‍👧 "
    rendering = threaded(family * 200, characters=300)
    assert codes(rendering) == []
    assert [part.bytes or 0 for part in rendering.rendered.parts] == [2989, 2209]


@pytest.mark.parametrize(
    ("numbering", "last"),
    [("{n}/{total}", "\n\n3/3"), ("({n})", "\n\n(3)"), ("Part {n} of {total}", "\n\nPart 3 of 3")],
)
def test_numbers_stand_under_each_part_and_count(numbering: str, last: str) -> None:
    for network in NETWORKS:
        rendering = threaded("one two three " * 5, network, 36, numbering)
        assert codes(rendering) == []
        assert texts(rendering)[-1].endswith(last)
        assert len(rendering.rendered.parts) == 3
        plain = [text.rpartition("\n\n")[0] for text in texts(rendering)]
        assert " ".join(plain).split() == ("one two three " * 5).split()


def test_a_post_that_fits_has_no_number() -> None:
    assert texts(threaded("x" * 30, number="{n}/{total}")) == ["x" * 30]


def test_more_digits_make_room_for_themselves() -> None:
    for words in range(62, 95, 4):
        rendering = threaded("abcd " * words, characters=15, number="{n}/{total}")
        total = len(rendering.rendered.parts)
        assert codes(rendering) == []
        assert [text.rpartition("\n\n")[2] for text in texts(rendering)] == [
            f"{n}/{total}" for n in range(1, total + 1)
        ]


def test_breaking_a_line_without_spaces_makes_no_link_of_what_was_none() -> None:
    typed = "これは長い文です。example.comは前の文とつながっています。そして続く文。"
    for characters in range(10, 40):
        assert not any(part.facets for part in threaded(typed, characters=characters).rendered.parts)


def test_a_warning_counts_in_every_part() -> None:
    for network in NETWORKS:
        rendering = threaded("one two three four five", network, 20, cw="Spiders")
        assert codes(rendering) == []
        assert len(rendering.rendered.parts) > 1
    hopeless = threaded("one two three", cw="w" * 40)
    assert places(hopeless) == [("cw-too-long", 2, 5)]


def test_pictures_stay_with_the_words_before_them(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "posts").mkdir()
    (folder / "posts" / "a.png").write_bytes(PNG)
    body = "![first](a.png)\n\nSome words here.\n\n![second](a.png)\n\nSome more words there."
    limits = Limits(characters=25, media=4, bytes=3000)
    rendering = render(post(body, thread="auto"), "bluesky", folder, limits)
    assert [[media.alt for media in part.media] for part in rendering.rendered.parts] == [["first", "second"], []]


def test_where_each_part_begins_in_the_file() -> None:
    rendering = threaded("One paragraph of text.\n\n  Another one.\n---\n<!-- no -->third")
    assert [(part.line, part.column) for part in rendering.rendered.parts] == [(5, 1), (7, 1), (9, 12)]


def test_follow_ups_can_be_unlisted_on_mastodon() -> None:
    config = Threads(unlisted_follow_ups=True)

    def visibilities(network: NetworkName, asked: str | None, default: str = "public") -> list[object]:
        limits = Limits(characters=500, media=4, visibility=default)
        written = post("one\n---\ntwo\n---\nthree", visibility=asked)  # type: ignore[arg-type]
        return [
            part.body.get("visibility")
            for part in render(written, network, limits=limits, threads=config).rendered.parts
        ]

    assert visibilities("mastodon", None) == [None, "unlisted", "unlisted"]
    assert visibilities("mastodon", "public") == ["public", "unlisted", "unlisted"]
    # A step back must never show more than was asked for, be it by the post or by the account's own settings.
    assert visibilities("mastodon", "private") == ["private"] * 3
    assert visibilities("mastodon", "unlisted") == ["unlisted"] * 3
    assert visibilities("mastodon", None, default="private") == [None] * 3
    assert visibilities("mastodon", None, default="") == [None] * 3
    assert visibilities("bluesky", None) == [None] * 3


@pytest.mark.parametrize("long", ["Lorem ipsum dolor sit amet. " * 1500, "日本語" * 4000, "x" * 12_000])
def test_the_work_grows_with_the_text_and_no_faster(long: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = 0
    written = bluesky._written

    def watched(draft: Draft) -> Traced:
        nonlocal looked_at
        text = written(draft)
        looked_at += len(text.text)
        return text

    monkeypatch.setattr(bluesky, "_written", watched)
    threaded(long, characters=300)
    assert looked_at < 60 * len(long)


# --- properties ------------------------------------------------------------------------------------------------

typed_texts = st.one_of(
    st.integers(0, 100_000).map(lambda seed: next(hostile_texts(1, seed)) * 3),
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                "word ",
                "Ein Satz. ",
                "\n\n",
                "\n",
                "[a label](https://a.com) ",
                "@alice ",
                "#tag ",
                "日本語です。",
                "👨‍👩‍👧‍👧",
                "\\#x ",
                "<!-- c -->",
                "---\n",
            ]
        ),
        max_size=40,
    ).map("".join),
)


def squeezed(text: str) -> str:
    """Without white space, of which Bluesky's app trims more at the ends of a post than Python knows (U+FEFF)."""
    return "".join("".join(text.split()).translate(dict.fromkeys(map(ord, SPACES))).split())


@settings(max_examples=60, deadline=None)
@given(typed_texts, st.integers(25, 80), st.sampled_from(NETWORKS))
def test_the_parts_joined_give_the_text_back(text: str, characters: int, network: NetworkName) -> None:
    roomy = Limits(characters=100_000, media=4, bytes=1_000_000)
    whole = render(text, network, limits=roomy).rendered.parts
    parts = threaded(text, network, characters).rendered.parts
    assert squeezed("".join(part.text for part in parts)) == squeezed("".join(part.text for part in whole))
    # And what joins them is white space: in order, every part stands in the whole as it is.
    joined, at = "\n".join(part.text for part in whole), 0
    for part in parts:
        found = joined.find(part.text, at)
        assert found >= 0 and not squeezed(joined[at:found])
        at = found + len(part.text)


@settings(max_examples=60, deadline=None)
@given(typed_texts, st.integers(25, 80), st.sampled_from(NETWORKS), st.sampled_from(["", "{n}/{total}"]))
def test_each_part_is_within_the_limits(text: str, characters: int, network: NetworkName, number: str) -> None:
    rendering = threaded(text, network, characters, number)
    told = [problem for problem in rendering.problems if problem.code == "too-long"]
    longer = [part for part in rendering.rendered.parts if part.length > part.limit]
    assert len(told) == len(longer)
    for part in longer:  # one thing, and as such too long
        assert len(_things(part)) == 1, part.text


def _things(part: RenderedPart) -> list[str]:
    """The words of a part, its links, mentions and tags each as one."""
    data = part.text.encode()
    for facet in reversed(part.facets):
        data = data[: facet.start] + b"x" + data[facet.end :]
    text = data.decode().replace("a label (https://a.com)", "x")
    text = re.sub(r"\n\n\d+/\d+\Z", "", text)
    return [word for word in re.split(r"[^\S\xa0\u2007\u202f]+", text) if word]


@settings(max_examples=60, deadline=None)
@given(typed_texts, st.integers(25, 80), st.sampled_from(NETWORKS))
def test_no_meaning_is_lost_or_won_at_a_seam(text: str, characters: int, network: NetworkName) -> None:
    roomy = Limits(characters=100_000, media=4, bytes=1_000_000)
    whole = render(text, network, limits=roomy).rendered.parts
    parts = threaded(text, network, characters).rendered.parts
    meant = [(facet.kind, facet.value) for part in whole for facet in part.facets]
    assert [(facet.kind, facet.value) for part in parts for facet in part.facets] == meant


@settings(max_examples=60, deadline=None)
@given(typed_texts, st.integers(25, 80))
def test_no_character_as_people_see_it_is_torn(text: str, characters: int) -> None:
    roomy = Limits(characters=100_000, media=4, bytes=1_000_000)
    whole = render(text, "bluesky", limits=roomy).rendered.parts
    parts = threaded(text, "bluesky", characters).rendered.parts
    seen = sum(count_graphemes(squeezed(part.text)) for part in parts)
    assert seen <= sum(count_graphemes(part.text) for part in whole)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000).map(lambda seed: next(hostile_texts(1, seed))), st.sampled_from(NETWORKS))
def test_facets_are_in_range_on_boundaries_sorted_and_apart(text: str, network: NetworkName) -> None:
    for part in threaded(text, network, 40, "{n}/{total}").rendered.parts:
        raw, end = part.text.encode(), 0
        for facet in part.facets:
            assert end <= facet.start < facet.end <= len(raw)
            raw[: facet.start].decode(), raw[facet.start : facet.end].decode()
            end = facet.end
