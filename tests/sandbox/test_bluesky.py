"""The Bluesky side: sessions, records, blobs, and the shapes of its refusals."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fedisched.sandbox import Rules, Sandbox
from tests.sandbox.conftest import PASSWORD, POST, Place, log_in, record

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
KEY, OTHER_KEY, THIRD_KEY = "3kaaaaaaaaaaa", "3kaaaaaaaaaab", "3kaaaaaaaaaac"


def call(place: Place, name: str, body: dict[str, Any]) -> httpx.Response:
    return place.skyer.post(f"/xrpc/com.atproto.{name}", json=body)


def apply(place: Place, *writes: dict[str, Any]) -> httpx.Response:
    return call(place, "repo.applyWrites", {"repo": place.did, "writes": list(writes)})


def create(rkey: str, value: dict[str, Any], collection: str = POST) -> dict[str, Any]:
    kind = "com.atproto.repo.applyWrites#create"
    return {"$type": kind, "collection": collection, "rkey": rkey, "value": value}


def upload(place: Place, data: bytes = PNG, mime: str = "image/png") -> dict[str, Any]:
    answered = place.skyer.post("/xrpc/com.atproto.repo.uploadBlob", content=data, headers={"Content-Type": mime})
    blob: dict[str, Any] = answered.json()["blob"]
    return blob


def with_image(blob: dict[str, Any]) -> dict[str, Any]:
    return record(embed={"$type": "app.bsky.embed.images", "images": [{"image": blob, "alt": "A dot"}]})


def error(answered: httpx.Response) -> tuple[int, str]:
    return answered.status_code, answered.json()["error"]


def message(answered: httpx.Response) -> str:
    text: str = answered.json()["message"]
    return text


# Sessions


@pytest.mark.parametrize("identifier", ["anna.test", "ANNA.test", "@anna.test"])
def test_a_session_says_who_it_is_and_where_the_account_lives(place: Place, identifier: str) -> None:
    session = log_in(place.sandbox, identifier, PASSWORD).json()
    assert (session["did"], session["handle"], session["active"]) == (place.did, "anna.test", True)
    assert session["didDoc"]["service"][0]["serviceEndpoint"] == place.sandbox.url
    headers = {"Authorization": f"Bearer {session['accessJwt']}"}
    who = httpx.get(f"{place.sandbox.url}/xrpc/com.atproto.server.getSession", headers=headers).json()
    assert who["did"] == place.did


@pytest.mark.parametrize(("identifier", "password"), [("anna.test", "wrong"), ("nobody.test", PASSWORD)])
def test_a_wrong_password_is_a_401(place: Place, identifier: str, password: str) -> None:
    answered = log_in(place.sandbox, identifier, password)
    assert error(answered) == (401, "AuthenticationRequired")
    assert message(answered) == "Invalid identifier or password"


def test_a_missing_field_is_named(place: Place) -> None:
    answered = call(place, "server.createSession", {"identifier": "anna.test"})
    assert message(answered) == 'Input must have the property "password"'


def refreshed(place: Place, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{place.sandbox.url}/xrpc/com.atproto.server.refreshSession", headers=headers)


def test_a_session_is_refreshed_with_the_refresh_token_only(place: Place) -> None:
    session = log_in(place.sandbox, "anna.test", PASSWORD).json()
    assert error(refreshed(place, session["accessJwt"])) == (400, "InvalidToken")
    assert refreshed(place, session["refreshJwt"]).json()["accessJwt"] != session["accessJwt"]


def test_an_ended_session_is_over(place: Place) -> None:
    session = log_in(place.sandbox, "anna.test", PASSWORD).json()
    headers = {"Authorization": f"Bearer {session['refreshJwt']}"}
    assert httpx.post(f"{place.sandbox.url}/xrpc/com.atproto.server.deleteSession", headers=headers).status_code == 200
    assert error(refreshed(place, session["refreshJwt"])) == (400, "ExpiredToken")


@pytest.mark.parametrize(
    ("token", "expected"), [("", (401, "AuthMissing")), ("a.b.c", (400, "InvalidToken")), ("é", (400, "InvalidToken"))]
)
def test_a_token_that_is_not_ours_opens_nothing(place: Place, token: str, expected: tuple[int, str]) -> None:
    headers = {b"Authorization": b"Bearer " + token.encode()} if token else {b"Authorization": b""}
    answered = httpx.get(f"{place.sandbox.url}/xrpc/com.atproto.server.getSession", headers=headers)
    assert error(answered) == expected


def test_an_access_token_expires_and_the_refresh_token_lives_on() -> None:
    now = [1_800_000_000_000_000]
    with Sandbox(rules=Rules(access_seconds=60), now=lambda: now[0]) as sandbox:
        sandbox.add_bluesky("anna.test", PASSWORD)
        session = log_in(sandbox, "anna.test", PASSWORD).json()
        url = f"{sandbox.url}/xrpc/com.atproto.server"
        access = {"Authorization": f"Bearer {session['accessJwt']}"}
        refresh = {"Authorization": f"Bearer {session['refreshJwt']}"}
        assert httpx.get(f"{url}.getSession", headers=access).status_code == 200
        now[0] += 60_000_000
        assert error(httpx.get(f"{url}.getSession", headers=access)) == (400, "ExpiredToken")
        assert httpx.post(f"{url}.refreshSession", headers=refresh).status_code == 200


def test_a_revoked_password_ends_every_session(place: Place) -> None:
    place.sandbox.revoke(PASSWORD)
    assert error(place.put(KEY, record())) == (400, "ExpiredToken")
    assert error(log_in(place.sandbox, "anna.test", PASSWORD)) == (401, "AuthenticationRequired")


def test_an_account_taken_down_is_closed_and_its_records_cannot_be_located(place: Place) -> None:
    place.put(KEY, record())
    place.sandbox.set_state(place.did, "takendown")
    assert error(log_in(place.sandbox, "anna.test", PASSWORD)) == (401, "AccountTakedown")
    assert error(place.put(KEY, record())) == (401, "AccountTakedown")
    assert error(place.get(KEY)) == (400, "InvalidRequest")
    assert message(place.get(KEY)).startswith("Could not locate record")


def test_a_deactivated_account_may_log_in_but_not_write(place: Place) -> None:
    place.sandbox.set_state(place.did, "deactivated")
    session = log_in(place.sandbox, "anna.test", PASSWORD).json()
    assert (session["active"], session["status"]) == (False, "deactivated")
    assert error(place.put(KEY, record())) == (401, "AccountDeactivated")
    place.sandbox.set_state(place.did, "active")
    assert place.put(KEY, record()).status_code == 200


def test_handles_are_resolved(place: Place) -> None:
    did = place.sandbox.add_handle("mia.test")

    def resolve(handle: str) -> httpx.Response:
        return place.skyer.get("/xrpc/com.atproto.identity.resolveHandle", params={"handle": handle})

    assert resolve("anna.test").json() == {"did": place.did}
    assert resolve("mia.test").json() == {"did": did}
    assert error(resolve("nobody.test")) == (400, "InvalidRequest")


def test_the_server_tells_its_blob_limit(place: Place) -> None:
    assert place.skyer.get("/xrpc/com.atproto.server.describeServer").json()["blobUploadLimit"] == 5_242_880


def test_every_answer_has_the_rate_limit(place: Place) -> None:
    headers = place.get(KEY).headers
    assert {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy"} <= set(headers)


# One record


def test_a_record_that_was_put_is_got_back(place: Place) -> None:
    put = place.put(KEY, record("Hello")).json()
    got = place.get(KEY).json()
    assert put["uri"] == got["uri"] == f"at://{place.did}/{POST}/{KEY}"
    assert put["cid"] == got["cid"]
    assert got["value"] == record("Hello")


def test_a_cid_is_the_one_that_the_data_model_gives(place: Place) -> None:
    import hashlib

    import libipld

    expected = hashlib.sha256(libipld.encode_dag_cbor(record("Hello"))).digest()
    cid = place.put(KEY, record("Hello")).json()["cid"]
    assert cid == libipld.encode_cid(b"\x01\x71\x12\x20" + expected)


def test_with_a_null_swap_only_the_same_record_is_taken_twice(place: Place) -> None:
    first = place.put(KEY, record("One"), swapRecord=None).json()
    again = place.put(KEY, record("One"), swapRecord=None)
    other = place.put(KEY, record("Two"), swapRecord=None)
    assert (again.status_code, again.json()["cid"]) == (200, first["cid"])
    assert error(other) == (400, "InvalidSwap")
    assert [one.value["text"] for one in place.sandbox.records()] == ["One"]


def test_without_a_swap_a_record_is_overwritten(place: Place) -> None:
    place.put(KEY, record("One"))
    assert place.put(KEY, record("Two")).status_code == 200
    assert [one.value["text"] for one in place.sandbox.records()] == ["Two"]


def test_a_swap_names_the_record_that_must_be_there(place: Place) -> None:
    first = place.put(KEY, record("One")).json()["cid"]
    assert error(place.put(OTHER_KEY, record("Two"), swapRecord=first)) == (400, "InvalidSwap")
    assert place.put(KEY, record("Two"), swapRecord=first).status_code == 200


def test_a_key_is_drawn_where_none_is_given_and_refused_where_it_exists(place: Place) -> None:
    body = {"repo": "anna.test", "collection": POST, "record": record()}
    first = call(place, "repo.createRecord", body).json()["uri"].rpartition("/")[2]
    assert len(first) == 13
    assert error(call(place, "repo.createRecord", {**body, "rkey": first})) == (500, "InternalServerError")


def test_a_deleted_record_is_gone_and_may_be_deleted_twice(place: Place) -> None:
    place.put(KEY, record())
    body = {"repo": place.did, "collection": POST, "rkey": KEY}
    assert [call(place, "repo.deleteRecord", body).status_code for _ in range(2)] == [200, 200]
    assert error(place.get(KEY)) == (400, "RecordNotFound")


def test_nobody_writes_to_anothers_repository(place: Place) -> None:
    other = place.sandbox.add_bluesky("ben.test", "other-password")
    body = {"repo": other, "collection": POST, "rkey": KEY, "record": record()}
    assert error(call(place, "repo.putRecord", body)) == (401, "AuthenticationRequired")


@pytest.mark.parametrize("rkey", ["", ".", "..", "a/b", "x" * 513, "not-a-tid", "zzzzzzzzzzzzz", 7, None])
def test_a_key_that_is_no_key_is_refused(place: Place, rkey: Any) -> None:
    assert error(place.put(rkey, record())) == (400, "InvalidRequest")


def test_another_collection_takes_any_record_key(place: Place) -> None:
    body = {"repo": place.did, "collection": "com.example.thing", "rkey": "self", "record": {"any": ["thing"]}}
    assert call(place, "repo.putRecord", body).status_code == 200


def test_what_is_not_json_is_refused(place: Place) -> None:
    answered = place.skyer.post("/xrpc/com.atproto.repo.putRecord", data={"repo": place.did})
    assert error(answered) == (400, "InvalidRequest")
    assert "Wrong request encoding" in message(answered)


@pytest.mark.parametrize("value", [1.5, {"$link": "bafy-nonsense"}, {"$link": ""}])
def test_what_the_data_model_does_not_have_is_refused(place: Place, value: Any) -> None:
    assert error(place.put(KEY, record(extra=value))) == (400, "InvalidRequest")
    assert place.sandbox.records() == ()


# Many records at once


def test_a_thread_and_its_gate_are_written_in_one_commit(place: Place) -> None:
    gate = {"post": f"at://{place.did}/{POST}/{KEY}", "createdAt": "2026-11-23T09:00:00Z", "allow": []}
    answered = apply(
        place, create(KEY, record("1")), create(OTHER_KEY, record("2")), create(KEY, gate, "app.bsky.feed.threadgate")
    ).json()
    assert [result["cid"] for result in answered["results"][:2]] == [one.cid for one in place.sandbox.records()]
    assert all(result["$type"] == "com.atproto.repo.applyWrites#createResult" for result in answered["results"])
    assert len(place.sandbox.records(collection=None)) == 3


def test_a_key_that_exists_fails_the_whole_commit(place: Place) -> None:
    place.put(OTHER_KEY, record("There"))
    answered = apply(place, create(KEY, record("1")), create(OTHER_KEY, record("2")), create(THIRD_KEY, record("3")))
    assert error(answered) == (500, "InternalServerError")
    assert [one.value["text"] for one in place.sandbox.records()] == ["There"]


def test_a_blob_that_is_missing_fails_the_whole_commit(place: Place) -> None:
    blob = {**upload(place), "ref": {"$link": "bafkreibnoelefnzgwbcacyt4vh52ymxvzbjq7mmqhtcnwarfq4lzegsiqe"}}
    answered = apply(place, create(KEY, record("1")), create(OTHER_KEY, with_image(blob)))
    assert error(answered) == (400, "BlobNotFound")
    assert place.sandbox.records() == ()


def test_a_commit_updates_and_deletes_too(place: Place) -> None:
    apply(place, create(KEY, record("1")), create(OTHER_KEY, record("2")))
    update = {**create(KEY, record("3")), "$type": "com.atproto.repo.applyWrites#update"}
    delete = {"$type": "com.atproto.repo.applyWrites#delete", "collection": POST, "rkey": OTHER_KEY}
    assert [result["$type"].rpartition("#")[2] for result in apply(place, update, delete).json()["results"]] == [
        "updateResult",
        "deleteResult",
    ]
    assert [one.value["text"] for one in place.sandbox.records()] == ["3"]


@pytest.mark.parametrize(("count", "status"), [(200, 200), (201, 400)])
def test_at_most_200_writes_are_taken(place: Place, count: int, status: int) -> None:
    digits = "234567abcdefghijklmnopqrstuvwxyz"
    keys = [f"3kaaaaaaaaa{digits[number // 32]}{digits[number % 32]}" for number in range(count)]
    assert apply(place, *(create(key, record()) for key in keys)).status_code == status


def test_a_step_of_no_kind_is_refused(place: Place) -> None:
    assert error(apply(place, {"collection": POST, "rkey": KEY, "value": record()})) == (400, "InvalidRequest")


# Lists


def test_a_list_is_newest_first_and_paged_to_its_end(place: Place) -> None:
    for key in (KEY, OTHER_KEY, THIRD_KEY):
        place.put(key, record(key))
    query: dict[str, Any] = {"repo": place.did, "collection": POST, "limit": 2}
    first = place.skyer.get("/xrpc/com.atproto.repo.listRecords", params=query).json()
    rest = place.skyer.get("/xrpc/com.atproto.repo.listRecords", params={**query, "cursor": first["cursor"]}).json()
    assert [one["value"]["text"] for one in (*first["records"], *rest["records"])] == [THIRD_KEY, OTHER_KEY, KEY]
    backwards = place.skyer.get("/xrpc/com.atproto.repo.listRecords", params={**query, "reverse": "true"}).json()
    assert [one["value"]["text"] for one in backwards["records"]] == [KEY, OTHER_KEY]


@pytest.mark.parametrize("limit", ["0", "101", "x"])
def test_a_list_has_1_to_100_records(place: Place, limit: str) -> None:
    query = {"repo": place.did, "collection": POST, "limit": limit}
    assert place.skyer.get("/xrpc/com.atproto.repo.listRecords", params=query).status_code == 400


def test_a_list_of_an_unknown_account_is_refused(place: Place) -> None:
    query = {"repo": "nobody.test", "collection": POST}
    assert error(place.skyer.get("/xrpc/com.atproto.repo.listRecords", params=query)) == (400, "InvalidRequest")


# Blobs


def test_an_upload_is_named_by_its_bytes_and_got_back(place: Place) -> None:
    import hashlib

    import libipld

    blob = upload(place)
    assert blob["ref"]["$link"] == libipld.encode_cid(b"\x01\x55\x12\x20" + hashlib.sha256(PNG).digest())
    assert (blob["mimeType"], blob["size"]) == ("image/png", len(PNG))
    assert place.put(KEY, with_image(blob)).status_code == 200
    query = {"did": place.did, "cid": blob["ref"]["$link"]}
    assert place.skyer.get("/xrpc/com.atproto.sync.getBlob", params=query).content == PNG


def test_the_type_of_an_upload_is_what_its_bytes_say(place: Place) -> None:
    assert upload(place, mime="text/plain")["mimeType"] == "image/png"


def test_a_blob_that_is_no_image_is_refused_when_the_record_is_written(place: Place) -> None:
    blob = upload(place, b"just words", "text/plain")
    assert error(place.put(KEY, with_image(blob))) == (400, "InvalidMimeType")


def test_a_blob_that_is_too_large_for_an_image_is_refused_when_the_record_is_written(place: Place) -> None:
    place.sandbox.rules.image_limit = 71
    blob = upload(place)
    assert error(place.put(KEY, with_image(blob))) == (400, "BlobTooLarge")


def test_a_blob_of_another_type_than_it_is_said_to_be_is_refused(place: Place) -> None:
    blob = {**upload(place), "mimeType": "image/jpeg"}
    assert error(place.put(KEY, with_image(blob))) == (400, "InvalidMimeType")


def test_an_upload_that_is_too_large_is_a_413(place: Place) -> None:
    place.sandbox.rules.blob_limit = 10
    answered = place.skyer.post("/xrpc/com.atproto.repo.uploadBlob", content=PNG, headers={"Content-Type": "image/png"})
    assert error(answered) == (413, "PayloadTooLarge")


# What is not valid

LONG_FACET = {
    "index": {"byteStart": 0, "byteEnd": 99},
    "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "a"}],
}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"text": "x" * 301}, "Record/text must not be longer than 300 graphemes"),
        ({"text": "न्" * 1500}, "Record/text must not be longer than 3000 characters"),
        ({"text": 7}, "Record/text must be a string"),
        ({"createdAt": "yesterday"}, "Record/createdAt must be an valid atproto datetime (both RFC-3339 and ISO-8601)"),
        ({"langs": ["en", "de", "fr", "it"]}, "Record/langs must not have more than 3 elements"),
        ({"tags": ["x" * 65]}, "Record/tags/0 must not be longer than 64 graphemes"),
        ({"facets": [{"index": {"byteStart": -1, "byteEnd": 2}, "features": []}]},
         "Record/facets/0/index/byteStart can not be less than 0"),
        ({"facets": [{"features": []}]}, 'Record/facets/0 must have the property "index"'),
        ({"reply": {"root": {"uri": "at://a.b/c.d/e", "cid": "x"}}}, 'Record/reply must have the property "parent"'),
        ({"embed": {"$type": "app.bsky.embed.images", "images": [{"image": {}, "alt": ""}]}},
         "Record/embed/images/0/image should be a blob ref"),
        ({"embed": {"images": []}}, 'Record/embed must be an object which includes the "$type" property'),
        ({"embed": {"$type": "app.bsky.embed.external", "external": {"uri": "https://a.b", "title": ""}}},
         'Record/embed/external must have the property "description"'),
    ],
)  # fmt: skip
def test_a_post_is_judged_by_its_lexicon(place: Place, changes: dict[str, Any], wrong: str) -> None:
    answered = place.put(KEY, {**record(), **changes})
    assert error(answered) == (400, "InvalidRequest")
    assert message(answered) == f"Invalid {POST} record: {wrong}"


def test_a_type_that_is_not_the_collections_is_refused(place: Place) -> None:
    answered = place.put(KEY, {**record(), "$type": "app.bsky.feed.like"})
    assert message(answered) == f"Invalid $type: expected {POST}, got app.bsky.feed.like"


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "👩‍👩‍👧‍👦" * 100},
        {"text": "x" * 300},
        {"text": ""},
        {"facets": [LONG_FACET]},
        {"createdAt": "2026-02-30T00:00:00Z"},
        {"reply": {name: {"uri": "at://did:plc:x/app.bsky.feed.post/y", "cid": "z"} for name in ("root", "parent")}},
        {"embed": {"$type": "app.bsky.embed.unheard", "of": 1}},
        {"labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "nudity"}]}},
    ],
)
def test_what_a_real_server_takes_is_taken(place: Place, changes: dict[str, Any]) -> None:
    answered = place.put(KEY, {**record(), **changes})
    assert answered.status_code == 200, answered.text


def test_a_posts_link_is_a_page_by_handle_and_by_did(place: Place) -> None:
    place.put(KEY, record("Hello"))
    for actor in ("anna.test", place.did):
        page = httpx.get(f"{place.sandbox.url}/profile/{actor}/post/{KEY}")
        assert page.status_code == 200
        assert "<p>Hello</p>" in page.text
