"""Link cards: made from a page ahead of time, published on the sandbox and on a real PDS, read back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from fedisched.model.errors import FileChanged
from fedisched.model.network import Prepared, ReadMedia
from fedisched.model.outcome import Absent, Found, Published, SentPart
from fedisched.model.rendered import Attachment, Body, Card, Pending, Rendered
from fedisched.networks.bluesky import Bluesky, cards_of
from fedisched.networks.bluesky_records import same_record
from fedisched.networks.cards import Cards, Made, NoCard
from fedisched.networks.cid import cid_of_blob
from fedisched.networks.safe_fetch import Fetched, NotFetched, SafeFetch
from fedisched.networks.thumb import fit_thumb
from fedisched.sandbox import Fault, What
from tests.networks.pages import HOST, URL, Pages, answer, page, photo, redirect, serving_a_post
from tests.networks.places import Place, no_media, now, text_of_its_own
from tests.networks.rendering import bluesky_post


@pytest.fixture
def pages() -> Iterator[Pages]:
    with serving_a_post() as running:
        yield running


def carded(card: Card, text: str = "") -> Rendered:
    """A post with a card, as it is composed."""
    external: dict[str, Body] = {
        "uri": card.url,
        "title": Pending("title", card.url) if card.title is None else card.title,
        "description": Pending("description", card.url) if card.description is None else card.description,
    }
    if card.with_thumb:
        external["thumb"] = Pending("thumb", card.thumb.path if card.thumb else card.url)
    embed: Body = {"$type": "app.bsky.embed.external", "external": external}
    post = bluesky_post(text or text_of_its_own(), embed=embed)
    return replace(post, parts=(replace(post.parts[0], card=card),))


def opened(place: Place, cards: Cards) -> Bluesky:
    network = Bluesky(place.account, place.credential, place.sessions, now, cards)
    place.opened.append(network)
    return network


def published(
    place: Place, network: Bluesky, rendered: Rendered, read_media: ReadMedia = no_media
) -> tuple[SentPart, Published, Prepared]:
    ready = network.prepare(place.task(rendered), read_media)
    assert isinstance(ready, Prepared), ready
    outcome = network.publish(ready, ())
    assert isinstance(outcome, Published), outcome
    return outcome.parts[0], outcome, ready


def record(place: Place, part: SentPart) -> dict[str, Any]:
    repo, collection, key = part.uri.removeprefix("at://").split("/")
    query = {"repo": repo, "collection": collection, "rkey": key}
    answer = httpx.get(f"{place.account.server}/xrpc/com.atproto.repo.getRecord", params=query).raise_for_status()
    value: dict[str, Any] = answer.json()["value"]
    return value


def blob(place: Place, part: SentPart, cid: str) -> bytes:
    query = {"did": part.uri.removeprefix("at://").split("/")[0], "cid": cid}
    return httpx.get(f"{place.account.server}/xrpc/com.atproto.sync.getBlob", params=query).raise_for_status().content


def test_a_card_reads_back_with_its_picture(bluesky_place: Place, pages: Pages) -> None:
    network = opened(bluesky_place, Cards(pages.fetch()))
    part, outcome, _ = published(bluesky_place, network, carded(Card(URL)))
    embed = record(bluesky_place, part)["embed"]
    thumb = embed["external"].pop("thumb")
    assert embed == {
        "$type": "app.bsky.embed.external",
        "external": {"uri": URL, "title": "A title", "description": "What it is about"},
    }
    expected = fit_thumb(photo())
    assert expected is not None
    assert thumb == {
        "$type": "blob",
        "ref": {"$link": cid_of_blob(expected)},
        "mimeType": "image/jpeg",
        "size": len(expected),
    }
    assert blob(bluesky_place, part, thumb["ref"]["$link"]) == expected
    assert b"taken at home" not in expected
    assert (outcome.warning, pages.paths()) == ("", ["/post", "/picture.jpg"])


def test_a_card_that_fails_does_not_stop_the_post_and_is_said(bluesky_place: Place, pages: Pages) -> None:
    pages.pages["/post"] = answer(status="500 Broken")
    network = opened(bluesky_place, Cards(pages.fetch()))
    rendered = carded(Card(URL))
    part, outcome, ready = published(bluesky_place, network, rendered)
    assert "embed" not in record(bluesky_place, part)
    assert outcome.warning == f"the page at {URL} gave nothing for its card: its server answered 500"
    assert network.find([ready.task]) == [Found((part,))]


def test_a_picture_that_fails_leaves_the_card(bluesky_place: Place, pages: Pages) -> None:
    pages.pages["/picture.jpg"] = answer(b"<svg/>", "image/svg+xml")
    network = opened(bluesky_place, Cards(pages.fetch()))
    part, outcome, _ = published(bluesky_place, network, carded(Card(URL)))
    assert set(record(bluesky_place, part)["embed"]["external"]) == {"uri", "title", "description"}
    assert outcome.warning == f"the card of {URL} has no picture: it cannot be read as a picture"


def test_what_the_author_gave_needs_no_page(bluesky_place: Place) -> None:
    thumb = Attachment("posts/a.png", "", "image/png", 100)
    card = Card(URL, "Mine", "My own words", thumb)
    network = opened(bluesky_place, Cards(None))
    part, outcome, _ = published(bluesky_place, network, carded(card), lambda attachment: photo(kind="PNG"))
    external = record(bluesky_place, part)["embed"]["external"]
    expected = fit_thumb(photo(kind="PNG"))
    assert (external["title"], external["description"], outcome.warning) == ("Mine", "My own words", "")
    assert blob(bluesky_place, part, external["thumb"]["ref"]["$link"]) == expected


def test_a_delivery_that_is_prepared_again_asks_no_page_again(sandbox_bluesky: Place, pages: Pages) -> None:
    network = opened(sandbox_bluesky, Cards(pages.fetch()))
    task = sandbox_bluesky.task(carded(Card(URL)))
    first, second = network.prepare(task, no_media), network.prepare(task, no_media)
    assert isinstance(first, Prepared)
    assert isinstance(second, Prepared)
    assert first.requests == second.requests
    assert pages.paths() == ["/post", "/picture.jpg"]


def test_nothing_is_fetched_at_the_moment(sandbox_bluesky: Place, pages: Pages) -> None:
    network = opened(sandbox_bluesky, Cards(pages.fetch()))
    ready = network.prepare(sandbox_bluesky.task(carded(Card(URL))), no_media)
    assert isinstance(ready, Prepared)
    asked = len(pages.asked)
    network.warm()
    assert isinstance(network.publish(ready, ()), Published)
    assert len(pages.asked) == asked


def test_a_post_in_doubt_is_found_whatever_its_page_says_by_then(bluesky_place: Place, pages: Pages) -> None:
    """The first request landed and nobody knows; the page is another by now, then gone."""
    rendered = carded(Card(URL))
    task = bluesky_place.task(rendered)
    first = opened(bluesky_place, Cards(pages.fetch()))
    assert first.find([task]) == [Absent()]
    ready = first.prepare(task, no_media)
    assert isinstance(ready, Prepared)
    landed = first.publish(ready, ())
    assert isinstance(landed, Published)
    for then in (answer(page(title="Another title")), answer(status="404 Gone")):
        pages.pages["/post"] = then
        second = opened(bluesky_place, Cards(pages.fetch()))
        assert second.find([task]) == [Found(landed.parts)]
        again = second.prepare(task, no_media)
        assert isinstance(again, Prepared)
        assert again.requests != ready.requests
        outcome = second.publish(again, ())
        assert isinstance(outcome, Published)
        assert outcome.parts == landed.parts
    assert record(bluesky_place, landed.parts[0])["embed"]["external"]["title"] == "A title"


def test_a_server_that_took_all_the_time_is_not_asked_again_for_the_next_post(sandbox_bluesky: Place) -> None:
    clock, asked = [0.0], []

    def slow(url: str, most: int, until: float, accept: str, enough: object = None) -> Fetched:
        asked.append(url)
        clock[0] = until
        raise NotFetched("it took too long")

    network = opened(sandbox_bluesky, Cards(slow, now=lambda: clock[0]))
    warnings = []
    for number in range(3):
        _, outcome, _ = published(sandbox_bluesky, network, carded(Card(f"{URL}{number}")))
        warnings.append(outcome.warning)
    assert asked == [f"{URL}0"]
    assert ["took too long" in warning for warning in warnings] == [True] * 3
    published(sandbox_bluesky, network, carded(Card("https://other.test/")))
    assert asked == [f"{URL}0", "https://other.test/"]


def test_a_server_that_takes_no_picture_gets_the_card_without(sandbox_bluesky: Place, pages: Pages) -> None:
    sandbox_bluesky.faults.faults.add(Fault(What.PROXY_ERROR, "/xrpc/com.atproto.repo.uploadBlob"))
    network = opened(sandbox_bluesky, Cards(pages.fetch()))
    part, outcome, _ = published(sandbox_bluesky, network, carded(Card(URL)))
    assert set(record(sandbox_bluesky, part)["embed"]["external"]) == {"uri", "title", "description"}
    assert f"the card of {URL} has no picture: " in outcome.warning


def test_for_a_server_on_this_machine_nobody_else_is_asked(sandbox_bluesky: Place) -> None:
    assert cards_of(sandbox_bluesky.account) == Cards(None)
    part, outcome, _ = published(sandbox_bluesky, opened(sandbox_bluesky, Cards(None)), carded(Card(URL)))
    assert ("embed" in record(sandbox_bluesky, part), outcome.warning) == (False, "")


def test_for_every_other_server_the_real_rule_holds(sandbox_bluesky: Place) -> None:
    account = replace(sandbox_bluesky.account, server="https://bsky.social")
    assert cards_of(account) == Cards(SafeFetch())


# Without a server


def made(pages: Pages, card: Card, given: bytes | None = None) -> Made | NoCard:
    return Cards(pages.fetch()).make(card, given)


def test_the_card_is_of_the_address_that_was_written_and_its_picture_of_where_that_leads(pages: Pages) -> None:
    pages.pages["/short"] = redirect("/deep/er")
    pages.pages["/deep/er"] = answer(page(image="p.jpg"))
    pages.pages["/deep/p.jpg"] = answer(photo(), "image/jpeg")
    done = made(pages, Card(f"http://{HOST}/short"))
    assert isinstance(done, Made)
    assert done.thumb == fit_thumb(photo())


@pytest.mark.parametrize("image", ["http://127.0.0.1/x.jpg", "http://[::1]/x.jpg", "http://169.254.169.254/"])
def test_a_page_does_not_lead_its_picture_in(pages: Pages, image: str) -> None:
    real = SafeFetch()
    fetch = pages.fetch(
        resolve=lambda host, port: pages.leads(host, port) if host == HOST else real.resolve(host, port),
        allowed=lambda address: real.allowed(address) or (address == "127.0.0.1" and len(pages.asked) == 0),
    )
    pages.pages["/post"] = answer(page(image=image))
    done = Cards(fetch).make(Card(URL))
    assert isinstance(done, Made)
    assert (done.title, done.thumb) == ("A title", None)
    assert "not a public address" in done.remark
    assert pages.paths() == ["/post"]


@pytest.mark.parametrize(
    ("body", "kind", "why"),
    [
        (b"%PDF-1.7", "application/pdf", "it is no page but application/pdf"),
        (photo(), "image/jpeg", "it is no page but image/jpeg"),
        (b"", "text/html", "has no title"),
        (b"<p>Hello", "text/html", "has no title"),
    ],
)
def test_what_has_nothing_to_show_makes_no_card(pages: Pages, body: bytes, kind: str, why: str) -> None:
    pages.pages["/post"] = answer(body, kind)
    done = made(pages, Card(URL))
    assert isinstance(done, NoCard)
    assert why in done.remark


def test_what_the_author_gave_wins_and_a_page_fills_in_the_rest(pages: Pages) -> None:
    done = made(pages, Card(URL, title="Mine"))
    assert isinstance(done, Made)
    assert (done.title, done.description) == ("Mine", "What it is about")
    assert made(pages, Card(URL, with_thumb=False)) == Made("A title", "What it is about")
    assert pages.paths() == ["/post", "/picture.jpg", "/post"]


def test_a_title_of_the_authors_own_makes_a_card_though_the_page_is_gone(pages: Pages) -> None:
    pages.pages["/post"] = answer(status="410 Gone")
    assert made(pages, Card(URL, title="Mine")) == Made(
        "Mine", "", None, f"the page at {URL} gave nothing for its card: its server answered 410"
    )


def test_a_picture_of_the_authors_own_that_is_gone_or_no_picture_is_said(pages: Pages) -> None:
    card = Card(URL, "Mine", "", Attachment("posts/a.png", "", "image/png", 3))
    assert made(pages, card, b"no!") == Made(
        "Mine", "", None, "posts/a.png cannot be read as a picture, so the card has none"
    )


def test_a_picture_that_is_gone_by_then_stops_nothing(sandbox_bluesky: Place) -> None:
    def gone(attachment: Attachment) -> bytes:
        raise FileChanged("gone", "")

    card = Card(URL, "Mine", "", Attachment("posts/a.png", "", "image/png", 3))
    part, outcome, _ = published(sandbox_bluesky, opened(sandbox_bluesky, Cards(None)), carded(card), gone)
    assert "thumb" not in record(sandbox_bluesky, part)["embed"]["external"]
    assert "posts/a.png" in outcome.warning


def test_a_picture_that_is_too_large_is_left_out(pages: Pages) -> None:
    pages.pages["/picture.jpg"] = answer(photo() + b"\0" * 6_000_000, "image/jpeg")
    done = made(pages, Card(URL))
    assert isinstance(done, Made)
    assert (done.thumb, done.remark) == (None, f"the card of {URL} has no picture: it is too large")


def external(**how: Body) -> dict[str, Any]:
    return {"$type": "app.bsky.embed.external", "external": {"uri": URL, "title": "A", "description": "B", **how}}


def test_two_records_that_differ_by_what_the_page_said_are_the_same_and_by_more_they_are_not() -> None:
    def body(embed: dict[str, Any] | None) -> dict[str, Any]:
        return {"text": "Hello", **({"embed": embed} if embed else {})}

    pictures = {"$type": "app.bsky.embed.images", "images": []}
    both = (external(), external(title=Pending("title", URL)), external(title="Z", thumb={"$type": "blob"}), None)
    for wanted in both:
        for found in both:
            assert same_record(body(wanted), body(found))
        assert not same_record(body(wanted), body(pictures))
        assert not same_record(body(wanted), {**body(wanted), "text": "Another"})
    assert not same_record(body(external()), body(external(uri="https://other.test/")))
    assert not same_record(body(None), body(pictures))
