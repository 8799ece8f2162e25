"""Records: what they will be called, what is filled in, and which one is ours."""

from __future__ import annotations

from typing import Any

import pytest

from fedisched.model.outcome import SentPart
from fedisched.model.rendered import Pending
from fedisched.model.tid import part_key
from fedisched.networks.bluesky_records import (
    completed,
    filled,
    pending_in,
    same_record,
    uri_of,
    without_unknown_mentions,
)
from fedisched.networks.cid import cid_of_blob, cid_of_record
from tests.networks.rendering import bluesky_post, facet, picture

DID, KEY, AT = "did:plc:abc", "3kgone2222222", 1_800_000_000_123_456


def body(text: str = "Hello", **how: Any) -> dict[str, Any]:
    return dict(bluesky_post(text, **how).parts[0].body)


def test_a_records_cid_depends_on_its_content_and_not_on_the_order_of_its_keys() -> None:
    one, other = {"a": 1, "b": [{"c": "ä"}, None, True]}, {"b": [{"c": "ä"}, None, True], "a": 1}
    assert cid_of_record(one) == cid_of_record(other)
    assert cid_of_record(one) != cid_of_record({**one, "a": 2})
    # {"a": 1} as the specification's own encoder has it.
    assert cid_of_record({"a": 1}) == "bafyreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey"


def test_a_link_is_a_link_and_not_a_mapping() -> None:
    link = {"$link": "bafyreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey"}
    assert cid_of_record({"ref": link}) != cid_of_record({"ref": {"$other": link["$link"]}})


def test_a_blobs_cid_is_its_bytes() -> None:
    assert cid_of_blob(b"") == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


def test_parts_are_completed_with_their_moment_and_their_references() -> None:
    records = [part.body for part in bluesky_post("One", "Two", "Three").parts]
    (first, one), (second, two), (_, three) = completed(DID, KEY, records, (), AT)
    assert [record["createdAt"] for record in (one, two, three)] == [
        "2027-01-15T08:00:00.123Z",
        "2027-01-15T08:00:00.124Z",
        "2027-01-15T08:00:00.125Z",
    ]
    root, parent = {"uri": first.uri, "cid": first.cid}, {"uri": second.uri, "cid": second.cid}
    assert two["reply"] == {"root": root, "parent": root}
    assert three["reply"] == {"root": root, "parent": parent}
    assert second.uri == uri_of(DID, part_key(KEY, 2))
    assert second.cid == cid_of_record(two)
    assert not list(pending_in([one, two, three]))


def test_parts_that_are_there_are_referred_to_and_not_completed() -> None:
    records = [part.body for part in bluesky_post("One", "Two").parts]
    there = SentPart(1, KEY, "https://x", uri=uri_of(DID, KEY), cid="bafy-the-servers-own")
    ((part, record),) = completed(DID, KEY, records, (there,), AT)
    assert part.number == 2
    assert record["reply"]["root"] == {"uri": there.uri, "cid": there.cid}


def test_what_is_not_known_stays_pending() -> None:
    assert filled({"a": [Pending("did", "x")]}, {}) == {"a": [Pending("did", "x")]}
    assert filled({"a": [Pending("did", "x")]}, {Pending("did", "x"): "did:plc:x"}) == {"a": ["did:plc:x"]}


def sent(wanted: dict[str, Any], **known: Any) -> dict[str, Any]:
    """The record as it would be found on the server."""
    return {**without_unknown_mentions(filled(wanted, {Pending("did", "bob.test"): "did:plc:bob"})), **known}


@pytest.mark.parametrize(
    "wanted",
    [
        body(),
        body("Hi @bob.test", facets=[facet("Hi @bob.test", "@bob.test", "mention", "bob.test")]),
        body("Hi @nobody.test", facets=[facet("Hi @nobody.test", "@nobody.test", "mention", "nobody.test")]),
        body("See #tag", facets=[facet("See #tag", "#tag", "tag", "tag")]),
    ],
)
def test_a_record_of_ours_is_known_whenever_it_was_sent(wanted: dict[str, Any]) -> None:
    assert same_record(wanted, sent(wanted, createdAt="2027-01-15T08:00:00.000Z"))
    assert same_record(wanted, sent(wanted, createdAt="2031-01-15T08:00:00.000Z"))


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Hallo"},
        {"langs": ["de"]},
        {"langs": ["en", "de"]},
        {"langs": "en"},
        {"$type": "app.bsky.feed.like"},
        {"tags": ["more"]},
        {"facets": [{"index": {"byteStart": 0, "byteEnd": 1}, "features": []}]},
        {"facets": 7},
        {"reply": {"root": {}, "parent": {}}},
        {"embed": {"$type": "app.bsky.embed.images", "images": []}},
    ],
    ids=str,
)
def test_a_record_that_differs_is_not_ours(change: dict[str, Any]) -> None:
    assert not same_record(body(), sent(body(), createdAt="2027-01-15T08:00:00.000Z", **change))


@pytest.mark.parametrize("found", [None, 7, "text", [], {}])
def test_what_is_no_record_is_not_ours(found: object) -> None:
    assert not same_record(body(), found)


def test_a_picture_that_is_known_must_be_the_one_and_one_that_is_not_may_be_any() -> None:
    wanted = body(media=[picture()])
    blob = {"$type": "blob", "ref": {"$link": "bafkrei-a"}, "mimeType": "image/png", "size": 1}
    other = {**blob, "ref": {"$link": "bafkrei-b"}}
    with_blob = filled(wanted, {Pending("blob", "1"): blob})
    found = {**filled(wanted, {Pending("blob", "1"): other}), "createdAt": "2027-01-15T08:00:00.000Z"}
    assert same_record(wanted, found)
    assert not same_record(with_blob, found)
    assert same_record(with_blob, {**with_blob, "createdAt": "x"})
