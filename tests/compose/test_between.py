"""A post that answers or quotes another one: what each network gets of it, and addresses on the other network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fedisched.model.rendered import Pending
from fedisched.model.settings import NetworkName
from tests.oracle.atproto_api import Oracle

from .posts import PNG, places, post, render

FILE = "posts/b.md"
RECORD = "app.bsky.feed.post"
PAGE, URI = "https://bsky.app/profile/a.test/post/3k", "at://did:plc:a/app.bsky.feed.post/3k"
TOOT = "https://a.example/@b/1"


def test_an_answer_on_mastodon() -> None:
    rendered = render(post("one\n---\ntwo", reply_to=FILE, quote=TOOT), "mastodon").rendered
    first, second = rendered.parts
    assert first.body["in_reply_to_id"] == Pending("in_reply_to_id", FILE)
    assert first.body["quoted_status_id"] == Pending("quoted_status_id", TOOT)
    assert second.body["in_reply_to_id"] == Pending("in_reply_to_id")
    assert "quoted_status_id" not in second.body
    assert rendered.others == (FILE,)


def test_an_answer_on_bluesky() -> None:
    rendered = render(post("one\n---\ntwo", reply_to=FILE, quote=URI), "bluesky").rendered
    first, second = rendered.parts
    assert first.body["reply"] == {"root": Pending("root", FILE), "parent": Pending("parent", FILE)}
    assert first.body["embed"] == {"$type": "app.bsky.embed.record", "record": Pending("quoted", URI)}
    assert second.body["reply"] == {"root": Pending("root"), "parent": Pending("parent")}
    assert "embed" not in second.body
    assert rendered.others == (FILE,)


def test_a_quote_beside_a_picture_on_bluesky(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.png").write_bytes(PNG)
    (part,) = render(post("![what is there](a.png)", quote=FILE), "bluesky", tmp_path).rendered.parts
    embed: Any = part.body["embed"]
    assert embed["$type"] == "app.bsky.embed.recordWithMedia"
    assert embed["record"] == {"$type": "app.bsky.embed.record", "record": Pending("quoted", FILE)}
    assert embed["media"]["$type"] == "app.bsky.embed.images"


@pytest.mark.parametrize(
    ("network", "name", "code"),
    [
        ("bluesky", PAGE, ""),
        ("bluesky", PAGE + "?ref=x", ""),
        ("bluesky", URI, ""),
        ("bluesky", FILE, ""),
        ("bluesky", TOOT, "other-network"),
        ("bluesky", "at://did:plc:a/app.bsky.feed.like/3k", "bad-reference"),
        ("mastodon", TOOT, ""),
        ("mastodon", FILE, ""),
        ("mastodon", PAGE, "other-network"),
        ("mastodon", URI, "other-network"),
    ],
)
@pytest.mark.parametrize("key", ["reply_to", "quote"])
def test_an_address_is_of_one_network(network: NetworkName, name: str, code: str, key: str) -> None:
    named: Any = {key: name}
    assert places(render(post("Hello", **named), network)) == ([(code, 4, 9)] if code else [])


def test_who_may_reply_to_an_answer_is_not_ours_to_say() -> None:
    found = render(post("Hello", reply_to=FILE, replies=()), "bluesky")
    assert [problem.code for problem in found.problems] == ["replies-unfit"]


@pytest.mark.node
def test_the_records_of_answers_and_quotes_are_valid(oracle: Oracle, tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.png").write_bytes(PNG)
    for body in ("one\n---\ntwo", "![what is there](a.png)\n---\ntwo"):
        for part in render(post(body, reply_to=FILE, quote=FILE), "bluesky", tmp_path).rendered.parts:
            oracle.assert_valid(RECORD, part.body)
