"""Media on the sandbox's side: taken, worked over and refused as by the servers that it plays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fedisched.sandbox import Sandbox
from fedisched.sandbox.lexicon import wrong_record
from tests.compose.media.films import mp3, mp4
from tests.networks.rendering import png

TOKEN = "a-token"


def upload(sandbox: Sandbox, name: str, data: bytes, **form: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.post(f"{sandbox.url}/api/v2/media", headers=headers, files={"file": (name, data)}, data=form)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def mastodon(sandbox: Sandbox) -> Sandbox:
    sandbox.add_mastodon("anna", TOKEN)
    return sandbox


def test_a_film_is_worked_over_and_a_picture_is_there_at_once(mastodon: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert upload(mastodon, "a.png", png()).status_code == 200
    answer = upload(mastodon, "a.mp4", mp4(), description="A clip", focus="0.5,-1")
    assert (answer.status_code, answer.json()["url"], answer.json()["type"]) == (202, None, "video")
    media_id = answer.json()["id"]
    body = {"status": "x", "media_ids[]": media_id}
    assert httpx.post(f"{mastodon.url}/api/v1/statuses", headers=headers, data=body).status_code == 422
    looks = [httpx.get(f"{mastodon.url}/api/v1/media/{media_id}", headers=headers).status_code for _ in range(3)]
    assert looks == [206, 200, 200]
    status = httpx.post(f"{mastodon.url}/api/v1/statuses", headers=headers, data=body).json()
    (shown,) = status["media_attachments"]
    assert (shown["description"], shown["meta"]["focus"]) == ("A clip", {"x": 0.5, "y": -1.0})
    assert httpx.get(shown["url"]).content == mp4()


def test_what_a_real_server_refuses_is_refused(mastodon: Sandbox) -> None:
    mastodon.rules.film_limit = len(mp4()) - 1
    mastodon.rules.film_looks = 0
    assert upload(mastodon, "a.mp4", mp4()).status_code == 422
    assert upload(mastodon, "a.txt", b"words").status_code == 422
    assert upload(mastodon, "a.png", b"").status_code == 422
    ids = [upload(mastodon, name, data).json()["id"] for name, data in (("a.png", png()), ("a.mp3", mp3()))]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    mixed = httpx.post(f"{mastodon.url}/api/v1/statuses", headers=headers, data={"media_ids[]": ids})
    assert (mixed.status_code, "video" in mixed.json()["error"]) == (422, True)


def test_the_service_for_videos_wants_a_token_of_the_accounts_own_server(sandbox: Sandbox) -> None:
    did = sandbox.add_bluesky("anna.test", "a-password")

    def call(method: str, name: str, token: str = "", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.request(method, f"{sandbox.url}/xrpc/{name}", headers=headers, **more)

    login = {"identifier": "anna.test", "password": "a-password"}
    session = call("POST", "com.atproto.server.createSession", json=login).json()["accessJwt"]
    wanted = {"aud": "did:web:here", "lxm": "com.atproto.repo.uploadBlob"}
    assert call("GET", "com.atproto.server.getServiceAuth", params=wanted).status_code == 401
    assert call("GET", "com.atproto.server.getServiceAuth", session, params={"aud": "here"}).status_code == 400
    late = call("GET", "com.atproto.server.getServiceAuth", session, params={**wanted, "exp": "99999999999"})
    assert late.json()["error"] == "BadExpiration"
    token = call("GET", "com.atproto.server.getServiceAuth", session, params=wanted).json()["token"]
    assert call("GET", "com.atproto.server.getSession", token).json()["error"] == "InvalidToken"
    upload: dict[str, Any] = {"params": {"did": did, "name": "a.mp4"}, "content": mp4()}
    assert call("POST", "app.bsky.video.uploadVideo", session, **upload).status_code == 401
    job = call("POST", "app.bsky.video.uploadVideo", token, **upload).json()
    assert job["state"] == "JOB_STATE_ENCODING"
    asked: dict[str, Any] = {"params": {"jobId": job["jobId"]}}
    done = call("GET", "app.bsky.video.getJobStatus", **asked).json()["jobStatus"]
    assert done["state"] == "JOB_STATE_ENCODING"
    done = call("GET", "app.bsky.video.getJobStatus", **asked).json()["jobStatus"]
    assert done["blob"]["mimeType"] == "video/mp4"
    again = call("POST", "app.bsky.video.uploadVideo", token, **upload)
    assert (again.status_code, again.json()["jobId"]) == (409, job["jobId"])
    assert call("GET", "app.bsky.video.getJobStatus", params={"jobId": "none"}).status_code == 400


def gallery(number: int, **item: Any) -> str | None:
    blob = {"$type": "blob", "ref": {"$link": "bafy"}, "mimeType": "image/png", "size": 1}
    ratio = {"aspectRatio": {"width": 4, "height": 3}}
    one = {"$type": "app.bsky.embed.gallery#image", "image": blob, "alt": "", **ratio, **item}
    record = {
        "$type": "app.bsky.feed.post",
        "text": "",
        "createdAt": "2026-12-01T08:00:00.000Z",
        "embed": {"$type": "app.bsky.embed.gallery", "items": [one] * number},
    }
    return wrong_record("app.bsky.feed.post", record)


def test_a_gallery_is_known() -> None:
    assert gallery(20) is None
    assert "20 elements" in (gallery(21) or "")
    assert "aspectRatio" in (gallery(1, aspectRatio=None) or "")
