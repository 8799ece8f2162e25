"""The real clients: Mastodon.py and atproto speak to the sandbox as to any other server."""

from __future__ import annotations

from typing import Any

import pytest
from atproto import Client
from atproto_client.exceptions import BadRequestError, RateLimitExceededError, UnauthorizedError
from atproto_client.models.dot_dict import DotDict
from mastodon import Mastodon
from mastodon.errors import MastodonAPIError, MastodonNetworkError, MastodonRatelimitError, MastodonUnauthorizedError

from fedisched.sandbox import Fault, What
from tests.sandbox.conftest import PASSWORD, POST, TOKEN, Place, record

KEY = "3kaaaaaaaaaaa"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


def tooter(place: Place, token: str = TOKEN) -> Any:
    return Mastodon(
        access_token=token,
        api_base_url=place.sandbox.url,
        ratelimit_method="throw",
        mastodon_version="4.6.0",
        version_check_mode="created",
        request_timeout=10,
    )


def skyer(place: Place) -> Client:
    client = Client(place.sandbox.url)
    client.login("anna.test", PASSWORD, fetch_bsky_profile=False)
    return client


def put(client: Client, place: Place, **fields: Any) -> Any:
    body = {"repo": place.did, "collection": POST, "rkey": KEY, "record": record(), "swapRecord": None, **fields}
    mime = {"input_encoding": "application/json", "output_encoding": "application/json"}
    return client.invoke_procedure("com.atproto.repo.putRecord", data=DotDict(body), **mime).content


def test_mastodon_py_publishes_a_thread_with_an_image_and_finds_it(place: Place) -> None:
    client = tooter(place)
    account = client.account_verify_credentials()
    media = client.media_post(PNG, mime_type="image/png", description="A dot")
    first = client.status_post("One", media_ids=[media.id], idempotency_key="k-1", language="de", visibility="unlisted")
    client.status_post("Two", in_reply_to_id=first.id, idempotency_key="k-2")
    again = client.status_post("One", media_ids=[media.id], idempotency_key="k-1")
    assert again.id == first.id
    found = client.account_statuses(account.id, limit=1)
    assert [client.status_source(status.id).text for status in client.fetch_remaining(found)] == ["Two", "One"]
    assert client.instance_v2().configuration.statuses.max_characters == 500


def test_mastodon_py_posts_a_poll(place: Place) -> None:
    client = tooter(place)
    status = client.status_post("Which?", poll=client.make_poll(["a", "b"], 3600), sensitive=None)
    assert [option.title for option in status.poll.options] == ["a", "b"]


def test_mastodon_py_raises_what_it_raises_elsewhere(place: Place) -> None:
    client = tooter(place)
    with pytest.raises(MastodonUnauthorizedError):
        tooter(place, "wrong").account_verify_credentials()
    with pytest.raises(MastodonAPIError, match="Unprocessable"):
        client.status_post("x" * 501)
    place.sandbox.faults.add(Fault(What.RATE_LIMIT, seconds=60))
    with pytest.raises(MastodonRatelimitError):
        client.status_post("x")
    place.sandbox.faults.add(Fault(What.DROP_ANSWER))
    with pytest.raises(MastodonNetworkError):
        client.status_post("x")
    assert len(place.sandbox.statuses()) == 1


def test_atproto_logs_in_writes_and_reads(place: Place) -> None:
    client = skyer(place)
    blob = client.upload_blob(PNG).blob
    assert (blob.mime_type, blob.size) == ("image/png", len(PNG))
    written = put(client, place)
    read = client.com.atproto.repo.get_record({"repo": place.did, "collection": POST, "rkey": KEY})
    assert (read.uri, read.cid) == (written["uri"], written["cid"])
    listed = client.com.atproto.repo.list_records({"repo": place.did, "collection": POST})
    assert [one.uri for one in listed.records] == [written["uri"]]
    assert client.com.atproto.server.describe_server().did == "did:web:localhost"


def test_atproto_goes_on_from_a_kept_session(place: Place) -> None:
    kept = skyer(place).export_session_string()
    client = Client(place.sandbox.url)
    client.login(session_string=kept, fetch_bsky_profile=False)
    assert put(client, place)["uri"].endswith(KEY)
    assert len(place.sandbox.requests("POST", "/xrpc/com.atproto.server.createSession")) == 2  # the fixture's and ours


def test_atproto_refreshes_a_session_that_is_about_to_expire(place: Place) -> None:
    place.sandbox.rules.access_seconds = 60
    put(skyer(place), place)
    assert [seen.status for seen in place.sandbox.requests("POST", "/xrpc/com.atproto.server.refreshSession")] == [200]


def test_atproto_raises_what_it_raises_elsewhere(place: Place) -> None:
    client = skyer(place)
    put(client, place)
    with pytest.raises(BadRequestError) as swapped:
        put(client, place, record=record("Another"))
    assert swapped.value.response is not None
    assert getattr(swapped.value.response.content, "error", "") == "InvalidSwap"
    with pytest.raises(UnauthorizedError):
        Client(place.sandbox.url).login("anna.test", "wrong", fetch_bsky_profile=False)
    place.sandbox.faults.add(Fault(What.RATE_LIMIT, seconds=60))
    with pytest.raises(RateLimitExceededError):
        put(client, place)
