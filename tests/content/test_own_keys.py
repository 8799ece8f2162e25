"""Keys with values of a kind of their own: polls, tags, who may reply and who may quote."""

from __future__ import annotations

from typing import Any

import pytest

from fedisched.model.post import Poll
from tests.content.test_reader import codes, post, reading


@pytest.mark.parametrize(
    ("front", "key", "value"),
    [
        ("poll: {options: [Tea, Coffee]}", "poll", Poll(("Tea", "Coffee"), 86_400)),
        ("poll: [Tea, Coffee]", "poll", Poll(("Tea", "Coffee"), 86_400)),
        (
            "poll:\n  options:\n    - Yes\n    - No\n  duration: 1d12h\n  multiple: yes\n  hide_totals: on",
            "poll",
            Poll(("Yes", "No"), 129_600, multiple=True, hide_totals=True),
        ),
        ("poll: {options: [a, b], duration: 30m, multiple: }", "poll", Poll(("a", "b"), 1800)),
        ("poll:", "poll", None),
        ("poll: false", "poll", None),
        ("tags: art", "tags", ("art",)),
        ("tags: ['#art', cats, art, two words]", "tags", ("art", "cats", "two words")),
        ("replies: everyone", "replies", None),
        ("replies: nobody", "replies", ()),
        ("replies: [mentioned, following, followers]", "replies", ("mentioned", "following", "followers")),
        (
            "replies: at://did:plc:x/app.bsky.graph.list/3k",
            "replies",
            ("at://did:plc:x/app.bsky.graph.list/3k",),
        ),
        ("quotes: nobody", "quotes", "nobody"),
        ("quotes: public", "quotes", "everyone"),
    ],
)
def test_what_is_meant(front: str, key: str, value: Any) -> None:
    assert getattr(post(f"{front}\n"), key) == value


@pytest.mark.parametrize(
    ("front", "found", "hint"),
    [
        ("poll: often", ("poll-form", 2, 7), "options"),
        ("poll: [Tea]", ("poll-options", 2, 7), "list"),
        ("poll: [Tea, Tea]", ("poll-options", 2, 13), "Delete"),
        ("poll: {options: [Tea, Cake, Tea]}", ("poll-options", 2, 29), "Delete"),
        ("poll: [Tea, '', Coffee]", ("empty-item", 2, 13), "Fill it in"),
        ("poll:\n  options:\n    - Tea\n    -\n    - Coffee", ("empty-item", 5, 6), "Fill it in"),
        ("poll: {options: [a, {b: c}]}", ("not-a-list", 2, 21), "list"),
        ("poll: {duration: 1d}", ("poll-options", 2, 7), "Add `options"),
        ("poll: {options: [a, b], duration: soon}", ("bad-duration", 2, 35), "`1d`"),
        ("poll: {options: [a, b], durration: 1d}", ("poll-key", 2, 25), "Did you mean `duration`?"),
        ("poll: {options: [a, b], multiple: perhaps}", ("not-yes-or-no", 2, 35), "`true`"),
        ("tags: {a: b}", ("not-a-list", 2, 7), "list"),
        ("tags: 'art, cats'", ("tag-form", 2, 7), "`[art, cats]`"),
        ("tags: [art, '', cats]", ("empty-item", 2, 13), "Fill it in"),
        ("tags: [art, ' ']", ("empty-item", 2, 13), "Fill it in"),
        ("tags: [art, ~]", ("empty-item", 2, 13), "Fill it in"),
        ("tags: [art, '#']", ("tag-form", 2, 13), "word"),
        ("labels: [nudity, '']", ("empty-item", 2, 18), "Fill it in"),
        ("replies: [mentioned, '']", ("empty-item", 2, 22), "Fill it in"),
        ("override: {mastodon: {poll: [a, '', b]}}", ("empty-item", 2, 33), "Fill it in"),
        ("replies: follower", ("unknown-replies", 2, 10), "Did you mean `followers`?"),
        ("replies: [nobody, followers]", ("replies-mixed", 2, 11), "Delete"),
        ("quotes: posts/a.md", ("unknown-quotes", 2, 9), "Did you mean `quote`?"),
        ("threadgate: nobody", ("unknown-key", 2, 1), "Did you mean `replies`?"),
    ],
)
def test_what_is_wrong_says_where_and_what_to_write(front: str, found: tuple[str, int, int], hint: str) -> None:
    assert codes(f"{front}\n") == [found]
    assert hint in reading(f"{front}\n")[1][0].hint


def test_every_empty_item_is_told() -> None:
    assert codes("poll: ['', a, '']\ntags: ['']\n") == [
        ("empty-item", 2, 8),
        ("empty-item", 2, 15),
        ("empty-item", 3, 8),
    ]
