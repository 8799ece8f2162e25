"""The Mastodon side: statuses, idempotency keys, lists, media, and the shapes of its refusals."""

from __future__ import annotations

import math
import re
from typing import Any

import httpx
import pytest

from fedisched.sandbox import Fault, Rules, Sandbox, What
from fedisched.sandbox.statuses import length, to_html
from tests.sandbox.conftest import Place

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
MP4 = b"\0\0\0\x18ftypisom" + b"\0" * 64


def upload(place: Place, data: bytes = PNG, **fields: str) -> httpx.Response:
    return place.tooter.post("/api/v2/media", files={"file": ("a.png", data, "image/png")}, data=fields)


def error(answered: httpx.Response) -> tuple[int, str]:
    return answered.status_code, answered.json()["error"]


def listed(place: Place, **query: Any) -> list[str]:
    answered = place.tooter.get(f"/api/v1/accounts/{place.account_id}/statuses", params=query)
    return [re.sub("<.*?>", "", status["content"]) for status in answered.json()]


# Who and where


def test_the_token_says_who_it_is(place: Place) -> None:
    account = place.tooter.get("/api/v1/accounts/verify_credentials").json()
    assert (account["id"], account["acct"], account["display_name"]) == (place.account_id, "anna", "Anna Ant")


def test_a_wrong_token_is_a_401(place: Place) -> None:
    headers = {"Authorization": "Bearer wrong"}
    assert error(place.tooter.get("/api/v1/accounts/verify_credentials", headers=headers)) == (
        401,
        "The access token is invalid",
    )


def test_a_revoked_token_opens_nothing(place: Place) -> None:
    place.sandbox.revoke("token-of-anna")
    assert place.toot("Hello").status_code == 401


@pytest.mark.parametrize("path", ["/api/v1/instance", "/api/v2/instance", "/api/v2/instance/"])
def test_the_instance_tells_its_limits(place: Place, path: str) -> None:
    place.sandbox.rules.max_characters = 5000
    assert place.tooter.get(path).json()["configuration"]["statuses"]["max_characters"] == 5000


def test_every_answer_has_a_date_and_the_rate_limit(place: Place) -> None:
    headers = place.tooter.get("/api/v1/accounts/verify_credentials").headers
    assert headers["Date"].endswith("GMT")
    assert int(headers["X-RateLimit-Remaining"]) < int(headers["X-RateLimit-Limit"])
    assert headers["X-RateLimit-Reset"].endswith("Z")


# Statuses


def test_what_is_posted_comes_back(place: Place) -> None:
    answered = place.toot(
        " Hello <b>\nthere\n\n#you ", visibility="unlisted", spoiler_text="Mind", language="de", sensitive="true"
    ).json()
    assert answered["content"].startswith("<p>Hello &lt;b&gt;<br />there</p><p><a href=")
    assert [answered[name] for name in ("visibility", "spoiler_text", "language", "sensitive")] == [
        "unlisted",
        "Mind",
        "de",
        True,
    ]
    assert answered["application"]["name"] == "fedisched"
    assert answered["account"]["id"] == place.account_id
    source = place.tooter.get(f"/api/v1/statuses/{answered['id']}/source").json()
    assert source == {"id": answered["id"], "text": "Hello <b>\nthere\n\n#you", "spoiler_text": "Mind"}


def test_json_is_taken_as_well_as_a_form(place: Place) -> None:
    media = upload(place).json()["id"]
    body = {"status": "Hello", "media_ids": [media], "sensitive": False}
    answered = place.tooter.post("/api/v1/statuses", json=body).json()
    assert [item["id"] for item in answered["media_attachments"]] == [media]
    assert answered["sensitive"] is False


def test_a_statuses_url_is_a_page_that_shows_it(place: Place) -> None:
    url = place.toot("Hello").json()["url"]
    page = httpx.get(url)
    assert page.status_code == 200
    assert "<p>Hello</p>" in page.text


def test_ids_rise(place: Place) -> None:
    ids = [int(place.toot(f"{number}").json()["id"]) for number in range(5)]
    assert ids == sorted(set(ids))


def test_a_poll_is_taken_as_a_form_and_as_json(place: Place) -> None:
    form: dict[str, Any] = {"poll[options][]": ["Tea", "Coffee"], "poll[expires_in]": "3600", "poll[multiple]": "true"}
    as_form = place.toot("Which?", **form).json()["poll"]
    poll = {"options": ["Tea", "Coffee"], "expires_in": 3600, "multiple": True}
    as_json = place.tooter.post("/api/v1/statuses", json={"status": "Which?", "poll": poll}).json()["poll"]
    for answered in (as_form, as_json):
        assert [option["title"] for option in answered["options"]] == ["Tea", "Coffee"]
        assert answered["multiple"] is True


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"status": " "}, "Validation failed: Text can't be blank"),
        ({"status": "x" * 501}, "Validation failed: Text character limit of 500 exceeded"),
        ({"status": "x" * 499, "spoiler_text": "yy"}, "Validation failed: Text character limit of 500 exceeded"),
        ({"status": "x", "visibility": "loud"}, "Validation failed: Visibility is not included in the list"),
        (
            {"status": "x", "media_ids[]": ["1", "2", "3", "4", "5"]},
            "Validation failed: Cannot attach more than 4 files",
        ),
        (
            {"status": "x", "media_ids[]": ["77"]},
            "Validation failed: Media 77 not found or already attached to another post",
        ),
        ({"status": "x", "poll[options][]": ["one"]}, "Validation failed: Options must have 2 to 4 items"),
        (
            {"status": "x", "poll[options][]": ["a", "b" * 51]},
            "Validation failed: Options cannot be longer than 50 characters each",
        ),
        (
            {"status": "x", "poll[options][]": ["a", "b"]},
            "Validation failed: Expires at can't be blank",
        ),
        (
            {"status": "x", "poll[options][]": ["a", "b"], "poll[expires_in]": "299"},
            "Validation failed: Expires at is too soon",
        ),
        (
            {"status": "x", "poll[options][]": ["a", "b"], "poll[expires_in]": "2629747"},
            "Validation failed: Expires at is too far into the future",
        ),
    ],
)
def test_what_is_not_valid_is_a_422(place: Place, form: dict[str, Any], message: str) -> None:
    assert error(place.tooter.post("/api/v1/statuses", data=form)) == (422, message)
    assert place.sandbox.statuses() == ()


def test_an_answer_to_nothing_is_a_404(place: Place) -> None:
    assert place.toot("Hello", in_reply_to_id="1").status_code == 404


def test_a_warning_without_text_gets_a_filler(place: Place) -> None:
    assert place.toot("", spoiler_text="Mind").json()["content"] == "<p>.</p>"


def test_a_private_status_is_seen_by_its_author_only(place: Place) -> None:
    status = place.toot("Hello", visibility="private").json()
    path = f"/api/v1/statuses/{status['id']}"
    assert place.tooter.get(path).status_code == 200
    assert error(httpx.get(place.sandbox.url + path)) == (404, "Record not found")
    assert httpx.get(f"{place.sandbox.url}/api/v1/accounts/{place.account_id}/statuses").json() == []


def test_a_deleted_status_gives_its_text_and_its_media_back(place: Place) -> None:
    media = upload(place).json()["id"]
    status = place.toot("Hello", **{"media_ids[]": media}).json()
    deleted = place.tooter.delete(f"/api/v1/statuses/{status['id']}").json()
    assert deleted["text"] == "Hello"
    assert place.tooter.get(f"/api/v1/statuses/{status['id']}").status_code == 404
    assert place.toot("Again", **{"media_ids[]": media}).status_code == 200


# Idempotency


def test_the_same_key_gives_the_same_status(place: Place) -> None:
    first, second = place.toot("Hello", key="k"), place.toot("Something else", key="k")
    assert first.json() == second.json()
    assert len(place.sandbox.statuses()) == 1
    assert place.sandbox.statuses()[0].key == "k"


def test_a_key_belongs_to_its_account(place: Place) -> None:
    other = place.sandbox.add_mastodon("ben", "token-of-ben")
    place.toot("Hello", key="k")
    headers = {"Authorization": "Bearer token-of-ben", "Idempotency-Key": "k"}
    place.tooter.post("/api/v1/statuses", data={"status": "Hello"}, headers=headers)
    assert len(place.sandbox.statuses(other)) == len(place.sandbox.statuses(place.account_id)) == 1


def test_a_refused_request_leaves_no_key(place: Place) -> None:
    assert place.toot("", key="k").status_code == 422
    assert place.toot("Hello", key="k").status_code == 200


@pytest.mark.parametrize(
    ("seconds", "later", "published"), [(3600, 3599, 1), (3600, 3601, 2), (0, 0, 2), (math.inf, 10**7, 1)]
)
def test_a_key_is_remembered_as_long_as_the_rules_say(seconds: float, later: int, published: int) -> None:
    now = [1_800_000_000_000_000]
    with Sandbox(rules=Rules(key_seconds=seconds), now=lambda: now[0]) as sandbox:
        sandbox.add_mastodon("anna", "t")
        headers = {"Authorization": "Bearer t", "Idempotency-Key": "k"}
        for _ in range(2):
            httpx.post(f"{sandbox.url}/api/v1/statuses", data={"status": "Hello"}, headers=headers)
            now[0] += later * 1_000_000
        assert len(sandbox.statuses()) == published


def test_a_replay_may_be_a_500(place: Place) -> None:
    place.sandbox.rules.replay_fails = True
    assert [place.toot("Hello", key="k").status_code for _ in range(2)] == [200, 500]
    assert len(place.sandbox.statuses()) == 1


# Lists


def test_a_list_is_newest_first_and_paged_to_its_end(place: Place) -> None:
    for number in range(5):
        place.toot(f"{number}")
    url, pages = f"/api/v1/accounts/{place.account_id}/statuses?limit=2", []
    while url:
        answered = place.tooter.get(url)
        pages.append([re.sub("<.*?>", "", status["content"]) for status in answered.json()])
        url = answered.links.get("next", {}).get("url", "")
    assert pages == [["4", "3"], ["2", "1"], ["0"]]


def test_a_list_begins_and_ends_where_it_is_told_to(place: Place) -> None:
    ids = [place.toot(f"{number}").json()["id"] for number in range(5)]
    assert listed(place, since_id=ids[2]) == ["4", "3"]
    assert listed(place, max_id=ids[2]) == ["1", "0"]
    assert listed(place, since_id=ids[0], limit=2) == ["4", "3"]
    assert listed(place, min_id=ids[0], limit=2) == ["2", "1"]


def test_a_server_may_take_min_id_for_since_id(place: Place) -> None:
    place.sandbox.rules.min_id_is_since_id = True
    ids = [place.toot(f"{number}").json()["id"] for number in range(5)]
    assert listed(place, min_id=ids[0], limit=2) == ["4", "3"]


def test_a_list_may_leave_out_boosts_and_what_is_said_to_others(place: Place) -> None:
    other = place.sandbox.add_mastodon("ben", "token-of-ben")
    theirs = place.sandbox.add_status(other, "Theirs")
    mine = place.toot("Mine").json()["id"]
    place.toot("And mine", in_reply_to_id=mine)
    place.toot("To them", in_reply_to_id=theirs.id)
    place.sandbox.add_status(place.account_id, "", boost_of=theirs.id)
    assert listed(place) == ["", "To them", "And mine", "Mine"]
    assert listed(place, exclude_reblogs="true", exclude_replies="1") == ["And mine", "Mine"]
    boost = place.tooter.get(f"/api/v1/accounts/{place.account_id}/statuses").json()[0]
    assert boost["reblog"]["id"] == theirs.id


def test_what_another_application_wrote_says_so(place: Place) -> None:
    by_hand = place.sandbox.add_status(place.account_id, "Hello", application="Web")
    assert place.tooter.get(f"/api/v1/statuses/{by_hand.id}").json()["application"]["name"] == "Web"


# Media


def test_an_upload_is_ready_at_once(place: Place) -> None:
    answered = upload(place, description="A dot", focus="0.5,-0.5")
    media = answered.json()
    assert (answered.status_code, media["type"], media["description"]) == (200, "image", "A dot")
    assert media["meta"]["focus"] == {"x": 0.5, "y": -0.5}
    assert httpx.get(media["url"]).content == PNG


def test_a_slow_upload_is_looked_at_until_it_is_ready(place: Place) -> None:
    place.sandbox.rules.processing_looks = 2
    answered = upload(place)
    media = answered.json()["id"]
    assert (answered.status_code, answered.json()["url"]) == (202, None)
    assert error(place.toot("x", **{"media_ids[]": media})) == (
        422,
        "Cannot attach files that have not finished processing. Try again in a moment!",
    )
    looks = [place.tooter.get(f"/api/v1/media/{media}").status_code for _ in range(3)]
    assert looks == [206, 206, 200]
    assert place.toot("x", **{"media_ids[]": media}).status_code == 200


def test_an_upload_is_attached_once_even_where_keys_are_ignored(place: Place) -> None:
    place.sandbox.rules.key_seconds = 0
    media = upload(place).json()["id"]
    place.toot("Hello", key="k", **{"media_ids[]": media})
    again = place.toot("Hello", key="k", **{"media_ids[]": media})
    assert error(again) == (422, f"Validation failed: Media {media} not found or already attached to another post")
    assert place.tooter.get(f"/api/v1/media/{media}").status_code == 404


def test_an_uploads_description_can_be_changed_before_it_is_attached(place: Place) -> None:
    media = upload(place, description="A dot").json()["id"]
    changed = place.tooter.put(f"/api/v1/media/{media}", data={"description": "A circle", "focus": "0,1"})
    assert changed.json()["description"] == "A circle"
    assert place.toot("x", **{"media_ids[]": media}).json()["media_attachments"][0]["description"] == "A circle"


@pytest.mark.parametrize(
    ("data", "fields", "message"),
    [
        (b"", {}, "Validation failed: File can't be blank"),
        (b"<svg/>", {}, "Validation failed: File content type is invalid"),
        (PNG, {"description": "x" * 1501}, "Validation failed: Description is too long (maximum is 1500 characters)"),
        (PNG + b"\0" * 100, {}, "Validation failed: File must be less than 100 bytes"),
    ],
)
def test_a_bad_upload_is_a_422(place: Place, data: bytes, fields: dict[str, str], message: str) -> None:
    place.sandbox.rules.media_limit = 100
    assert error(upload(place, data, **fields)) == (422, message)
    assert place.sandbox.uploads() == 0


def test_a_video_stands_alone(place: Place) -> None:
    place.sandbox.rules.film_looks = 0
    ids = [upload(place, data).json()["id"] for data in (PNG, MP4)]
    both: dict[str, Any] = {"media_ids[]": ids}
    assert place.toot("x", **both).status_code == 422
    assert place.toot("x", **{"media_ids[]": ids[1]}).status_code == 200


def test_media_are_not_combined_with_a_poll(place: Place) -> None:
    media = upload(place).json()["id"]
    assert place.toot("x", **{"media_ids[]": media, "poll[options][]": ["a", "b"]}).status_code == 422


def test_a_faulty_answer_to_an_upload_keeps_the_upload(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.DROP_ANSWER, path="/api/v2/media"))
    with pytest.raises(httpx.RemoteProtocolError):
        upload(place)
    assert place.sandbox.uploads() == 1


# Counting and HTML


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("hello", 5),
        ("नमस्ते", 3),
        ("👩‍👩‍👧‍👦", 1),
        ("see https://example.com/" + "x" * 80, 27),
        ("see https://example.com.", 28),
        ("http://localhost/x", 18),
        ("https://example.invalidtld/x", 28),
        ("www.example.com", 15),
        ("@anna@mastodon.example hi", 8),
    ],
)
def test_a_text_is_counted_as_the_server_counts(text: str, counted: int) -> None:
    assert length(text, "", Rules()) == counted
    assert length(text, "cw", Rules()) == counted + 2


def test_a_server_may_count_code_points_without_a_discount() -> None:
    rules = Rules(counts_code_points=True)
    assert length("👩‍👩‍👧‍👦 https://example.com/", "cw", rules) == 2 + 7 + 1 + 20


def test_a_long_url_is_shortened_for_reading_only() -> None:
    html = to_html("https://example.com/" + "a" * 40 + ".", "http://here")
    assert re.sub("<.*?>", "", html) == "https://example.com/" + "a" * 40 + "."
    assert 'class="ellipsis"' in html


def test_a_mention_leads_to_its_server() -> None:
    assert '<a href="https://b.example/@anna"' in to_html("@anna@b.example", "http://here")
    assert '<a href="http://here/@anna"' in to_html("@anna", "http://here")


def test_a_host_that_would_break_out_of_its_attribute_is_no_mention() -> None:
    html = to_html('@a@b.example"onclick="x"><script> https://a.example/"onclick="x', "http://here")
    assert "<script" not in html
    assert not re.search(r"<[^>]*onclick", html)


def test_who_may_quote_is_kept_to(place: Place) -> None:
    place.sandbox.add_mastodon("other", "token-of-other")
    other = {"Authorization": "Bearer token-of-other"}
    open_one, closed = place.toot("Open").json(), place.toot("Closed", quote_approval_policy="nobody").json()

    def quoted_by_another(number: str) -> int:
        form = {"status": "Look", "quoted_status_id": number}
        return place.tooter.post("/api/v1/statuses", data=form, headers=other).status_code

    assert quoted_by_another(open_one["id"]) == 200
    assert quoted_by_another(closed["id"]) == 422
    assert quoted_by_another("404") == 404
    assert place.toot("Mine", quoted_status_id=closed["id"]).json()["quote"]["state"] == "accepted"
    assert place.toot("x", quote_approval_policy="friends").status_code == 422


def test_a_server_before_quotes_takes_no_notice_of_them(place: Place) -> None:
    place.sandbox.rules.quotes = False
    first = place.toot("One").json()
    assert "quote" not in place.toot("Two", quoted_status_id=first["id"]).json()
    assert place.tooter.get("/api/v2/instance").json()["api_versions"]["mastodon"] == 6


def test_a_status_is_found_by_its_address(place: Place) -> None:
    url = place.toot("Here").json()["url"]
    found = place.tooter.get("/api/v2/search", params={"q": url, "resolve": "true"}).json()
    assert [status["url"] for status in found["statuses"]] == [url]
    assert place.tooter.get("/api/v2/search", params={"q": "https://a.example/@b/1"}).json()["statuses"] == []
