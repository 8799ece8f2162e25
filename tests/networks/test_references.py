"""Posts that answer and quote others, on every server there is: by what we know of them, and by their addresses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from fedisched.model.network import Task
from fedisched.model.outcome import Absent, Found, NotSent, Refused, SentPart
from fedisched.model.rendered import Body, Pending, Rendered
from fedisched.networks.mastodon_matching import Matching
from fedisched.networks.mastodon_status import difference, shown, words_of_html
from fedisched.sandbox import Fault, What
from tests.networks.places import Place, no_media, prepared, publish, text_of_its_own
from tests.networks.rendering import bluesky_post, mastodon_post, picture

OTHER = "posts/other.md"
NOT_THERE = "3kaaaaaaaaaaa"


def answer(place: Place, name: str, *texts: str) -> Rendered:
    """A post that answers another one."""
    if place.network == "mastodon":
        first, *more = mastodon_post(*texts).parts
        body = {**first.body, "in_reply_to_id": Pending("in_reply_to_id", name)}
    else:
        first, *more = bluesky_post(*texts).parts
        body = {**first.body, "reply": {"root": Pending("root", name), "parent": Pending("parent", name)}}
    return replace(place.post(*texts), parts=(replace(first, body=body), *more))


def quote(place: Place, name: str, text: str) -> Rendered:
    if place.network == "mastodon":
        return mastodon_post(text, quoted_status_id=Pending("quoted_status_id", name))
    return bluesky_post(text, embed={"$type": "app.bsky.embed.record", "record": Pending("quoted", name)})


def sent(place: Place, *texts: str) -> tuple[SentPart, ...]:
    return publish(place.open(), place.task(place.post(*map(text_of_its_own, texts))))


def value_of(place: Place, part: SentPart) -> dict[str, Any]:
    did = part.uri.split("/")[2]
    params = {"repo": did, "collection": "app.bsky.feed.post", "rkey": part.key}
    answered = httpx.get(f"{place.account.server}/xrpc/com.atproto.repo.getRecord", params=params)
    return dict(answered.raise_for_status().json()["value"])


def reference(part: SentPart) -> dict[str, str]:
    return {"uri": part.uri, "cid": part.cid}


def names(*parts: SentPart) -> list[str]:
    return [part.uri or part.id for part in parts]


def test_an_answer_goes_to_the_end_of_a_thread_of_ours_and_is_found(place: Place) -> None:
    thread = sent(place, "One", "Two")
    task = place.task(answer(place, OTHER, text_of_its_own("Three"), text_of_its_own("Four")), others={OTHER: thread})
    parts = publish(place.open(), task)
    parents = [place.reader.read(part).parent for part in parts]
    assert parents == names(thread[1], parts[0])
    assert place.open().find([task]) == [Found(parts)]


def test_what_was_asked_for_stands_in_what_is_kept(place: Place) -> None:
    (other,) = sent(place, "One")
    task = place.task(answer(place, OTHER, text_of_its_own("Two")), others={OTHER: (other,)})
    network = place.open()
    ready = prepared(network, task, no_media)
    # By then nobody may know what the other file said.
    kept = replace(ready.task, others={})
    assert network.find([kept]) == [Absent()]
    parts = network.publish(ready, ()).parts  # type: ignore[union-attr]
    assert place.open().find([kept]) == [Found(parts)]


def test_an_answer_has_its_threads_root(bluesky_place: Place) -> None:
    (first,) = sent(bluesky_place, "One")
    second_task = bluesky_place.task(answer(bluesky_place, OTHER, text_of_its_own("Two")), others={OTHER: (first,)})
    (second,) = publish(bluesky_place.open(), second_task)
    third_task = bluesky_place.task(
        answer(bluesky_place, OTHER, text_of_its_own("Three"), text_of_its_own("Four")), others={OTHER: (second,)}
    )
    third, fourth = publish(bluesky_place.open(), third_task)
    assert value_of(bluesky_place, second)["reply"] == {"root": reference(first), "parent": reference(first)}
    assert value_of(bluesky_place, third)["reply"] == {"root": reference(first), "parent": reference(second)}
    assert value_of(bluesky_place, fourth)["reply"] == {"root": reference(first), "parent": reference(third)}


@pytest.mark.parametrize("form", ["uri", "did", "handle"])
def test_a_post_on_bluesky_is_named_by_any_of_its_addresses(bluesky_place: Place, form: str) -> None:
    (other,) = sent(bluesky_place, "One")
    did = other.uri.split("/")[2]
    address = {
        "uri": other.uri,
        "did": f"https://bsky.app/profile/{did}/post/{other.key}",
        "handle": f"https://deer.example/profile/{bluesky_place.account.handle}/post/{other.key}?ref=x",
    }[form]
    (part,) = publish(bluesky_place.open(), bluesky_place.task(answer(bluesky_place, address, text_of_its_own())))
    assert value_of(bluesky_place, part)["reply"]["parent"] == reference(other)
    (part,) = publish(bluesky_place.open(), bluesky_place.task(quote(bluesky_place, address, text_of_its_own())))
    assert value_of(bluesky_place, part)["embed"] == {"$type": "app.bsky.embed.record", "record": reference(other)}


def test_a_quote_beside_a_picture(bluesky_place: Place) -> None:
    (other,) = sent(bluesky_place, "One")
    post = bluesky_post(text_of_its_own(), media=[picture()])
    body = dict(post.parts[0].body)
    quoted: dict[str, Body] = {"$type": "app.bsky.embed.record", "record": Pending("quoted", OTHER)}
    body["embed"] = {"$type": "app.bsky.embed.recordWithMedia", "record": quoted, "media": body["embed"]}
    task = bluesky_place.task(replace(post, parts=(replace(post.parts[0], body=body),)), others={OTHER: (other,)})
    parts = publish(bluesky_place.open(), task)
    embed = value_of(bluesky_place, parts[0])["embed"]
    assert embed["record"] == {"$type": "app.bsky.embed.record", "record": reference(other)}
    assert embed["media"]["$type"] == "app.bsky.embed.images"
    assert bluesky_place.open().find([task]) == [Found(parts)]


@pytest.mark.parametrize("name", ["https://bsky.app/profile/{did}/post/{key}", "at://{did}/app.bsky.feed.post/{key}"])
def test_a_post_on_bluesky_that_is_not_there_is_refused(bluesky_place: Place, name: str) -> None:
    did = bluesky_place.open().identify().account_id  # type: ignore[union-attr]
    address = name.format(did=did, key=NOT_THERE)
    said = bluesky_place.open().prepare(bluesky_place.task(quote(bluesky_place, address, "x")), no_media)
    assert isinstance(said, Refused)
    assert not said.account
    assert address in said.reason


def test_a_handle_that_nobody_has_is_refused(bluesky_place: Place) -> None:
    address = f"https://bsky.app/profile/nobody-at-all.test/post/{NOT_THERE}"
    said = bluesky_place.open().prepare(bluesky_place.task(quote(bluesky_place, address, "x")), no_media)
    assert isinstance(said, Refused)
    assert "nobody-at-all.test" in said.reason


def test_a_post_on_mastodon_is_named_by_its_address(sandbox_mastodon: Place) -> None:
    (other,) = sent(sandbox_mastodon, "One")
    task = sandbox_mastodon.task(answer(sandbox_mastodon, other.url, text_of_its_own("Two")))
    (part,) = publish(sandbox_mastodon.open(), task)
    assert sandbox_mastodon.reader.read(part).parent == other.id


def test_a_post_on_another_server_is_asked_for(sandbox_mastodon: Place) -> None:
    (other,) = sent(sandbox_mastodon, "One")
    sandbox = sandbox_mastodon.faults
    network = sandbox_mastodon.open(server=sandbox.url.replace("127.0.0.1", "localhost"))
    (part,) = publish(network, sandbox_mastodon.task(answer(sandbox_mastodon, other.url, text_of_its_own("Two"))))
    assert sandbox_mastodon.reader.read(part).parent == other.id
    assert any(seen.path == "/api/v2/search" for seen in sandbox.requests("GET"))


def test_a_post_that_is_not_found_elsewhere_is_asked_for_again(sandbox_mastodon: Place) -> None:
    task = sandbox_mastodon.task(answer(sandbox_mastodon, "https://elsewhere.example/@a/1", "x"))
    said = sandbox_mastodon.open().prepare(task, no_media)
    assert isinstance(said, NotSent)
    assert not said.account


def test_a_post_of_our_own_server_that_is_not_there_is_refused(sandbox_mastodon: Place) -> None:
    task = sandbox_mastodon.task(answer(sandbox_mastodon, f"{sandbox_mastodon.account.server}/@anna/404", "x"))
    assert isinstance(sandbox_mastodon.open().prepare(task, no_media), Refused)


def test_a_token_that_may_not_read_is_the_posts_trouble_and_not_the_accounts(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    network.identify()
    sandbox_mastodon.faults.faults.add(Fault(What.FORBIDDEN, path="/api/v2/search"))
    task = sandbox_mastodon.task(answer(sandbox_mastodon, "https://elsewhere.example/@a/1", "x"))
    said = network.prepare(task, no_media)
    assert isinstance(said, Refused)
    assert not said.account
    assert "read:search" in said.hint


def test_a_quote_arrives_on_mastodon_and_is_found(sandbox_mastodon: Place) -> None:
    (other,) = sent(sandbox_mastodon, "One")
    task = sandbox_mastodon.task(quote(sandbox_mastodon, OTHER, text_of_its_own("Look")), others={OTHER: (other,)})
    parts = publish(sandbox_mastodon.open(), task)
    headers = {"Authorization": f"Bearer {sandbox_mastodon.credential}"}
    status = httpx.get(f"{sandbox_mastodon.account.server}/api/v1/statuses/{parts[0].id}", headers=headers).json()
    assert status["quote"]["quoted_status"]["id"] == other.id
    assert "quote-inline" in status["content"]
    assert sandbox_mastodon.open().find([task]) == [Found(parts)]


def test_what_a_server_puts_before_a_quote_is_no_word_of_ours() -> None:
    inline = '<p class="quote-inline">RE: <a href="https://a.example/1"><span>https://</span>a.example/1<br/></a></p>'
    assert words_of_html(f"{inline}<p>Hello<br>world</p>") == "Hello\nworld"


def status(**how: Any) -> dict[str, Any]:
    return {"id": "2", "content": "<p>Hello</p>", "media_attachments": [], "created_at": "2027-01-15T08:00:00Z", **how}


@pytest.mark.parametrize(
    ("quoted", "said"),
    [
        ({"quote": {"state": "accepted"}}, ""),
        ({"quote": {"state": "pending"}}, "waits for the approval"),
        ({"quote": {"state": "rejected"}}, "the quote is missing"),
        ({}, "the quote is missing"),
    ],
)
def test_a_quote_that_did_not_arrive_is_told(quoted: dict[str, Any], said: str) -> None:
    found = shown(status(**quoted))
    assert found is not None
    warning = difference({"status": "Hello", "quoted_status_id": "1"}, found)
    assert (said in warning) if said else not warning


@pytest.mark.parametrize(
    ("asked", "parent", "is_ours"),
    [
        (None, None, True),
        (None, "1", False),
        (Pending("in_reply_to_id", OTHER), "1", True),
        (Pending("in_reply_to_id", OTHER), "7", False),
        (Pending("in_reply_to_id", "https://a.example/1"), "7", True),
        ("1", "1", True),
        ("1", "7", False),
        ("1", None, True),  # what it answers was deleted since
    ],
)
def test_an_answer_is_known_by_what_it_answers(asked: Any, parent: str | None, is_ours: bool) -> None:
    body = {} if asked is None else {"in_reply_to_id": asked}
    others = {OTHER: (SentPart(1, "k", "u", id="1"),)}
    task = Task("3kgone2222222", mastodon_post("Hello", **body), 0, others=others)
    found = shown(status(in_reply_to_id=parent))
    assert found is not None
    matching = Matching([found], lambda _: None, 0, frozenset())
    assert (matching.findings([task]) != [Absent()]) == is_ours
