"""The places that the contract suite publishes to, each with a way to read back that is not ours."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import httpx

from fedisched.model.network import Network, Prepared, ReadMedia, Task
from fedisched.model.outcome import Published, SentPart
from fedisched.model.rendered import Attachment, Rendered
from fedisched.model.settings import Account
from fedisched.model.tid import derive_key
from fedisched.networks import open_network
from fedisched.networks.mastodon_status import words_of_html
from fedisched.sandbox import Sandbox
from fedisched.sandbox.bluesky import blobs_in
from tests.networks.rendering import POSTS, png

_numbers = itertools.count(1)
RUN = os.urandom(3).hex()
"""In every text: a server that is not ours keeps what earlier runs left there."""


def now() -> int:
    return time.time_ns() // 1000


def text_of_its_own(words: str = "Hello") -> str:
    return f"{words} {RUN} {next(_numbers)}"


def no_media(attachment: Attachment) -> bytes:
    raise AssertionError(f"nobody should read {attachment.path}")


def read_png(attachment: Attachment) -> bytes:
    return png()


@dataclass
class KeptSession:
    """A session's place between runs; counts how often it was saved."""

    session: str | None = None
    saved: int = 0

    def load(self) -> str | None:
        return self.session

    def save(self, session: str) -> None:
        self.session = session
        self.saved += 1


@dataclass(frozen=True)
class ReadBack:
    """A part as the server shows it: its parent's id (Mastodon) or uri (Bluesky), empty for none."""

    text: str
    parent: str
    alts: tuple[str, ...]
    facets: tuple[Mapping[str, Any], ...] = ()


class Reader(Protocol):
    def read(self, part: SentPart) -> ReadBack: ...

    def texts(self) -> list[str]: ...

    def whole(self, part: SentPart) -> tuple[dict[str, Any], list[bytes]]:
        """The status or record as the server gives it, and the bytes of its files in order."""
        ...


@dataclass
class Place:
    """An account on a server. What a server cannot do is said here: `remembers_keys` for its idempotency keys,
    `sandbox` where faults can be made. `claimed` are posts that earlier tests left on an account that they share."""

    account: Account
    credential: str
    reader: Reader
    remembers_keys: bool = True
    sandbox: Sandbox | None = None
    claimed: frozenset[str] = frozenset()
    sessions: KeptSession = field(default_factory=KeptSession)
    opened: list[Network] = field(default_factory=list)

    @property
    def network(self) -> str:
        return self.account.network

    @property
    def faults(self) -> Sandbox:
        assert self.sandbox is not None
        return self.sandbox

    def open(self, *, credential: str | None = None, server: str = "", sessions: KeptSession | None = None) -> Network:
        account = replace(self.account, server=server or self.account.server)
        kept = self.sessions if sessions is None else sessions
        network = open_network(account, self.credential if credential is None else credential, kept, now)
        self.opened.append(network)
        return network

    def post(self, *texts: str, **how: Any) -> Rendered:
        return POSTS[self.network](*texts, **how)

    def task(self, rendered: Rendered, **how: Any) -> Task:
        key = derive_key("here", f"{RUN}/{next(_numbers)}.md", now())
        return Task(key, rendered, now(), **{"claimed": self.claimed, **how})

    def close(self) -> None:
        for network in self.opened:
            network.close()


def prepared(network: Network, task: Task, read_media: ReadMedia = read_png) -> Prepared:
    done = network.prepare(task, read_media)
    assert isinstance(done, Prepared), done
    return done


def publish(network: Network, task: Task, read_media: ReadMedia = read_png) -> tuple[SentPart, ...]:
    """Publish every part, as the publisher does."""
    ready = prepared(network, task, read_media)
    parts: tuple[SentPart, ...] = task.done
    while len(parts) < len(task.rendered.parts):
        outcome = network.publish(ready, parts)
        assert isinstance(outcome, Published), outcome
        assert outcome.warning == ""
        parts += outcome.parts
    return parts


@dataclass
class MastodonReader:
    url: str
    token: str

    def read(self, part: SentPart) -> ReadBack:
        status = self._get(f"/api/v1/statuses/{part.id}")
        alts = tuple(media["description"] or "" for media in status["media_attachments"])
        return ReadBack(words_of_html(status["content"]), str(status["in_reply_to_id"] or ""), alts)

    def whole(self, part: SentPart) -> tuple[dict[str, Any], list[bytes]]:
        status = self._get(f"/api/v1/statuses/{part.id}")
        return status, [httpx.get(media["url"]).raise_for_status().content for media in status["media_attachments"]]

    def texts(self) -> list[str]:
        return [words_of_html(status["content"]) for status in self._own()]

    def ids(self) -> frozenset[str]:
        return frozenset(str(status["id"]) for status in self._own())

    def _own(self) -> list[Any]:
        mine = self._get("/api/v1/accounts/verify_credentials")["id"]
        return list(self._get(f"/api/v1/accounts/{mine}/statuses?limit=40"))

    def _get(self, path: str) -> Any:
        return (
            httpx.get(f"{self.url}{path}", headers={"Authorization": f"Bearer {self.token}"}).raise_for_status().json()
        )


@dataclass
class BlueskyReader:
    url: str
    did: Callable[[], str]

    def read(self, part: SentPart) -> ReadBack:
        record = self._get("getRecord", rkey=part.key)
        assert (record["uri"], record["cid"]) == (part.uri, part.cid)
        value = record["value"]
        images: Sequence[Mapping[str, Any]] = value.get("embed", {}).get("images", ())
        return ReadBack(
            value["text"],
            value.get("reply", {}).get("parent", {}).get("uri", ""),
            tuple(image["alt"] for image in images),
            tuple(value.get("facets", ())),
        )

    def whole(self, part: SentPart) -> tuple[dict[str, Any], list[bytes]]:
        value = self._get("getRecord", rkey=part.key)["value"]
        return value, [self._blob(blob["ref"]["$link"]) for _, blob in blobs_in(value)]

    def _blob(self, cid: str) -> bytes:
        url = f"{self.url}/xrpc/com.atproto.sync.getBlob"
        return httpx.get(url, params={"did": self.did(), "cid": cid}).raise_for_status().content

    def texts(self) -> list[str]:
        return [record["value"]["text"] for record in self._get("listRecords", limit="100")["records"]]

    def _get(self, method: str, **query: str) -> Any:
        params = {"repo": self.did(), "collection": "app.bsky.feed.post", **query}
        return httpx.get(f"{self.url}/xrpc/com.atproto.repo.{method}", params=params).raise_for_status().json()
