"""The timeline: what a person sees of what was published."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from fedisched.sandbox.timeline import rich
from tests.sandbox.conftest import Place, record

KEY, OTHER_KEY = "3kaaaaaaaaaaa", "3kaaaaaaaaaab"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{title}}'


class Tags(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str, css_class: str = "") -> list[dict[str, str | None]]:
        return [
            attrs for name, attrs in self.tags if name == tag and css_class in (attrs.get("class") or "").split(" ")
        ]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def timeline(place: Place, path: str = "/") -> Tags:
    return Tags(httpx.get(place.sandbox.url + path).text)


def facet(start: int, end: int, **feature: str) -> dict[str, Any]:
    kind = {"uri": "link", "tag": "tag", "did": "mention"}[next(iter(feature))]
    typed = {"$type": f"app.bsky.richtext.facet#{kind}", **feature}
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [typed]}


def publish(place: Place, value: dict[str, Any], rkey: str = KEY) -> dict[str, str]:
    answered = place.put(rkey, value)
    assert answered.status_code == 200, answered.text
    written: dict[str, str] = answered.json()
    return written


def test_an_empty_timeline_says_so(place: Place) -> None:
    assert "Nothing published yet" in timeline(place).text


def test_both_networks_are_shown_with_their_names(place: Place) -> None:
    place.toot("From the one")
    publish(place, record("From the other"))
    page = timeline(place)
    assert "From the one" in page.text
    assert "From the other" in page.text
    assert "1 on Mastodon · 1 on Bluesky" in page.text
    assert len(page.of("span", "badge")) == 2


def test_the_same_words_stand_side_by_side(place: Place) -> None:
    place.toot("The same words, here")
    place.toot("Only here")
    publish(place, record("The same words, here"))
    assert len(timeline(place).of("section", "row")) == 2


def test_a_thread_is_joined_in_its_order(place: Place) -> None:
    first = place.toot("Part one").json()["id"]
    place.toot("Something else")
    place.toot("Part two", in_reply_to_id=first)
    page = timeline(place)
    assert len(page.of("div", "thread")) == 2
    assert page.text.index("Part one") < page.text.index("Part two")


def test_a_warning_folds_the_text_away(place: Place) -> None:
    place.toot("The butler", spoiler_text="Who did it")
    page = timeline(place)
    assert len(page.all("details")) == 1
    assert page.text.index("Who did it") < page.text.index("The butler")


def test_labels_fold_the_pictures_but_not_the_text(place: Place) -> None:
    labels = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "nudity"}]}
    publish(place, {**record("A study"), "labels": labels})
    page = timeline(place)
    assert page.text.index("A study") < page.text.index("nudity")


def publish_pictures(place: Place) -> None:
    media = place.tooter.post("/api/v2/media", files={"file": ("a.png", PNG)}, data={"description": "A dot"}).json()
    place.toot("Look", **{"media_ids[]": media["id"]})
    upload = place.skyer.post("/xrpc/com.atproto.repo.uploadBlob", content=PNG, headers={"Content-Type": "image/png"})
    image = {"image": upload.json()["blob"], "alt": "A dot"}
    publish(place, {**record("Look"), "embed": {"$type": "app.bsky.embed.images", "images": [image]}})


def test_pictures_are_shown_with_their_alt_text(place: Place) -> None:
    publish_pictures(place)
    images = timeline(place).all("img")
    assert [image["alt"] for image in images] == ["A dot", "A dot"]
    for image in images:
        assert httpx.get(f"{place.sandbox.url}{image['src']}").content == PNG


@pytest.mark.parametrize("visibility", ["Public", "Quiet public", "Followers", "Private mention"])
def test_who_can_see_it_is_shown(place: Place, visibility: str) -> None:
    names = {"Public": "public", "Quiet public": "unlisted", "Followers": "private", "Private mention": "direct"}
    place.toot("Hello", visibility=names[visibility])
    assert visibility in timeline(place).text


def test_a_gate_is_shown(place: Place) -> None:
    publish(place, record())
    gate = {"$type": "app.bsky.feed.threadgate", "post": f"at://{place.did}/x/y", "createdAt": "2026-01-01T00:00:00Z"}
    body = {"repo": place.did, "collection": "app.bsky.feed.threadgate", "rkey": KEY, "record": gate}
    assert place.skyer.post("/xrpc/com.atproto.repo.putRecord", json=body).status_code == 200
    assert "Replies limited" in timeline(place).text


def test_a_card_and_a_quote_are_shown(place: Place) -> None:
    card = {"uri": "https://a.example/", "title": "A title", "description": "What it is about"}
    first = publish(place, {**record("One"), "embed": {"$type": "app.bsky.embed.external", "external": card}})
    quote = {"uri": first["uri"], "cid": first["cid"]}
    publish(place, {**record("Two"), "embed": {"$type": "app.bsky.embed.record", "record": quote}}, OTHER_KEY)
    page = timeline(place)
    assert "What it is about" in page.text
    assert f"/profile/{place.did}/post/{KEY}" in [attrs["href"] for attrs in page.of("a", "card")]


@pytest.mark.parametrize("embed", [{"images": 5}, {"media": 5, "record": 5}, {"external": 5}, {"video": []}])
def test_an_embed_that_no_lexicon_knows_is_passed_over(place: Place, embed: dict[str, Any]) -> None:
    publish(place, {**record("Hello"), "embed": {"$type": "com.example.embed", **embed}})
    assert "Hello" in timeline(place).text


def test_a_card_shows_its_picture(place: Place) -> None:
    upload = place.skyer.post("/xrpc/com.atproto.repo.uploadBlob", content=PNG, headers={"Content-Type": "image/png"})
    card = {"uri": "https://a.example/", "title": "A title", "description": "", "thumb": upload.json()["blob"]}
    publish(place, {**record("One"), "embed": {"$type": "app.bsky.embed.external", "external": card}})
    (image,) = timeline(place).all("img")
    assert httpx.get(f"{place.sandbox.url}{image['src']}").content == PNG


def test_a_card_that_would_run_a_script_leads_nowhere(place: Place) -> None:
    card = {"uri": "javascript:alert(1)", "title": "Click", "description": ""}
    publish(place, {**record(), "embed": {"$type": "app.bsky.embed.external", "external": card}})
    assert [attrs["href"] for attrs in timeline(place).of("a", "card")] == ["#"]


def test_everything_hostile_is_only_text(place: Place) -> None:
    place.sandbox.add_mastodon("eve", "token-of-eve", HOSTILE)
    as_eve = {"Authorization": "Bearer token-of-eve"}
    form = {
        "status": HOSTILE,
        "spoiler_text": HOSTILE,
        "language": HOSTILE,
        "poll[options][]": [HOSTILE[:50]] * 2,
        "poll[expires_in]": 300,
    }
    assert place.tooter.post("/api/v1/statuses", data=form, headers=as_eve).status_code == 200
    publish(place, record(HOSTILE, facets=[facet(0, 8, uri='https://a.example/"onclick="alert(1)')]))
    for page in (timeline(place), Tags(place.sandbox.timeline_html())):
        assert len(page.all("script")) == 1
        assert page.all("img") == []
        assert not [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)]
        assert page.text.count("{{title}}") >= 3


def test_nothing_is_loaded_from_elsewhere(place: Place) -> None:
    publish_pictures(place)
    answered = httpx.get(place.sandbox.url)
    policy = answered.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    page = Tags(answered.text)
    loaded = [attrs.get("src") or attrs.get("href") or "" for name, attrs in page.tags if name in ("img", "link")]
    assert all(address.startswith(("/", "data:")) for address in loaded)


def test_the_export_is_one_file_that_needs_nothing_else(place: Place) -> None:
    publish_pictures(place)
    place.toot("Hello #tag @mia https://a.example/")
    page = Tags(place.sandbox.timeline_html(title="What was published"))
    assert all((image["src"] or "").startswith("data:image/png;base64,") for image in page.all("img"))
    assert {attrs["href"] for attrs in page.all("a") if attrs.get("href")} == {"https://a.example/"}
    assert page.all("html")[0]["data-live"] == "no"
    assert "What was published" in page.text


def test_the_export_without_media_leads_to_the_sandbox(place: Place) -> None:
    publish_pictures(place)
    page = Tags(place.sandbox.timeline_html(embed_media=False))
    assert all((image["src"] or "").startswith(place.sandbox.url) for image in page.all("img"))


def test_the_page_is_told_when_nothing_has_changed(place: Place) -> None:
    url = f"{place.sandbox.url}/sandbox/timeline"
    tag = httpx.get(url).headers["ETag"]
    assert httpx.get(url, headers={"If-None-Match": tag}).status_code == 304
    place.toot("Hello")
    changed = httpx.get(url, headers={"If-None-Match": tag})
    assert (changed.status_code, "<p>Hello</p>" in changed.text) == (200, True)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/@anna", ["toot"]),
        ("/profile/anna.test", ["skeet"]),
        ("/tags/garden", ["toot", "skeet"]),
        ("/tags/other", []),
        ("/@ben", []),
    ],
)
def test_a_page_shows_what_its_path_speaks_of(place: Place, path: str, shown: list[str]) -> None:
    place.toot("toot #garden")
    publish(place, record("skeet #Garden", facets=[facet(6, 13, tag="Garden")]))
    page = re.sub("<.*?>", "", httpx.get(f"{place.sandbox.url}/sandbox/timeline", params={"path": path}).text)
    assert [word for word in ("toot", "skeet") if word in page] == shown
    assert httpx.get(place.sandbox.url + path).status_code == 200


def test_a_thread_that_is_not_there_is_a_404(place: Place) -> None:
    assert httpx.get(f"{place.sandbox.url}/@anna/1").status_code == 404
    assert httpx.get(f"{place.sandbox.url}/profile/anna.test/post/x").status_code == 404
    assert httpx.get(f"{place.sandbox.url}/media/1").status_code == 404


def test_an_account_has_a_picture(place: Place) -> None:
    account = place.tooter.get("/api/v1/accounts/verify_credentials").json()
    picture = httpx.get(account["avatar"])
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert ">AA</text>" in picture.text


def test_facets_count_bytes() -> None:
    text = "👋 #über"
    assert rich(text, [facet(5, 11, tag="über")]).endswith('<a href="/tags/über" rel="nofollow noopener">#über</a></p>')


@pytest.mark.parametrize(("start", "end"), [(0, 99), (3, 2), (2, 2), (-1, 2)])
def test_a_facet_that_fits_nowhere_is_passed_over(start: int, end: int) -> None:
    assert rich("hello", [facet(start, end, tag="x")]) == "<p>hello</p>"


def test_of_overlapping_facets_the_first_counts() -> None:
    html = rich("hello", [facet(1, 4, tag="b"), facet(0, 2, tag="a")])
    assert html == '<p><a href="/tags/a" rel="nofollow noopener">he</a>llo</p>'


def test_a_quoted_status_is_shown_as_a_card(place: Place) -> None:
    first = place.toot("The first one").json()
    place.toot("Look at this", quoted_status_id=first["id"])
    (card,) = timeline(place).of("a", "card")
    assert card["href"] == f"/@anna/{first['id']}"
    assert "Quoted post" in timeline(place).text


def test_what_is_said_of_a_poll_and_of_quotes_is_shown(place: Place) -> None:
    poll: dict[str, Any] = {"poll[options][]": ["Tea", "Coffee"], "poll[expires_in]": 86400, "poll[multiple]": "true"}
    place.toot("Which?", quote_approval_policy="nobody", **poll)
    shown = timeline(place).text
    for words in ("Tea", "Coffee", "Poll, 24 h", "Several choices", "Quotes: nobody"):
        assert words in shown


def test_extra_tags_and_a_postgate_are_shown(place: Place) -> None:
    publish(place, {**record(), "tags": ["art"]})
    gate = {"$type": "app.bsky.feed.postgate", "post": f"at://{place.did}/x/y", "createdAt": "2026-01-01T00:00:00Z"}
    rule = {"$type": "app.bsky.feed.postgate#disableRule"}
    body = {"collection": gate["$type"], "rkey": KEY, "repo": place.did, "record": {**gate, "embeddingRules": [rule]}}
    assert place.skyer.post("/xrpc/com.atproto.repo.createRecord", json=body).status_code == 200
    shown = timeline(place).text
    assert "#art" in shown and "Quotes: nobody" in shown
    assert "Hello" in timeline(place, "/tags/art").text
