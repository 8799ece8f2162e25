"""Every record that is rendered is valid by the official lexicons, and our limits are theirs: what is at a maximum is
taken, what is one over is a problem before it would be refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fedisched.compose.bluesky_keys import LABELS
from fedisched.model.rendered import Body
from tests.oracle.atproto_api import Oracle
from tests.oracle.texts import texts

from .media.films import mp4
from .posts import PNG, codes, only_part, post, render

pytestmark = pytest.mark.node
POST = "app.bsky.feed.post"
FAMILY = "👨‍👩‍👧‍👧"


def record(text: Body = "Hello", **more: Body) -> dict[str, Any]:
    return {"$type": POST, "text": text, "createdAt": "2026-12-01T08:00:00.000Z", **more}


def facet(**feature: str) -> Mapping[str, Body]:
    return {"index": {"byteStart": 0, "byteEnd": 5}, "features": [feature]}


RICH = (
    "Hello @alice, @a.bsky.social: #tag $ABC https://example.com/a/very/long/path [words](https://example.com) "
    f"नमस्ते {FAMILY} مرحبا httpbin.org 日本語"
)


@pytest.mark.parametrize("labels", [(), LABELS])
@pytest.mark.parametrize("lang", ["", "en", "pt-BR", "zh-Hant-TW"])
def test_the_record_of_a_post_is_valid(oracle: Oracle, lang: str, labels: tuple[str, ...]) -> None:
    part = only_part(render(post(RICH, lang=lang, labels=labels), "bluesky"))
    assert len(part.facets) == 7
    oracle.assert_valid(POST, part.body)


def test_the_records_of_a_thread_are_valid(oracle: Oracle) -> None:
    parts = render(post(f"{RICH}\n---\n" + "And so on. " * 60, thread="auto", cw="Careful"), "bluesky").rendered.parts
    assert len(parts) > 3
    for part in parts:
        oracle.assert_valid(POST, part.body)


def test_the_record_of_pictures_is_valid(oracle: Oracle, tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.png").write_bytes(PNG)
    for number in range(1, 5):
        body = "\n".join(["![what is there](a.png)"] * number)
        oracle.assert_valid(POST, only_part(render(body, "bluesky", tmp_path)).body)


@pytest.mark.parametrize("captions", [0, 1, 20])
def test_the_record_of_a_video_is_valid(oracle: Oracle, tmp_path: Path, captions: int) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.mp4").write_bytes(mp4())
    for number in range(captions):
        (tmp_path / "posts" / f"a.{'abcdefghijklmnopqrstuvwxyz'[number]}a.vtt").write_text("WEBVTT\n")
    part = only_part(render(f"![{'é' * 1000}](a.mp4)", "bluesky", tmp_path))
    assert len(part.captions) == captions
    oracle.assert_valid(POST, part.body)


def test_whatever_is_typed_its_record_is_valid(oracle: Oracle) -> None:
    for text in texts(400, seed=7):
        rendering = render(post(text, thread="auto"), "bluesky")
        if rendering.can_be_sent:
            for part in rendering.rendered.parts:
                oracle.assert_valid(POST, part.body)


@pytest.mark.parametrize(
    ("at_most", "one_more"),
    [
        pytest.param("a" * 300, "a" * 301, id="300 characters"),
        pytest.param("नमस्ते" * 100, "नमस्ते" * 100 + "न", id="300 characters of several code points"),
        pytest.param(FAMILY * 120, FAMILY * 120 + "a", id="3000 bytes"),
        pytest.param("e\u0301\u0302\u0303\u0304" * 300, "e\u0301\u0302\u0303\u0304" * 301, id="300 with accents"),
    ],
)
def test_our_limits_are_the_lexicons(oracle: Oracle, at_most: str, one_more: str) -> None:
    for text, fits in ((at_most, True), (one_more, False)):
        rendering = render(text, "bluesky")
        assert codes(rendering) == ([] if fits else ["too-long"])
        assert (oracle.problem(POST, only_part(rendering).body) is None) == fits


def test_a_tag_at_the_limit_is_valid_and_one_over_it_is_text(oracle: Oracle) -> None:
    for character in ("a", "é", "日", "न"):
        at_most, one_more = (only_part(render(f"#{character * number}", "bluesky")) for number in (64, 65))
        assert (len(at_most.facets), len(one_more.facets)) == (1, 0)
        oracle.assert_valid(POST, at_most.body)
        oracle.assert_valid(POST, one_more.body)


TAG = "app.bsky.richtext.facet#tag"


@pytest.mark.parametrize(
    ("at_most", "one_more"),
    [
        pytest.param({"langs": ["en"] * 3}, {"langs": ["en"] * 4}, id="3 languages"),
        pytest.param({"tags": ["a"] * 8}, {"tags": ["a"] * 9}, id="8 tags"),
        pytest.param({"tags": ["é" * 64]}, {"tags": ["é" * 65]}, id="64 characters in a tag"),
        pytest.param({"tags": [FAMILY * 25 + "a" * 15]}, {"tags": [FAMILY * 25 + "a" * 16]}, id="640 bytes in a tag"),
        pytest.param(
            {"facets": [facet(**{"$type": TAG, "tag": "a" * 64})]},
            {"facets": [facet(**{"$type": TAG, "tag": "a" * 65})]},
            id="64 characters in a tag of the text",
        ),
        pytest.param(
            {"labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "porn"}] * 10}},
            {"labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "porn"}] * 11}},
            id="10 labels",
        ),
    ],
)
def test_the_validator_knows_the_limits(oracle: Oracle, at_most: dict[str, Body], one_more: dict[str, Body]) -> None:
    """So that a test that is green is green for a reason."""
    oracle.assert_valid(POST, record(**at_most))
    assert oracle.problem(POST, record(**one_more)) is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"$type": POST, "text": "x"},
        record(langs=["German!"]),
        record(facets=[facet(**{"$type": "app.bsky.richtext.facet#link", "uri": "httpbin.org"})]),
        record(facets=[facet(**{"$type": "app.bsky.richtext.facet#mention", "did": "alice.test"})]),
        record(facets=[{"index": {"byteStart": -1, "byteEnd": 5}, "features": []}]),
        record(embed={"$type": "app.bsky.embed.image", "images": []}),
        record(reply={"root": {"uri": "at://x"}}),
    ],
    ids=str,
)
def test_the_validator_refuses_what_is_wrong(oracle: Oracle, wrong: dict[str, Any]) -> None:
    assert oracle.problem(POST, wrong) is not None


LIST = "at://did:plc:abc/app.bsky.graph.list/3k"


@pytest.mark.parametrize("replies", [(), ("mentioned", "followers", "following", LIST)])
def test_the_records_of_gates_and_tags_are_valid(oracle: Oracle, replies: tuple[str, ...]) -> None:
    tags = ("a" * 64, "日本語")
    part = only_part(render(post("Hello", replies=replies, quotes="nobody", tags=tags), "bluesky"))
    oracle.assert_valid(POST, part.body)
    assert [str(gate["$type"]) for gate in part.gates] == ["app.bsky.feed.threadgate", "app.bsky.feed.postgate"]
    for gate in part.gates:
        oracle.assert_valid(str(gate["$type"]), gate)


def test_one_tag_and_one_rule_more_than_we_take_would_be_refused(oracle: Oracle) -> None:
    assert not oracle.problem(POST, record(tags=list("abcdefgh"))) and oracle.problem(
        POST, record(tags=list("abcdefghi"))
    )
    assert not oracle.problem(POST, record(tags=["a" * 64])) and oracle.problem(POST, record(tags=["a" * 65]))
    rule = {"$type": "app.bsky.feed.threadgate#mentionRule"}
    gate = {"$type": "app.bsky.feed.threadgate", "post": "at://did:plc:a/b.c.d/e", "createdAt": record()["createdAt"]}
    assert not oracle.problem(str(gate["$type"]), {**gate, "allow": [rule] * 5})
    assert oracle.problem(str(gate["$type"]), {**gate, "allow": [rule] * 6})
