"""What each network has beside the text: polls and quote policies here, gates, labels and tags there."""

from __future__ import annotations

from typing import Any

import pytest

from fedisched import compose
from fedisched.model.post import Poll
from fedisched.model.rendered import Limits, Pending
from fedisched.model.settings import NetworkName

from .posts import codes, only_part, places, post, render

GATE, POSTGATE = "app.bsky.feed.threadgate", "app.bsky.feed.postgate"
POLL = Poll(("Tea", "Coffee"), 86_400, multiple=True)
MASTODON = compose.default_limits("mastodon")


def limits(**changes: Any) -> Limits:
    return Limits(**{"characters": 500, "media": 4, **changes})


def test_a_poll_goes_with_the_first_part() -> None:
    first, second = render(post("one\n---\ntwo", poll=POLL), "mastodon").rendered.parts
    asked = {"options": ["Tea", "Coffee"], "expires_in": 86_400, "multiple": True, "hide_totals": False}
    assert first.body == {"status": "one", "poll": asked}
    assert "poll" not in second.body


@pytest.mark.parametrize(
    ("poll", "changes", "code"),
    [
        (Poll(("a", "b", "c", "d"), 300), {}, ""),
        (Poll(("a", "b", "c", "d", "e"), 300), {}, "poll-options"),
        (Poll(("a", "b", "c", "d", "e"), 300), {"poll_options": 5}, ""),
        (Poll(("a" * 50, "b"), 300), {}, ""),
        (Poll(("a" * 51, "b"), 300), {}, "poll-option-too-long"),
        (Poll(("नमस्ते" * 16, "b"), 300), {}, ""),
        (Poll(("a", "b"), 299), {}, "poll-duration"),
        (Poll(("a", "b"), 2_629_746), {}, ""),
        (Poll(("a", "b"), 2_629_747), {}, "poll-duration"),
        (Poll(("a", "b"), 300), {"poll_options": 0}, "no-polls"),
    ],
)
def test_a_poll_is_held_against_what_its_server_takes(poll: Poll, changes: dict[str, Any], code: str) -> None:
    found = render(post("Which?", poll=poll), "mastodon", limits=limits(**changes))
    assert codes(found) == ([code] if code else [])


def test_a_poll_beside_a_picture_is_a_problem() -> None:
    assert "poll-with-media" in codes(render(post("![x](a.png)", poll=POLL), "mastodon"))


@pytest.mark.parametrize(
    ("network", "key", "value", "code"),
    [
        ("bluesky", "poll", POLL, "no-polls"),
        ("bluesky", "quotes", "followers", "quotes-unfit"),
        ("mastodon", "replies", (), "replies-unfit"),
        ("mastodon", "tags", ("art",), "tags-unfit"),
    ],
)
def test_what_a_network_cannot_do_is_a_problem_with_ways_out(
    network: NetworkName, key: str, value: Any, code: str
) -> None:
    found = render(post("Hello", **{key: value}), network)
    assert places(found) == [(code, 4, 9)]
    assert "override" in found.problems[0].hint
    assert not found.can_be_sent


@pytest.mark.parametrize(
    ("quotes", "policy"), [("everyone", "public"), ("followers", "followers"), ("nobody", "nobody")]
)
def test_who_may_quote_on_mastodon(quotes: str, policy: str) -> None:
    parts = render(post("one\n---\ntwo", quotes=quotes), "mastodon").rendered.parts
    assert [part.body["quote_approval_policy"] for part in parts] == [policy, policy]
    without = render(post("one", quotes=quotes), "mastodon", limits=limits(quotes=False))
    assert codes(without) == ([] if quotes == "everyone" else ["quotes-unfit"])
    assert "quote_approval_policy" not in only_part(without).body


@pytest.mark.parametrize(
    ("replies", "allow"),
    [
        ((), []),
        (("mentioned",), [{"$type": f"{GATE}#mentionRule"}]),
        (("followers", "following"), [{"$type": f"{GATE}#followerRule"}, {"$type": f"{GATE}#followingRule"}]),
        (
            ("at://did:plc:me/app.bsky.graph.list/3kaaaaaaaaaaa",),
            [{"$type": f"{GATE}#listRule", "list": "at://did:plc:me/app.bsky.graph.list/3kaaaaaaaaaaa"}],
        ),
        (
            ("https://bsky.app/profile/did:plc:me/lists/3kaaaaaaaaaaa",),
            [{"$type": f"{GATE}#listRule", "list": "at://did:plc:me/app.bsky.graph.list/3kaaaaaaaaaaa"}],
        ),
        (
            ("https://bsky.app/profile/me.test/lists/3k",),
            [{"$type": f"{GATE}#listRule", "list": Pending("list", "https://bsky.app/profile/me.test/lists/3k")}],
        ),
    ],
)
def test_who_may_reply_on_bluesky(replies: tuple[str, ...], allow: list[object]) -> None:
    first, second = render(post("one\n---\ntwo", replies=replies), "bluesky").rendered.parts
    gate = {"$type": GATE, "post": Pending("uri"), "allow": allow, "createdAt": Pending("created_at")}
    assert first.gates == (gate,)
    assert second.gates == ()


def test_nobody_may_quote_any_part_on_bluesky() -> None:
    parts = render(post("one\n---\ntwo", quotes="nobody"), "bluesky").rendered.parts
    for part in parts:
        (gate,) = part.gates
        assert (gate["$type"], gate["embeddingRules"]) == (POSTGATE, [{"$type": f"{POSTGATE}#disableRule"}])
    assert only_part(render(post("one", quotes="everyone"), "bluesky")).gates == ()


def test_more_than_five_kinds_of_people_are_a_problem() -> None:
    lists = tuple(f"at://did:plc:me/app.bsky.graph.list/{number}" for number in range(6))
    assert codes(render(post("one", replies=lists[:5]), "bluesky")) == []
    assert codes(render(post("one", replies=lists), "bluesky")) == ["replies-too-many"]


def test_extra_tags_stand_in_the_record() -> None:
    part = only_part(render(post("Hello", tags=("art", "日本語")), "bluesky"))
    assert (part.text, part.body["tags"]) == ("Hello", ["art", "日本語"])


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (tuple("abcdefgh"), []),
        (tuple("abcdefghi"), ["too-many-tags"]),
        (("a" * 64,), []),
        (("a" * 65,), ["tag-too-long"]),
        (("👪" * 64,), []),
        (("👨‍👩‍👧‍👧" * 26,), ["tag-too-long"]),
    ],
)
def test_extra_tags_are_held_against_the_lexicon(tags: tuple[str, ...], found: list[str]) -> None:
    assert codes(render(post("Hello", tags=tags), "bluesky")) == found


def test_a_warning_is_put_at_the_head_of_the_text_or_becomes_a_label() -> None:
    at_head = only_part(render(post("Hello", cw="Spiders"), "bluesky"))
    assert (at_head.text, "labels" in at_head.body) == ("CW: Spiders\n\nHello", False)
    labelled = only_part(render(post("Hello", cw="Spiders"), "bluesky", cw="graphic-media"))
    values = [{"val": "graphic-media"}]
    assert labelled.text == "Hello"
    assert labelled.body["labels"] == {"$type": "com.atproto.label.defs#selfLabels", "values": values}
    own = only_part(render(post("Hello", cw="Spiders", labels=("nudity",)), "bluesky", cw="graphic-media"))
    assert own.body["labels"] == {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "nudity"}]}


def test_gates_are_shown_as_json() -> None:
    shown: Any = compose.as_json(render(post("Hello", replies=()), "bluesky").rendered)
    assert shown["parts"][0]["gates"] == [
        {"$type": GATE, "post": {"pending": "uri"}, "allow": [], "createdAt": {"pending": "created at"}}
    ]
    plain: Any = compose.as_json(render("Hello", "bluesky").rendered)
    assert "gates" not in plain["parts"][0]
