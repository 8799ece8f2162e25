"""A sandbox with one account on each side, and plain HTTP clients for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from fedisched.sandbox import Sandbox

TOKEN = "token-of-anna"
PASSWORD = "abcd-efgh-ijkl-mnop"
POST = "app.bsky.feed.post"


@dataclass(frozen=True)
class Place:
    """A running sandbox, its accounts' ids, and a client that is logged in on both sides: `tooter`, `skyer`."""

    sandbox: Sandbox
    account_id: str
    did: str
    tooter: httpx.Client
    skyer: httpx.Client

    def toot(self, text: str, key: str = "", **fields: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.tooter.post("/api/v1/statuses", data={"status": text, **fields}, headers=headers)

    def put(self, rkey: str, record: dict[str, Any], **fields: Any) -> httpx.Response:
        body = {"repo": self.did, "collection": POST, "rkey": rkey, "record": record, **fields}
        return self.skyer.post("/xrpc/com.atproto.repo.putRecord", json=body)

    def get(self, rkey: str) -> httpx.Response:
        query = {"repo": self.did, "collection": POST, "rkey": rkey}
        return self.skyer.get("/xrpc/com.atproto.repo.getRecord", params=query)


def record(text: str = "Hello", **fields: Any) -> dict[str, Any]:
    return {"$type": POST, "text": text, "createdAt": "2026-11-23T09:00:00.000Z", **fields}


def log_in(sandbox: Sandbox, identifier: str, password: str) -> httpx.Response:
    body = {"identifier": identifier, "password": password}
    return httpx.post(f"{sandbox.url}/xrpc/com.atproto.server.createSession", json=body, verify=False)


def client(sandbox: Sandbox, token: str) -> httpx.Client:
    # Without TLS to verify, no certificates are read: half of a test's time.
    return httpx.Client(base_url=sandbox.url, headers={"Authorization": f"Bearer {token}"}, verify=False)


@pytest.fixture
def place() -> Iterator[Place]:
    with Sandbox() as sandbox:
        account_id = sandbox.add_mastodon("anna", TOKEN, "Anna Ant")
        did = sandbox.add_bluesky("anna.test", PASSWORD, "Anna Ant")
        jwt = log_in(sandbox, "anna.test", PASSWORD).json()["accessJwt"]
        with (
            client(sandbox, TOKEN) as tooter,
            client(sandbox, jwt) as skyer,
        ):
            yield Place(sandbox, account_id, did, tooter, skyer)
