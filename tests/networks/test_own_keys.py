"""Gates, tags, polls and quote policies on every server that has them, read back and compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from fedisched.model.outcome import Absent, Found, Published, Unsure
from fedisched.model.rendered import Body, Pending, Rendered
from fedisched.networks.mastodon_instance import more_limits
from fedisched.sandbox import Fault, What
from tests.networks.places import Place, prepared, publish, text_of_its_own
from tests.networks.rendering import bluesky_post, mastodon_post

THREADGATE, POSTGATE = "app.bsky.feed.threadgate", "app.bsky.feed.postgate"
APPLY = "/xrpc/com.atproto.repo.applyWrites"
POLL: dict[str, Body] = {"options": ["Tea", "Coffee"], "expires_in": 86_400, "multiple": True, "hide_totals": True}


def gate(kind: str = THREADGATE, **rules: Body) -> dict[str, Body]:
    return {"$type": kind, "post": Pending("uri"), **rules, "createdAt": Pending("created_at")}


def gated(*texts: str, **record: Any) -> Rendered:
    post = bluesky_post(*texts, **record)
    gates = (
        gate(allow=[{"$type": f"{THREADGATE}#mentionRule"}, {"$type": f"{THREADGATE}#followerRule"}]),
        gate(POSTGATE, embeddingRules=[{"$type": f"{POSTGATE}#disableRule"}]),
    )
    return replace(post, parts=(replace(post.parts[0], gates=gates), *post.parts[1:]))


def record_of(place: Place, did: str, collection: str, rkey: str) -> dict[str, Any]:
    params = {"repo": did, "collection": collection, "rkey": rkey}
    answered = httpx.get(f"{place.account.server}/xrpc/com.atproto.repo.getRecord", params=params)
    return dict(answered.raise_for_status().json()["value"])


@pytest.mark.parametrize("texts", [("One",), ("One", "Two")], ids=["post", "thread"])
def test_gates_are_written_with_their_post_under_its_key(bluesky_place: Place, texts: tuple[str, ...]) -> None:
    task = bluesky_place.task(gated(*map(text_of_its_own, texts), tags=["art", "日本語"]))
    parts = publish(bluesky_place.open(), task)
    did = parts[0].uri.split("/")[2]
    post = record_of(bluesky_place, did, "app.bsky.feed.post", task.key)
    assert post["tags"] == ["art", "日本語"]
    threadgate = record_of(bluesky_place, did, THREADGATE, task.key)
    assert threadgate == {
        "$type": THREADGATE,
        "post": parts[0].uri,
        "allow": [{"$type": f"{THREADGATE}#mentionRule"}, {"$type": f"{THREADGATE}#followerRule"}],
        "createdAt": post["createdAt"],
    }
    postgate = record_of(bluesky_place, did, POSTGATE, task.key)
    assert (postgate["post"], postgate["embeddingRules"]) == (parts[0].uri, [{"$type": f"{POSTGATE}#disableRule"}])
    assert bluesky_place.open().find([task]) == [Found(parts)]


def test_a_gated_post_twice_makes_one_post(bluesky_place: Place) -> None:
    task = bluesky_place.task(gated(text := text_of_its_own()))
    assert publish(bluesky_place.open(), task) == publish(bluesky_place.open(), task)
    assert bluesky_place.reader.texts().count(text) == 1


def test_a_gate_that_is_refused_leaves_no_post(bluesky_place: Place) -> None:
    post = bluesky_post(text := text_of_its_own())
    wrong = gate(allow=[{"$type": f"{THREADGATE}#listRule", "list": "no address at all"}])
    task = bluesky_place.task(replace(post, parts=(replace(post.parts[0], gates=(wrong,)),)))
    network = bluesky_place.open()
    assert not isinstance(network.publish(prepared(network, task), ()), Published)
    assert text not in bluesky_place.reader.texts()
    assert network.find([task]) == [Absent()]


def test_after_a_lost_answer_a_gated_post_is_found(sandbox_bluesky: Place) -> None:
    task = sandbox_bluesky.task(gated(text_of_its_own()))
    network = sandbox_bluesky.open()
    ready = prepared(network, task)
    sandbox_bluesky.faults.faults.add(Fault(What.DROP_ANSWER, path=APPLY))
    assert isinstance(network.publish(ready, ()), Unsure)
    (finding,) = sandbox_bluesky.open().find([ready.task])
    assert isinstance(finding, Found)


def test_a_list_of_people_is_resolved_ahead_of_time(bluesky_place: Place) -> None:
    handle = bluesky_place.account.handle
    page = f"https://bsky.app/profile/{handle}/lists/3kaaaaaaaaaaa"
    post = bluesky_post(text_of_its_own())
    rule: dict[str, Body] = {"$type": f"{THREADGATE}#listRule", "list": Pending("list", page)}
    task = bluesky_place.task(replace(post, parts=(replace(post.parts[0], gates=(gate(allow=[rule]),)),)))
    (part,) = publish(bluesky_place.open(), task)
    did = part.uri.split("/")[2]
    (found,) = record_of(bluesky_place, did, THREADGATE, task.key)["allow"]
    assert found["list"] == f"at://{did}/app.bsky.graph.list/3kaaaaaaaaaaa"


def status_of(place: Place, number: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {place.credential}"}
    answered = httpx.get(f"{place.account.server}/api/v1/statuses/{number}", headers=headers)
    return dict(answered.raise_for_status().json())


def test_a_poll_arrives_and_its_post_is_found(mastodon_place: Place) -> None:
    task = mastodon_place.task(mastodon_post(text_of_its_own(), poll=POLL))
    parts = publish(mastodon_place.open(), task)
    poll = status_of(mastodon_place, parts[0].id)["poll"]
    assert [option["title"] for option in poll["options"]] == ["Tea", "Coffee"]
    assert poll["multiple"] is True
    assert mastodon_place.open().find([task]) == [Found(parts)]


def test_who_may_quote_arrives(sandbox_mastodon: Place) -> None:
    task = sandbox_mastodon.task(mastodon_post(text_of_its_own(), quote_approval_policy="nobody"))
    (part,) = publish(sandbox_mastodon.open(), task)
    assert status_of(sandbox_mastodon, part.id)["quote_approval"]["automatic"] == []


def test_limits_of_polls_and_quotes_come_from_the_server(sandbox_mastodon: Place) -> None:
    identity: Any = sandbox_mastodon.open().identify()
    limits = identity.limits
    assert (limits.poll_options, limits.poll_characters, limits.poll_shortest, limits.quotes) == (4, 50, 300, True)
    sandbox_mastodon.faults.rules.quotes = False
    identity = sandbox_mastodon.open().identify()
    assert not identity.limits.quotes


@pytest.mark.parametrize(
    ("instance", "quotes"),
    [
        ({"api_versions": {"mastodon": 7}, "version": "4.5.0"}, True),
        ({"api_versions": {"mastodon": 6}, "version": "4.4.1"}, False),
        ({"version": "4.5.0"}, True),
        ({"version": "4.4.9"}, False),
        ({"version": "10.0.0"}, True),
        ({"version": "4.6.0 (compatible; Pleroma 2.9)"}, False),
        ({"version": "0.19.1+git"}, False),
        ({}, False),
    ],
)
def test_which_servers_know_quotes(instance: dict[str, Any], quotes: bool) -> None:
    assert more_limits(instance) == {"quotes": quotes}
