"""A thread goes to Bluesky in one request or not at all: what is too much for one is a problem beforehand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fedisched.compose.bluesky_request import MOST_BYTES, MOST_WRITES
from fedisched.model.post import LinkCard
from fedisched.model.rendered import Pending, Rendered
from fedisched.networks.bluesky_records import completed, filled, gated, pending_in

from .posts import PNG, codes, places, post, render

DID = "did:plc:" + "a" * 24
REF = {"uri": f"at://{DID}/app.bsky.feed.post/3lbw5e4zqkk2a", "cid": "bafyrei" + "a" * 52}
BLOB = {"$type": "blob", "ref": {"$link": "bafkrei" + "a" * 52}, "mimeType": "image/jpeg", "size": 1_999_999}
KNOWN = {
    "did": DID,
    "blob": BLOB,
    "quoted": REF,
    "list": f"at://{DID}/app.bsky.graph.list/3lbw5e4zqkk2a",
    "title": "T" * 300,
    "description": "D" * 1000,
    "thumb": BLOB,
}


def parts(number: int, text: str = "Go on") -> str:
    return "\n---\n".join(f"{text} {index}" for index in range(1, number + 1))


def sent(rendered: Rendered) -> bytes:
    """The request as the network's module makes it."""
    records = [record for part in rendered.parts for record in (part.body, *part.gates)]
    found = {pending: KNOWN.get(pending.what) for record in records for pending in pending_in(record)}
    known: dict[Pending, Any] = {pending: value for pending, value in found.items() if value is not None}
    bodies = [filled(part.body, known) for part in rendered.parts]
    ready = completed(DID, "3lbw5e4zqkk2a", bodies, (), 1_800_000_000_000_000)
    create = "com.atproto.repo.applyWrites#create"
    writes = []
    for part, record in ready:
        for each in (
            record,
            *gated([filled(gate, known) for gate in rendered.parts[part.number - 1].gates], part, record),
        ):
            writes.append({"$type": create, "collection": each["$type"], "rkey": part.key, "value": each})
    return json.dumps({"repo": DID, "writes": writes}, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("most", "more"),
    [
        (MOST_WRITES, {}),
        (MOST_WRITES - 1, {"replies": ("mentioned",)}),
        (MOST_WRITES // 2, {"quotes": "nobody"}),
        ((MOST_WRITES - 1) // 2, {"quotes": "nobody", "replies": ()}),
    ],
    ids=str,
)
def test_a_thread_of_as_many_writes_as_one_request_takes(most: int, more: dict[str, Any]) -> None:
    assert codes(render(post(parts(most), **more), "bluesky")) == []
    rendering = render(post(parts(most + 1), **more), "bluesky")
    assert places(rendering) == [("thread-too-long", 5 + 2 * most, 1)]
    (problem,) = rendering.problems
    assert f"{most + 1} parts" in problem.message and "at most 200" in problem.message
    assert f"before part {most + 1}" in problem.hint and "`reply_to: a.md`" in problem.hint
    assert ("without `quotes`" in problem.hint.lower()) == ("quotes" in more)
    assert codes(render(post(parts(most + 1)), "mastodon")) == []


def test_a_thread_that_is_split_by_itself_is_counted_too() -> None:
    rendering = render(post("Words and words.\n---\n" * (MOST_WRITES - 1) + "Words. " * 80, thread="auto"), "bluesky")
    assert len(rendering.rendered.parts) > MOST_WRITES
    assert codes(rendering) == ["thread-too-long"]


@pytest.mark.parametrize("text", ["字" * 290, "#tag @a.bsky.social example.com " * 8])
def test_a_thread_of_as_many_bytes_as_one_request_takes(text: str) -> None:
    rendering = render(post(parts(MOST_WRITES, text), link=LinkCard(wanted=False)), "bluesky")
    assert codes(rendering) == ["thread-too-long"]
    assert f"takes {MOST_BYTES:,} at once" in rendering.problems[0].message
    first = re.search(r"before part (\d+),", rendering.problems[0].hint)
    assert first
    fits = render(post(parts(int(first[1]) - 1, text), link=LinkCard(wanted=False)), "bluesky")
    assert codes(fits) == []
    assert MOST_BYTES * 0.9 < len(sent(fits.rendered)) <= MOST_BYTES


def test_everything_that_waits_for_the_network_has_its_room(tmp_path: Path) -> None:
    """Of what is not known yet as much is reckoned with as there usually is, and a little more."""
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/a.png").write_bytes(PNG)
    body = "Hello @a.bsky.social\n![one](a.png)![two](a.png)\n---\nhttps://example.com\n---\nEnd"
    rule = "https://bsky.app/profile/a.bsky.social/lists/3k"
    rendering = render(
        post(body, replies=(rule,), quotes="nobody", quote="posts/b.md", reply_to="", lang="en"), "bluesky", tmp_path
    )
    assert codes(rendering) == []
    from fedisched.compose.bluesky_request import _REQUEST, _WRITE, _length

    reckoned = _REQUEST + sum(
        _WRITE + _length(record) for part in rendering.rendered.parts for record in (part.body, *part.gates)
    )
    assert len(sent(rendering.rendered)) < reckoned


def test_one_post_with_links_that_are_too_long_is_a_problem() -> None:
    link = f"[a](https://example.com/{'x' * 8000}) "
    rendering = render(post(link * 20, link=LinkCard(wanted=False)), "bluesky")
    assert "request-too-large" in codes(rendering)
    assert any("with its links" in problem.message for problem in rendering.problems)
