"""What one file says to different targets: `override`, and other posts named by `reply_to` and `quote`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fedisched.compose.source import Source
from fedisched.content.glance import glance
from fedisched.content.reader import read_post
from fedisched.model.post import Need, Poll, Post, Run
from fedisched.model.problem import Mark, Problem
from tests.content.conftest import SETTINGS

TO = "targets: [mastodon, bluesky, work]\n"


def reading(front: str, body: str = "Hello\n", path: str = "posts/a.md") -> tuple[Post | None, list[Problem]]:
    result = read_post(f"---\n{front}---\n{body}".encode(), path, SETTINGS)
    return result.post, list(result.problems)


def variants(front: str, path: str = "posts/a.md") -> dict[str, Post]:
    post, problems = reading(TO + front, path=path)
    assert post is not None, problems
    return {target: post.for_target(target) for target in post.targets}


def needs(front: str, path: str = "posts/a.md") -> tuple[Need, ...]:
    entry = glance(f"---\n{TO}{front}---\nHello\n".encode(), path, SETTINGS)
    assert entry.problem is None
    return entry.needs


def test_a_post_that_says_the_same_to_all_has_no_variants() -> None:
    post, _ = reading(TO + "cw: food\n")
    assert post is not None
    assert post.variants == {} and post.for_target("mastodon") is post


def test_each_target_gets_what_is_said_to_it() -> None:
    found = variants("cw: food\nlang: de\noverride:\n  bluesky: {cw: '', labels: [nudity], lang: en}\n")
    assert (found["mastodon"].cw, found["mastodon"].labels, found["mastodon"].lang) == ("food", (), "de")
    assert (found["bluesky"].cw, found["bluesky"].labels, found["bluesky"].lang) == ("", ("nudity",), "en")


def test_the_narrower_name_wins() -> None:
    settings = replace(SETTINGS, groups={"everywhere": ("mastodon", "bluesky")})
    front = "override:\n  bluesky: {cw: narrow}\n  everywhere: {cw: wide, lang: fr}\n"
    result = read_post(f"---\n{TO}{front}---\nHello\n".encode(), "posts/a.md", settings)
    assert result.post is not None, result.problems
    found = {target: result.post.for_target(target) for target in result.post.targets}
    assert (found["bluesky"].cw, found["bluesky"].lang) == ("narrow", "fr")
    assert (found["mastodon"].cw, found["mastodon"].lang) == ("wide", "fr")
    assert found["work"].cw == ""


def test_a_poll_for_one_and_a_text_for_the_other() -> None:
    found = variants(
        "override:\n  mastodon: {poll: [Tea, Coffee]}\n  bluesky:\n    text: |\n      Tea?\n\n      Or not?\n"
    )
    assert found["mastodon"].poll == Poll(("Tea", "Coffee"), 86_400)
    assert found["mastodon"].body == "Hello\n"
    assert (found["bluesky"].body, found["bluesky"].poll) == ("Tea?\n\nOr not?\n", None)
    assert found["bluesky"].body_runs[0] == Run(0, Mark(7, 7))


@pytest.mark.parametrize(
    ("written", "places"),
    [
        ("text: one X", [(5, 15)]),
        ("text: one\n      two X", [(6, 11)]),
        ("text: one\n\n      X", [(7, 7)]),
        ("text: 'it''s X'", [(5, 18)]),
        ("text: 'one\n      X\n\n     X'", [(6, 7), (8, 6)]),
        ('text: "a\\nb\\u00e9\\x41 X"', [(5, 27)]),
        ('text: "\\"X\\" and \\\n      X,\n      X"', [(5, 14), (6, 7), (7, 7)]),
        ("text: |-\n        one\n\n          X\n        X", [(8, 11), (9, 9)]),
        ("text: |\n\n      X\n  \n      X\n", [(7, 7), (9, 7)]),
        ("text: |2-\n        X\n      X", [(6, 9), (7, 7)]),
        ("text: |+ # so\n      X\n\n", [(6, 7)]),
        ("text: >\n      one\n      X\n\n\n      X\n        X\n      X", [(7, 7), (10, 7), (11, 9), (12, 7)]),
        ("text: >-\n      one  \n      X", [(7, 7)]),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_text_knows_where_each_of_its_characters_stands(
    written: str, places: list[tuple[int, int]], newline: str
) -> None:
    front = f"---\n{TO}override:\n  bluesky:\n    {written}\n---\nHello\n".replace("\n", newline)
    read = read_post(front.encode(), "posts/a.md", SETTINGS).post
    assert read is not None
    found = read.for_target("bluesky")
    marks = [Source(found).mark(offset) for offset, character in enumerate(found.body) if character == "X"]
    assert marks == [Mark(*place) for place in places]


def test_where_a_character_cannot_be_told_it_is_at_the_values_beginning() -> None:
    found = variants('override:\n  bluesky:\n    text: "one\x85two"\n')["bluesky"]
    assert {Source(found).mark(offset) for offset in range(len(found.body))} == {Mark(5, 11)}


def test_marks_are_where_a_target_has_its_value() -> None:
    found = variants("cw: food\noverride: {bluesky: {cw: films}}\n")
    assert found["mastodon"].mark("cw") == Mark(3, 5)
    assert found["bluesky"].mark("cw") == Mark(4, 26)


def test_another_post_is_named_by_its_file_from_here() -> None:
    for named, path in (("b.md", "posts/b.md"), ("./sub/b.md", "posts/sub/b.md"), ("../other/b.md", "other/b.md")):
        found = variants(f"reply_to: {named}\n")
        assert {post.reply_to for post in found.values()} == {path}
        assert needs(f"reply_to: {named}\n") == tuple(Need(target, path) for target in found)


def test_another_post_is_named_by_its_address() -> None:
    found = variants("quote: {mastodon: 'https://a.example/@b/1', bluesky: 'at://did:plc:x/app.bsky.feed.post/3k'}\n")
    assert found["mastodon"].quote == "https://a.example/@b/1"
    assert found["bluesky"].quote == "at://did:plc:x/app.bsky.feed.post/3k"
    assert found["work"].quote == ""
    assert needs("reply_to: https://a.example/@b/1\n") == ()


def test_only_those_targets_wait_that_answer() -> None:
    assert needs("quote: {bluesky: b.md}\n") == (Need("bluesky", "posts/b.md"),)
    assert needs("reply_to: b.md\noverride: {bluesky: {reply_to: ''}, work: {reply_to: c.md}}\n") == (
        Need("mastodon", "posts/b.md"),
        Need("work", "posts/c.md"),
    )
    assert needs("status: published\nreply_to: b.md\n") == ()


@pytest.mark.parametrize(
    ("front", "found", "hint"),
    [
        ("override: no", ("bad-override", 2, 11), "below it"),
        ("override: {blusky: {cw: x}}", ("bad-override", 2, 12), "Did you mean `bluesky`?"),
        ("override: {bluesky: nothing}", ("bad-override", 2, 21), "keys and values"),
        ("override: {bluesky: {time: 2026-12-01 09:00}}", ("bad-override", 2, 22), "may have"),
        ("override: {bluesky: {textt: x}}", ("bad-override", 2, 22), "Did you mean `text`?"),
        ("override: {bluesky: {text: ''}}", ("bad-override", 2, 28), "`text: |`"),
        ("override: {bluesky: {text: [a]}}", ("bad-override", 2, 28), "`text: |`"),
        ("override: {bluesky: {labels: [porm]}}", ("unknown-label", 2, 31), "Did you mean `porn`?"),
        ("override: {bluesky: {poll: {options: [a, b], lenght: 1d}}}", ("poll-key", 2, 46), "A poll has"),
        ("reply_to: ../../b.md", ("bad-reference", 2, 11), "address"),
        ("reply_to: b.txt", ("bad-reference", 2, 11), "`hello.md`"),
        ("reply_to: a.md", ("bad-reference", 2, 11), "another file"),
        ("reply_to: [b.md]", ("bad-reference", 2, 11), "one for each network"),
        ("reply_to: {mastodon: [b.md]}", ("bad-reference", 2, 22), "one file"),
        ("reply_to: {mastodn: b.md}", ("bad-override", 2, 12), "Did you mean `mastodon`?"),
        ("override: {bluesky: {quote: a.md}}", ("bad-reference", 2, 29), "another file"),
        ("quote: nobody", ("bad-reference", 2, 8), "`quotes: nobody`"),
    ],
)
def test_what_is_wrong_says_where_and_what_to_write(front: str, found: tuple[str, int, int], hint: str) -> None:
    post, problems = reading(f"{front}\n")
    assert post is None
    assert [(problem.code, problem.line, problem.column) for problem in problems] == [found]
    assert hint in problems[0].hint


def test_a_block_for_a_target_that_the_post_does_not_have_is_a_warning() -> None:
    post, problems = reading("targets: [mastodon]\noverride: {bluesky: {cw: x}}\n")
    assert post is not None
    assert [(problem.code, problem.severity) for problem in problems] == [("override-unused", "warning")]


def test_a_network_is_a_name_too_where_no_account_has_it() -> None:
    accounts = {"home": SETTINGS.accounts["bluesky"], "work": SETTINGS.accounts["work"]}
    settings = replace(SETTINGS, accounts=accounts, groups={}, default_targets=("home", "work"))
    result = read_post(b"---\noverride: {bluesky: {cw: x}}\n---\nHello\n", "posts/a.md", settings)
    assert result.post is not None, result.problems
    assert (result.post.for_target("home").cw, result.post.for_target("work").cw) == ("x", "")


def test_one_target_may_get_other_pictures() -> None:
    front = (
        "media: [{file: a.jpg, alt: A}]\noverride:\n  bluesky: {media: [{file: b.jpg, alt: B}]}\n  work: {media: []}\n"
    )
    found = {target: [medium.file for medium in post.media] for target, post in variants(front).items()}
    assert found == {"mastodon": ["a.jpg"], "bluesky": ["b.jpg"], "work": []}
    _, problems = reading("override: {bluesky: {media: [{fil: a.jpg}]}}\n")
    assert [(problem.code, problem.line) for problem in problems] == [("media-form", 2), ("unknown-key", 2)]
